//! Read keys that a chain has handed out: who counts as a reader, and which of them this client can open.

use std::collections::{HashMap, HashSet};

use crate::crypto::data_key::{ReadKey, read_key_id};
use crate::crypto::hashes::{Hash, sha256};
use crate::crypto::keys::{Fingerprint, KeyPair};
use crate::error::Result;
use crate::events::event::MARK_AUTHORITY;
use crate::events::rules::WrappedKey;
use crate::events::sealed_data::unwrap_read_key;
use crate::trust::replay::VerifiedBatch;

const KEPT_MAX: usize = 16_384;
/// Of one read key for one reader: whoever may write anything may hand out something that isn't the key.
const OF_ONE_MAX: usize = 8;
const BEGUN_MAX: usize = 65_536;
const OPENED_MAX: usize = 16_384;

/// What was handed out, and by whom.
struct Given {
    wrapped: WrappedKey,
    giver: Fingerprint,
    /// In the order in which they came.
    place: u64,
}

/// Anyone who may write anything to a chain can write a read key for anybody, and say any read key of it.
///
/// So only those count that are from one who was given the read key: by the event that named it first in the chain, which nobody
/// could know before, or by one of these (docs/trust.md, "Who was given a read key"). So it is learned in order, from the chain's
/// first event on.
#[derive(Default)]
pub(crate) struct ReadKeys {
    learned_to: u64,
    /// Read keys that have begun, who has begun each, and when.
    begun: HashMap<Hash, (Fingerprint, u64)>,
    /// By read key and reader.
    counting: HashMap<Hash, HashMap<Fingerprint, Vec<Given>>>,
    kept: usize,
    next_place: u64,
    opened: HashMap<Hash, ReadKey>,
    /// Hashes of what didn't open. What is sealed never changes, so that it isn't tried again.
    failed: HashSet<Hash>,
}

impl ReadKeys {
    /// Learns from batches that were verified, and allowed by all that came before.
    pub fn learn(&mut self, batches: &[VerifiedBatch]) -> Result<()> {
        for one in batches {
            let header = &one.commit.header;
            // What is gone has handed out nothing.
            if header.first_sequence < self.learned_to || one.begins_at() > self.learned_to {
                continue;
            }
            self.learned_to = one.commit.header.next_sequence();
            for (index, event) in one.batch.events() {
                if event.marks & MARK_AUTHORITY != 0 {
                    let said = one.batch.authority_of(index)?;
                    self.add(&said.wrapped_keys, one.batch.seal.fingerprint, &said.sign_with);
                }
            }
        }
        Ok(())
    }

    /// Knows a read key that was made here.
    pub fn know(&mut self, read_key: ReadKey) {
        self.remember(read_key_id(&read_key), read_key);
    }

    fn remember(&mut self, id: Hash, read_key: ReadKey) {
        if self.opened.len() >= OPENED_MAX {
            // They are opened again when they are needed.
            self.opened.clear();
        }
        self.opened.insert(id, read_key);
    }

    /// Fingerprints of those who were given a read key, sorted.
    pub fn holders_of(&self, id: &Hash) -> Vec<Fingerprint> {
        let mut holders: Vec<Fingerprint> =
            self.counting.get(id).into_iter().flatten().map(|(reader, _)| *reader).collect();
        holders.sort_unstable();
        holders
    }

    /// Finds a read key; None where it was not handed out to any of some keys, as far as is known.
    pub fn find(&mut self, id: &Hash, chain_id: &Hash, keys: &[KeyPair]) -> Option<ReadKey> {
        if let Some(known) = self.opened.get(id) {
            return Some(known.clone());
        }
        let mut failed = Vec::new();
        let mut found = None;
        let readers = self.counting.get(id)?;
        let given = keys
            .iter()
            .flat_map(|key| readers.get(&key.fingerprint()).into_iter().flatten().map(move |one| (key, one)));
        for (key, one) in given {
            let digest = sha256(&one.wrapped.wrapped);
            if self.failed.contains(&digest) {
                continue;
            }
            found = unwrap_read_key(chain_id, &one.wrapped, key);
            if found.is_some() {
                break;
            }
            failed.push(digest);
        }
        if self.failed.len() > KEPT_MAX {
            self.failed.clear();
        }
        self.failed.extend(failed);
        let read_key = found?;
        self.remember(*id, read_key.clone());
        Some(read_key)
    }

    fn add(&mut self, wrapped: &[WrappedKey], writer: Fingerprint, others: &[Fingerprint]) {
        let is_new: HashSet<Hash> =
            wrapped.iter().map(|one| one.read_key_id).filter(|id| !self.begun.contains_key(id)).collect();
        let was_given = |id: &Hash| {
            let readers = self.counting.get(id);
            readers.is_some_and(|readers| std::iter::once(&writer).chain(others).any(|one| readers.contains_key(one)))
        };
        let counting: Vec<WrappedKey> = wrapped
            .iter()
            .filter(|one| is_new.contains(&one.read_key_id) || was_given(&one.read_key_id))
            .cloned()
            .collect();
        for one in counting {
            let place = self.next_place;
            self.next_place += 1;
            self.begun.entry(one.read_key_id).or_insert((writer, place));
            self.count(one, writer, place);
        }
        self.forget();
    }

    fn count(&mut self, wrapped: WrappedKey, giver: Fingerprint, place: u64) {
        let kept = self.counting.entry(wrapped.read_key_id).or_default().entry(wrapped.recipient).or_default();
        if kept.iter().any(|known| known.wrapped.wrapped == wrapped.wrapped) {
            return;
        }
        if kept.len() == OF_ONE_MAX {
            // Of too many the first stays, which is nearly always the right one, and the newest.
            kept.remove(1);
            self.kept -= 1;
        }
        kept.push(Given { wrapped, giver, place });
        self.kept += 1;
    }

    /// Where there are too many, whoever has handed out or begun the most loses the oldest of these: so a hostile writer pushes out
    /// its own.
    fn forget(&mut self) {
        while self.kept > KEPT_MAX {
            let given = self.counting.values().flat_map(|readers| readers.values().flatten());
            let Some(most) = most_frequent(given.map(|one| one.giver)) else {
                return;
            };
            let given = self.counting.values().flat_map(|readers| readers.values().flatten());
            let mut places: Vec<u64> = given.filter(|one| one.giver == most).map(|one| one.place).collect();
            places.sort_unstable();
            let Some(last) = places.get(KEPT_MAX / 8).or(places.last()).copied() else {
                return;
            };
            let mut dropped = 0;
            for readers in self.counting.values_mut() {
                for given in readers.values_mut() {
                    let before = given.len();
                    given.retain(|one| one.giver != most || one.place > last);
                    dropped += before - given.len();
                }
                readers.retain(|_, given| !given.is_empty());
            }
            self.counting.retain(|_, readers| !readers.is_empty());
            self.kept -= dropped;
        }
        if self.begun.len() > BEGUN_MAX {
            let Some(most) = most_frequent(self.begun.values().map(|(giver, _)| *giver)) else {
                return;
            };
            let gone = self.begun.iter().filter(|(id, (giver, _))| *giver == most && !self.counting.contains_key(*id));
            let mut gone: Vec<(u64, Hash)> = gone.map(|(id, (_, place))| (*place, *id)).collect();
            gone.sort_unstable();
            for (_, id) in gone.iter().take(BEGUN_MAX / 8) {
                self.begun.remove(id);
            }
        }
    }
}

fn most_frequent(givers: impl Iterator<Item = Fingerprint>) -> Option<Fingerprint> {
    let mut counts: HashMap<Fingerprint, usize> = HashMap::new();
    for giver in givers {
        *counts.entry(giver).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(giver, _)| giver)
}
