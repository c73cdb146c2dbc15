//! What only roots do, and what is done to keys.

use crate::crypto::hex;
use crate::crypto::keys::PublicKey;
use crate::error::Result;
use crate::reason::Reason;
use crate::trust::act::Act;
use crate::trust::authority::Authority;
use crate::trust::decide::Undo;
use crate::trust::object_tree::ROOT;

impl Authority {
    pub(super) fn rule_root(&mut self, act: &Act) -> Result<()> {
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

    /// Has other roots: it takes more than half of those before.
    pub(super) fn change_roots(&mut self, act: &Act, undo: &mut Undo) -> Result<()> {
        if let Some(owner) = &self.ownership.owner {
            let name = &owner.name;
            let why = format!(
                "the roots of this chain are the keys of {name}, as the auth service says them. Change the account's keys instead"
            );
            return Err(act.refused(Reason::KeyNotAllowed, why).with("rule", "roots").with("owner", name));
        }
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
        undo.keys([self.keys.set_roots(after)]);
        Ok(())
    }

    /// Has a key count no more, and perhaps another in its place.
    pub(super) fn change_key(&mut self, act: &Act, undo: &mut Undo) -> Result<()> {
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
        // A key may always give itself up, and whom it trusts is its owner's to say. What was delegated is its giver's to end, and no
        // more.
        let is_givers = change.successor.is_none()
            && self.delegations.given_by(&fingerprint).iter().any(|issuer| act.actors.contains(issuer));
        if !act.actors.contains(&fingerprint) && !is_givers {
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
        undo.keys(self.keys.change(&fingerprint, successor));
        Ok(())
    }

    fn require_root(&self, act: &Act, what: &str) -> Result<()> {
        if act.actors.iter().any(|actor| self.keys.is_root(actor)) {
            return Ok(());
        }
        let why = format!("only a root of the chain may {what}");
        Err(act.refused(Reason::KeyNotAllowed, why).with("rule", "roots"))
    }
}
