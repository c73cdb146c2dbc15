//! A batch, taken apart: events, then exactly one seal.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::crypto::keys::PublicKey;
use crate::encoding::fields::{BYTES, fields};
use crate::error::{Error, Result};
use crate::events::auth_answer::AuthAnswer;
use crate::events::delegation::Delegation;
use crate::events::event::{EventKind, EventView, MARK_SEALED, RUN_EVENT, RUN_SEAL, parse_event};
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
    pub events: Vec<EventView>,
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
        let mut events = Vec::new();
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
            if events.len() == BATCH_EVENTS_MAX {
                let why = format!("the batch has more than {BATCH_EVENTS_MAX} events, which is the limit");
                return Err(Error::new(Reason::TooManyEvents, why).with("limit_events", BATCH_EVENTS_MAX));
            }
            let index = events.len();
            let event = parse_event(run, found.start, found.end).map_err(|error| {
                let why = format!("event {index}: {}", error.message());
                let reason = error.reason();
                error.said_as(reason, why).with("event_index", index)
            })?;
            events.push(event);
        }
        if events.is_empty() {
            return Err(invalid_batch("it has no events"));
        }
        let seal = seal.ok_or_else(|| invalid_batch("it has no seal"))?;
        Ok(Batch::of(events, seal))
    }

    fn of(events: Vec<EventView>, seal: SealView) -> Self {
        let keys: Result<Vec<PublicKey>> = seal.public_keys.iter().cloned().map(PublicKey::parse).collect();
        let saying = events.iter().enumerate().filter(|(_, event)| event.marks & !MARK_SEALED != 0);
        let authorities = saying
            .map(|(index, event)| {
                let read = EventAuthority::parse(&event.header).map(Arc::new);
                let read = read.map_err(|error| of_batch(&format!("event {index}"), error).with("event_index", index));
                (index, read)
            })
            .collect();
        let seal_keys = keys.map_err(|error| of_batch("the seal", error));
        let delegations = seal.delegations.iter().cloned().map(Delegation::parse).collect();
        Batch { events, seal, seal_keys, delegations, authorities, nothing: Arc::default() }
    }

    /// Whether its first event is a genesis.
    pub fn is_genesis(&self) -> bool {
        self.events.first().is_some_and(|event| event.kind == EventKind::Genesis)
    }

    /// Whether it holds what servers add; `check_batch` sees to it that it then holds nothing else.
    pub fn is_from_server(&self) -> bool {
        self.events.first().is_some_and(|event| event.kind.is_servers())
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
