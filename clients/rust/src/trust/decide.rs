//! Each event is decided on by the state before it, in order; a batch is taken as a whole, or not at all.

use std::sync::Arc;

use crate::crypto::keys::PublicKey;
use crate::error::Result;
use crate::events::batch::Batch;
use crate::events::event::{EventKind, EventView, MARK_AUTHORITY};
use crate::reason::Reason;
use crate::trust::act::Act;
use crate::trust::authority::Authority;
use crate::trust::delegation_path::check_scope;
use crate::trust::delegations::DelegationUndo;
use crate::trust::horizon::Horizon;
use crate::trust::key_ring::KeyUndo;
use crate::trust::object_tree::TreeUndo;
use crate::trust::ownership::Ownership;
use crate::trust::signers::actors_of;

/// Where a batch is taken, as far as it decides what counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taking<'a> {
    /// Of its commit, by which delegations and answers of auth services count: milliseconds since 1970-01-01 UTC.
    pub time_unix_ms: u64,
    /// Of the batch.
    pub first_sequence: u64,
    /// Delegations must name it.
    pub chain_key: &'a str,
}

enum Change {
    Key(KeyUndo),
    Tree(TreeUndo),
    Delegation(DelegationUndo),
    Ownership(Ownership),
    Horizon(Option<Horizon>),
}

/// How to take back what a batch has changed.
#[derive(Default)]
pub(crate) struct Undo(Vec<Change>);

impl Undo {
    pub(super) fn keys(&mut self, changes: impl IntoIterator<Item = KeyUndo>) {
        self.0.extend(changes.into_iter().map(Change::Key));
    }
}

impl Authority {
    /// Decides whether the keys that a batch is from may do what its events do, and has the state after it.
    ///
    /// The batch was found good by `check_batch`, and its signers by `keys_of`. Gives how to take it back. Fails with
    /// KEY_NOT_ALLOWED, PARENT_INVALID, READ_RULE_MISMATCH, TOO_MANY_KEYS, KEY_REVOKED, BATCH_INVALID, DELEGATION_EXPIRED,
    /// DELEGATION_OUT_OF_SCOPE, TOO_MANY_DELEGATIONS, SNAPSHOT_INVALID, AUTH_ANSWER_INVALID, AUTH_ANSWER_EXPIRED, OWNER_REMOVED, naming the event where
    /// it is about one: nothing has changed then.
    pub fn decide(&mut self, batch: &Batch, taking: Taking<'_>) -> Result<Undo> {
        let mut undo = Undo::default();
        match self.decide_all(batch, taking, &mut undo) {
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
                Change::Delegation(change) => self.delegations.take_back(change),
                Change::Ownership(before) => self.ownership = before,
                Change::Horizon(before) => self.horizon = before,
            }
        }
    }

    fn collect(&mut self, undo: &mut Undo) {
        undo.0.extend(self.tree.take_undo().into_iter().map(Change::Tree));
    }

    pub(super) fn learn(&mut self, key: &PublicKey, undo: &mut Undo) -> Result<()> {
        undo.keys(self.keys.add(key)?);
        Ok(())
    }

    fn decide_all(&mut self, batch: &Batch, taking: Taking<'_>, undo: &mut Undo) -> Result<()> {
        if batch.is_from_server() {
            undo.0.push(Change::Ownership(self.ownership.clone()));
            let mut keys = Vec::new();
            let decided = self.ownership.decide(batch, taking.time_unix_ms, &mut self.keys, &mut keys);
            undo.keys(keys);
            return decided;
        }
        self.check_takes(taking.time_unix_ms)?;
        for key in batch.seal_keys()? {
            self.learn(key, undo)?;
        }
        self.learn_path(batch, taking, undo)?;
        // What is gone changed nothing, and whoever says so has signed that.
        for (index, event) in batch.events() {
            self.decide_event(batch, (index, event), taking, undo)?;
            self.collect(undo);
        }
        Ok(())
    }

    /// Knows the delegations that a seal shows.
    fn learn_path(&mut self, batch: &Batch, taking: Taking<'_>, undo: &mut Undo) -> Result<()> {
        let path = batch.delegations()?;
        let Some(first) = path.first() else {
            return Ok(());
        };
        check_scope(path, taking.chain_key)?;
        if self.keys.is_changed(&first.issuer) || !self.has_right(&first.issuer) {
            return Err(self.not_named(&[first.issuer]));
        }
        let mut learned = Vec::new();
        let result = self.delegations.learn(path, taking.time_unix_ms, &self.keys, &mut learned);
        undo.0.extend(learned.into_iter().map(Change::Delegation));
        result
    }

    fn decide_event(
        &mut self,
        batch: &Batch,
        (index, event): (usize, &EventView),
        taking: Taking<'_>,
        undo: &mut Undo,
    ) -> Result<()> {
        let time_unix_ms = taking.time_unix_ms;
        let actors = actors_of(batch, index)?;
        let is_delegable = event.kind.writes_object() && event.marks & MARK_AUTHORITY == 0;
        let acting = if is_delegable { self.standing(&actors, time_unix_ms) } else { actors.clone() };
        let said = Arc::clone(batch.authority_of(index)?);
        let (key, parent) = (event.primary_key, event.parent);
        let act = Act { index, key, parent, said, actors, acting, is_delegable, time_unix_ms };
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
            (EventKind::KeyChange, _) => self.change_key(&act, undo),
            (EventKind::Roots, _) => self.change_roots(&act, undo),
            (EventKind::Rules, None) => self.rule_root(&act),
            (EventKind::Tombstone, Some(key)) => self.remove(&act, key),
            (EventKind::Snapshot, _) => {
                undo.0.push(Change::Horizon(self.horizon));
                self.raise_horizon(&act, batch, taking.first_sequence + index as u64)
            }
            (EventKind::Redaction, Some(key)) => self.require_erasure(&act, key),
            (_, Some(key)) => {
                let place = self.write(&act, key)?;
                if event.kind == EventKind::Data { self.check_sealed(event, &act, place) } else { Ok(()) }
            }
            (_, None) => Err(act.refused(Reason::BatchInvalid, "it names no object")),
        }
    }
}
