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
use crate::client::sharing::read_key_missing;
use crate::client::writer::Writer;
use crate::crypto::data_key::Padding;
use crate::crypto::hashes::Hash;
use crate::crypto::hex;
use crate::error::{Error, Result};
use crate::events::event::EventKind;
use crate::events::genesis::Genesis;
use crate::events::rules::ReadRule;
use crate::events::sealed_data::EventSealer;
use crate::reason::Reason;
use crate::trust::authority::Authority;
use crate::trust::placement::Placement;

/// A rule for reading may change while an append is on its way; so often it is sealed anew.
const TRIES_MAX: usize = 3;
/// Appends that put objects somewhere and aren't verified yet; beyond this many they are.
const UNVERIFIED_MAX: usize = 1_000;

/// Where events of one append put objects.
struct Own {
    serial: u64,
    placements: Vec<Placement>,
    /// None: it is on its way.
    commit: Option<u64>,
}

/// What is known of what this client has appended itself.
#[derive(Default)]
pub(super) struct Assumptions {
    pub has_reached: bool,
    /// Ids of read keys that this client has made, and not yet seen handed out in the chain's history.
    pub unseen: HashSet<Hash>,
    /// The version of the chain's group for whose roles the read key counts.
    pub renewed_for: Option<u64>,
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
    pub(super) is_sealing: AtomicBool,
    pub(super) assumptions: AsyncMutex<Assumptions>,
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
        self.renew(&mut assumptions).await?;
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
    pub(super) async fn reach(&self, assumptions: &mut Assumptions) -> Result<Arc<Genesis>> {
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

/// Where an event puts its object; None for one that is about keys, or erases data.
fn placement_of(event: &NewEvent) -> Option<Placement> {
    if matches!(event.kind, EventKind::Roots | EventKind::KeyChange | EventKind::Redaction) {
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
