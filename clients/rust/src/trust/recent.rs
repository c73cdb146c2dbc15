//! What was last: who wrote, for the conditions of batches, and which roots the tree had.

use std::collections::{HashMap, VecDeque};

use crate::crypto::hashes::Hash;
use crate::crypto::merkle::{Frontier, TreeHead};
use crate::error::Result;
use crate::events::batch::Batch;
use crate::events::commit::Commit;
use crate::events::gap::Subtree;
use crate::events::primary_key::PrimaryKey;
use crate::trust::replay::violation;

const ROOTS_KEPT_MAX: usize = 65_536;
const OBJECT_EVENTS_KEPT_MIN: usize = 131_072;

/// The newest event of anyone, and the newest of anyone else than that.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Latest {
    newest: (Hash, u64),
    newest_other: (Hash, u64),
}

impl Latest {
    pub fn wrote(&mut self, writer: Hash, end_sequence: u64) {
        if writer != self.newest.0 {
            self.newest_other = self.newest;
        }
        self.newest = (writer, end_sequence);
    }

    /// The sequence after the newest event of anyone but this writer; 0 where there is none.
    pub fn end_of_others(&self, writer: &Hash) -> u64 {
        if *writer == self.newest.0 { self.newest_other.1 } else { self.newest.1 }
    }
}

#[derive(Clone, Copy, Debug)]
struct Written {
    writer: Hash,
    sequence: u64,
    /// The sequence after the newest event of any other writer.
    end_of_others: u64,
}

impl Written {
    fn end_before(&self, writer: &Hash) -> u64 {
        if self.writer == *writer { self.end_of_others } else { self.sequence + 1 }
    }
}

/// Who wrote each object last, of the last 131,072 events at least: a condition that reaches further back is checked as far as
/// this goes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Objects {
    older: HashMap<PrimaryKey, Written>,
    newer: HashMap<PrimaryKey, Written>,
    events: usize,
}

impl Objects {
    pub fn add(&mut self, batch: &Batch, first_sequence: u64) {
        let writer = batch.seal.writer_id;
        for (sequence, event) in batch.events_from(first_sequence) {
            if !event.kind.writes_object() {
                continue;
            }
            if let Some(key) = event.primary_key {
                let end_of_others = self.newer.get(&key).map_or(0, |known| known.end_before(&writer));
                self.newer.insert(key, Written { writer, sequence, end_of_others });
            }
        }
        self.events += batch.count();
        if self.events >= OBJECT_EVENTS_KEPT_MIN {
            self.older = std::mem::take(&mut self.newer);
            self.events = 0;
        }
    }

    /// The sequence after the newest event on an object of anyone but this writer; 0 where there is none.
    pub fn end_of_others_on(&self, key: &PrimaryKey, writer: &Hash) -> u64 {
        let ends = [&self.older, &self.newer].map(|table| table.get(key).map_or(0, |known| known.end_before(writer)));
        ends[0].max(ends[1])
    }
}

/// A chain's tree, and the roots that it had at the last sizes.
#[derive(Clone)]
pub(crate) struct RecentRoots {
    frontier: Frontier,
    /// The first is of a tree of `first_size`.
    roots: VecDeque<Hash>,
    first_size: u64,
}

impl RecentRoots {
    pub fn new(frontier: Frontier) -> Self {
        RecentRoots { roots: VecDeque::from([frontier.root()]), first_size: frontier.size(), frontier }
    }

    pub fn head(&self) -> TreeHead {
        let root = self.roots.back().copied().unwrap_or_else(|| self.frontier.root());
        TreeHead { size: self.frontier.size(), root }
    }

    /// The root that the tree had at a size; None for one before the start, to come, or too long ago.
    pub fn root_at(&self, size: u64) -> Option<Hash> {
        let place = usize::try_from(size.checked_sub(self.first_size)?).ok()?;
        self.roots.get(place).copied()
    }

    /// Appends what stands for commits that are gone: the roots before its end aren't known from now on.
    pub fn append_subtrees(&mut self, subtrees: &[Subtree]) {
        for Subtree { level, hash } in subtrees {
            self.frontier.append_subtree(*level, *hash);
        }
        if !subtrees.is_empty() {
            self.roots = VecDeque::from([self.frontier.root()]);
            self.first_size = self.frontier.size();
        }
    }

    /// Appends a commit. Fails with VERIFICATION_FAILED where it says another root of the tree.
    pub fn append(&mut self, commit: &Commit) -> Result<()> {
        self.frontier.append(commit.leaf);
        let root = self.frontier.root();
        if commit.tree_root.is_some_and(|said| said != root) {
            return Err(violation("its tree root is another than computed"));
        }
        self.roots.push_back(root);
        if self.roots.len() > ROOTS_KEPT_MAX {
            self.roots.pop_front();
            self.first_size += 1;
        }
        Ok(())
    }
}
