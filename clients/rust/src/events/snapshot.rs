//! Snapshots: what of the first commits of a chain may be gone, and how that is hashed (docs/format.md, "What is gone under a snapshot").

use bytes::Bytes;

use crate::crypto::array;
use crate::crypto::domains::{HASH_GONE, HASH_WRITERS};
use crate::crypto::hashes::{Hash, tagged_hash};
use crate::encoding::message::Message;
use crate::error::Result;

/// What of the first commits of a chain may be gone, as a root has signed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// How many commits it is about. Also the horizon: what was made by an older head is refused.
    pub size: u64,
    /// Root of the tree of that size.
    pub tree_root: Hash,
    /// How many of their events stay.
    pub events: u64,
    /// Hash of which events go.
    pub gone: Hash,
    /// How many writers they have.
    pub writers: u64,
    /// Hash of where each writer stands.
    pub writers_hash: Hash,
}

impl Snapshot {
    /// Reads it; the message is in the strict form.
    pub(crate) fn parse(message: Bytes) -> Result<Self> {
        let parts = Message::parse(message)?;
        let hash = |number| array(&parts.bytes(number)).unwrap_or_default();
        Ok(Snapshot {
            size: parts.number(1),
            tree_root: hash(2),
            events: parts.number(3),
            gone: hash(4),
            writers: parts.number(5),
            writers_hash: hash(6),
        })
    }
}

/// Before the first run of events that are gone.
pub(crate) const NOTHING_GONE: Hash = [0; 32];

/// A run of events that are gone, and has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GoneRun {
    /// The hash of those that ended before it.
    pub before: Hash,
    /// Sequence of its first event.
    pub first: u64,
    /// Sequence behind its last one.
    pub end: u64,
}

/// How far the events that are gone were hashed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct GoneState {
    /// The last run that has ended. What the hash is follows from it.
    pub last: Option<GoneRun>,
    /// Sequence of the first event of the run that may go on.
    pub from: Option<u64>,
}

impl GoneState {
    /// Whether as much is gone by one as by the other.
    pub fn is_same(&self, other: &GoneState) -> bool {
        let end_of = |state: &GoneState| state.last.map(|last| last.end);
        self.from == other.from && end_of(self) == end_of(other) && self.hash() == other.hash()
    }

    /// The hash of the runs that have ended.
    fn hash(&self) -> Hash {
        self.last.map_or(NOTHING_GONE, |GoneRun { before, first, end }| {
            tagged_hash(HASH_GONE, &[&before, &first.to_be_bytes(), &end.to_be_bytes()])
        })
    }
}

/// Hashes which events are gone, by their sequences, run by run: so that nothing has to be kept of what is there.
#[derive(Clone, Debug, Default)]
pub(crate) struct GoneRuns {
    state: GoneState,
    end: u64,
}

impl GoneRuns {
    /// Goes on from a state that says what is gone up to before a sequence.
    pub fn going_on(state: GoneState, end: u64) -> Self {
        GoneRuns { state, end }
    }

    /// The events from `first` up to before `end` are gone. They come in order.
    pub fn add(&mut self, first: u64, end: u64) {
        if first == end {
            return;
        }
        if self.state.from.is_none() || first != self.end {
            self.close();
            self.state.from = Some(first);
        }
        self.end = end;
    }

    /// How far it is before the event of a sequence, where none is gone between the last ones and that.
    pub fn state_at(&mut self, sequence: u64) -> GoneState {
        if self.end != sequence {
            self.close();
        }
        self.state
    }

    /// The hash of all: nothing comes any more.
    pub fn finish(mut self) -> Hash {
        self.close();
        self.state.hash()
    }

    fn close(&mut self) {
        if let Some(first) = self.state.from.take() {
            self.state.last = Some(GoneRun { before: self.state.hash(), first, end: self.end });
        }
    }
}

/// Where a writer's chain of seals stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WriterSeal {
    pub writer_id: Hash,
    /// Of its last batch.
    pub counter: u64,
    /// Of that.
    pub seal_hash: Hash,
}

/// The hash of where all writers stand, in any order.
pub(crate) fn hash_of_writers(mut writers: Vec<WriterSeal>) -> Hash {
    writers.sort_unstable_by_key(|writer| writer.writer_id);
    let mut all = Vec::with_capacity(writers.len() * 72);
    for WriterSeal { writer_id, counter, seal_hash } in writers {
        all.extend(writer_id);
        all.extend(counter.to_be_bytes());
        all.extend(seal_hash);
    }
    tagged_hash(HASH_WRITERS, &[&all])
}
