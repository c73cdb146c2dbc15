//! What proofs of keys sign (docs/format.md, "Proofs"): each part has a fixed size, so none can pass for another.

use crate::crypto::hashes::Hash;
use crate::crypto::keys::Fingerprint;
#[cfg(test)]
use crate::crypto::merkle::TreeHead;
use crate::events::primary_key::PrimaryKey;

/// What a proof that a caller has a key is tied to, so that it counts nowhere else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyProofClaim {
    /// Of the tunnel that the stream is in; zeros where there is none.
    pub exporter: [u8; 32],
    pub server_fingerprint: Fingerprint,
    pub chain_id: Hash,
    pub conversation_id: Hash,
    pub fingerprint: Fingerprint,
}

impl KeyProofClaim {
    /// What is signed to append without signatures: 160 bytes.
    pub fn append_bytes(&self) -> Vec<u8> {
        [self.exporter, self.server_fingerprint, self.chain_id, self.conversation_id, self.fingerprint].concat()
    }

    /// What is signed to lock an object.
    pub fn lock_bytes(&self, primary_key: &PrimaryKey) -> Vec<u8> {
        [self.append_bytes().as_slice(), primary_key].concat()
    }

    /// What is signed to be let into a private chain.
    ///
    /// The chain id is the server's word then: the chain key keeps a server from having the proof made for another chain.
    pub fn ticket_bytes(&self, chain_key: &str) -> Vec<u8> {
        [self.append_bytes().as_slice(), chain_key.as_bytes()].concat()
    }

    /// What is signed to delete the chain, whose newest verified head is named. This client deletes none.
    #[cfg(test)]
    pub fn deletion_bytes(&self, head: &TreeHead) -> Vec<u8> {
        [self.append_bytes().as_slice(), &head.size.to_le_bytes(), &head.root].concat()
    }
}
