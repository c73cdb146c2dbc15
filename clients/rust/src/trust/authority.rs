//! Who may do what in a chain: its keys, its tree of objects, and the rules. See docs/trust.md.

use crate::crypto::keys::Fingerprint;
#[cfg(test)]
use crate::crypto::keys::PublicKey;
use crate::error::{Error, Result};
use crate::events::batch::Batch;
use crate::events::delegation::Delegation;
use crate::events::genesis::Genesis;
use crate::events::rules::{ReadRule, Retention, WriteRule};
use crate::reason::Reason;
use crate::trust::delegations::Delegations;
use crate::trust::from_server::server_of;
use crate::trust::horizon::Horizon;
use crate::trust::key_ring::KeyRing;
use crate::trust::object_tree::{ObjectTree, Place};
use crate::trust::ownership::{OwnerState, Ownership};
use crate::trust::signers::{Keys, in_words, keys_of_signers, signers_of};

/// All that decides who may do what. Each event is decided on by the state before it, in order; see `decide`.
#[derive(Clone, Debug)]
pub(crate) struct Authority {
    pub keys: KeyRing,
    pub(super) tree: ObjectTree,
    pub(super) delegations: Delegations,
    pub(super) ownership: Ownership,
    /// None: the chain has had no snapshot.
    pub(super) horizon: Option<Horizon>,
}

impl Authority {
    /// Of some keys, in a chain that nobody says the owner of.
    #[cfg(test)]
    pub fn new(keys: KeyRing, confidential: bool, private: bool) -> Self {
        let (delegations, ownership) = (Delegations::default(), Ownership::default());
        Authority { keys, tree: ObjectTree::new(confidential, private), delegations, ownership, horizon: None }
    }

    /// Of a chain that has just begun.
    pub fn of(genesis: &Genesis) -> Self {
        Authority {
            keys: KeyRing::of(genesis),
            tree: ObjectTree::new(genesis.confidential, genesis.private),
            delegations: Delegations::default(),
            ownership: Ownership::of(genesis),
            horizon: None,
        }
    }

    /// What the auth service has said last of whose the chain is; None in chains without one.
    pub fn owner(&self) -> Option<&OwnerState> {
        self.ownership.owner.as_deref()
    }

    /// The identity of the server that keeps the chain, as events have it; None in distributed chains.
    #[cfg(test)]
    pub fn server_identity(&self) -> Option<&PublicKey> {
        self.ownership.server.as_ref()
    }

    /// For how long the chain keeps data; None: for ever.
    pub fn retention(&self) -> Option<Retention> {
        self.tree.retention()
    }

    /// Whether any object's data is to be sealed.
    pub fn has_read_rules(&self) -> bool {
        self.tree.has_read_rules()
    }

    /// Who may open a private chain besides its roots and those whom rules of its root name.
    pub fn admitted(&self) -> impl Iterator<Item = &Fingerprint> {
        self.tree.admitted().iter()
    }

    /// Whether a key may open the chain, if it is private.
    pub fn admits(&self, fingerprint: &Fingerprint) -> bool {
        let is_admitted = || {
            let names = self.keys.names_of(fingerprint);
            names.iter().any(|name| self.tree.is_admitted(name) || self.ownership.admits(name))
        };
        !self.keys.is_changed(fingerprint) && (self.owns_root(fingerprint) || is_admitted())
    }

    /// The rule for reading that counts for data of an object that is written below a parent now.
    ///
    /// `inherits`: the event gives up the object's own rule. None: there is no rule yet, so that nothing can be written.
    pub fn read_rule_for(&self, primary_key: Place, parent: Place, inherits: bool) -> Option<ReadRule> {
        let known = primary_key.filter(|_| !inherits).and_then(|key| self.tree.find(&key));
        // What moves inherits from where it comes to.
        match known {
            Some(node) if node.parent == parent || node.read.is_some() => self.tree.read_rule_of(primary_key),
            _ => self.tree.read_rule_of(parent.filter(|key| self.tree.find(key).is_some())),
        }
    }

    /// Refuses whatever isn't the server's own, where nobody says any more whose keys count. Fails with OWNER_REMOVED,
    /// AUTH_ANSWER_EXPIRED.
    pub fn check_takes(&self, time_unix_ms: u64) -> Result<()> {
        self.ownership.check_takes(time_unix_ms)
    }

    /// Finds the keys that a batch is to be signed by, or proven. Looks at no event's right.
    ///
    /// Fails with KEY_NOT_ALLOWED where no rule of the chain allows them anything, KEY_UNKNOWN, KEY_REVOKED, BATCH_INVALID.
    pub fn keys_of(&self, batch: &Batch) -> Result<Keys> {
        if batch.is_from_server() {
            let server = server_of(batch, self.ownership.server.as_ref())?;
            return Ok([(server.fingerprint(), server)].into());
        }
        let signers = signers_of(batch)?;
        self.check_named(&signers, batch.delegations()?)?;
        keys_of_signers(batch, &signers, &self.keys)
    }

    /// Refuses keys that no rule allows anything, also by delegations that are shown, whatever those say.
    fn check_named(&self, actors: &[Fingerprint], shown: &[Delegation]) -> Result<()> {
        let given = actors.iter().flat_map(|actor| self.delegations.given_by(actor));
        let mut claimed = actors.iter().copied().chain(given).chain(shown.first().map(|first| first.issuer));
        let is_named =
            self.tree.names_everyone() || claimed.any(|actor| self.keys.is_changed(&actor) || self.has_right(&actor));
        if is_named { Ok(()) } else { Err(self.not_named(actors)) }
    }

    pub(super) fn not_named(&self, actors: &[Fingerprint]) -> Error {
        let names = in_words(actors);
        let owner = self.owner().map(|owner| format!(". It is {}'s", owner.name)).unwrap_or_default();
        let why = format!("the keys {names} may not write to this chain: no rule of it names them{owner}");
        Error::new(Reason::KeyNotAllowed, why).with("fingerprint", names.replace(", ", ","))
    }

    /// Whether a key owns the chain, or a rule names it: not only everyone.
    pub(super) fn has_right(&self, actor: &Fingerprint) -> bool {
        self.owns_root(actor)
            || self.keys.names_of(actor).iter().any(|name| self.tree.is_named(name))
            // Who was let in may give its key up.
            || (self.tree.private && self.admits(actor))
    }

    /// Whether a key is a root, or may write where the root of the chain has no rule for it, and it has none.
    fn owns_root(&self, fingerprint: &Fingerprint) -> bool {
        self.keys.is_root(fingerprint) || (self.tree.root_is_owners() && self.keys.is_owner(fingerprint))
    }

    /// Some keys, and those that they count as at a time.
    pub(super) fn standing(&self, actors: &[Fingerprint], time_unix_ms: u64) -> Vec<Fingerprint> {
        let given = actors.iter().flat_map(|actor| self.delegations.stands_for(actor, time_unix_ms, &self.keys));
        actors.iter().copied().chain(given).collect()
    }

    /// Whether a rule allows any of some keys; None: that of the roots, and of those that an auth service lets write besides.
    pub(super) fn allows(&self, rule: Option<&WriteRule>, actors: &[Fingerprint]) -> bool {
        match rule {
            None => actors.iter().any(|actor| self.keys.is_owner(actor)),
            Some(WriteRule::AnyOf(names)) => {
                names.iter().filter_map(|name| self.keys.current_of(name)).any(|current| actors.contains(&current))
            }
            Some(rule) => *rule == WriteRule::Everyone,
        }
    }

    pub(super) fn may_write(&self, actors: &[Fingerprint], place: Place) -> bool {
        self.allows(self.tree.write_rule_of(place).0.as_deref(), actors)
    }

    pub(super) fn may_add(&self, actors: &[Fingerprint], parent: Place) -> bool {
        let add = || self.tree.node(parent).and_then(|node| node.add.clone());
        self.may_write(actors, parent) || add().is_some_and(|rule| self.allows(Some(&rule), actors))
    }
}
