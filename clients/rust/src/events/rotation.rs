//! Rotations: a server's word that one identity key of its is followed by another.

use bytes::Bytes;

use crate::crypto::domains::{CONTEXT_IDENTITY_POSSESSION, CONTEXT_IDENTITY_ROTATION};
use crate::crypto::hex;
use crate::crypto::keys::PublicKey;
use crate::encoding::forms;
use crate::encoding::message::Message;
use crate::error::{Error, Result};
use crate::events::seal::Signature;
use crate::reason::Reason;

/// A rotation, as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Rotation {
    /// What both signatures are over.
    header: Bytes,
    pub old: PublicKey,
    pub new: PublicKey,
    old_signature: Signature,
    new_signature: Signature,
}

impl Rotation {
    /// Reads an IdentityRotation message. Its signatures are not verified. Fails with NON_CANONICAL, also where it leads from a
    /// key to itself; REQUEST_INVALID and UNSUPPORTED for its keys.
    pub fn parse(message: Bytes) -> Result<Self> {
        let parts = Message::parse_strict(&forms::IDENTITY_ROTATION, message)?;
        let header = parts.bytes(1);
        let keys = Message::parse_strict(&forms::IDENTITY_ROTATION_HEADER, header.clone())?;
        let rotation = Rotation {
            header,
            old: PublicKey::parse(keys.bytes(2))?,
            new: PublicKey::parse(keys.bytes(3))?,
            old_signature: Signature::parse(parts.bytes(2))?,
            new_signature: Signature::parse(parts.bytes(3))?,
        };
        if rotation.old == rotation.new {
            let why = format!("a rotation leads from the key {} to itself", hex(&rotation.old.fingerprint()));
            return Err(Error::new(Reason::NonCanonical, why));
        }
        Ok(rotation)
    }

    /// Verifies that both of its keys have signed it. Fails with SIGNATURE_INVALID.
    pub fn verify(&self) -> Result<()> {
        for (key, signature, context) in [
            (&self.old, &self.old_signature, CONTEXT_IDENTITY_ROTATION),
            (&self.new, &self.new_signature, CONTEXT_IDENTITY_POSSESSION),
        ] {
            if !signature.is_by(key, context, &self.header) {
                let name = hex(&key.fingerprint());
                let why = format!("a rotation of a server's identity is not signed by {name}");
                return Err(Error::new(Reason::SignatureInvalid, why).with("fingerprint", name));
            }
        }
        Ok(())
    }
}
