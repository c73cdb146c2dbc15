//! One batch of a writer, as it is sealed and sent.

use std::sync::Arc;

use bytes::Bytes;

use crate::client::opener::ChainOpener;
use crate::client::pipeline::PendingAppend;
use crate::client::writer_slot::WriterSlot;
use crate::crypto::hashes::Hash;
use crate::crypto::keys::{KeyPair, PublicKey};
use crate::error::Result;
use crate::events::delegation::Right;
use crate::events::seal::{SealInput, WriterIdentity, build_seal_header, seal_hash, sign_run};

/// One batch of the writer: its appends and its seal.
pub(super) struct SealedBatch {
    /// Tells it from all others of this pipeline.
    pub serial: u64,
    pub appends: Vec<PendingAppend>,
    /// It is of all events and conditions; one that isn't could have taken more.
    pub is_complete: bool,
    pub counter: u64,
    pub hash: Hash,
    /// As it is sent and stored.
    pub run: Bytes,
    pub predecessors_rejected: usize,
}

impl SealedBatch {
    pub fn events(&self) -> usize {
        self.appends.iter().map(PendingAppend::events).sum()
    }

    /// Closes it behind another one: with its counter and its hash. Doing so again makes the former seal void.
    pub fn seal(&mut self, outlet: &Outlet, before: Option<(u64, Hash)>) -> Result<()> {
        let Some(first) = self.appends.first().map(|append| &append.built) else {
            return Ok(());
        };
        let state = outlet.slot.state();
        let (counter, previous) = match before {
            None => (state.counter, state.last_seal),
            Some((counter, hash)) => (counter + 1, Some(hash)),
        };
        let events = || self.appends.iter().flat_map(|append| &append.built.events);
        let headers: Vec<&[u8]> = events().map(|event| event.header.as_slice()).collect();
        let writer =
            WriterIdentity { chain_id: outlet.chain_id, fingerprint: outlet.key.fingerprint(), salt: state.salt };
        let said =
            SealInput { counter, previous, as_of: outlet.opener.newest(), preconditions: &first.options.conditions };
        let header = build_seal_header(&writer, &said, &headers);
        let co_signers = &first.options.co_signers;
        let is_signed = outlet.signs || first.bears_authority || !co_signers.is_empty();
        let mut signers: Vec<KeyPair> = Vec::new();
        if is_signed {
            signers.push(outlet.key.clone());
            signers.extend(co_signers.iter().cloned());
        }
        // Known for good once a batch is acknowledged.
        let shows_own = outlet.is_stranger && state.counter == 0;
        let mut shown: Vec<PublicKey> = co_signers.iter().map(|key| key.public_key().clone()).collect();
        let right = outlet.right.as_ref().filter(|_| shows_own);
        if shows_own {
            shown.push(outlet.key.public_key().clone());
            shown.extend(right.map(|right| right.issuer.clone()));
        }
        let delegations = right.map(|right| right.delegations.as_slice()).unwrap_or_default();
        shown.sort_by_key(PublicKey::fingerprint);
        shown.dedup();
        let run = sign_run(events().map(|event| event.frame.as_slice()), &header, &signers, &shown, delegations)?;
        (self.counter, self.hash, self.run) = (counter, seal_hash(&header), run.into());
        Ok(())
    }
}

/// Whom the pipeline writes as.
pub(crate) struct Outlet {
    pub slot: Arc<WriterSlot>,
    pub chain_id: Hash,
    pub key: KeyPair,
    /// Whether batches are signed; they need not be on a stream that has proven the key.
    pub signs: bool,
    /// Whether the chain may not know the key before the writer's first batch.
    pub is_stranger: bool,
    /// By which a stranger may write; None: rules name its key.
    pub right: Option<Right>,
    /// Knows the newest head that was verified.
    pub opener: Arc<ChainOpener>,
}
