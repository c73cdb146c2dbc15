//! Events: built once, hashed, and read where they lie.

use bytes::Bytes;

use crate::crypto::array;
use crate::crypto::domains::{HASH_DATA, HASH_SEALED_DATA};
use crate::crypto::hashes::{Hash, tagged_hash};
use crate::encoding::fields::{FieldWriter, fields_in, frame};
use crate::encoding::forms::{self, magics};
use crate::encoding::strict::{check_strict, check_within};
use crate::error::{Error, Result};
use crate::events::primary_key::PrimaryKey;
use crate::events::rules::EventAuthority;
use crate::events::sealed_data::EventSealer;
use crate::limits::{EVENT_HEADER_BYTES_MAX, TYPE_NAME_BYTES_MAX};
use crate::reason::Reason;

/// What an event does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// It says what the chain is: the first event, and no other.
    Genesis,
    /// It writes data to an object.
    Data,
    /// It removes an object.
    Tombstone,
    /// It has data of an object erased.
    Redaction,
    /// It says what of the chain may be gone.
    Snapshot,
    /// What an auth service says of the chain's owner. Only servers add it.
    AuthAnswer,
    /// It names other roots.
    Roots,
    /// It says which identity key of a server follows which. Only servers add it.
    ServerIdentity,
    /// It names a key that counts no more.
    KeyChange,
    /// It sets rules, and leaves data as it is.
    Rules,
}

const KINDS: [EventKind; 10] = [
    EventKind::Genesis,
    EventKind::Data,
    EventKind::Tombstone,
    EventKind::Redaction,
    EventKind::Snapshot,
    EventKind::AuthAnswer,
    EventKind::Roots,
    EventKind::ServerIdentity,
    EventKind::KeyChange,
    EventKind::Rules,
];

impl EventKind {
    /// Whether the server that keeps a chain adds such events, in batches of its own, and nobody else.
    pub(crate) fn is_servers(self) -> bool {
        matches!(self, EventKind::AuthAnswer | EventKind::ServerIdentity)
    }

    /// Whether such events write objects: data or tombstones.
    pub(crate) fn writes_object(self) -> bool {
        matches!(self, EventKind::Data | EventKind::Tombstone)
    }

    fn from_number(number: u64) -> Option<Self> {
        usize::try_from(number).ok()?.checked_sub(1).and_then(|place| KINDS.get(place).copied())
    }

    fn number(self) -> u64 {
        KINDS.iter().position(|kind| *kind == self).map_or(0, |place| place as u64 + 1)
    }

    /// Its name, as `key_change`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            EventKind::Genesis => "genesis",
            EventKind::Data => "data",
            EventKind::Tombstone => "tombstone",
            EventKind::Redaction => "redaction",
            EventKind::Snapshot => "snapshot",
            EventKind::AuthAnswer => "auth_answer",
            EventKind::Roots => "roots",
            EventKind::ServerIdentity => "server_identity",
            EventKind::KeyChange => "key_change",
            EventKind::Rules => "rules",
        }
    }
}

/// Field of an event in a run, a request and a file alike.
pub(crate) const RUN_EVENT: u32 = 1;
pub(crate) const RUN_SEAL: u32 = 2;

pub(crate) const SALT_BYTES: usize = 16;

/// It says something of rights and keys: rules, keys that are shown or handed out, a move, roots, a change of a key.
pub(crate) const MARK_AUTHORITY: u8 = 1;
pub(crate) const MARK_SEALED: u8 = 2;
/// It names keys that sign besides the writer's, or an author.
pub(crate) const MARK_SIGNERS: u8 = 4;
pub(crate) const MARK_LABEL: u8 = 8;

fn mark_of(field: u32) -> u8 {
    match field {
        6 | 8 | 9 | 16 | 17 | 18 | 20 | 21 | 22 | 23 => MARK_AUTHORITY,
        7 => MARK_SEALED,
        10 | 11 => MARK_SIGNERS,
        19 => MARK_LABEL,
        _ => 0,
    }
}

/// How an event's data is stored.
pub(crate) enum Storing<'a> {
    /// In clear, hashed with 16 random bytes that are never used for other data.
    Clear { salt: [u8; SALT_BYTES] },
    /// Sealed, under a key for this event alone.
    Sealed(&'a EventSealer),
}

/// What a writer says in an event.
pub(crate) struct EventInput<'a> {
    pub kind: EventKind,
    pub data: &'a [u8],
    pub primary_key: Option<PrimaryKey>,
    pub parent: Option<PrimaryKey>,
    pub collection: Option<PrimaryKey>,
    pub type_name: Option<&'a str>,
    pub reply_to: Option<PrimaryKey>,
    /// Milliseconds since 1970-01-01 UTC; 0: not said.
    pub time_unix_ms: u64,
    pub authority: &'a EventAuthority,
    pub storing: Storing<'a>,
}

/// An event, sealed once: these bytes are never made again.
#[derive(Clone, Debug)]
pub(crate) struct BuiltEvent {
    pub header: Vec<u8>,
    /// With its tag and length, as it is sent and stored.
    pub frame: Vec<u8>,
}

/// Builds an event. Fails with REQUEST_INVALID naming what is missing or too long.
pub(crate) fn build_event(said: &EventInput<'_>) -> Result<BuiltEvent> {
    if said.primary_key.is_none() && matches!(said.kind, EventKind::Data | EventKind::Tombstone) {
        return Err(Error::invalid("primary_key", "it is missing"));
    }
    if said.type_name.is_some_and(|name| name.len() > TYPE_NAME_BYTES_MAX) {
        return Err(Error::invalid("type", format_args!("it is longer than {TYPE_NAME_BYTES_MAX} bytes")));
    }
    let header = FieldWriter::magic(magics::EVENT_HEADER)
        .varint(2, said.kind.number())
        .maybe(3, said.primary_key)
        .maybe(4, said.parent)
        .maybe(5, said.collection);
    let confidentiality = match &said.storing {
        Storing::Clear { .. } => None,
        Storing::Sealed(sealer) => Some(&sealer.confidentiality),
    };
    let header = said
        .authority
        .write_early(header, confidentiality)
        .maybe(12, said.type_name)
        .maybe(13, said.reply_to)
        .varint(14, said.time_unix_ms);
    let mut header = said.authority.write_late(header).finish();
    let (data, hash, salt) = match &said.storing {
        Storing::Clear { salt } => (said.data.to_vec(), tagged_hash(HASH_DATA, &[salt, said.data]), salt.as_slice()),
        Storing::Sealed(sealer) => {
            let data = sealer.seal(said.data, &header)?;
            let hash = tagged_hash(HASH_SEALED_DATA, &[&data]);
            (data, hash, [].as_slice())
        }
    };
    header.extend(FieldWriter::new().bytes(30, &hash).varint(31, data.len() as u64).finish());
    let event = FieldWriter::new().bytes(1, &header).bytes(2, &data).bytes(3, salt).finish();
    Ok(BuiltEvent { frame: frame(RUN_EVENT, &event), header })
}

/// Puts the header of a genesis into its event.
pub(crate) fn build_genesis_event(header: Vec<u8>) -> BuiltEvent {
    let event = FieldWriter::new().bytes(1, &header).finish();
    BuiltEvent { frame: frame(RUN_EVENT, &event), header }
}

/// Why the data of an event is not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DataState {
    /// It was dropped, since something newer of its object is there.
    Dropped,
    /// It was erased by a redaction.
    Redacted,
    /// It is left out of an answer. Not in what is verified.
    Omitted,
    /// A rule of the chain for retention has let it go.
    Expired,
}

impl DataState {
    /// By its number in the schema, of which 0 says that the data is here. None: nobody knows it.
    #[allow(clippy::option_option)]
    pub(crate) fn from_number(number: u64) -> Option<Option<Self>> {
        match number {
            0 => Some(None),
            1 => Some(Some(DataState::Omitted)),
            2 => Some(Some(DataState::Redacted)),
            3 => Some(Some(DataState::Dropped)),
            4 => Some(Some(DataState::Expired)),
            _ => None,
        }
    }
}

/// An event as it lies in a run.
#[derive(Clone, Debug)]
pub(crate) struct EventView {
    pub header: Bytes,
    pub data: Bytes,
    /// Empty: there is none.
    pub salt: Bytes,
    /// None: the data is here.
    pub data_state: Option<DataState>,
    /// Sequence of the redaction that has erased the data; 0: none has.
    pub redacted_by: u64,
    pub kind: EventKind,
    pub primary_key: Option<PrimaryKey>,
    pub parent: Option<PrimaryKey>,
    pub has_collection: bool,
    pub data_hash: Hash,
    pub data_bytes: u64,
    pub has_genesis: bool,
    pub marks: u8,
}

/// Reads the Event message that lies in a run. Fails with NON_CANONICAL, DATA_TOO_LARGE.
pub(crate) fn parse_event(run: &Bytes, start: usize, end: usize) -> Result<EventView> {
    check_within(&forms::EVENT, run, start, end)?;
    let mut view = EventView {
        header: Bytes::new(),
        data: Bytes::new(),
        salt: Bytes::new(),
        data_state: None,
        redacted_by: 0,
        kind: EventKind::Data,
        primary_key: None,
        parent: None,
        has_collection: false,
        data_hash: [0; 32],
        data_bytes: 0,
        has_genesis: false,
        marks: 0,
    };
    for found in fields_in(run, start, end, "Event") {
        let found = found?;
        match found.number {
            1 => view.header = run.slice(found.start..found.end),
            2 => view.data = run.slice(found.start..found.end),
            3 => view.salt = run.slice(found.start..found.end),
            // The strict form has no other numbers.
            4 => view.data_state = DataState::from_number(found.value).flatten(),
            _ => view.redacted_by = found.value,
        }
    }
    let size = view.header.len();
    if size > EVENT_HEADER_BYTES_MAX {
        let why = format!("the header of an event is {size} bytes, and {EVENT_HEADER_BYTES_MAX} is the limit");
        let error = Error::new(Reason::DataTooLarge, why);
        return Err(error.with("limit_bytes", EVENT_HEADER_BYTES_MAX).with("bytes", size));
    }
    if (view.data_state == Some(DataState::Redacted)) != (view.redacted_by != 0) {
        let why = "it names the redaction that has erased its data, if it is erased, and only then";
        return Err(Error::new(Reason::BatchInvalid, why));
    }
    check_strict(&forms::EVENT_HEADER, &view.header)?;
    for found in fields_in(&view.header, 0, size, "EventHeader") {
        let found = found?;
        let content = &view.header[found.start..found.end];
        match found.number {
            2 => view.kind = EventKind::from_number(found.value).unwrap_or(EventKind::Snapshot),
            3 => view.primary_key = array(content),
            4 => view.parent = array(content),
            5 => view.has_collection = true,
            15 => view.has_genesis = true,
            30 => view.data_hash = array(content).unwrap_or_default(),
            31 => view.data_bytes = found.value,
            number => view.marks |= mark_of(number),
        }
    }
    Ok(view)
}
