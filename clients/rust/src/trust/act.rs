//! An event that is decided on, and the words of its refusals.

use std::sync::Arc;

use crate::crypto::hex;
use crate::crypto::keys::Fingerprint;
use crate::error::Error;
use crate::events::rules::{EventAuthority, WriteRule};
use crate::reason::Reason;
use crate::trust::object_tree::Place;
use crate::trust::signers::in_words;

/// An event, as far as its right is concerned.
pub(super) struct Act {
    pub index: usize,
    pub key: Place,
    pub parent: Place,
    pub said: Arc<EventAuthority>,
    pub actors: Vec<Fingerprint>,
}

impl Act {
    pub fn refused(&self, reason: Reason, why: impl std::fmt::Display) -> Error {
        let names = in_words(&self.actors).replace(", ", ",");
        let error = Error::new(reason, format!("event {}: {why}", self.index));
        let error = error.with("event_index", self.index).with("fingerprint", names);
        match self.key {
            Some(key) => error.with("primary_key", hex(&key)),
            None => error,
        }
    }

    pub fn counts_no_more(&self, fingerprint: &Fingerprint) -> Error {
        let name = hex(fingerprint);
        let why = format!("the key {name} counts no more, or would replace itself, and can't be named");
        self.refused(Reason::KeyRevoked, why)
    }

    pub fn parent_invalid(&self, problem: &str) -> Error {
        let why = match problem {
            "cycle" => "its parent would be itself, or below it",
            "gone" => "its parent was removed",
            "elsewhere" => "the object has another parent. Name that one, or say that the object moves",
            "there" => "it says that the object moves to where it is, or it is new",
            _ => "its parent is too far from the root of the chain",
        };
        let parent = self.parent.map_or_else(String::new, |parent| hex(&parent));
        self.refused(Reason::ParentInvalid, why).with("problem", problem).with("parent", parent)
    }

    /// The refusal by the rule for writing that counts, which a place has; None: that of the root keys.
    pub fn not_allowed(&self, verb: &str, rule: Option<&WriteRule>, at: Place) -> Error {
        let place = at.map_or_else(|| "the root of the chain".to_owned(), |key| format!("the object {}", hex(&key)));
        let object = self.key.map_or_else(String::new, |key| hex(&key));
        let names = in_words(&self.actors);
        let why = format!("the keys {names} may not {verb} the object {object}: the rule of {place} decides");
        let kind = match rule {
            None => "roots",
            Some(WriteRule::Everyone) => "everyone",
            Some(WriteRule::Nobody) => "nobody",
            Some(WriteRule::AnyOf(_)) => "any_of",
            Some(WriteRule::Inherit) => "inherit",
        };
        let error = self.refused(Reason::KeyNotAllowed, why).with("rule", kind);
        error.with("rule_at", at.map_or_else(|| "root".to_owned(), |key| hex(&key)))
    }
}
