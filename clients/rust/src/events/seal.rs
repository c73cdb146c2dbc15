//! Seals: a writer's closing of one batch.

use bytes::Bytes;

use crate::crypto::array;
use crate::crypto::domains::{CONTEXT_SEAL, HASH_SEAL, HASH_WRITER};
use crate::crypto::hashes::{Hash, tagged_hash};
use crate::crypto::keys::{Fingerprint, KeyPair, PublicKey};
use crate::crypto::merkle::{TreeHead, merkle_root};
use crate::encoding::fields::{FieldWriter, frame, non_canonical};
use crate::encoding::forms::{self, magics};
use crate::encoding::message::Message;
use crate::error::{Error, Result};
use crate::events::delegation::Delegation;
use crate::events::event::RUN_SEAL;
use crate::events::primary_key::PrimaryKey;
use crate::reason::Reason;

/// A condition on the chain, checked with the batch as one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// No event at or above a sequence is another writer's.
    ChainUnchanged {
        /// The first sequence that must not be another writer's.
        since: u64,
    },
    /// Every event of the batch gets a sequence below this.
    LandsBefore {
        /// The first sequence that is too late; not 0.
        sequence: u64,
    },
    /// No event of an object at or above a sequence is another writer's.
    KeyUnchanged {
        /// The object.
        primary_key: PrimaryKey,
        /// The first sequence that must not be another writer's.
        since: u64,
    },
    /// A lease is held; only the server knows.
    Fence {
        /// The object that is locked.
        primary_key: PrimaryKey,
        /// The token of the lease; not 0.
        token: u64,
    },
}

impl Precondition {
    fn message(&self) -> Vec<u8> {
        let (number, inner) = match self {
            Precondition::ChainUnchanged { since } => (1, FieldWriter::new().varint(1, *since)),
            Precondition::LandsBefore { sequence } => (2, FieldWriter::new().varint(1, *sequence)),
            Precondition::KeyUnchanged { primary_key, since } => {
                (3, FieldWriter::new().bytes(1, primary_key).varint(2, *since))
            }
            Precondition::Fence { primary_key, token } => {
                (4, FieldWriter::new().bytes(1, primary_key).varint(2, *token))
            }
        };
        FieldWriter::new().message(number, &inner.finish()).finish()
    }

    fn parse(message: Bytes) -> Result<Self> {
        let outer = Message::parse(message)?;
        let kind = outer.first().unwrap_or(0);
        let inner = Message::parse(outer.bytes(kind))?;
        let primary_key = array(&inner.bytes(1)).unwrap_or_default();
        Ok(match kind {
            1 => Precondition::ChainUnchanged { since: inner.number(1) },
            2 => Precondition::LandsBefore { sequence: inner.number(1) },
            3 => Precondition::KeyUnchanged { primary_key, since: inner.number(2) },
            _ => Precondition::Fence { primary_key, token: inner.number(2) },
        })
    }
}

/// What a writer is: its id follows from the chain, its key and a random salt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WriterIdentity {
    pub chain_id: Hash,
    pub fingerprint: Fingerprint,
    pub salt: [u8; 16],
}

impl WriterIdentity {
    pub fn id(&self) -> Hash {
        tagged_hash(HASH_WRITER, &[&self.chain_id, &self.fingerprint, &self.salt])
    }
}

/// A Signature message.
#[derive(Clone, Debug)]
pub(crate) struct Signature {
    pub suite: u64,
    pub fingerprint: Fingerprint,
    pub signature: Bytes,
}

impl Signature {
    pub fn message(&self) -> Vec<u8> {
        FieldWriter::new().varint(1, self.suite).bytes(2, &self.fingerprint).bytes(3, &self.signature).finish()
    }

    /// Reads it. Fails with NON_CANONICAL.
    pub fn parse(data: Bytes) -> Result<Self> {
        let parts = Message::parse_strict(&forms::SIGNATURE, data)?;
        let fingerprint = array(&parts.bytes(2)).unwrap_or_default();
        Ok(Signature { suite: parts.number(1), fingerprint, signature: parts.bytes(3) })
    }

    /// Signs.
    pub fn by(key: &KeyPair, context: &str, message: &[u8]) -> Result<Self> {
        let signature = key.sign(context, message)?.into();
        Ok(Signature { suite: key.public_key().suite().number(), fingerprint: key.fingerprint(), signature })
    }

    /// Whether it names a key, and is that one's over a message for a purpose.
    pub fn is_by(&self, key: &PublicKey, context: &str, message: &[u8]) -> bool {
        self.suite == key.suite().number()
            && self.fingerprint == key.fingerprint()
            && key.verify(context, message, &self.signature)
    }
}

/// The hash by which a seal is named, from its header's bytes.
pub(crate) fn seal_hash(header: &[u8]) -> Hash {
    tagged_hash(HASH_SEAL, &[header])
}

/// What a seal says beside its events.
#[derive(Clone, Debug, Default)]
pub(crate) struct SealInput<'a> {
    pub counter: u64,
    pub previous: Option<Hash>,
    pub as_of: Option<TreeHead>,
    pub preconditions: &'a [Precondition],
}

/// Closes a batch: makes the header that is signed.
pub(crate) fn build_seal_header(writer: &WriterIdentity, said: &SealInput<'_>, event_headers: &[&[u8]]) -> Vec<u8> {
    let mut header = FieldWriter::magic(magics::SEAL_HEADER)
        .bytes(2, &writer.chain_id)
        .bytes(3, &writer.id())
        .bytes(4, &writer.fingerprint)
        .bytes(5, &writer.salt)
        .varint(6, said.counter)
        .maybe(7, said.previous)
        .varint(8, event_headers.len() as u64)
        .bytes(9, &merkle_root(event_headers.iter().copied()));
    if let Some(head) = said.as_of.filter(|head| head.size > 0) {
        header = header.varint(10, head.size).bytes(11, &head.root);
    }
    header.messages(12, said.preconditions.iter().map(Precondition::message)).finish()
}

/// Puts a batch together: the events, then the seal, byte for byte what is sent, stored and replayed.
///
/// `keys` sign it: none where a stream has proven the writer's. `shown` are public keys of signers that the chain may not know
/// yet, `delegations` the path by which they may write, if that is to be shown.
pub(crate) fn sign_run<'a>(
    event_frames: impl IntoIterator<Item = &'a [u8]>,
    seal_header: &[u8],
    keys: &[KeyPair],
    shown: &[PublicKey],
    delegations: &[Delegation],
) -> Result<Vec<u8>> {
    let mut signers: Vec<&KeyPair> = keys.iter().collect();
    signers.sort_by_key(|key| key.fingerprint());
    signers.dedup_by_key(|key| key.fingerprint());
    let mut seal = FieldWriter::new().bytes(1, seal_header);
    for key in signers {
        seal = seal.message(2, &Signature::by(key, CONTEXT_SEAL, seal_header)?.message());
    }
    let mut keys_shown: Vec<&PublicKey> = shown.iter().collect();
    keys_shown.sort_by_key(|key| key.fingerprint());
    let seal = seal.messages(3, keys_shown.into_iter().map(PublicKey::message));
    let seal = seal.messages(4, delegations.iter().map(|one| &one.message)).finish();
    let mut run: Vec<u8> = event_frames.into_iter().flatten().copied().collect();
    run.extend(frame(RUN_SEAL, &seal));
    Ok(run)
}

/// A seal, as it was read.
#[derive(Clone, Debug)]
pub(crate) struct SealView {
    pub header: Bytes,
    pub hash: Hash,
    pub signatures: Vec<Signature>,
    /// PublicKey messages.
    pub public_keys: Vec<Bytes>,
    /// Delegation messages.
    pub delegations: Vec<Bytes>,
    pub chain_id: Hash,
    pub writer_id: Hash,
    pub fingerprint: Fingerprint,
    pub writer_salt: [u8; 16],
    pub counter: u64,
    pub previous: Option<Hash>,
    pub events: u64,
    pub events_root: Hash,
    pub as_of: Option<TreeHead>,
    pub preconditions: Vec<Precondition>,
}

/// Reads a Seal message. Fails with NON_CANONICAL, BATCH_INVALID where it contradicts itself.
pub(crate) fn parse_seal(data: Bytes) -> Result<SealView> {
    let seal = Message::parse_strict(&forms::SEAL, data)?;
    let header_bytes = seal.bytes(1);
    let header = Message::parse_strict(&forms::SEAL_HEADER, header_bytes.clone())?;
    let hash = |number| {
        array::<32>(&header.bytes(number)).ok_or_else(|| non_canonical("SealHeader", 0, "a hash has another length"))
    };
    let (counter, as_of_size) = (header.number(6), header.number(10));
    let contradicts = |why: &str| Err(Error::new(Reason::BatchInvalid, why));
    if (counter == 0) == header.has(7) {
        return contradicts("a seal names the seal before it, unless it is its writer's first");
    }
    if (as_of_size == 0) == header.has(11) {
        return contradicts("a seal names size and root of a head, or neither");
    }
    Ok(SealView {
        hash: seal_hash(&header_bytes),
        signatures: seal.all(2).map(Signature::parse).collect::<Result<_>>()?,
        public_keys: seal.all(3).collect(),
        delegations: seal.all(4).collect(),
        chain_id: hash(2)?,
        writer_id: hash(3)?,
        fingerprint: hash(4)?,
        writer_salt: array(&header.bytes(5)).unwrap_or_default(),
        counter,
        previous: header.get(7).and_then(|one| array(&one)),
        events: header.number(8),
        events_root: hash(9)?,
        as_of: if as_of_size == 0 { None } else { Some(TreeHead { size: as_of_size, root: hash(11)? }) },
        preconditions: header.all(12).map(Precondition::parse).collect::<Result<_>>()?,
        header: header_bytes,
    })
}
