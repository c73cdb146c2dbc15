//! What stands for events and commits that are gone under a snapshot (docs/format.md, "What is gone under a snapshot").

use bytes::Bytes;

use crate::crypto::array;
use crate::crypto::hashes::Hash;
use crate::crypto::merkle::subtree_levels;
use crate::encoding::fields::non_canonical;
use crate::encoding::message::Message;
use crate::encoding::snapshot_forms::{GAP, GONE_EVENT};
use crate::encoding::strict::check_within;
use crate::error::{Error, Result};
use crate::events::snapshot::{GoneRun, GoneState, NOTHING_GONE};

const HASH_BYTES: usize = 32;

/// What an Event begins with that stands for others: the tag of its field `gone`.
pub(crate) const GONE_TAG: u8 = 0x32;

/// A perfect subtree of 2^level leaves, of which nothing else is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subtree {
    pub level: u32,
    pub hash: Hash,
}

/// What stands before a batch of which events are gone, or before which commits are.
#[derive(Clone, Debug)]
pub(crate) struct Gap {
    /// How many commits are gone, right before the batch.
    pub commits: u64,
    /// How many events these had.
    pub events: u64,
    hashes: Vec<Hash>,
    /// Sequence of the snapshot under which they are.
    pub snapshot: u64,
    /// Its size, in commits.
    pub size: u64,
    /// What is gone before it.
    pub before: GoneState,
}

impl Gap {
    /// Reads a Gap message, without its tag and length. Fails with NON_CANONICAL.
    pub fn parse(data: Bytes) -> Result<Self> {
        let parts = Message::parse_strict(&GAP, data)?;
        let (commits, events, hashes) = (parts.number(1), parts.number(2), parts.bytes(3));
        let (snapshot, size) = (parts.number(4), parts.number(5));
        // Each commit has an event.
        let counts = commits <= events && (commits == 0) == (events == 0) && snapshot >= size;
        if !counts || hashes.len() % HASH_BYTES != 0 || (commits > 0) == hashes.is_empty() {
            return Err(refused("it counts commits, events or hashes that it has not"));
        }
        let (from, first, end) = (parts.number(7), parts.number(8), parts.number(9));
        let hash = parts.get(6).and_then(|hash| array(&hash)).unwrap_or(NOTHING_GONE);
        let is_run = first < end && (from == 0 || end < from);
        if !is_run && (first > 0 || end > 0 || hash != NOTHING_GONE) {
            let why = format!("a run from {first} up to {end} is gone before it, it says, and one from {from} on");
            return Err(refused(&why));
        }
        let last = is_run.then_some(GoneRun { before: hash, first, end });
        let before = GoneState { last, from: Some(from).filter(|from| *from > 0) };
        Ok(Gap { commits, events, hashes: hashes_in(&hashes), snapshot, size, before })
    }

    /// The subtrees that its commits make up, of which the first has a number.
    ///
    /// Fails with NON_CANONICAL where it has not as many hashes as these take.
    pub fn subtrees(&self, first_commit: u64) -> Result<Vec<Subtree>> {
        subtrees(&self.hashes, first_commit, self.commits)
            .ok_or_else(|| refused("its hashes aren't as many as stand for its commits there"))
    }
}

/// What stands for events of a batch that are gone, one after the other.
#[derive(Clone, Debug)]
pub(crate) struct GoneEvents {
    /// Place of the first of them in the batch.
    pub index: usize,
    pub events: usize,
    /// Of the batch's tree: what they are in it.
    pub subtrees: Vec<Subtree>,
}

impl GoneEvents {
    /// Reads the Event message that lies in a run, and stands for others from a place of the batch on. Fails with NON_CANONICAL.
    pub fn parse(run: &Bytes, start: usize, end: usize, index: usize) -> Result<Self> {
        check_within(&GONE_EVENT, run, start, end)?;
        let gone = Message::parse(Message::parse(run.slice(start..end))?.bytes(6))?;
        let (events, hashes) = (gone.number(1), gone.bytes(2));
        let subtrees = subtrees(&hashes_in(&hashes), index as u64, events);
        match (subtrees, usize::try_from(events)) {
            (Some(subtrees), Ok(events)) if hashes.len() % HASH_BYTES == 0 => {
                Ok(GoneEvents { index, events, subtrees })
            }
            _ => {
                let why = format!("its hashes aren't as many as stand for {events} events from {index} on");
                Err(non_canonical("GoneEvents", start, why))
            }
        }
    }
}

fn refused(why: &str) -> Error {
    non_canonical("Gap", 0, why)
}

fn hashes_in(all: &Bytes) -> Vec<Hash> {
    all.chunks_exact(HASH_BYTES).filter_map(array).collect()
}

/// None where the hashes are more or fewer than the leaves from a place on take.
fn subtrees(hashes: &[Hash], first: u64, count: u64) -> Option<Vec<Subtree>> {
    let levels = subtree_levels(first, first + count);
    let subtrees = levels.iter().zip(hashes).map(|(level, hash)| Subtree { level: *level, hash: *hash });
    (levels.len() == hashes.len()).then(|| subtrees.collect())
}
