//! One event of a chain, as it was verified.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::crypto::array;
use crate::crypto::hashes::Hash;
use crate::crypto::keys::{Fingerprint, PublicKey};
use crate::encoding::message::Message;
use crate::error::Result;
use crate::events::event::{DataState, EventKind, MARK_SEALED};
use crate::events::primary_key::PrimaryKey;
use crate::events::redaction::Redaction;
use crate::events::rules::{Authorisation, Confidentiality, EventAuthority, KeyChange};
use crate::events::snapshot::Snapshot;
use crate::trust::replay::VerifiedBatch;
use crate::trust::signers::VouchedBy;

/// How an event's data is stored, and whether it could be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seal {
    /// In clear.
    None,
    /// Sealed under a read key, and opened.
    Open {
        /// The read key.
        read_key_id: Hash,
    },
    /// Sealed, and none of the client's keys was given the read key.
    NoKey {
        /// The read key.
        read_key_id: Hash,
        /// Fingerprints of those who were given it.
        holders: Vec<Fingerprint>,
    },
    /// Sealed under a read key that the client has, and the data doesn't open with it.
    Invalid {
        /// The read key.
        read_key_id: Hash,
    },
    /// It was sealed under a read key, and is not here any more: see `data_state`.
    Gone {
        /// The read key.
        read_key_id: Hash,
    },
}

impl Seal {
    /// Its name: empty, `open`, `no key`, `invalid` or `gone`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Seal::None => "",
            Seal::Open { .. } => "open",
            Seal::NoKey { .. } => "no key",
            Seal::Invalid { .. } => "invalid",
            Seal::Gone { .. } => "gone",
        }
    }
}

/// One event of a chain, verified. Times are milliseconds since 1970-01-01 UTC.
#[derive(Clone)]
#[non_exhaustive]
pub struct ChainEvent {
    /// Its place in the chain, from 0 on; those of events that are gone whole are skipped.
    pub sequence: u64,
    /// Number of the batch that it came in.
    pub commit: u64,
    /// What it does. The first event of a chain is its genesis; it has no data.
    pub kind: EventKind,
    /// The object that it is about.
    pub primary_key: Option<PrimaryKey>,
    /// The parent of that object.
    pub parent: Option<PrimaryKey>,
    /// The collection of the parent that the object belongs to.
    pub collection: Option<PrimaryKey>,
    /// What the data is, in the application's terms.
    pub type_name: Option<String>,
    /// The object whose event it answers.
    pub reply_to: Option<PrimaryKey>,
    /// The writer's clock; a claim.
    pub time_unix_ms: Option<u64>,
    /// The server's clock; never decreases.
    pub committed_unix_ms: u64,
    /// In clear; empty where it is sealed and can't be opened.
    pub data: Bytes,
    /// Why the data is not here; None: it is.
    pub data_state: Option<DataState>,
    /// Sequence of the redaction that has erased the data.
    pub redacted_by: Option<u64>,
    /// How the data is stored.
    pub seal: Seal,
    /// The header, as it was signed.
    pub header: Bytes,
    /// The writer: a key, and one of its salts.
    pub writer_id: Hash,
    /// Of the writer's key.
    pub fingerprint: Fingerprint,
    /// Who says whose it is.
    pub vouched_by: VouchedBy,
    pub(crate) said: Arc<EventAuthority>,
}

impl ChainEvent {
    /// The rules that it sets.
    #[must_use]
    pub fn rules(&self) -> Option<&Authorisation> {
        self.said.authorisation.as_ref()
    }

    /// The public keys that it shows.
    #[must_use]
    pub fn public_keys(&self) -> &[PublicKey] {
        &self.said.public_keys
    }

    /// Keys besides the writer's that its right comes from.
    #[must_use]
    pub fn signed_with(&self) -> &[Fingerprint] {
        &self.said.sign_with
    }

    /// The key whose owner it is from, where that isn't the writer's.
    #[must_use]
    pub fn author(&self) -> Option<&Fingerprint> {
        self.said.author.as_ref()
    }

    /// The roots that it names.
    #[must_use]
    pub fn roots(&self) -> Option<&[PublicKey]> {
        self.said.roots.as_deref()
    }

    /// Which earlier events of its object lose their data.
    #[must_use]
    pub fn redaction(&self) -> Option<&Redaction> {
        self.said.redaction.as_ref()
    }

    /// What may be gone from now on, by a snapshot.
    #[must_use]
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.said.snapshot.as_ref()
    }

    /// The key that it says counts no more.
    #[must_use]
    pub fn key_change(&self) -> Option<&KeyChange> {
        self.said.key_change.as_ref()
    }
}

impl fmt::Debug for ChainEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Data may be a secret that was opened.
        f.debug_struct("ChainEvent")
            .field("sequence", &self.sequence)
            .field("kind", &self.kind)
            .field("bytes", &self.data.len())
            .field("seal", &self.seal.name())
            .finish_non_exhaustive()
    }
}

/// The events of a batch whose sequences are from `start` on and before `end`. Sealed data is as it is stored.
pub(crate) fn events_of(verified: &VerifiedBatch, start: u64, end: Option<u64>) -> Result<Vec<ChainEvent>> {
    let (batch, header) = (&verified.batch, &verified.commit.header);
    let mut events = Vec::new();
    for (index, event) in batch.events() {
        let sequence = header.first_sequence + index as u64;
        if sequence < start || end.is_some_and(|end| sequence >= end) {
            continue;
        }
        let said = Message::parse(event.header.clone())?;
        let is_sealed = event.marks & MARK_SEALED != 0;
        let sealed = if is_sealed { Confidentiality::parse(&event.header)? } else { None };
        events.push(ChainEvent {
            sequence,
            commit: header.commit,
            kind: event.kind,
            primary_key: event.primary_key,
            parent: event.parent,
            collection: said.get(5).and_then(|key| array(&key)),
            type_name: said.get(12).map(|name| String::from_utf8_lossy(&name).into_owned()),
            reply_to: said.get(13).and_then(|key| array(&key)),
            time_unix_ms: said.present_number(14),
            committed_unix_ms: header.time_unix_ms,
            data: event.data.clone(),
            data_state: event.data_state,
            redacted_by: Some(event.redacted_by).filter(|at| *at != 0),
            seal: sealed.map_or(Seal::None, |sealed| {
                let read_key_id = sealed.read_key_id;
                if event.data_state.is_some() {
                    Seal::Gone { read_key_id }
                } else {
                    Seal::NoKey { read_key_id, holders: Vec::new() }
                }
            }),
            header: event.header.clone(),
            writer_id: batch.seal.writer_id,
            fingerprint: batch.seal.fingerprint,
            vouched_by: verified.vouched_by,
            said: Arc::clone(batch.authority_of(index)?),
        });
    }
    Ok(events)
}
