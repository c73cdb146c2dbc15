//! A group as a member sees it: the keys of its roles, as far as the member's own keys open them.

use std::collections::{BTreeMap, HashMap};

use crate::account::group::Group;
use crate::account::roles::{GROUP_ROLES, open_role};
use crate::crypto::keys::{Fingerprint, KeyPair, PublicKey};

/// What a member's keys open of a group.
#[derive(Debug)]
pub(crate) struct OpenedGroup {
    pub group: Group,
    /// Of the roles that the member has, and of those below them.
    keys: BTreeMap<String, KeyPair>,
    /// Those that roles had before, as far as they were given to the member: they open what was sealed then.
    retired: Vec<KeyPair>,
}

impl OpenedGroup {
    /// Opens what a member's keys open: the one that it has, and those before it.
    pub fn new(group: Group, own: &[KeyPair]) -> Self {
        let mut opened: HashMap<Fingerprint, KeyPair> =
            own.iter().map(|pair| (pair.fingerprint(), pair.clone())).collect();
        // A role's secret may be wrapped for that of another one, so each that opens may open more.
        while open_more(&group, &mut opened) {}
        opened.retain(|name, _| own.iter().all(|pair| pair.fingerprint() != *name));
        let roles = group.role_keys().map(|(name, key)| (name.to_owned(), key.fingerprint()));
        let keys = roles.filter_map(|(name, key)| Some((name, opened.remove(&key)?))).collect();
        OpenedGroup { keys, retired: opened.into_values().collect(), group }
    }

    /// The highest role whose key is open, with that key; None: there is none.
    pub fn highest(&self) -> Option<(&str, &KeyPair)> {
        let known = GROUP_ROLES.into_iter().find_map(|name| self.keys.get_key_value(name));
        known.or_else(|| self.keys.first_key_value()).map(|(name, pair)| (name.as_str(), pair))
    }

    /// Whether the member is an owner or a delegate: a root of the group's chains, who says who reads them.
    pub fn owns(&self) -> bool {
        self.highest().is_some_and(|(name, _)| matches!(name, "owner" | "delegate"))
    }

    /// All keys that are open: the highest role's first.
    pub fn all_keys(&self) -> Vec<KeyPair> {
        let highest = self.highest().map(|(_, pair)| pair);
        highest.into_iter().chain(self.keys.values()).chain(&self.retired).cloned().collect()
    }

    /// The key that has the place of one that a role had; None: no role had this one, or still has it.
    pub fn successor_of(&self, key: &Fingerprint) -> Option<&PublicKey> {
        self.group.successor_of(key)
    }
}

fn open_more(group: &Group, opened: &mut HashMap<Fingerprint, KeyPair>) -> bool {
    let before = opened.len();
    let mut current: HashMap<&str, &PublicKey> = HashMap::new();
    for change in group.acts().iter().flat_map(|act| act.role_changes()) {
        if let Some(key) = &change.key {
            current.insert(&change.name, key);
        }
        let Some(key) = current.get(change.name.as_str()) else {
            continue;
        };
        for (recipient, wrapped) in &change.wraps {
            if opened.contains_key(&key.fingerprint()) {
                break;
            }
            let pair = opened.get(recipient).and_then(|with| open_role(group.name(), &change.name, key, wrapped, with));
            opened.extend(pair.map(|pair| (pair.fingerprint(), pair)));
        }
    }
    opened.len() > before
}
