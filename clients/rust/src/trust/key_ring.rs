//! The public keys that a chain knows, its roots among them, and which of them count no more.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::crypto::keys::{Fingerprint, PublicKey};
use crate::error::{Error, Result};
use crate::events::genesis::Genesis;
use crate::limits::CHAIN_KEYS_MAX;
use crate::reason::Reason;

/// Of each key that counts no more, another key; None: there is none.
type Followed = HashMap<Fingerprint, Option<Fingerprint>>;

/// A change of keys that can be taken back.
#[derive(Debug)]
pub(crate) enum KeyUndo {
    Added(Fingerprint),
    Owners(BTreeMap<Fingerprint, PublicKey>, BTreeSet<Fingerprint>),
    Successor(Fingerprint, Option<Option<Fingerprint>>),
    End(Fingerprint, Option<Option<Fingerprint>>),
}

/// Keys by their fingerprints. To know a key gives it no right.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyRing {
    roots: BTreeMap<Fingerprint, PublicKey>,
    /// They may write where the root of the chain has no rule for it, besides the roots: an auth service has named them.
    writers: BTreeSet<Fingerprint>,
    keys: HashMap<Fingerprint, PublicKey>,
    /// What has followed each key that counts no more. They lead to no key twice.
    successors: Followed,
    /// What counts in place of each: where successors end.
    ends: Followed,
}

impl KeyRing {
    pub fn new(roots: &[PublicKey], others: &[PublicKey]) -> Self {
        let by_name = |keys: &[PublicKey]| keys.iter().map(|key| (key.fingerprint(), key.clone())).collect::<Vec<_>>();
        let keys = by_name(others).into_iter().chain(by_name(roots)).collect();
        KeyRing { roots: by_name(roots).into_iter().collect(), keys, ..KeyRing::default() }
    }

    /// Of a chain that has just begun.
    pub fn of(genesis: &Genesis) -> Self {
        let writers = genesis.answer.as_ref().map(|answer| answer.writers.as_slice()).unwrap_or_default();
        let writer_names = writers.iter().map(PublicKey::fingerprint).collect();
        KeyRing { writers: writer_names, ..KeyRing::new(&genesis.roots, writers) }
    }

    /// The roots, in the order of their fingerprints.
    pub fn roots(&self) -> impl ExactSizeIterator<Item = &PublicKey> {
        self.roots.values()
    }

    /// Those that an auth service lets write, sorted.
    pub fn writers(&self) -> impl Iterator<Item = &Fingerprint> {
        self.writers.iter()
    }

    /// Finds a key that is known, whether it counts or not.
    pub fn find(&self, fingerprint: &Fingerprint) -> Option<&PublicKey> {
        self.keys.get(fingerprint)
    }

    pub fn is_root(&self, fingerprint: &Fingerprint) -> bool {
        self.roots.contains_key(fingerprint)
    }

    /// Whether a key is a root, or one that an auth service lets write.
    pub fn is_owner(&self, fingerprint: &Fingerprint) -> bool {
        self.is_root(fingerprint) || self.writers.contains(fingerprint)
    }

    /// The key that counts where this one is named: itself, what it was replaced by, or none.
    pub fn current_of(&self, fingerprint: &Fingerprint) -> Option<Fingerprint> {
        self.ends.get(fingerprint).copied().unwrap_or(Some(*fingerprint))
    }

    /// Whether the key counts no more.
    pub fn is_changed(&self, fingerprint: &Fingerprint) -> bool {
        self.ends.contains_key(fingerprint)
    }

    /// All keys that this one counts for: itself, and those that it has replaced.
    pub fn names_of(&self, fingerprint: &Fingerprint) -> Vec<Fingerprint> {
        let replaced = self.ends.iter().filter(|(_, current)| current.as_ref() == Some(fingerprint));
        std::iter::once(*fingerprint).chain(replaced.map(|(name, _)| *name)).collect()
    }

    /// Knows a key. Gives how to take it back; None: it was known. Fails with TOO_MANY_KEYS.
    pub fn add(&mut self, key: &PublicKey) -> Result<Option<KeyUndo>> {
        let fingerprint = key.fingerprint();
        if self.keys.contains_key(&fingerprint) {
            return Ok(None);
        }
        if self.keys.len().saturating_sub(self.roots.len()) >= CHAIN_KEYS_MAX {
            let why = format!("the chain knows {CHAIN_KEYS_MAX} public keys beside its roots, which is the limit");
            return Err(Error::new(Reason::TooManyKeys, why).with("limit_keys", CHAIN_KEYS_MAX));
        }
        self.keys.insert(fingerprint, key.clone());
        Ok(Some(KeyUndo::Added(fingerprint)))
    }

    /// Has other roots, which are known. Those before stay known, as other keys do.
    pub fn set_roots(&mut self, roots: &[PublicKey]) -> KeyUndo {
        let after = roots.iter().map(|root| (root.fingerprint(), root.clone())).collect();
        KeyUndo::Owners(std::mem::replace(&mut self.roots, after), self.writers.clone())
    }

    /// Has the roots and writers that an auth service names.
    ///
    /// However many keys the chain knows already: nobody who shows it keys can keep it from learning whose it is.
    pub fn set_owners(&mut self, roots: &[PublicKey], writers: &[PublicKey]) -> Vec<KeyUndo> {
        let mut undo = Vec::new();
        for key in roots.iter().chain(writers) {
            if let Entry::Vacant(entry) = self.keys.entry(key.fingerprint()) {
                entry.insert(key.clone());
                undo.push(KeyUndo::Added(key.fingerprint()));
            }
        }
        let roots = roots.iter().map(|root| (root.fingerprint(), root.clone())).collect();
        let writers = writers.iter().map(PublicKey::fingerprint).collect();
        let before = (std::mem::replace(&mut self.roots, roots), std::mem::replace(&mut self.writers, writers));
        undo.push(KeyUndo::Owners(before.0, before.1));
        undo
    }

    /// From now on a key doesn't count, and its successor, if there is one, counts wherever it is named.
    pub fn change(&mut self, fingerprint: &Fingerprint, successor: Option<Fingerprint>) -> Vec<KeyUndo> {
        let mut undo = vec![self.set_successor(*fingerprint, successor)];
        self.end_at(fingerprint, successor, &mut undo);
        undo
    }

    /// Has what an auth service says follows a key, which counts no more.
    ///
    /// Its word goes before what the key has said itself: whoever has had the key of a role, and has it no more, would else keep the
    /// role's place in all rules. A key that was given up without a successor stays so.
    pub fn follow(&mut self, fingerprint: &Fingerprint, successor: Option<Fingerprint>) -> Vec<KeyUndo> {
        let was_changed = self.is_changed(fingerprint);
        if was_changed && self.successors.get(fingerprint).copied().flatten().is_none() {
            return Vec::new();
        }
        let next = successor.filter(|successor| !self.leads_to(successor, fingerprint));
        let mut undo = vec![self.set_successor(*fingerprint, next)];
        if was_changed {
            for (name, end) in ends_of(&self.successors) {
                self.set_end(name, end, &mut undo);
            }
        } else {
            let end = next.and_then(|next| self.current_of(&next));
            self.end_at(fingerprint, end, &mut undo);
        }
        undo
    }

    fn set_successor(&mut self, name: Fingerprint, successor: Option<Fingerprint>) -> KeyUndo {
        KeyUndo::Successor(name, self.successors.insert(name, successor))
    }

    fn set_end(&mut self, name: Fingerprint, end: Option<Fingerprint>, undo: &mut Vec<KeyUndo>) {
        let before = self.ends.insert(name, end);
        if before != Some(end) {
            undo.push(KeyUndo::End(name, before));
        }
    }

    /// Has a key, and all that it counts for, end at another one.
    fn end_at(&mut self, fingerprint: &Fingerprint, end: Option<Fingerprint>, undo: &mut Vec<KeyUndo>) {
        for name in self.names_of(fingerprint) {
            self.set_end(name, end, undo);
        }
    }

    /// Whether a key is another one, or that one is among those that have followed it.
    fn leads_to(&self, from: &Fingerprint, other: &Fingerprint) -> bool {
        let mut at = Some(*from);
        while let Some(one) = at {
            if one == *other {
                return true;
            }
            at = self.successors.get(&one).copied().flatten();
        }
        false
    }

    pub fn take_back(&mut self, undo: KeyUndo) {
        match undo {
            KeyUndo::Added(fingerprint) => {
                self.keys.remove(&fingerprint);
            }
            KeyUndo::Owners(roots, writers) => (self.roots, self.writers) = (roots, writers),
            KeyUndo::Successor(name, before) => put_back(&mut self.successors, name, before),
            KeyUndo::End(name, before) => put_back(&mut self.ends, name, before),
        }
    }
}

fn put_back(followed: &mut Followed, name: Fingerprint, before: Option<Option<Fingerprint>>) {
    match before {
        Some(before) => followed.insert(name, before),
        None => followed.remove(&name),
    };
}

/// What counts in the place of each key that was followed by another, or by none. Each is passed once.
fn ends_of(successors: &Followed) -> Followed {
    let mut ends = Followed::with_capacity(successors.len());
    for name in successors.keys() {
        let mut passed = Vec::new();
        let mut at = Some(*name);
        while let Some(one) = at {
            if let Some(end) = ends.get(&one) {
                at = *end;
                break;
            }
            let Some(next) = successors.get(&one) else {
                break;
            };
            passed.push(one);
            at = *next;
        }
        ends.extend(passed.into_iter().map(|one| (one, at)));
    }
    ends
}
