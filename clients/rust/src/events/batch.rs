//! A batch, taken apart: events, then exactly one seal.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::crypto::hashes::{Hash, leaf_hash};
use crate::crypto::keys::PublicKey;
use crate::crypto::merkle::Frontier;
use crate::encoding::fields::{BYTES, fields};
use crate::error::{Error, Result};
use crate::events::auth_answer::AuthAnswer;
use crate::events::delegation::Delegation;
use crate::events::event::{EventKind, EventView, MARK_SEALED, RUN_EVENT, RUN_SEAL, parse_event};
use crate::events::gap::{GONE_TAG, GoneEvents, Subtree};
use crate::events::rotation::Rotation;
use crate::events::rules::EventAuthority;
use crate::events::seal::{SealView, parse_seal};
use crate::limits::{BATCH_EVENTS_MAX, RUN_BYTES_MAX};
use crate::reason::Reason;

/// The refusal of a batch that contradicts itself.
pub(crate) fn invalid_batch(why: impl std::fmt::Display) -> Error {
    Error::new(Reason::BatchInvalid, format!("the batch is not valid: {why}"))
}

/// The same, naming an event.
pub(crate) fn invalid_event(index: usize, why: impl std::fmt::Display) -> Error {
    event_error(Reason::BatchInvalid, index, why)
}

/// The refusal of an event for a reason, naming it.
pub(crate) fn event_error(reason: Reason, index: usize, why: impl std::fmt::Display) -> Error {
    Error::new(reason, format!("event {index}: {why}")).with("event_index", index)
}

/// A run, taken apart, with what its events say of rights and keys.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    /// By their places; None: gone.
    places: Vec<Option<EventView>>,
    /// What stands for those that are gone, in order.
    gone: Vec<GoneEvents>,
    pub seal: SealView,
    /// The keys that its seal shows.
    seal_keys: std::result::Result<Vec<PublicKey>, Error>,
    delegations: std::result::Result<Vec<Delegation>, Error>,
    /// Of the events that say something, or why it can't be read.
    authorities: HashMap<usize, std::result::Result<Arc<EventAuthority>, Error>>,
    nothing: Arc<EventAuthority>,
}

impl Batch {
    /// Takes a run apart. The strict form is checked; hashes and signatures are not.
    ///
    /// Fails with NON_CANONICAL, BATCH_INVALID, DATA_TOO_LARGE, TOO_MANY_EVENTS.
    pub fn parse(run: &Bytes) -> Result<Self> {
        if run.len() > RUN_BYTES_MAX {
            let why = format!("the batch is {} bytes, and {RUN_BYTES_MAX} is the limit", run.len());
            let error = Error::new(Reason::DataTooLarge, why);
            return Err(error.with("limit_bytes", RUN_BYTES_MAX).with("bytes", run.len()));
        }
        let mut places = Vec::new();
        let mut gone = Vec::new();
        let mut seal = None;
        for found in fields(run) {
            let found = found?;
            if seal.is_some() {
                return Err(invalid_batch("something follows its seal"));
            }
            if found.wire_type != BYTES || !matches!(found.number, RUN_EVENT | RUN_SEAL) {
                let why = format!("it holds a field {}, which is neither an event nor a seal", found.number);
                return Err(invalid_batch(why));
            }
            if found.number == RUN_SEAL {
                seal = Some(parse_seal(run.slice(found.start..found.end))?);
                continue;
            }
            let index = places.len();
            if index == BATCH_EVENTS_MAX {
                return Err(too_many_events());
            }
            let of_event = |error: Error| {
                let why = format!("event {index}: {}", error.message());
                let reason = error.reason();
                error.said_as(reason, why).with("event_index", index)
            };
            if run[found.start..found.end].first() == Some(&GONE_TAG) {
                let some = GoneEvents::parse(run, found.start, found.end, index).map_err(of_event)?;
                if some.events > BATCH_EVENTS_MAX - index {
                    return Err(too_many_events());
                }
                places.resize(index + some.events, None);
                gone.push(some);
            } else {
                places.push(Some(parse_event(run, found.start, found.end).map_err(of_event)?));
            }
        }
        if places.is_empty() {
            return Err(invalid_batch("it has no events"));
        }
        let seal = seal.ok_or_else(|| invalid_batch("it has no seal"))?;
        Ok(Batch::of(places, gone, seal))
    }

    fn of(places: Vec<Option<EventView>>, gone: Vec<GoneEvents>, seal: SealView) -> Self {
        let keys: Result<Vec<PublicKey>> = seal.public_keys.iter().cloned().map(PublicKey::parse).collect();
        let saying = present(&places).filter(|(_, event)| event.marks & !MARK_SEALED != 0);
        let authorities = saying
            .map(|(index, event)| {
                let read = EventAuthority::parse(&event.header).map(Arc::new);
                let read = read.map_err(|error| of_batch(&format!("event {index}"), error).with("event_index", index));
                (index, read)
            })
            .collect();
        let seal_keys = keys.map_err(|error| of_batch("the seal", error));
        let delegations = seal.delegations.iter().cloned().map(Delegation::parse).collect();
        Batch { places, gone, seal, seal_keys, delegations, authorities, nothing: Arc::default() }
    }

    /// Number of its events, with those that are gone.
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// The event of a place; None where it is gone, or there is none.
    pub fn event(&self, index: usize) -> Option<&EventView> {
        self.places.get(index)?.as_ref()
    }

    /// Those that are there, with their places.
    pub fn events(&self) -> impl Iterator<Item = (usize, &EventView)> {
        present(&self.places)
    }

    /// Those that are there, with their sequences.
    pub fn events_from(&self, first_sequence: u64) -> impl Iterator<Item = (u64, &EventView)> {
        self.events().map(move |(index, event)| (first_sequence + index as u64, event))
    }

    /// What stands for those that are gone, in order.
    pub fn gone(&self) -> &[GoneEvents] {
        &self.gone
    }

    /// The root of the tree of its events' headers.
    pub fn events_root(&self) -> Hash {
        let mut tree = Frontier::default();
        let mut gone = self.gone.iter();
        let mut next = 0;
        while next < self.places.len() {
            if let Some(event) = &self.places[next] {
                tree.append(leaf_hash(&event.header));
                next += 1;
            } else {
                // Where a place has no event, what stands for it is the next.
                let Some(some) = gone.next() else { break };
                some.subtrees.iter().for_each(|Subtree { level, hash }| tree.append_subtree(*level, *hash));
                next += some.events;
            }
        }
        tree.root()
    }

    /// Whether its first event is a genesis.
    pub fn is_genesis(&self) -> bool {
        self.event(0).is_some_and(|event| event.kind == EventKind::Genesis)
    }

    /// Whether it holds what servers add; `check_batch` sees to it that it then holds nothing else.
    pub fn is_from_server(&self) -> bool {
        self.event(0).is_some_and(|event| event.kind.is_servers())
    }

    /// The answer of an auth service that an event holds. Fails with BATCH_INVALID, UNSUPPORTED, naming it.
    pub fn answer_of(&self, index: usize) -> Result<AuthAnswer> {
        held_in(index, self.authority_of(index)?.auth_answer.clone(), AuthAnswer::parse)
    }

    /// The rotation of an identity that an event holds. Fails as `answer_of`.
    pub fn rotation_of(&self, index: usize) -> Result<Rotation> {
        held_in(index, self.authority_of(index)?.server_identity.clone(), Rotation::parse)
    }

    /// What an event says of rights and keys. Fails with BATCH_INVALID, UNSUPPORTED, naming it.
    pub fn authority_of(&self, index: usize) -> Result<&Arc<EventAuthority>> {
        match self.authorities.get(&index) {
            None => Ok(&self.nothing),
            Some(read) => read.as_ref().map_err(Clone::clone),
        }
    }

    /// The public keys that its seal shows. Fails with BATCH_INVALID, UNSUPPORTED.
    pub fn seal_keys(&self) -> Result<&[PublicKey]> {
        self.seal_keys.as_deref().map_err(Clone::clone)
    }

    /// The delegations that its seal shows. Fails with DELEGATION_INVALID.
    pub fn delegations(&self) -> Result<&[Delegation]> {
        self.delegations.as_deref().map_err(Clone::clone)
    }
}

fn present(places: &[Option<EventView>]) -> impl Iterator<Item = (usize, &EventView)> {
    places.iter().enumerate().filter_map(|(index, event)| Some((index, event.as_ref()?)))
}

fn too_many_events() -> Error {
    let why = format!("the batch has more than {BATCH_EVENTS_MAX} events, which is the limit");
    Error::new(Reason::TooManyEvents, why).with("limit_events", BATCH_EVENTS_MAX)
}

fn held_in<T>(index: usize, message: Option<Bytes>, parse: impl FnOnce(Bytes) -> Result<T>) -> Result<T> {
    let message = message.ok_or_else(|| invalid_event(index, "what its kind is about is missing"))?;
    parse(message).map_err(|error| of_batch(&format!("event {index}"), error).with("event_index", index))
}

/// Says that what is wrong with a key or a rule is wrong with the batch, and not with a request.
fn of_batch(what: &str, error: Error) -> Error {
    let is_unsupported = error.reason() == Reason::Unsupported;
    let reason = if is_unsupported { Reason::Unsupported } else { Reason::BatchInvalid };
    Error::new(reason, format!("{what}: {}", error.message()))
}
