//! Changes of who reads, made again where somebody else was faster.

use std::sync::atomic::Ordering;

use crate::account::opened::OpenedGroup;
use crate::client::new_event::{AppendOptions, IdentifiedEvent, build_events};
use crate::client::pipeline::Committed;
use crate::client::renewal::renewed_readers;
use crate::client::sealing_writer::{Assumptions, SealingWriter};
use crate::client::sharing::{
    ReaderChange, SharedObject, admit, hand_out, is_clear_chain, keep_out, read_key_missing, readers_without,
    sealed_by, set_readers,
};
use crate::crypto::data_key::{ReadKey, read_key_id};
use crate::crypto::hashes::Hash;
use crate::crypto::keys::{Fingerprint, PublicKey};
use crate::error::{Error, Result};
use crate::events::genesis::Genesis;
use crate::events::seal::Precondition;
use crate::reason::Reason;
use crate::trust::authority::Authority;

/// Others may write meanwhile; so often a change of readers is made anew.
const CHANGE_TRIES_MAX: usize = 20;

/// Which change of who reads.
pub(crate) enum Change<'a> {
    Set(&'a [PublicKey]),
    Add(&'a [PublicKey]),
    Remove(&'a [Fingerprint]),
    /// Keys that roles of the chain's group have take the place of those that they had.
    Renew(&'a OpenedGroup),
}

impl SealingWriter {
    /// Changes who reads.
    ///
    /// Who is to read is said anew each time, all of them: so it counts only if nobody has changed the chain since what it was made
    /// from, or whoever was taken off meanwhile would be back.
    pub async fn change(
        &self,
        shared: &SharedObject,
        change: &Change<'_>,
        options: &AppendOptions,
    ) -> Result<Committed> {
        if matches!(change, Change::Set(_)) {
            // Also if that fails: whoever says who reads must not go on in clear.
            self.is_sealing.store(true, Ordering::SeqCst);
        }
        let mut assumptions = self.assumptions.lock().await;
        self.change_holding(&mut assumptions, shared, change, options).await
    }

    /// The same, by who has the turn already.
    pub(super) async fn change_holding(
        &self,
        assumptions: &mut Assumptions,
        shared: &SharedObject,
        change: &Change<'_>,
        options: &AppendOptions,
    ) -> Result<Committed> {
        let mut tries = 0;
        loop {
            tries += 1;
            // Others may have changed the readers, or the rules.
            assumptions.has_reached = false;
            let genesis = self.reach(assumptions).await?;
            let own = self.own_key.load().await?;
            let own_held = self.held_key(&genesis, shared, change).await?;
            let (made, sequence) = self.reader.with_rules(|authority, next_sequence| {
                let made = self.make(&genesis, authority, shared, change, own.public_key(), own_held.as_ref());
                (made, next_sequence)
            })?;
            let made = made?;
            let (options, is_own) = since(options, sequence);
            let built = build_events(&made.events, options, Some(&[]))?;
            let result = self.writer.enqueue(built).await?;
            let committed = self.writer.answer(result).await;
            match committed {
                Err(error) if error.reason() == Reason::PreconditionFailed && !is_own && tries < CHANGE_TRIES_MAX => {}
                Err(error) => return Err(error),
                Ok(committed) => {
                    if let Some(read_key) = made.read_key {
                        assumptions.unseen.insert(read_key_id(&read_key));
                        self.reader.with_read_keys(|read_keys| read_keys.know(read_key));
                        assumptions.has_reached = false;
                    }
                    return Ok(committed);
                }
            }
        }
    }

    /// The read key that is to be handed out, where there is one already.
    async fn held_key(&self, genesis: &Genesis, shared: &SharedObject, change: &Change<'_>) -> Result<Option<ReadKey>> {
        if !matches!(change, Change::Add(_)) {
            return Ok(None);
        }
        let id = self.reader.with_rules(|authority, _| {
            if genesis.private && is_clear_chain(authority, shared)? {
                Ok(None)
            } else {
                sealed_by(authority, shared).map(Some)
            }
        })??;
        let Some(id) = id else {
            return Ok(None);
        };
        match self.reader.find_read_key(&id, &genesis.chain_id).await? {
            Some(read_key) => Ok(Some(read_key)),
            None => Err(read_key_missing(&id, &self.reader.with_read_keys(|read_keys| read_keys.holders_of(&id)))),
        }
    }

    fn make(
        &self,
        genesis: &Genesis,
        authority: &Authority,
        shared: &SharedObject,
        change: &Change<'_>,
        own: &PublicKey,
        held: Option<&ReadKey>,
    ) -> Result<ReaderChange> {
        let new_readers = |readers: &[PublicKey], besides: Vec<IdentifiedEvent>| {
            let all: Vec<PublicKey> = std::iter::once(own).chain(readers).cloned().collect();
            let change = set_readers(&genesis.chain_id, shared, &all)?;
            let events = besides.into_iter().chain(change.events).collect();
            Ok(ReaderChange { events, read_key: change.read_key })
        };
        let nothing = |why: &str| Err(Error::invalid("readers", format_args!("there is nothing to change: {why}")));
        match change {
            Change::Set(readers) => {
                let besides = if genesis.private { admit(authority, readers)? } else { Vec::new() };
                new_readers(readers, besides)
            }
            Change::Renew(group) => {
                let holders = |id: &Hash| self.reader.with_read_keys(|read_keys| read_keys.holders_of(id));
                match renewed_readers(authority, group, holders)? {
                    Some(readers) => new_readers(&readers, Vec::new()),
                    None => nothing("the read key was renewed already"),
                }
            }
            Change::Add(readers) => {
                let mut events = if genesis.private { admit(authority, readers)? } else { Vec::new() };
                if let Some(read_key) = held {
                    events.extend(hand_out(&genesis.chain_id, shared, read_key, readers)?);
                }
                if events.is_empty() {
                    return nothing("they may open the chain already, and its data is in clear");
                }
                Ok(ReaderChange { events, read_key: None })
            }
            Change::Remove(removed) => {
                let is_of_chain = shared.event()?.event.primary_key.is_none();
                let besides = if genesis.private && is_of_chain { keep_out(authority, removed)? } else { Vec::new() };
                if !genesis.private || !is_clear_chain(authority, shared)? {
                    let id = sealed_by(authority, shared)?;
                    let holders = self.reader.with_read_keys(|read_keys| read_keys.holders_of(&id));
                    return new_readers(&readers_without(authority, &holders, removed, own)?, besides);
                }
                if besides.is_empty() {
                    return nothing("none of them was let in by the rule for that");
                }
                Ok(ReaderChange { events: besides, read_key: None })
            }
        }
    }
}

/// The options with the condition that nobody has changed the chain since a sequence, or since an earlier one that was asked for;
/// and whether that is the one that counts.
fn since(options: &AppendOptions, sequence: u64) -> (AppendOptions, bool) {
    let mut options = options.clone();
    let asked = options.conditions.iter_mut().find_map(|condition| match condition {
        Precondition::ChainUnchanged { since } => Some(since),
        _ => None,
    });
    match asked {
        Some(since) => {
            let is_own = *since < sequence;
            *since = (*since).min(sequence);
            (options, is_own)
        }
        None => {
            options.conditions.insert(0, Precondition::ChainUnchanged { since: sequence });
            (options, false)
        }
    }
}
