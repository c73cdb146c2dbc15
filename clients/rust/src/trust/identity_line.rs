//! How a server's identity key came to be the one that it is (docs/identity.md).

use std::collections::HashSet;

use bytes::Bytes;

use crate::crypto::keys::{Fingerprint, PublicKey};
use crate::error::{Error, Result};
use crate::events::rotation::Rotation;
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
            rotation.verify()?;
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

fn failed(why: impl std::fmt::Display) -> Error {
    let message = format!("the rotations of the server's identity don't lead to it: {why}");
    Error::new(Reason::VerificationFailed, message)
}
