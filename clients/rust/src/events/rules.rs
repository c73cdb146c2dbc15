//! What events say of rights and keys: rules, keys that are shown, handed out and changed.

use bytes::Bytes;

use crate::crypto::array;
use crate::crypto::hashes::Hash;
use crate::crypto::hex;
use crate::crypto::keys::{Fingerprint, PublicKey};
use crate::encoding::fields::{FieldWriter, fields_in};
use crate::encoding::message::Message;
use crate::error::{Error, Result};
use crate::events::redaction::Redaction;
use crate::events::snapshot::Snapshot;
use crate::reason::Reason;

/// Who may write an object, or add to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteRule {
    /// Whoever shows a key to the chain.
    Everyone,
    /// Nobody; of writing: for ever.
    Nobody,
    /// Any of some keys, by their fingerprints: sorted, once each, 1 to 16. Make it with [`WriteRule::any_of`].
    AnyOf(Vec<Fingerprint>),
    /// As the parent has it. Not of adding.
    Inherit,
}

impl WriteRule {
    /// Allows any of some keys.
    #[must_use]
    pub fn any_of(fingerprints: impl IntoIterator<Item = Fingerprint>) -> Self {
        let mut sorted: Vec<Fingerprint> = fingerprints.into_iter().collect();
        sorted.sort_unstable();
        sorted.dedup();
        WriteRule::AnyOf(sorted)
    }

    fn message(&self) -> Vec<u8> {
        match self {
            WriteRule::Everyone => FieldWriter::new().message(1, &[]).finish(),
            WriteRule::Nobody => FieldWriter::new().message(2, &[]).finish(),
            WriteRule::AnyOf(names) => FieldWriter::new().message(3, &fingerprints_message(names)).finish(),
            WriteRule::Inherit => FieldWriter::new().message(4, &[]).finish(),
        }
    }

    fn parse(message: Bytes) -> Result<Self> {
        let message = Message::parse(message)?;
        Ok(match message.first() {
            Some(1) => WriteRule::Everyone,
            Some(2) => WriteRule::Nobody,
            Some(3) => {
                let names = fingerprints_in(message.bytes(3))?;
                check_sorted("the keys of a rule", &names)?;
                WriteRule::AnyOf(names)
            }
            _ => WriteRule::Inherit,
        })
    }
}

/// Whether an object's data is sealed, and with which read key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadRule {
    /// It is in clear.
    Everyone,
    /// It is sealed with this read key, by its id.
    ReadKey(Hash),
    /// As the parent has it.
    Inherit,
}

impl ReadRule {
    fn message(&self) -> Vec<u8> {
        match self {
            ReadRule::Everyone => FieldWriter::new().message(1, &[]).finish(),
            ReadRule::ReadKey(id) => FieldWriter::new().message(2, id).finish(),
            ReadRule::Inherit => FieldWriter::new().message(3, &[]).finish(),
        }
    }

    fn parse(message: Bytes) -> Result<Self> {
        let message = Message::parse(message)?;
        Ok(match message.first() {
            Some(1) => ReadRule::Everyone,
            Some(2) => ReadRule::ReadKey(hash_in(&message, 2)?),
            _ => ReadRule::Inherit,
        })
    }
}

/// The rules that an event sets. What is None stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authorisation {
    /// Who may write the object, change its rules, remove it, and add children to it.
    pub write: Option<WriteRule>,
    /// Who may besides add children to it, and nothing else.
    pub add: Option<WriteRule>,
    /// Who may read its data.
    pub read: Option<ReadRule>,
    /// Who may besides open the chain, if it is private: all of them, sorted. At the root of the chain alone.
    pub admit: Option<Vec<Fingerprint>>,
    /// For how long data is kept. At the root of the chain alone.
    pub retain: Option<Retention>,
}

/// For how long a chain keeps data: what either lets go may be dropped. Where both are 0, all is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Data may go that was committed so many milliseconds before the newest commit. 0: whatever its age.
    pub age_ms: u64,
    /// Data may go that is not among that of the newest so many events. 0: however many there are.
    pub count: u64,
}

impl Retention {
    fn message(self) -> Vec<u8> {
        FieldWriter::new().varint(1, self.age_ms).varint(2, self.count).finish()
    }

    fn parse(message: Bytes) -> Result<Self> {
        let mut rule = Retention::default();
        for found in fields_in(&message, 0, message.len(), "RetentionRule") {
            let found = found?;
            if found.number == 1 { rule.age_ms = found.value } else { rule.count = found.value }
        }
        Ok(rule)
    }
}

impl Authorisation {
    fn message(&self) -> Vec<u8> {
        let mut writer = FieldWriter::new();
        if let Some(rule) = &self.write {
            writer = writer.message(1, &rule.message());
        }
        if let Some(rule) = &self.add {
            writer = writer.message(2, &rule.message());
        }
        if let Some(rule) = &self.read {
            writer = writer.message(3, &rule.message());
        }
        if let Some(names) = &self.admit {
            writer = writer.message(4, &fingerprints_message(names));
        }
        if let Some(rule) = self.retain {
            writer = writer.message(5, &rule.message());
        }
        writer.finish()
    }

    /// Reads rules, which are in the strict form. Fails with BATCH_INVALID where keys are not sorted.
    fn parse(message: Bytes) -> Result<Self> {
        let message = Message::parse(message)?;
        let admit = message.get(4).map(fingerprints_in).transpose()?;
        check_sorted("the keys that are let in", admit.as_deref().unwrap_or_default())?;
        Ok(Authorisation {
            write: message.get(1).map(WriteRule::parse).transpose()?,
            add: message.get(2).map(WriteRule::parse).transpose()?,
            read: message.get(3).map(ReadRule::parse).transpose()?,
            admit,
            retain: message.get(5).map(Retention::parse).transpose()?,
        })
    }
}

/// What seals an event's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Confidentiality {
    pub read_key_id: Hash,
    pub random: [u8; 32],
    pub commitment: Hash,
}

/// A read key for one reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WrappedKey {
    pub read_key_id: Hash,
    pub recipient: Fingerprint,
    pub wrapped: Bytes,
}

/// A key that counts no more, and what has its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyChange {
    /// The key that counts no more.
    pub fingerprint: Fingerprint,
    /// What counts wherever a rule names it. None: nothing does.
    pub successor: Option<PublicKey>,
}

/// All that an event says of rights and keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct EventAuthority {
    pub authorisation: Option<Authorisation>,
    pub public_keys: Vec<PublicKey>,
    pub wrapped_keys: Vec<WrappedKey>,
    pub sign_with: Vec<Fingerprint>,
    pub author: Option<Fingerprint>,
    pub moves: bool,
    pub roots: Option<Vec<PublicKey>>,
    pub key_change: Option<KeyChange>,
    pub label: Option<[u8; 16]>,
    pub redaction: Option<Redaction>,
    pub snapshot: Option<Snapshot>,
    /// An AuthAnswer message.
    pub auth_answer: Option<Bytes>,
    /// An IdentityRotation message.
    pub server_identity: Option<Bytes>,
}

impl EventAuthority {
    /// Writes the fields that come before an event's type: 6 to 11.
    pub fn write_early(&self, mut header: FieldWriter, confidentiality: Option<&Confidentiality>) -> FieldWriter {
        if let Some(rules) = &self.authorisation {
            header = header.message(6, &rules.message());
        }
        if let Some(sealed) = confidentiality {
            let parts = FieldWriter::new().bytes(1, &sealed.read_key_id).bytes(2, &sealed.random);
            header = header.message(7, &parts.bytes(3, &sealed.commitment).finish());
        }
        header = header.messages(8, self.public_keys.iter().map(PublicKey::message));
        for one in &self.wrapped_keys {
            let parts = FieldWriter::new().bytes(1, &one.read_key_id).bytes(2, &one.recipient);
            header = header.message(9, &parts.bytes(3, &one.wrapped).finish());
        }
        header.messages(10, &self.sign_with).maybe(11, self.author)
    }

    /// Writes the fields that come after an event's time, but for those that servers and other clients write: 16 to 23.
    pub fn write_late(&self, header: FieldWriter) -> FieldWriter {
        let mut header = header.bool(16, self.moves);
        if let Some(roots) = &self.roots {
            let roots = FieldWriter::new().messages(1, roots.iter().map(PublicKey::message));
            header = header.message(17, &roots.finish());
        }
        if let Some(change) = &self.key_change {
            let mut parts = FieldWriter::new().bytes(1, &change.fingerprint);
            if let Some(successor) = &change.successor {
                parts = parts.message(2, &successor.message());
            }
            header = header.message(18, &parts.finish());
        }
        let header = header.maybe(19, self.label);
        match &self.redaction {
            Some(redaction) => header.message(23, &redaction.message()),
            None => header,
        }
    }

    /// Reads what a header, which is in the strict form, says of rights and keys.
    ///
    /// Fails with UNSUPPORTED and REQUEST_INVALID for a key that is none, BATCH_INVALID where what must be sorted isn't.
    pub fn parse(header: &Bytes) -> Result<Self> {
        let header = Message::parse(header.clone())?;
        let mut said = EventAuthority {
            authorisation: header.get(6).map(Authorisation::parse).transpose()?,
            author: header.get(11).and_then(|one| array(&one)),
            moves: header.bool(16),
            label: header.get(19).and_then(|one| array(&one)),
            auth_answer: header.get(20),
            server_identity: header.get(21),
            ..EventAuthority::default()
        };
        for key in header.all(8) {
            said.public_keys.push(PublicKey::parse(key)?);
        }
        for wrapped in header.all(9) {
            let parts = Message::parse(wrapped)?;
            let (read_key_id, recipient) = (hash_in(&parts, 1)?, hash_in(&parts, 2)?);
            said.wrapped_keys.push(WrappedKey { read_key_id, recipient, wrapped: parts.bytes(3) });
        }
        said.sign_with = header.all(10).filter_map(|one| array(&one)).collect();
        check_sorted("the keys that sign with the writer", &said.sign_with)?;
        if let Some(roots) = header.get(17) {
            let roots: Vec<PublicKey> = Message::parse(roots)?.all(1).map(PublicKey::parse).collect::<Result<_>>()?;
            let names: Vec<Fingerprint> = roots.iter().map(PublicKey::fingerprint).collect();
            check_sorted("the roots", &names)?;
            said.roots = Some(roots);
        }
        if let Some(change) = header.get(18) {
            let parts = Message::parse(change)?;
            let successor = parts.get(2).map(PublicKey::parse).transpose()?;
            said.key_change = Some(KeyChange { fingerprint: hash_in(&parts, 1)?, successor });
        }
        said.snapshot = header.get(22).map(Snapshot::parse).transpose()?;
        said.redaction = header.get(23).map(Redaction::parse).transpose()?;
        Ok(said)
    }
}

impl Confidentiality {
    /// Reads what seals an event's data from its header; None where it is in clear.
    pub fn parse(header: &Bytes) -> Result<Option<Self>> {
        let Some(sealed) = Message::parse(header.clone())?.get(7) else {
            return Ok(None);
        };
        let parts = Message::parse(sealed)?;
        let (read_key_id, random, commitment) = (hash_in(&parts, 1)?, hash_in(&parts, 2)?, hash_in(&parts, 3)?);
        Ok(Some(Confidentiality { read_key_id, random, commitment }))
    }
}

fn fingerprints_message(names: &[Fingerprint]) -> Vec<u8> {
    FieldWriter::new().messages(1, names).finish()
}

fn fingerprints_in(message: Bytes) -> Result<Vec<Fingerprint>> {
    Ok(Message::parse(message)?.all(1).filter_map(|one| array(&one)).collect())
}

/// A hash that the strict form has seen to.
fn hash_in(message: &Message, number: u32) -> Result<Hash> {
    array(&message.bytes(number))
        .ok_or_else(|| Error::new(Reason::NonCanonical, "a hash has another length than 32 bytes"))
}

/// Refuses what isn't sorted, once each. Fails with BATCH_INVALID.
fn check_sorted(what: &str, fingerprints: &[Fingerprint]) -> Result<()> {
    match fingerprints.windows(2).find(|pair| pair[0] >= pair[1]) {
        None => Ok(()),
        Some(pair) => {
            let name = hex(&pair[1]);
            let why = format!("{what} are not sorted by fingerprint, once each: {name} is out of place");
            Err(Error::new(Reason::BatchInvalid, why))
        }
    }
}
