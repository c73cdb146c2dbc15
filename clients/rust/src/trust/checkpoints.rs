//! Checkpoints that are believed: both of the server's lines verify, by keys that its identity vouches for.

use std::sync::Arc;

use bytes::Bytes;

use crate::crypto::domains::CONTEXT_CHECKPOINT_KEYS;
use crate::crypto::hashes::Hash;
use crate::crypto::hex;
use crate::crypto::merkle::TreeHead;
use crate::error::{Error, Result};
use crate::events::checkpoint::{
    NoteKey, NoteKeys, ParsedCheckpoint, cosigned, note_text, origin_of, split_cosignature,
};
use crate::reason::Reason;
use crate::trust::identity_line::IdentityLine;

/// The keys that a server signs checkpoints with, and its identity's word for them.
#[derive(Clone, Debug)]
pub(crate) struct CertifiedKeys {
    pub keys: NoteKeys,
    pub line: Arc<IdentityLine>,
    /// The CheckpointKeys message.
    pub message: Bytes,
}

impl CertifiedKeys {
    /// Verifies an identity's word for the keys of its checkpoints. Whether it is the right identity is not checked.
    ///
    /// Fails with NON_CANONICAL, REQUEST_INVALID for bytes that aren't one, SIGNATURE_INVALID.
    pub fn verify(message: Bytes, line: Arc<IdentityLine>) -> Result<Self> {
        let (keys, signature) = NoteKeys::parse(message.clone())?;
        if signature.is_by(&line.identity, CONTEXT_CHECKPOINT_KEYS, &keys.claim()) {
            return Ok(CertifiedKeys { keys, line, message });
        }
        let name = hex(&line.identity.fingerprint());
        let why = format!("the checkpoint keys are not signed by the server's identity {name}");
        Err(Error::new(Reason::SignatureInvalid, why).with("fingerprint", name))
    }
}

/// A head of a chain that its server has signed: a checkpoint whose two signatures were verified.
#[derive(Clone, Debug)]
pub struct SignedHead {
    /// What was signed.
    pub head: TreeHead,
    /// By the server's clock there was no larger tree then: seconds since 1970-01-01 UTC.
    pub time_unix_s: u64,
    /// The note as it came: whoever has it and the keys can verify it again.
    pub note: String,
    pub(crate) signer: Arc<CertifiedKeys>,
}

impl SignedHead {
    /// Verifies a checkpoint: both of the server's signatures must be there, once, and verify. Other lines are passed over.
    ///
    /// Fails with NON_CANONICAL, CHAIN_ID_MISMATCH for one of another chain, SIGNATURE_INVALID.
    pub(crate) fn verify(note: &str, chain_id: &Hash, signer: &Arc<CertifiedKeys>) -> Result<Self> {
        let parsed = ParsedCheckpoint::parse(note)?;
        if parsed.chain_id != *chain_id {
            let (found, due) = (hex(&parsed.chain_id), hex(chain_id));
            let why = format!("the checkpoint is of the chain {found}, and not of {due}");
            return Err(Error::new(Reason::ChainIdMismatch, why).with("chain_id", found));
        }
        let keys = &signer.keys;
        let ed25519 = line_of(&parsed, keys, NoteKey::Ed25519)?;
        let cosignature = line_of(&parsed, keys, NoteKey::MlDsa44)?;
        let (time_unix_s, mldsa44) =
            split_cosignature(cosignature).ok_or_else(|| invalid("its ML-DSA-44 line says no time"))?;
        if !keys.verify(NoteKey::Ed25519, note_text(chain_id, &parsed.head).as_bytes(), ed25519) {
            return Err(invalid("its Ed25519 line does not verify"));
        }
        if !keys.verify(NoteKey::MlDsa44, &cosigned(chain_id, &parsed.head, time_unix_s), mldsa44) {
            return Err(invalid("its ML-DSA-44 line does not verify"));
        }
        Ok(SignedHead { head: parsed.head, time_unix_s, note: note.to_owned(), signer: Arc::clone(signer) })
    }
}

fn line_of<'a>(parsed: &'a ParsedCheckpoint, keys: &NoteKeys, which: NoteKey) -> Result<&'a [u8]> {
    let origin = origin_of(&parsed.chain_id);
    let key_id = keys.key_id(&origin, which);
    let mut found = parsed.signatures.iter().filter(|one| one.name == origin && one.key_id == key_id);
    match (found.next(), found.next()) {
        (Some(line), None) => Ok(&line.signature),
        _ => Err(invalid("each of the server's keys has one line, and this has none of one, or several")),
    }
}

fn invalid(why: &str) -> Error {
    Error::new(Reason::SignatureInvalid, format!("the checkpoint is not signed by the server: {why}"))
}
