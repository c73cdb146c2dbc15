//! What a reader has to see of a chain since whole events and commits of it are gone (docs/trust.md, "When whole events are gone").

use std::collections::BTreeMap;

use crate::crypto::hashes::Hash;
use crate::error::{Error, Result};
use crate::events::batch::Batch;
use crate::events::commit::CommitHeader;
use crate::events::event::EventKind;
use crate::events::gap::Gap;
use crate::events::snapshot::{GoneRuns, Snapshot, WriterSeal, hash_of_writers};
use crate::limits::SNAPSHOT_AGE_MS_MIN;
use crate::reason::Reason;
use crate::trust::replay::violation;

const NO_GAP: &str = "events of it are gone, and no gap says why";

/// What is gone by the word of a snapshot that is to come, while its commits are being read.
#[derive(Clone)]
struct Reading {
    /// Sequence of the snapshot.
    snapshot: u64,
    size: u64,
    runs: GoneRuns,
    /// How many events are gone so far; None where that isn't known.
    events: Option<u64>,
}

/// What a snapshot that is to come must say.
#[derive(Clone, Copy)]
struct Due {
    size: u64,
    tree_root: Hash,
    gone: Hash,
    /// How many events stay; None where that isn't known.
    events: Option<u64>,
    /// How many writers there are, and where they stand; None where that isn't known.
    writers: Option<(u64, Hash)>,
    /// Of the last of its commits that is there.
    time_unix_ms: u64,
}

/// Where a replay has come to, between two commits.
pub(super) struct Reached {
    /// In commits.
    pub size: u64,
    pub root: Hash,
    pub next_sequence: u64,
    /// Of the last commit that is there.
    pub time_unix_ms: u64,
}

/// The snapshots that a reading has to come to. Where something is missing first it is noted by which snapshot; from there on all that
/// is missing is hashed, up to the snapshot's size; and what comes out is what the snapshot must say, when it comes.
#[derive(Clone, Default)]
pub(crate) struct Forgotten {
    /// Sequence with which the reading began.
    begin: u64,
    reading: Option<Reading>,
    /// By the snapshot's sequence.
    due: BTreeMap<u64, Due>,
    /// As `missing_below`, of a reading that this one goes on from.
    was_reading: u64,
}

impl Forgotten {
    /// A reading begins at a sequence, where another one may have come to that had some batches missing below a size.
    pub fn beginning(begin: u64, missing_below: u64) -> Self {
        Forgotten { begin, was_reading: missing_below, ..Forgotten::default() }
    }

    /// Size, in commits, below which batches of writers may be missing: of the snapshot whose commits are being read. 0: of none.
    pub fn missing_below(&self) -> u64 {
        self.reading.as_ref().map_or(0, |reading| reading.size).max(self.was_reading)
    }

    /// Sequences of the snapshots that are to come.
    pub fn snapshots(&self) -> impl Iterator<Item = u64> {
        self.due.keys().copied().chain(self.reading.as_ref().map(|reading| reading.snapshot))
    }

    /// A gap comes, before commit `next_commit` and sequence `next_sequence`: commits are gone, or events of the batch behind it.
    ///
    /// Fails with VERIFICATION_FAILED where it doesn't go on what came before; HISTORY_COMPACTED where what was read before isn't what
    /// its snapshot leaves.
    pub(super) fn gap(&mut self, gap: &Gap, next_commit: u64, next_sequence: u64) -> Result<()> {
        let Gap { snapshot, size, before, .. } = *gap;
        if next_commit + gap.commits.max(1) > size {
            let why = format_args!("something is gone that the snapshot at sequence {snapshot} isn't about");
            return Err(violation(why));
        }
        match &mut self.reading {
            None => {
                // What was read and goes by it: what has come instead may be gone, too, as the tombstone of an object that was read.
                let goes = before.last.is_some_and(|last| last.end > self.begin);
                let goes_on = before.from.is_some() && next_sequence > self.begin;
                if goes || goes_on {
                    return Err(self.compacted(snapshot));
                }
                let runs = GoneRuns::going_on(before, next_sequence);
                let events = (self.begin == 0).then_some(0);
                self.reading = Some(Reading { snapshot, size, runs, events });
            }
            // What was read before can't be checked any more.
            Some(reading) if (reading.snapshot, reading.size) != (snapshot, size) => {
                return Err(self.compacted(snapshot));
            }
            Some(reading) => {
                if !reading.runs.state_at(next_sequence).is_same(&before) {
                    return Err(violation("what is said to be gone before it is not what was gone"));
                }
            }
        }
        self.gone(next_sequence, next_sequence + gap.events)
    }

    /// A batch comes, with its gap if it has one: that is there where commits before it or events of it are gone, and there only.
    ///
    /// Fails with VERIFICATION_FAILED.
    pub(super) fn note(&mut self, batch: &Batch, first_sequence: u64, gap: Option<&Gap>) -> Result<()> {
        match (batch.gone().is_empty(), gap) {
            (true, Some(gap)) if gap.commits == 0 => return Err(violation("nothing of it is gone, and a gap says so")),
            (false, None) => return Err(violation(NO_GAP)),
            _ => {}
        }
        batch.gone().iter().try_for_each(|gone| {
            let first = first_sequence + gone.index as u64;
            self.gone(first, first + gone.events as u64)
        })
    }

    /// Events are gone, from a sequence up to before another. Fails with VERIFICATION_FAILED where no gap came before.
    fn gone(&mut self, first: u64, end: u64) -> Result<()> {
        let Some(reading) = &mut self.reading else {
            return Err(violation(NO_GAP));
        };
        reading.runs.add(first, end);
        reading.events = reading.events.map(|events| events + (end - first));
        Ok(())
    }

    /// The replay has come to a place between two commits. `writers`: all that there are, as far as they are known.
    pub(super) fn reached(&mut self, at: &Reached, writers: impl FnOnce() -> Option<Vec<WriterSeal>>) {
        if at.size >= self.was_reading {
            self.was_reading = 0;
        }
        let Some(reading) = self.reading.take_if(|reading| at.size >= reading.size) else {
            return;
        };
        let due = Due {
            size: reading.size,
            tree_root: at.root,
            gone: reading.runs.finish(),
            events: reading.events.map(|gone| at.next_sequence - gone),
            writers: writers().map(|writers| (writers.len() as u64, hash_of_writers(writers))),
            time_unix_ms: at.time_unix_ms,
        };
        self.due.insert(reading.snapshot, due);
    }

    /// A batch comes, which may be a snapshot that is due. Fails with VERIFICATION_FAILED where it doesn't allow what is gone.
    pub(super) fn meet(&mut self, batch: &Batch, commit: &CommitHeader) -> Result<()> {
        while let Some((&sequence, _)) = self.due.range(commit.first_sequence..commit.next_sequence()).next() {
            let Some(due) = self.due.remove(&sequence) else {
                break;
            };
            let is_one = batch.event(0).is_some_and(|event| event.kind == EventKind::Snapshot);
            let said = if is_one { batch.authority_of(0)?.snapshot } else { None };
            let misfit = match said {
                None => Some("is none".to_owned()),
                Some(said) => due.misfit(&said, commit.time_unix_ms),
            };
            if let Some(why) = misfit {
                return Err(not_allowed(sequence, &why).with("sequence", commit.first_sequence));
            }
        }
        Ok(())
    }

    fn compacted(&self, snapshot: u64) -> Error {
        let from = self.begin;
        let why = format!(
            "the chain was compacted under the snapshot at sequence {snapshot} while it was being read, and what was read from sequence \
             {from} on is not what that leaves. Read again from there"
        );
        Error::new(Reason::HistoryCompacted, why).with("snapshot", snapshot).with("from", from)
    }
}

impl Due {
    /// Why a snapshot doesn't say what it must; None where it does.
    fn misfit(&self, said: &Snapshot, time_unix_ms: u64) -> Option<String> {
        if said.size != self.size {
            return Some(format!("is about {} commits, and not {}", said.size, self.size));
        }
        if let Some(events) = self.events.filter(|events| *events != said.events) {
            return Some(format!("says that {} events stay, and {events} are there", said.events));
        }
        if let Some((writers, _)) = self.writers.filter(|(writers, _)| *writers != said.writers) {
            return Some(format!("says that there are {} writers, and there are {writers}", said.writers));
        }
        let faults = [
            (said.tree_root != self.tree_root, "is about another history"),
            (said.gone != self.gone, "lets other events go than those that are gone"),
            (
                self.writers.is_some_and(|(_, hash)| hash != said.writers_hash),
                "has other last batches of writers than are there",
            ),
            (self.time_unix_ms + SNAPSHOT_AGE_MS_MIN > time_unix_ms, "is about commits that are too young"),
        ];
        faults.into_iter().find(|(is_wrong, _)| *is_wrong).map(|(_, why)| why.to_owned())
    }
}

/// The refusal of what is gone by a snapshot, which isn't there or says something else.
pub(super) fn not_allowed(snapshot: u64, why: &str) -> Error {
    let message = format!(
        "events are gone, and nothing allows that: the snapshot at sequence {snapshot} {why}. The server, or its copy of the chain, can't \
         be trusted"
    );
    Error::new(Reason::VerificationFailed, message).with("sequence", snapshot)
}
