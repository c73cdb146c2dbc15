//! Who may do what in a chain: each event is decided on by the state before it, in order. See docs/trust.md.

use std::sync::Arc;

use crate::crypto::hex;
use crate::crypto::keys::{Fingerprint, PublicKey};
use crate::error::{Error, Result};
use crate::events::batch::Batch;
use crate::events::event::{EventKind, MARK_SEALED};
use crate::events::genesis::Genesis;
use crate::events::primary_key::PrimaryKey;
use crate::events::rules::{Confidentiality, ReadRule, WriteRule};
use crate::limits::TREE_DEPTH_MAX;
use crate::reason::Reason;
use crate::trust::act::Act;
use crate::trust::key_ring::{KeyRing, KeyUndo};
use crate::trust::object_tree::{ObjectTree, Place, ROOT, TreeUndo};
use crate::trust::signers::{Keys, actors_of, in_words, keys_of_signers, signers_of};

enum Change {
    Key(KeyUndo),
    Tree(TreeUndo),
}

/// How to take back what a batch has changed.
#[derive(Default)]
pub(crate) struct Undo(Vec<Change>);

/// The keys of a chain, its tree of objects, and the rules.
#[derive(Clone, Debug)]
pub(crate) struct Authority {
    pub keys: KeyRing,
    pub(super) tree: ObjectTree,
}

impl Authority {
    pub fn new(keys: KeyRing, confidential: bool, private: bool) -> Self {
        Authority { keys, tree: ObjectTree::new(confidential, private) }
    }

    /// Of a chain that has just begun.
    pub fn of(genesis: &Genesis) -> Self {
        Authority::new(KeyRing::new(&genesis.roots, &[]), genesis.confidential, genesis.private)
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
        let is_admitted = || self.keys.names_of(fingerprint).iter().any(|name| self.tree.is_admitted(name));
        !self.keys.is_changed(fingerprint) && (self.keys.is_root(fingerprint) || is_admitted())
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

    /// Finds the keys that a batch is to be signed by, or proven. Looks at no event's right.
    ///
    /// Fails with KEY_NOT_ALLOWED where no rule of the chain allows them anything, KEY_UNKNOWN, KEY_REVOKED, BATCH_INVALID.
    pub fn keys_of(&self, batch: &Batch) -> Result<Keys> {
        let signers = signers_of(batch)?;
        // Who was let in may give its key up.
        let is_named = signers.iter().any(|actor| {
            self.keys.is_root(actor)
                || self.keys.is_changed(actor)
                || self.keys.names_of(actor).iter().any(|name| self.tree.is_named(name))
                || (self.tree.private && self.admits(actor))
        });
        if !is_named {
            let names = in_words(&signers);
            let why = format!("the keys {names} may not write to this chain: no rule of it names them");
            return Err(Error::new(Reason::KeyNotAllowed, why).with("fingerprint", names.replace(", ", ",")));
        }
        keys_of_signers(batch, &signers, &self.keys)
    }

    /// Decides whether the keys that a batch is from may do what its events do, and has the state after it.
    ///
    /// The batch was found good by `check_batch`, and its signers by `keys_of`. Gives how to take it back. Fails with
    /// KEY_NOT_ALLOWED, PARENT_INVALID, READ_RULE_MISMATCH, TOO_MANY_KEYS, KEY_REVOKED, BATCH_INVALID, naming the event: nothing
    /// has changed then.
    pub fn decide(&mut self, batch: &Batch) -> Result<Undo> {
        let mut undo = Undo::default();
        match self.decide_all(batch, &mut undo) {
            Ok(()) => Ok(undo),
            Err(error) => {
                self.collect(&mut undo);
                self.take_back(undo);
                Err(error)
            }
        }
    }

    /// Takes back what a batch has changed, the last change first.
    pub fn take_back(&mut self, undo: Undo) {
        for change in undo.0.into_iter().rev() {
            match change {
                Change::Key(change) => self.keys.take_back(change),
                Change::Tree(change) => self.tree.take_back(change),
            }
        }
    }

    fn collect(&mut self, undo: &mut Undo) {
        undo.0.extend(self.tree.take_undo().into_iter().map(Change::Tree));
    }

    fn learn(&mut self, key: &PublicKey, undo: &mut Undo) -> Result<()> {
        undo.0.extend(self.keys.add(key)?.map(Change::Key));
        Ok(())
    }

    fn decide_all(&mut self, batch: &Batch, undo: &mut Undo) -> Result<()> {
        for key in batch.seal_keys()? {
            self.learn(key, undo)?;
        }
        for (index, event) in batch.events.iter().enumerate() {
            let act = Act {
                index,
                key: event.primary_key,
                parent: event.parent,
                said: Arc::clone(batch.authority_of(index)?),
                actors: actors_of(batch, index)?,
            };
            // An event before it, in this batch too, may have ended them.
            for signer in act.actors.iter().chain(&act.said.author) {
                if self.keys.is_changed(signer) {
                    return Err(act.counts_no_more(signer));
                }
            }
            for key in &act.said.public_keys {
                self.learn(key, undo)?;
            }
            match (event.kind, act.key) {
                (EventKind::KeyChange, _) => self.change_key(&act, undo)?,
                (EventKind::Roots, _) => self.change_roots(&act, undo)?,
                (EventKind::Rules, None) => self.rule_root(&act)?,
                (EventKind::Tombstone, Some(key)) => self.remove(&act, key)?,
                (EventKind::Redaction, Some(key)) => self.require_erasure(&act, key)?,
                (_, Some(key)) => {
                    let place = self.write(&act, key)?;
                    if event.kind == EventKind::Data {
                        self.check_sealed(batch, &act, place)?;
                    }
                }
                (_, None) => return Err(act.refused(Reason::BatchInvalid, "it names no object")),
            }
            self.collect(undo);
        }
        Ok(())
    }

    /// Gives the place by whose rules the object is after the event.
    fn write(&mut self, act: &Act, key: PrimaryKey) -> Result<Place> {
        let place = if self.tree.find(&key).is_none() { self.create(act, key)? } else { self.write_known(act, key)? };
        let Some(rules) = &act.said.authorisation else {
            return Ok(place);
        };
        if place != act.key {
            self.tree.insert(key, place, false);
        }
        self.tree.set_rules(act.key, rules);
        self.tree.forget_unused(act.key);
        Ok(act.key)
    }

    fn write_known(&mut self, act: &Act, key: PrimaryKey) -> Result<Place> {
        self.require_write(act, act.key, "write")?;
        let is_there = self.tree.find(&key).is_some_and(|node| node.parent == act.parent);
        if is_there == act.said.moves {
            return Err(act.parent_invalid(if is_there { "there" } else { "elsewhere" }));
        }
        if !is_there {
            let parent = self.parent_for(act)?;
            if !self.may_add(&act.actors, parent) {
                return Err(self.not_allowed(act, parent, "move"));
            }
            if self.tree.is_within(parent, &key) {
                return Err(act.parent_invalid("cycle"));
            }
            self.check_depth(act, parent)?;
            self.tree.move_to(key, parent);
        } else if self.tree.depth_below(act.parent) > TREE_DEPTH_MAX {
            return Err(act.parent_invalid("too_deep"));
        }
        self.tree.set_live(key, true);
        Ok(act.key)
    }

    /// Has an object that the tree doesn't know: it is new, or at the root of the chain and without rules.
    fn create(&mut self, act: &Act, key: PrimaryKey) -> Result<Place> {
        let moves = act.said.moves;
        if moves && act.parent == ROOT {
            return Err(act.parent_invalid("there"));
        }
        if act.parent == Some(key) {
            return Err(act.parent_invalid("cycle"));
        }
        let owns_root = self.may_write(&act.actors, ROOT);
        if act.parent == ROOT && owns_root {
            return Ok(ROOT);
        }
        // It comes from the root then.
        if moves && !owns_root {
            return Err(self.not_allowed(act, ROOT, "move"));
        }
        let parent = self.parent_for(act)?;
        if !self.may_add(&act.actors, parent) {
            return Err(self.not_allowed(act, parent, "write"));
        }
        // Whoever has no right to the root has none to the objects that may be there.
        if !owns_root && act.said.label.is_none() {
            let why = "the right to add the object comes from its parent alone, and its key is not made from that one";
            return Err(act.refused(Reason::KeyNotAllowed, why).with("rule", "label"));
        }
        if act.said.authorisation.is_some() && !self.may_write(&act.actors, parent) {
            return Err(self.not_allowed(act, parent, "set rules for"));
        }
        self.check_depth(act, parent)?;
        self.tree.insert(key, parent, parent == ROOT);
        Ok(act.key)
    }

    /// Finds the parent that an event names. One that is not known is an object at the root without rules.
    fn parent_for(&mut self, act: &Act) -> Result<Place> {
        let Some(parent) = act.parent else {
            return Ok(ROOT);
        };
        match self.tree.find(&parent) {
            None => self.tree.insert(parent, ROOT, false),
            Some(node) if !node.is_live => return Err(act.parent_invalid("gone")),
            Some(_) => {}
        }
        Ok(act.parent)
    }

    fn check_depth(&self, act: &Act, parent: Place) -> Result<()> {
        if self.tree.depth_below(parent) > TREE_DEPTH_MAX { Err(act.parent_invalid("too_deep")) } else { Ok(()) }
    }

    fn remove(&mut self, act: &Act, key: PrimaryKey) -> Result<()> {
        let is_known = self.tree.find(&key).is_some();
        self.require_write(act, if is_known { act.key } else { ROOT }, "remove")?;
        self.tree.set_live(key, false);
        Ok(())
    }

    /// Whoever may write an object now, or is a root, may have data of it erased. It changes nothing of who may do what.
    fn require_erasure(&self, act: &Act, key: PrimaryKey) -> Result<()> {
        if act.actors.iter().any(|actor| self.keys.is_root(actor)) {
            return Ok(());
        }
        let is_known = self.tree.find(&key).is_some();
        self.require_write(act, if is_known { act.key } else { ROOT }, "redact")
    }

    fn rule_root(&mut self, act: &Act) -> Result<()> {
        self.require_root(act, "change the rules of the root of the chain")?;
        let Some(rules) = &act.said.authorisation else {
            return Ok(());
        };
        if rules.admit.is_some() && !self.tree.private {
            return Err(act.refused(Reason::BatchInvalid, "it says who may open a chain that is not private"));
        }
        self.tree.set_rules(ROOT, rules);
        Ok(())
    }

    /// Checks that the data of an object is sealed as the rule for it after the event says.
    fn check_sealed(&self, batch: &Batch, act: &Act, place: Place) -> Result<()> {
        let event = &batch.events[act.index];
        let is_sealed = event.marks & MARK_SEALED != 0;
        let sealed = if is_sealed { Confidentiality::parse(&event.header)? } else { None };
        let due = self.tree.read_rule_of(place);
        let fits = match (&due, &sealed) {
            (Some(ReadRule::Everyone), None) => true,
            (Some(ReadRule::ReadKey(id)), Some(sealed)) => *id == sealed.read_key_id,
            _ => false,
        };
        if fits {
            return Ok(());
        }
        let why = "its data is not sealed as the rule for reading says, or there is no rule yet";
        let error = act.refused(Reason::ReadRuleMismatch, why);
        match due {
            Some(ReadRule::ReadKey(id)) => Err(error.with("read_key_id", hex(&id))),
            _ => Err(error),
        }
    }

    /// Has other roots: it takes more than half of those before.
    fn change_roots(&mut self, act: &Act, undo: &mut Undo) -> Result<()> {
        let count = self.keys.roots().len();
        let agreed = self.keys.roots().filter(|root| act.actors.contains(&root.fingerprint())).count();
        if 2 * agreed <= count {
            let why = format!("other roots take the signatures of more than half of the {count} there are");
            return Err(act.refused(Reason::KeyNotAllowed, why).with("rule", "roots"));
        }
        let after = act.said.roots.as_deref().unwrap_or_default();
        if let Some(root) = after.iter().find(|root| self.keys.is_changed(&root.fingerprint())) {
            return Err(act.counts_no_more(&root.fingerprint()));
        }
        for root in after {
            self.learn(root, undo)?;
        }
        undo.0.push(Change::Key(self.keys.set_roots(after)));
        Ok(())
    }

    fn change_key(&mut self, act: &Act, undo: &mut Undo) -> Result<()> {
        let Some(change) = &act.said.key_change else {
            return Err(act.refused(Reason::BatchInvalid, "it names no key"));
        };
        let (fingerprint, name) = (change.fingerprint, hex(&change.fingerprint));
        if self.keys.is_root(&fingerprint) {
            let why = format!("{name} is a root of the chain. Change the roots instead");
            return Err(act.refused(Reason::KeyNotAllowed, why).with("rule", "roots"));
        }
        if self.keys.is_changed(&fingerprint) {
            return Err(act.counts_no_more(&fingerprint));
        }
        // A key may always give itself up, and whom it trusts is its owner's to say.
        if !act.actors.contains(&fingerprint) {
            self.require_root(act, &format!("change the key {name}"))?;
        }
        if let Some(successor) = &change.successor {
            let next = successor.fingerprint();
            if next == fingerprint || self.keys.is_changed(&next) {
                return Err(act.counts_no_more(&next));
            }
            self.learn(successor, undo)?;
        }
        let successor = change.successor.as_ref().map(PublicKey::fingerprint);
        undo.0.push(Change::Key(self.keys.change(&fingerprint, successor)));
        Ok(())
    }

    fn require_root(&self, act: &Act, what: &str) -> Result<()> {
        if act.actors.iter().any(|actor| self.keys.is_root(actor)) {
            return Ok(());
        }
        let why = format!("only a root of the chain may {what}");
        Err(act.refused(Reason::KeyNotAllowed, why).with("rule", "roots"))
    }

    fn allows(&self, rule: Option<&WriteRule>, actors: &[Fingerprint]) -> bool {
        match rule {
            None => actors.iter().any(|actor| self.keys.is_root(actor)),
            Some(WriteRule::AnyOf(names)) => {
                names.iter().filter_map(|name| self.keys.current_of(name)).any(|current| actors.contains(&current))
            }
            Some(rule) => *rule == WriteRule::Everyone,
        }
    }

    fn may_write(&self, actors: &[Fingerprint], place: Place) -> bool {
        self.allows(self.tree.write_rule_of(place).0.as_deref(), actors)
    }

    fn may_add(&self, actors: &[Fingerprint], parent: Place) -> bool {
        let add = || self.tree.node(parent).and_then(|node| node.add.clone());
        self.may_write(actors, parent) || add().is_some_and(|rule| self.allows(Some(&rule), actors))
    }

    fn require_write(&self, act: &Act, place: Place, verb: &str) -> Result<()> {
        if self.may_write(&act.actors, place) { Ok(()) } else { Err(self.not_allowed(act, place, verb)) }
    }

    fn not_allowed(&self, act: &Act, place: Place, verb: &str) -> Error {
        let (rule, at) = self.tree.write_rule_of(place);
        act.not_allowed(verb, rule.as_deref(), at)
    }
}
