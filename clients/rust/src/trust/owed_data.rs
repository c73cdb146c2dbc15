//! What a reader still has to see of a chain, since data of it is gone (docs/trust.md, "When data is gone").

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use crate::error::{Error, Result};
use crate::events::batch::Batch;
use crate::events::commit::CommitHeader;
use crate::events::event::{DataState, EventKind, EventView};
use crate::events::primary_key::PrimaryKey;
use crate::reason::Reason;
use crate::trust::forgotten::{Forgotten, not_allowed};
use crate::trust::retention::{EventPlace, RetentionFloor};

/// Objects whose newest event so far was dropped: of more, a secret sample is kept.
const DROPPED_MAX: usize = 1 << 20;
/// Events that are erased, and whose redaction is still to come.
const REDACTED_MAX: usize = 1 << 17;

/// Of dropped data something newer of the same object is owed, of erased data the redaction that it names, of expired data a rule for
/// retention by which it is old enough.
///
/// Events are noted in order; who has read to the head asks what is left. Its memory is bounded: of very many dropped objects a
/// sample is kept that nobody else knows, so that who drops what must stay is found out all the same, if not each time.
#[derive(Clone, Default)]
pub(crate) struct OwedData {
    /// Sequences, of objects whose newest event so far was dropped.
    dropped: HashMap<PrimaryKey, u64>,
    /// Chosen at random, by each reader for itself.
    sampler: RandomState,
    /// Objects are kept whose hash has none of these bits.
    sample_mask: u64,
    /// By the sequence of the redaction that they name: the events that are erased.
    erased: HashMap<u64, Vec<(u64, Option<PrimaryKey>)>>,
    erased_count: usize,
    /// The highest event that retention is said to have let go: what lets that go has let go all before it.
    expired: Option<EventPlace>,
    /// Whole events and commits that are gone, and the snapshots that are to come for it.
    pub(super) forgotten: Forgotten,
}

impl OwedData {
    /// Of a reading that begins in the middle; see `Forgotten::beginning`.
    pub fn beginning(begin: u64, missing_below: u64) -> Self {
        OwedData { forgotten: Forgotten::beginning(begin, missing_below), ..OwedData::default() }
    }

    /// Takes note of the events of a batch, which was verified by itself. Fails with VERIFICATION_FAILED where what was named as a
    /// redaction, or a snapshot, doesn't allow what it was named for.
    pub fn add(&mut self, batch: &Batch, commit: &CommitHeader) -> Result<()> {
        self.forgotten.meet(batch, commit)?;
        for (index, event) in batch.events() {
            let sequence = commit.first_sequence + index as u64;
            // Nearly all events of nearly all chains.
            if event.data_state.is_none() && self.dropped.is_empty() && self.erased.is_empty() {
                continue;
            }
            self.meet(batch, index, event, sequence)?;
            if !event.kind.writes_object() {
                continue;
            }
            match (event.data_state, event.primary_key) {
                (Some(DataState::Dropped), Some(key)) => self.owe_newer(key, sequence),
                (_, Some(key)) => {
                    self.dropped.remove(&key);
                }
                _ => {}
            }
            match event.data_state {
                Some(DataState::Redacted) => self.owe_redaction(event, sequence)?,
                Some(DataState::Expired) => {
                    self.expired = Some(EventPlace { sequence, time_unix_ms: commit.time_unix_ms });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether something is still to come.
    pub fn is_owed(&self) -> bool {
        self.count() > 0
    }

    /// The highest event that retention is said to have let go, where nothing has shown that it has.
    pub fn expired(&self) -> Option<EventPlace> {
        self.expired
    }

    /// So much was let go by the chain's rules for retention.
    pub fn settle_below(&mut self, floor: &RetentionFloor) {
        self.expired = self.expired.filter(|expired| !floor.covers(*expired));
    }

    /// Refuses what is left, of a reader who has read all there is: data, or whole events, that nothing has allowed to go.
    pub fn check_nothing_left(&self) -> Result<()> {
        let dropped = self
            .dropped
            .values()
            .map(|sequence| (*sequence, "its data was dropped, and nothing newer of its object is there"));
        let erased = self
            .erased
            .values()
            .flatten()
            .map(|(sequence, _)| (*sequence, "its data is said to be erased by a redaction that isn't there"));
        let expired = self.expired.map(|expired| {
            let why = "its data is said to have been let go by a rule of the chain for retention, and none has done so";
            (expired.sequence, why)
        });
        let first = dropped.chain(erased).chain(expired).min();
        match (first, self.forgotten.snapshots().min()) {
            (None, None) => Ok(()),
            (Some((sequence, why)), None) => Err(unallowed(sequence, why)),
            (Some((sequence, why)), Some(snapshot)) if sequence < snapshot => Err(unallowed(sequence, why)),
            (_, Some(snapshot)) => Err(not_allowed(snapshot, "isn't there")),
        }
    }

    /// How many events there are, at least, whose data nothing has allowed to go so far, and snapshots that are to come.
    pub fn count(&self) -> usize {
        let snapshots = self.forgotten.snapshots().count();
        self.dropped.len() + self.erased_count + usize::from(self.expired.is_some()) + snapshots
    }

    /// Sequences of what is left, ascending: so many at most.
    pub fn left(&self, most: usize) -> Vec<u64> {
        let erased = self.erased.values().flatten().map(|(sequence, _)| *sequence);
        let expired = self.expired.map(|expired| expired.sequence);
        let mut left: Vec<u64> = self.dropped.values().copied().chain(erased).chain(expired).collect();
        left.extend(self.forgotten.snapshots());
        left.sort_unstable();
        left.truncate(most);
        left
    }

    fn owe_newer(&mut self, key: PrimaryKey, sequence: u64) {
        if self.sampler.hash_one(key) & self.sample_mask != 0 {
            return;
        }
        self.dropped.insert(key, sequence);
        if self.dropped.len() > DROPPED_MAX {
            self.sample_mask = self.sample_mask << 1 | 1;
            let (sampler, mask) = (&self.sampler, self.sample_mask);
            self.dropped.retain(|key, _| sampler.hash_one(key) & mask == 0);
        }
    }

    fn owe_redaction(&mut self, event: &EventView, sequence: u64) -> Result<()> {
        if event.redacted_by <= sequence {
            return Err(unallowed(sequence, "its data is said to be erased by a redaction that isn't behind it"));
        }
        // Those that are too many to wait for aren't looked at.
        if self.erased_count < REDACTED_MAX {
            self.erased.entry(event.redacted_by).or_default().push((sequence, event.primary_key));
            self.erased_count += 1;
        }
        Ok(())
    }

    /// The event of a sequence is there, which others may name as their redaction.
    fn meet(&mut self, batch: &Batch, index: usize, event: &EventView, sequence: u64) -> Result<()> {
        let Some(waiting) = self.erased.remove(&sequence) else {
            return Ok(());
        };
        self.erased_count -= waiting.len();
        let said = batch.authority_of(index)?;
        for (erased, key) in waiting {
            let Some(redaction) = said.redaction.as_ref().filter(|_| event.kind == EventKind::Redaction) else {
                return Err(unallowed(erased, "its data is said to be erased by an event that is no redaction"));
            };
            if key != event.primary_key || !redaction.names(erased) {
                return Err(unallowed(erased, "its data is said to be erased by a redaction that doesn't name it"));
            }
        }
        Ok(())
    }
}

fn unallowed(sequence: u64, why: &str) -> Error {
    let message = format!(
        "the data of the event at sequence {sequence} is not here, and nothing allows that: {why}. The server, or its copy of the \
         chain, can't be trusted"
    );
    Error::new(Reason::VerificationFailed, message).with("sequence", sequence)
}
