//! Appends to chains whose data is sealed: what is read by whom follows from the rules that this client has verified.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Mutex as AsyncMutex, oneshot};

use crate::client::answers::untrue;
use crate::client::keys::OwnKey;
use crate::client::new_event::{AppendOptions, IdentifiedEvent, NewEvent, build_events};
use crate::client::opened::Opening;
use crate::client::pipeline::Committed;
use crate::client::reading::ChainReader;
use crate::client::sharing::{
    ReaderChange, SharedObject, admit, hand_out, is_clear_chain, keep_out, read_key_missing, readers_without,
    sealed_by, set_readers,
};
use crate::client::writer::Writer;
use crate::crypto::data_key::{Padding, read_key_id};
use crate::crypto::hashes::Hash;
use crate::crypto::hex;
use crate::crypto::keys::{Fingerprint, PublicKey};
use crate::error::{Error, Result};
use crate::events::event::EventKind;
use crate::events::genesis::Genesis;
use crate::events::rules::ReadRule;
use crate::events::seal::Precondition;
use crate::events::sealed_data::EventSealer;
use crate::reason::Reason;
use crate::trust::authority::Authority;
use crate::trust::placement::Placement;

/// A rule for reading may change while an append is on its way; so often it is sealed anew.
const TRIES_MAX: usize = 3;
/// Others may write meanwhile; so often a change of readers is made anew.
const CHANGE_TRIES_MAX: usize = 20;
/// Appends that put objects somewhere and aren't verified yet; beyond this many they are.
const UNVERIFIED_MAX: usize = 1_000;

/// Which change of who reads.
pub(crate) enum Change<'a> {
    Set(&'a [PublicKey]),
    Add(&'a [PublicKey]),
    Remove(&'a [Fingerprint]),
}

/// Where events of one append put objects.
struct Own {
    serial: u64,
    placements: Vec<Placement>,
    /// None: it is on its way.
    commit: Option<u64>,
}

/// What is known of what this client has appended itself.
#[derive(Default)]
struct Assumptions {
    has_reached: bool,
    /// Ids of read keys that this client has made, and not yet seen handed out in the chain's history.
    unseen: HashSet<Hash>,
    /// Of this client's own appends, in order: what comes behind them is sealed as is due there.
    own: Vec<Own>,
    next_serial: u64,
    assumed: Option<Authority>,
}

/// Seals what is due to be, by the rules as they are and as this client's own appends before have them.
pub(crate) struct SealingWriter {
    pub reader: Arc<ChainReader>,
    pub writer: Arc<Writer>,
    pub own_key: OwnKey,
    pub confidential: bool,
    pub padding: Padding,
    /// Whether some data is known to be sealed, though it was not verified yet.
    is_sealing: AtomicBool,
    assumptions: AsyncMutex<Assumptions>,
}

impl SealingWriter {
    pub fn new(
        reader: Arc<ChainReader>,
        writer: Arc<Writer>,
        own_key: OwnKey,
        confidential: bool,
        padding: Padding,
    ) -> Self {
        let (is_sealing, assumptions) = (AtomicBool::new(false), AsyncMutex::default());
        SealingWriter { reader, writer, own_key, confidential, padding, is_sealing, assumptions }
    }

    /// Whether appends go through this: the chain's data is sealed somewhere, as far as is known, or may be.
    pub fn seals(&self) -> Result<bool> {
        let Some(genesis) = self.reader.opener.genesis() else {
            // One that isn't there yet will be what it is made as.
            return Ok(self.confidential);
        };
        let is_known = self.reader.with_rules(|authority, _| authority.has_read_rules())?;
        Ok(genesis.confidential || self.is_sealing.load(Ordering::SeqCst) || is_known)
    }

    /// Appends events, sealed as the rules for reading say.
    ///
    /// Fails with READ_KEY_MISSING where the client's key was not given the read key; READ_RULE_MISMATCH in a confidential chain
    /// where no rule names one yet.
    pub async fn append(&self, events: &[NewEvent], options: &AppendOptions) -> Result<Committed> {
        let mut tries = 0;
        loop {
            tries += 1;
            let error = match self.append_once(events, options).await {
                Err(error) if error.reason() == Reason::ReadRuleMismatch => error,
                ended => return ended,
            };
            if tries == TRIES_MAX {
                return Err(error);
            }
            self.is_sealing.store(true, Ordering::SeqCst);
            self.assumptions.lock().await.has_reached = false;
        }
    }

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
        let mut tries = 0;
        loop {
            tries += 1;
            let mut assumptions = self.assumptions.lock().await;
            // Others may have changed the readers, or the rules.
            assumptions.has_reached = false;
            let genesis = self.reach(&mut assumptions).await?;
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
    async fn held_key(
        &self,
        genesis: &Genesis,
        shared: &SharedObject,
        change: &Change<'_>,
    ) -> Result<Option<crate::crypto::data_key::ReadKey>> {
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
        held: Option<&crate::crypto::data_key::ReadKey>,
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

    async fn append_once(&self, events: &[NewEvent], options: &AppendOptions) -> Result<Committed> {
        let (serial, result) = self.seal_and_enqueue(events, options).await?;
        // The next one waits for its place in the writer's queue only.
        let committed = self.writer.answer(result).await;
        let mut assumptions = self.assumptions.lock().await;
        match &committed {
            Ok(committed) => {
                for own in assumptions.own.iter_mut().filter(|own| own.serial == serial) {
                    own.commit = Some(committed.commit);
                }
            }
            Err(_) => {
                assumptions.own.retain(|own| own.serial != serial);
                assumptions.assumed = None;
            }
        }
        committed
    }

    async fn seal_and_enqueue(
        &self,
        events: &[NewEvent],
        options: &AppendOptions,
    ) -> Result<(u64, oneshot::Receiver<Result<Committed>>)> {
        let mut assumptions = self.assumptions.lock().await;
        if assumptions.own.len() > UNVERIFIED_MAX {
            assumptions.has_reached = false;
        }
        let genesis = self.reach(&mut assumptions).await?;
        let sealed = self.sealed(&genesis, &mut assumptions, events).await;
        let (placements, identified, sealers) = match sealed {
            Ok(sealed) => sealed,
            Err(error) => {
                assumptions.assumed = None;
                return Err(error);
            }
        };
        let enqueued = match build_events(&identified, options.clone(), Some(&sealers)) {
            Ok(built) => self.writer.enqueue(built).await,
            Err(error) => Err(error),
        };
        let result = enqueued.inspect_err(|_| assumptions.assumed = None)?;
        let serial = assumptions.next_serial;
        assumptions.next_serial += 1;
        if !placements.is_empty() {
            assumptions.own.push(Own { serial, placements, commit: None });
        }
        Ok((serial, result))
    }

    /// Has the data of events sealed as the rules for reading say.
    async fn sealed(
        &self,
        genesis: &Genesis,
        assumptions: &mut Assumptions,
        events: &[NewEvent],
    ) -> Result<(Vec<Placement>, Vec<IdentifiedEvent>, Vec<Option<EventSealer>>)> {
        let mut authority = match assumptions.assumed.take() {
            Some(assumed) => assumed,
            None => {
                let mut authority = self.reader.with_rules(|authority, _| authority.clone())?;
                for placement in assumptions.own.iter().flat_map(|own| &own.placements) {
                    authority.assume(placement);
                }
                authority
            }
        };
        let (mut placements, mut identified, mut sealers) = (Vec::new(), Vec::new(), Vec::new());
        for event in events {
            let event = IdentifiedEvent::new(event.clone())?;
            let id = self.read_key_for(&event.event, &authority)?;
            if let Some(placement) = placement_of(&event.event)
                && authority.assume(&placement)
            {
                placements.push(placement);
            }
            identified.push(event);
            let Some(id) = id else {
                sealers.push(None);
                continue;
            };
            let Some(read_key) = self.reader.find_read_key(&id, &genesis.chain_id).await? else {
                return Err(read_key_missing(&id, &self.reader.with_read_keys(|read_keys| read_keys.holders_of(&id))));
            };
            sealers.push(Some(EventSealer::new(&read_key, genesis.chain_id, self.padding)?));
        }
        assumptions.assumed = Some(authority);
        Ok((placements, identified, sealers))
    }

    /// The read key that the data of an event is sealed with; None: it is in clear, or there is none.
    fn read_key_for(&self, event: &NewEvent, authority: &Authority) -> Result<Option<Hash>> {
        if event.kind != EventKind::Data || event.primary_key.is_none() {
            return Ok(None);
        }
        let said = event.rules.as_ref().and_then(|rules| rules.read.as_ref());
        let inherits = said == Some(&ReadRule::Inherit);
        let rule = match said {
            Some(rule) if !inherits => Some(rule.clone()),
            _ => authority.read_rule_for(event.primary_key, event.parent, inherits),
        };
        match rule {
            Some(ReadRule::ReadKey(id)) => Ok(Some(id)),
            Some(_) => Ok(None),
            None => {
                let chain_key = &self.reader.calls.chain_key.text;
                let message = format!(
                    "the chain {chain_key} is confidential, and no rule says yet who may read it: set its readers first"
                );
                Err(Error::new(Reason::ReadRuleMismatch, message))
            }
        }
    }

    /// Has the rules verified up to the chain's end: once, and again when they turn out to be others.
    async fn reach(&self, assumptions: &mut Assumptions) -> Result<Arc<Genesis>> {
        if self.reader.opener.genesis().is_none() {
            self.reader.opener.open(Opening::default()).await?;
        }
        let genesis = self.reader.genesis()?;
        if assumptions.has_reached {
            return Ok(genesis);
        }
        let (head, _) = self.reader.reach(None).await?;
        // A server that has acknowledged other readers and doesn't show them is refused: it would be sealed for those of before.
        for id in assumptions.unseen.iter() {
            if self.reader.with_read_keys(|read_keys| read_keys.holders_of(id)).is_empty() {
                return Err(untrue(format_args!(
                    "it has acknowledged that the read key {} was handed out, and the history that it sends doesn't have that. \
                     Nothing was sealed: it would be for the readers of before",
                    hex(id)
                )));
            }
        }
        assumptions.unseen.clear();
        assumptions.own.retain(|own| own.commit.is_none_or(|commit| commit >= head.size));
        assumptions.assumed = None;
        assumptions.has_reached = true;
        Ok(genesis)
    }
}

/// Where an event puts its object; None for one that is about keys.
fn placement_of(event: &NewEvent) -> Option<Placement> {
    if matches!(event.kind, EventKind::Roots | EventKind::KeyChange) {
        return None;
    }
    Some(Placement {
        is_tombstone: event.kind == EventKind::Tombstone,
        primary_key: event.primary_key,
        parent: event.parent,
        moves: event.moves,
        read: event.rules.as_ref().and_then(|rules| rules.read.clone()),
    })
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
