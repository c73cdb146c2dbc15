//! How a server's identity key came to be the one that it is (docs/identity.md).

use std::collections::HashSet;

use bytes::Bytes;

use crate::crypto::domains::{CONTEXT_IDENTITY_POSSESSION, CONTEXT_IDENTITY_ROTATION};
use crate::crypto::hex;
use crate::crypto::keys::{Fingerprint, PublicKey};
use crate::encoding::forms;
use crate::encoding::message::Message;
use crate::error::{Error, Result};
use crate::events::seal::Signature;
use crate::limits::IDENTITY_ROTATIONS_MAX;
use crate::reason::Reason;

/// A server's identity key, and those that it had before. Verified: each of them has vouched for the next.
#[derive(Clone, Debug)]
pub(crate) struct IdentityLine {
    pub identity: PublicKey,
    /// IdentityRotation messages, oldest first.
    pub rotations: Vec<Bytes>,
    /// Of all its keys, oldest first; the last is the identity's.
    pub fingerprints: Vec<Fingerprint>,
}

struct Rotation {
    header: Bytes,
    old: PublicKey,
    new: PublicKey,
    old_signature: Signature,
    new_signature: Signature,
}

impl IdentityLine {
    /// Verifies that rotations lead to an identity: each is signed by the key that it retires and by the one that follows.
    ///
    /// That it is the right server isn't checked. Fails with NON_CANONICAL, REQUEST_INVALID, UNSUPPORTED for bytes that are none,
    /// SIGNATURE_INVALID, and VERIFICATION_FAILED where they are too many, have a gap, come back to a key, or lead elsewhere.
    pub fn verify(identity: PublicKey, rotations: Vec<Bytes>) -> Result<Self> {
        // Before anything is parsed: what a server sends is not to cost more than a real one's.
        if rotations.len() > IDENTITY_ROTATIONS_MAX {
            return Err(failed(format_args!("it shows {}, and may show {IDENTITY_ROTATIONS_MAX}", rotations.len())));
        }
        let parsed: Vec<Rotation> = rotations.iter().cloned().map(Rotation::parse).collect::<Result<_>>()?;
        let mut fingerprints: Vec<Fingerprint> = parsed.iter().map(|one| one.old.fingerprint()).collect();
        fingerprints.push(identity.fingerprint());
        if parsed.windows(2).any(|pair| pair[0].new != pair[1].old) {
            return Err(failed("one leads to a key, and the next goes on from another"));
        }
        if parsed.last().is_some_and(|last| last.new != identity) {
            return Err(failed("they lead to another key than the one that it has"));
        }
        if fingerprints.iter().collect::<HashSet<_>>().len() != fingerprints.len() {
            return Err(failed("they come back to a key that was retired"));
        }
        for rotation in &parsed {
            rotation.check_signatures()?;
        }
        Ok(IdentityLine { identity, rotations, fingerprints })
    }

    /// Whether a key is the identity, or one that it had before.
    pub fn has(&self, fingerprint: &Fingerprint) -> bool {
        self.fingerprints.contains(fingerprint)
    }

    /// Whether a key is one that the identity had before, and not the one that it is.
    pub fn has_retired(&self, fingerprint: &Fingerprint) -> bool {
        self.has(fingerprint) && self.identity.fingerprint() != *fingerprint
    }
}

impl Rotation {
    fn parse(message: Bytes) -> Result<Self> {
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

    fn check_signatures(&self) -> Result<()> {
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

fn failed(why: impl std::fmt::Display) -> Error {
    let message = format!("the rotations of the server's identity don't lead to it: {why}");
    Error::new(Reason::VerificationFailed, message)
}
