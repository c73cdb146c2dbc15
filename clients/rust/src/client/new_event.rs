//! Events to append, the conditions on them, and how both are made into what a batch has.

use std::collections::BTreeMap;
use std::fmt;

use crate::crypto::keys::{Fingerprint, KeyPair, PublicKey};
use crate::crypto::random;
use crate::error::{Error, Result};
use crate::events::event::{BuiltEvent, EventInput, EventKind, Storing, build_event};
use crate::events::primary_key::{PrimaryKey, child_primary_key, primary_key_from_name};
use crate::events::redaction::Redaction;
use crate::events::rules::{Authorisation, EventAuthority, KeyChange, WrappedKey};
use crate::events::seal::Precondition;
use crate::events::sealed_data::EventSealer;
use crate::events::time::now_unix_ms;
use crate::limits::{
    BATCH_BYTES_MAX, BATCH_EVENTS_MAX, COMMIT_BYTES_MAX, INTEGER_MAX, PRECONDITIONS_MAX, REDACTED_SEQUENCES_MAX,
    SIGNERS_MAX,
};
use crate::reason::Reason;

/// Room for a signature and the key that made it.
const SIGNER_BYTES_MAX: usize = 8_192;
/// Room for a seal beside the events: its header and conditions take less than this.
const SEAL_BYTES_MAX: usize = 1_024 + 32 * PRECONDITIONS_MAX;
const EVENTS_BYTES_MAX: usize = BATCH_BYTES_MAX - COMMIT_BYTES_MAX - SEAL_BYTES_MAX - SIGNER_BYTES_MAX;

/// An event to append: what it says is public, and the rest is as [`NewEvent::default`] has it.
#[derive(Clone)]
pub struct NewEvent {
    /// The data, of events of kind `Data` alone.
    pub data: Vec<u8>,
    /// `Data`, `Tombstone`, `Redaction`, `Rules`, `Roots` or `KeyChange`.
    pub kind: EventKind,
    /// The object that the event is about. None, and no name: a new one, with a key of its own.
    pub primary_key: Option<PrimaryKey>,
    /// Names the object instead: among the children of its parent, or in the chain.
    pub name: Option<String>,
    /// What the object's key is made from, with its parent: random, unless it is said or follows from a name.
    pub label: Option<[u8; 16]>,
    /// The object's parent. None: the root of the chain.
    pub parent: Option<PrimaryKey>,
    /// The collection of the parent that the object belongs to.
    pub collection: Option<PrimaryKey>,
    /// What the data is, in the application's terms: at most 255 bytes.
    pub type_name: Option<String>,
    /// The object whose event it answers.
    pub reply_to: Option<PrimaryKey>,
    /// The writer's clock, in milliseconds since 1970-01-01 UTC. None: now; 0: not said.
    pub time_unix_ms: Option<u64>,
    /// Who may write, add, read and come in, from now on.
    pub rules: Option<Authorisation>,
    /// Keys that the chain is to know: of those that rules name, too.
    pub public_keys: Vec<PublicKey>,
    /// The object comes from another parent to the one that the event names.
    pub moves: bool,
    /// The key whose owner the event is from; it signs the batch too, as one of the co-signers. None: the writer's.
    pub author: Option<PublicKey>,
    /// With the kind `Roots`: the keys that own the chain from now on.
    pub roots: Option<Vec<PublicKey>>,
    /// With the kind `KeyChange`.
    pub key_change: Option<KeyChange>,
    /// With the kind `Redaction`: which earlier events of the object lose their data. [`Chain::redact`](crate::Chain::redact) makes them.
    pub redaction: Option<Redaction>,
}

impl Default for NewEvent {
    fn default() -> Self {
        NewEvent {
            data: Vec::new(),
            kind: EventKind::Data,
            primary_key: None,
            name: None,
            label: None,
            parent: None,
            collection: None,
            type_name: None,
            reply_to: None,
            time_unix_ms: None,
            rules: None,
            public_keys: Vec::new(),
            moves: false,
            author: None,
            roots: None,
            key_change: None,
            redaction: None,
        }
    }
}

impl NewEvent {
    /// Data of a new object.
    #[must_use]
    pub fn data(data: impl Into<Vec<u8>>) -> Self {
        NewEvent { data: data.into(), ..NewEvent::default() }
    }

    /// Data of the object that a name stands for.
    #[must_use]
    pub fn named(name: impl Into<String>, data: impl Into<Vec<u8>>) -> Self {
        NewEvent { name: Some(name.into()), ..NewEvent::data(data) }
    }

    /// The removal of an object.
    #[must_use]
    pub fn tombstone(primary_key: PrimaryKey) -> Self {
        NewEvent { kind: EventKind::Tombstone, primary_key: Some(primary_key), ..NewEvent::default() }
    }

    /// Has data of earlier events of an object erased.
    #[must_use]
    pub fn redaction(primary_key: PrimaryKey, redaction: Redaction) -> Self {
        let redaction = Some(redaction);
        NewEvent { kind: EventKind::Redaction, primary_key: Some(primary_key), redaction, ..NewEvent::default() }
    }

    /// Whether it is about an object without being of it: it says neither where that is nor what its key is made from.
    fn is_aside(&self) -> bool {
        matches!(self.kind, EventKind::Tombstone | EventKind::Redaction)
    }

    /// The object that an event is about, and what its key is made from, if it is.
    fn object(&self) -> Result<(Option<PrimaryKey>, Option<[u8; 16]>)> {
        if self.primary_key.is_some() && self.name.is_some() {
            return Err(Error::invalid("name", "the object has a primary key already"));
        }
        if matches!(self.kind, EventKind::Roots | EventKind::KeyChange) {
            return Ok((None, None));
        }
        if self.primary_key.is_some() {
            return Ok((self.primary_key, self.label));
        }
        let named = self.name.as_deref().map(primary_key_from_name);
        if self.kind == EventKind::Rules && named.is_none() && self.label.is_none() {
            return Ok((None, None));
        }
        let label = match (self.label, self.parent) {
            (Some(label), _) => label,
            // A name stands for itself at the root of the chain.
            (None, None) => return Ok((Some(named.map_or_else(random, Ok)?), None)),
            (None, Some(_)) => named.map_or_else(random, Ok)?,
        };
        Ok((Some(child_primary_key(self.parent.as_ref(), &label)), Some(label).filter(|_| !self.is_aside())))
    }
}

impl fmt::Debug for NewEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The data may be a secret.
        let (kind, bytes) = (self.kind, self.data.len());
        f.debug_struct("NewEvent").field("kind", &kind).field("bytes", &bytes).finish_non_exhaustive()
    }
}

/// An event whose object has its key, and the read keys that it hands out.
#[derive(Clone, Debug)]
pub(crate) struct IdentifiedEvent {
    pub event: NewEvent,
    pub wrapped_keys: Vec<WrappedKey>,
}

impl IdentifiedEvent {
    /// Gives an event the primary key that it gets. Fails with REQUEST_INVALID.
    pub fn new(mut event: NewEvent) -> Result<Self> {
        let (primary_key, label) = event.object()?;
        (event.primary_key, event.label, event.name) = (primary_key, label, None);
        Ok(IdentifiedEvent { event, wrapped_keys: Vec::new() })
    }

    /// Whether it changes what anybody may do, or which keys are known: such batches are signed in every chain.
    fn bears_authority(&self) -> bool {
        let event = &self.event;
        event.rules.is_some()
            || event.roots.is_some()
            || event.key_change.is_some()
            || event.redaction.is_some()
            || event.author.is_some()
            || event.moves
            || !event.public_keys.is_empty()
            || !self.wrapped_keys.is_empty()
            // What removes an object removes its rules.
            || event.kind == EventKind::Tombstone
    }

    fn authority(&self, sign_with: &[Fingerprint]) -> EventAuthority {
        let event = &self.event;
        let mut public_keys: Vec<PublicKey> = Vec::new();
        for key in event.public_keys.iter().chain(&event.author) {
            if !public_keys.contains(key) {
                public_keys.push(key.clone());
            }
        }
        let roots = event.roots.as_ref().map(|roots| {
            let sorted: BTreeMap<Fingerprint, &PublicKey> =
                roots.iter().map(|root| (root.fingerprint(), root)).collect();
            sorted.into_values().cloned().collect()
        });
        EventAuthority {
            authorisation: event.rules.clone(),
            public_keys,
            wrapped_keys: self.wrapped_keys.clone(),
            sign_with: sign_with.to_vec(),
            author: event.author.as_ref().map(PublicKey::fingerprint),
            moves: event.moves,
            roots,
            key_change: event.key_change.clone(),
            label: event.label,
            snapshot: None,
            redaction: event.redaction.clone(),
            auth_answer: None,
            server_identity: None,
        }
    }

    fn build(&self, now: u64, sign_with: &[Fingerprint], sealer: Option<&EventSealer>) -> Result<BuiltEvent> {
        let event = &self.event;
        if event.data.len() > EVENTS_BYTES_MAX {
            return Err(too_large(event.data.len(), 1, EVENTS_BYTES_MAX));
        }
        let is_written = matches!(
            event.kind,
            EventKind::Data
                | EventKind::Tombstone
                | EventKind::Redaction
                | EventKind::Rules
                | EventKind::Roots
                | EventKind::KeyChange
        );
        if !is_written {
            return Err(Error::invalid("kind", format_args!("no client writes events of kind {}", event.kind.name())));
        }
        let named = event.redaction.as_ref().and_then(Redaction::count);
        if named.is_some_and(|count| count == 0 || count > REDACTED_SEQUENCES_MAX) {
            let why = format_args!("it names {} events, of 1 to {REDACTED_SEQUENCES_MAX}", named.unwrap_or(0));
            return Err(Error::invalid("redaction", why));
        }
        if event.kind != EventKind::Data && !event.data.is_empty() {
            return Err(Error::invalid("data", format_args!("an event of the kind {} has none", event.kind.name())));
        }
        let storing = match sealer {
            None => Storing::Clear { salt: random()? },
            Some(sealer) => Storing::Sealed(sealer),
        };
        build_event(&EventInput {
            kind: event.kind,
            data: &event.data,
            primary_key: event.primary_key,
            parent: event.parent.filter(|_| !event.is_aside()),
            collection: event.collection,
            type_name: event.type_name.as_deref(),
            reply_to: event.reply_to,
            time_unix_ms: checked("time_unix_ms", event.time_unix_ms.unwrap_or(now), 0)?,
            authority: &self.authority(sign_with),
            storing,
        })
    }
}

/// How events are appended.
#[derive(Clone, Debug, Default)]
pub struct AppendOptions {
    /// Conditions under which alone they are accepted: at most 16.
    pub conditions: Vec<Precondition>,
    /// Keys that sign besides the writer's, and whose rights count, too: at most 15.
    pub co_signers: Vec<KeyPair>,
}

impl AppendOptions {
    fn check(&self) -> Result<()> {
        if self.conditions.len() > PRECONDITIONS_MAX {
            let why = format!("a batch has {PRECONDITIONS_MAX} conditions at most");
            return Err(Error::invalid("conditions", why));
        }
        if self.co_signers.len() >= SIGNERS_MAX {
            let why = format!("there are {}, and {} is the limit", self.co_signers.len(), SIGNERS_MAX - 1);
            return Err(Error::invalid("co_signers", why));
        }
        for condition in &self.conditions {
            match *condition {
                Precondition::ChainUnchanged { since } => checked("since", since, 0)?,
                Precondition::LandsBefore { sequence } => checked("sequence", sequence, 1)?,
                Precondition::KeyUnchanged { since, .. } => checked("since", since, 0)?,
                Precondition::Fence { token, .. } => checked("token", token, 1)?,
            };
        }
        Ok(())
    }
}

/// The events of one append, made once.
#[derive(Clone, Debug)]
pub(crate) struct BuiltEvents {
    pub events: Vec<BuiltEvent>,
    /// As they are sent, without the seal.
    pub bytes: usize,
    pub options: AppendOptions,
    /// Whether the batch is signed in any case.
    pub bears_authority: bool,
    /// Whether it was asked what is to be sealed: for a chain that nobody knows yet it wasn't.
    pub is_ruled: bool,
}

impl BuiltEvents {
    /// Whether it has its batch for itself: conditions and signers are the whole batch's.
    pub fn is_alone(&self) -> bool {
        !self.options.conditions.is_empty() || !self.options.co_signers.is_empty() || self.bears_authority
    }
}

/// Makes the events of one append. `sealers`: of each event, if it was asked what is to be sealed.
///
/// Fails with TOO_MANY_EVENTS, DATA_TOO_LARGE, naming the limit; REQUEST_INVALID.
pub(crate) fn build_events(
    events: &[IdentifiedEvent],
    options: AppendOptions,
    sealers: Option<&[Option<EventSealer>]>,
) -> Result<BuiltEvents> {
    if events.is_empty() {
        return Err(Error::invalid("events", "there are none"));
    }
    if events.len() > BATCH_EVENTS_MAX {
        let message = format!(
            "{} events are too many for one append, which is one batch: {BATCH_EVENTS_MAX} is the limit. Append them in several \
             calls",
            events.len()
        );
        let error = Error::new(Reason::TooManyEvents, message).with("limit_events", BATCH_EVENTS_MAX);
        return Err(error.with("events", events.len()));
    }
    options.check()?;
    let most = EVENTS_BYTES_MAX - options.co_signers.len() * SIGNER_BYTES_MAX;
    let mut sign_with: Vec<Fingerprint> = options.co_signers.iter().map(KeyPair::fingerprint).collect();
    sign_with.sort_unstable();
    sign_with.dedup();
    let now = now_unix_ms();
    let mut built = Vec::with_capacity(events.len());
    let mut bytes = 0;
    for (index, event) in events.iter().enumerate() {
        let sealer = sealers.and_then(|sealers| sealers.get(index)).and_then(Option::as_ref);
        let made = event.build(now, &sign_with, sealer)?;
        bytes += made.frame.len();
        if bytes > most {
            return Err(too_large(bytes, events.len(), most));
        }
        built.push(made);
    }
    let bears_authority = events.iter().any(IdentifiedEvent::bears_authority);
    Ok(BuiltEvents { events: built, bytes, options, bears_authority, is_ruled: sealers.is_some() })
}

fn checked(field: &str, value: u64, least: u64) -> Result<u64> {
    if (least..=INTEGER_MAX).contains(&value) {
        return Ok(value);
    }
    Err(Error::invalid(field, format_args!("it is {value}, and must be a whole number from {least} to 2^53 - 1")))
}

fn too_large(size: usize, events: usize, most: usize) -> Error {
    let (what, advice) = if events == 1 {
        ("the event is".to_owned(), "Store it as several events")
    } else {
        (format!("the {events} events are"), "Append them in several calls")
    };
    let message = format!("{what} too large for one batch, at {size} bytes or more: {most} is the limit. {advice}");
    Error::new(Reason::DataTooLarge, message).with("limit_bytes", most).with("bytes", size)
}
