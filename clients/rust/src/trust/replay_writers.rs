//! Where each writer's chain of seals stands in a replay.

use std::collections::HashMap;

use crate::crypto::hashes::Hash;
use crate::crypto::merkle::TreeHead;
use crate::error::Result;
use crate::events::seal::SealView;
use crate::events::snapshot::WriterSeal;
use crate::trust::recent::RecentRoots;
use crate::trust::replay::violation;

#[derive(Clone, Copy)]
struct WriterStanding {
    next_counter: u64,
    last_seal_hash: Hash,
    as_of: Option<TreeHead>,
}

/// The writers of a replay, as far as they have come.
#[derive(Clone, Default)]
pub(super) struct ReplayWriters(HashMap<Hash, WriterStanding>);

impl ReplayWriters {
    /// Checks that a seal is its writer's next. Gives whether it is the one right behind the last that came.
    ///
    /// `are_all`: a writer that isn't known is new; `may_miss`: batches of it may be gone before. Fails with VERIFICATION_FAILED.
    pub fn check_counter(&self, seal: &SealView, are_all: bool, may_miss: bool) -> Result<bool> {
        let counter = seal.counter;
        match self.0.get(&seal.writer_id) {
            None if counter == 0 => Ok(true),
            None if may_miss || !are_all => Ok(false),
            None => Err(violation(format_args!("its writer starts at counter {counter}"))),
            Some(known) if counter == known.next_counter && seal.previous == Some(known.last_seal_hash) => Ok(true),
            Some(known) if counter > known.next_counter && may_miss => Ok(false),
            Some(_) => Err(violation(format_args!("counter {counter} doesn't continue its writer's chain of seals"))),
        }
    }

    /// Checks that the head that a writer has seen is one of this chain. The server need not have said its root: so a history that
    /// leaves out what a writer has seen doesn't fit what that writer signed. Fails with VERIFICATION_FAILED.
    pub fn check_as_of(&self, seal: &SealView, roots: &RecentRoots) -> Result<()> {
        let before = self.0.get(&seal.writer_id).and_then(|known| known.as_of);
        let size = seal.as_of.map_or(0, |head| head.size);
        if size < before.map_or(0, |head| head.size) {
            return Err(violation("its writer names an older head than before"));
        }
        if size > roots.head().size {
            return Err(violation("its writer names a head that is to come"));
        }
        let Some(head) = seal.as_of else {
            return Ok(());
        };
        let same_as_before = before.filter(|before| before.size == size).map(|before| before.root);
        if same_as_before.or_else(|| roots.root_at(size)).is_some_and(|known| known != head.root) {
            return Err(violation(format_args!("its writer has seen another head of {size} commits")));
        }
        Ok(())
    }

    /// Takes note of a batch.
    pub fn wrote(&mut self, seal: &SealView) {
        let standing = WriterStanding { next_counter: seal.counter + 1, last_seal_hash: seal.hash, as_of: seal.as_of };
        self.0.insert(seal.writer_id, standing);
    }

    /// Where all of them stand.
    pub fn seals(&self) -> Vec<WriterSeal> {
        let seals = self.0.iter().map(|(id, writer)| WriterSeal {
            writer_id: *id,
            counter: writer.next_counter - 1,
            seal_hash: writer.last_seal_hash,
        });
        seals.collect()
    }
}
