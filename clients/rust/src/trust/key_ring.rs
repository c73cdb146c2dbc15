//! The public keys that a chain knows, its roots among them, and which of them count no more.

use std::collections::{BTreeMap, HashMap};

use crate::crypto::keys::{Fingerprint, PublicKey};
use crate::error::{Error, Result};
use crate::limits::CHAIN_KEYS_MAX;
use crate::reason::Reason;

type Changed = HashMap<Fingerprint, Option<Fingerprint>>;

/// A change of keys that can be taken back.
#[derive(Debug)]
pub(crate) enum KeyUndo {
    Added(Fingerprint),
    Roots(BTreeMap<Fingerprint, PublicKey>),
    Changed(Changed),
}

/// Keys by their fingerprints. To know a key gives it no right.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyRing {
    roots: BTreeMap<Fingerprint, PublicKey>,
    keys: HashMap<Fingerprint, PublicKey>,
    /// What counts in place of a key that counts no more; None: nothing does.
    changed: Changed,
}

impl KeyRing {
    pub fn new(roots: &[PublicKey], others: &[PublicKey]) -> Self {
        let by_name = |keys: &[PublicKey]| keys.iter().map(|key| (key.fingerprint(), key.clone())).collect::<Vec<_>>();
        let keys = by_name(others).into_iter().chain(by_name(roots)).collect();
        KeyRing { roots: by_name(roots).into_iter().collect(), keys, changed: HashMap::new() }
    }

    /// The roots, in the order of their fingerprints.
    pub fn roots(&self) -> impl ExactSizeIterator<Item = &PublicKey> {
        self.roots.values()
    }

    /// Finds a key that is known, whether it counts or not.
    pub fn find(&self, fingerprint: &Fingerprint) -> Option<&PublicKey> {
        self.keys.get(fingerprint)
    }

    pub fn is_root(&self, fingerprint: &Fingerprint) -> bool {
        self.roots.contains_key(fingerprint)
    }

    /// The key that counts where this one is named: itself, what it was replaced by, or none.
    pub fn current_of(&self, fingerprint: &Fingerprint) -> Option<Fingerprint> {
        self.changed.get(fingerprint).copied().unwrap_or(Some(*fingerprint))
    }

    /// Whether the key counts no more.
    pub fn is_changed(&self, fingerprint: &Fingerprint) -> bool {
        self.changed.contains_key(fingerprint)
    }

    /// All keys that this one counts for: itself, and those that it has replaced.
    pub fn names_of(&self, fingerprint: &Fingerprint) -> Vec<Fingerprint> {
        let replaced = self.changed.iter().filter(|(_, current)| current.as_ref() == Some(fingerprint));
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
        KeyUndo::Roots(std::mem::replace(&mut self.roots, after))
    }

    /// From now on a key doesn't count, and its successor, if there is one, counts wherever it is named.
    pub fn change(&mut self, fingerprint: &Fingerprint, successor: Option<Fingerprint>) -> KeyUndo {
        let before = self.changed.clone();
        for name in self.names_of(fingerprint) {
            self.changed.insert(name, successor);
        }
        KeyUndo::Changed(before)
    }

    pub fn take_back(&mut self, undo: KeyUndo) {
        match undo {
            KeyUndo::Added(fingerprint) => {
                self.keys.remove(&fingerprint);
            }
            KeyUndo::Roots(roots) => self.roots = roots,
            KeyUndo::Changed(changed) => self.changed = changed,
        }
    }
}
