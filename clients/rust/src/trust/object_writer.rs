//! What events do to objects: they are written, created below others, moved, removed, and had erased.

use crate::crypto::hex;
use crate::error::{Error, Result};
use crate::events::event::{EventView, MARK_SEALED};
use crate::events::primary_key::PrimaryKey;
use crate::events::rules::{Confidentiality, ReadRule};
use crate::limits::TREE_DEPTH_MAX;
use crate::reason::Reason;
use crate::trust::act::Act;
use crate::trust::authority::Authority;
use crate::trust::object_tree::{Place, ROOT};

impl Authority {
    /// Gives the place by whose rules the object is after the event.
    pub(super) fn write(&mut self, act: &Act, key: PrimaryKey) -> Result<Place> {
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
            if !self.may_add(&act.acting, parent) {
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
        let owns_root = self.may_write(&act.acting, ROOT);
        if act.parent == ROOT && owns_root {
            return Ok(ROOT);
        }
        // It comes from the root then.
        if moves && !owns_root {
            return Err(self.not_allowed(act, ROOT, "move"));
        }
        let parent = self.parent_for(act)?;
        if !self.may_add(&act.acting, parent) {
            return Err(self.not_allowed(act, parent, "write"));
        }
        // Whoever has no right to the root has none to the objects that may be there.
        if !owns_root && act.said.label.is_none() {
            let why = "the right to add the object comes from its parent alone, and its key is not made from that one";
            return Err(act.refused(Reason::KeyNotAllowed, why).with("rule", "label"));
        }
        if act.said.authorisation.is_some() && !self.may_write(&act.acting, parent) {
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

    pub(super) fn remove(&mut self, act: &Act, key: PrimaryKey) -> Result<()> {
        let is_known = self.tree.find(&key).is_some();
        self.require_write(act, if is_known { act.key } else { ROOT }, "remove")?;
        self.tree.set_live(key, false);
        Ok(())
    }

    /// Whoever may write an object now, or is a root, may have data of it erased. It changes nothing of who may do what.
    pub(super) fn require_erasure(&self, act: &Act, key: PrimaryKey) -> Result<()> {
        if act.actors.iter().any(|actor| self.keys.is_root(actor)) {
            return Ok(());
        }
        let is_known = self.tree.find(&key).is_some();
        self.require_write(act, if is_known { act.key } else { ROOT }, "redact")
    }

    /// Checks that the data of an object is sealed as the rule for it after the event says.
    pub(super) fn check_sealed(&self, event: &EventView, act: &Act, place: Place) -> Result<()> {
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

    fn require_write(&self, act: &Act, place: Place, verb: &str) -> Result<()> {
        if self.may_write(&act.acting, place) { Ok(()) } else { Err(self.not_allowed(act, place, verb)) }
    }

    fn not_allowed(&self, act: &Act, place: Place, verb: &str) -> Error {
        let (rule, at) = self.tree.write_rule_of(place);
        let add = self.tree.node(place).and_then(|node| node.add.clone());
        let allows = |actors: &[_]| {
            self.allows(rule.as_deref(), actors) || add.as_ref().is_some_and(|add| self.allows(Some(add), actors))
        };
        let late = self.delegations.late_for(act, allows);
        late.unwrap_or_else(|| act.not_allowed(verb, rule.as_deref(), at))
    }
}
