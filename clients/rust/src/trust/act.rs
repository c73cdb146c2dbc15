//! An event that is decided on, and the words of its refusals.

use std::sync::Arc;

use crate::crypto::hex;
use crate::crypto::keys::Fingerprint;
use crate::error::Error;
use crate::events::batch::event_error;
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
    /// All keys that its right may come from: the actors, and those that they count as by delegations.
    pub acting: Vec<Fingerprint>,
    /// Delegations may count for it, by the time of its commit.
    pub is_delegable: bool,
    /// Of its commit: milliseconds since 1970-01-01 UTC.
    pub time_unix_ms: u64,
}

impl Act {
    pub fn refused(&self, reason: Reason, why: impl std::fmt::Display) -> Error {
        self.about(event_error(reason, self.index, why))
    }

    /// The same error with what the event is about.
    pub fn about(&self, error: Error) -> Error {
        let error = error.with("fingerprint", in_words(&self.actors).replace(", ", ","));
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
