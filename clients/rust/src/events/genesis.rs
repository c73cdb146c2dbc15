//! The genesis: what a chain is, said once by its first event.

use std::sync::Arc;

use bytes::Bytes;

use crate::crypto::domains::{HASH_CHAIN, HASH_ROOTS};
use crate::crypto::hashes::{Hash, tagged_hash};
use crate::crypto::keys::{Fingerprint, PublicKey};
use crate::encoding::fields::FieldWriter;
use crate::encoding::forms::{self, magics};
use crate::encoding::message::Message;
use crate::error::{Error, Result};
use crate::events::auth_answer::AuthAnswer;
use crate::events::chain_key::ChainKey;
use crate::events::owner::Owner;
use crate::reason::Reason;

/// How the keys of a chain are trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustMode {
    /// One server keeps the chain, and vouches for batches whose keys were proven to it.
    Centralized,
    /// Every batch is signed; no server is trusted.
    Distributed,
}

impl TrustMode {
    /// Its name, as `centralized`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            TrustMode::Centralized => "centralized",
            TrustMode::Distributed => "distributed",
        }
    }

    pub(crate) fn from_number(number: u64) -> Self {
        if number == 1 { TrustMode::Centralized } else { TrustMode::Distributed }
    }
}

/// What a chain is. Its id is the hash of the header that says it, so nothing of it can ever change.
#[derive(Clone, Debug)]
pub struct Genesis {
    pub(crate) chain_key: ChainKey,
    /// How keys are trusted.
    pub trust_mode: TrustMode,
    /// The first roots, sorted by fingerprint.
    pub roots: Vec<PublicKey>,
    /// By its maker's clock: milliseconds since 1970-01-01 UTC.
    pub created_unix_ms: u64,
    /// Identity of the server that keeps a centralized chain.
    pub server_identity: Option<PublicKey>,
    /// Strangers are kept out.
    pub private: bool,
    /// Data is sealed unless a rule says that everyone may read it.
    pub confidential: bool,
    /// The chain's id: the hash of the header.
    pub chain_id: Hash,
    /// What the auth service that says whose the chain is has said when it was made.
    pub(crate) answer: Option<Arc<AuthAnswer>>,
    pub(crate) header: Bytes,
}

impl Genesis {
    /// `domain/name/db` or `group/db`.
    #[must_use]
    pub fn chain_key(&self) -> &str {
        &self.chain_key.text
    }

    /// Who owned the chain when it was made, `name@domain` or a group, as an auth service has said; None where none does.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        self.answer.as_ref().map(|answer| answer.owner.text.as_str())
    }
}

/// The id of the chain that these header bytes of a genesis event begin.
pub(crate) fn chain_id_of(header: &[u8]) -> Hash {
    tagged_hash(HASH_CHAIN, &[header])
}

/// The fingerprint that a chain key may carry of the roots that have signed its genesis.
pub(crate) fn roots_fingerprint(mut roots: Vec<Fingerprint>) -> Hash {
    roots.sort_unstable();
    tagged_hash(HASH_ROOTS, &[&roots.concat()])
}

/// RFC 4648, in lower case, without padding.
pub(crate) fn base32(data: &[u8]) -> String {
    const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut text = String::new();
    let (mut bits, mut held) = (0_u32, 0);
    for byte in data {
        bits = bits << 8 | u32::from(*byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            text.push(char::from(DIGITS[(bits >> held) as usize & 31]));
        }
        bits &= (1 << held) - 1;
    }
    if held > 0 {
        text.push(char::from(DIGITS[(bits << (5 - held)) as usize & 31]));
    }
    text
}

/// What a new chain is to be.
pub(crate) struct GenesisInput<'a> {
    pub chain_key: &'a str,
    pub trust_mode: TrustMode,
    pub roots: &'a [PublicKey],
    pub created_unix_ms: u64,
    pub salt: [u8; 16],
    pub server_identity: Option<&'a PublicKey>,
    pub private: bool,
    pub confidential: bool,
}

/// Makes the header bytes of a genesis event. Nothing is checked that a reader checks; see `parse_genesis`.
pub(crate) fn build_genesis(said: &GenesisInput<'_>) -> Vec<u8> {
    let mut roots: Vec<&PublicKey> = said.roots.iter().collect();
    roots.sort_by_key(|root| root.fingerprint());
    let genesis = FieldWriter::new()
        .bytes(1, said.chain_key.as_bytes())
        .varint(2, if said.trust_mode == TrustMode::Centralized { 1 } else { 2 })
        .messages(3, roots.into_iter().map(PublicKey::message))
        .varint(4, said.created_unix_ms)
        .bytes(5, &said.salt)
        .maybe(6, said.server_identity.map(PublicKey::message))
        .bool(7, said.private)
        .bool(8, said.confidential)
        .finish();
    FieldWriter::magic(magics::EVENT_HEADER).varint(2, 1).message(15, &genesis).finish()
}

fn invalid(why: impl std::fmt::Display) -> Error {
    Error::new(Reason::GenesisInvalid, format!("the genesis is not valid: {why}"))
}

/// Reads the genesis out of the header bytes of a chain's first event.
///
/// Fails with NON_CANONICAL, GENESIS_INVALID, CHAIN_KEY_INVALID. Signatures are not checked here, they are over the seal.
pub(crate) fn parse_genesis(header: &Bytes) -> Result<Genesis> {
    let outer = Message::parse_strict(&forms::EVENT_HEADER, header.clone())?;
    let has_more = outer.contents().any(|(number, _)| number != 15) || outer.has(14) || outer.has(16) || outer.has(31);
    if has_more {
        return Err(invalid("its event has fields beside the genesis"));
    }
    if outer.number(2) != 1 {
        return Err(invalid("its event is of another kind"));
    }
    let inner = outer.get(15).ok_or_else(|| invalid("its event holds no genesis"))?;
    let inner = Message::parse(inner)?;
    let roots: Vec<PublicKey> = inner.all(3).map(|root| key_of("one of its roots", root)).collect::<Result<_>>()?;
    if roots.windows(2).any(|pair| pair[0].fingerprint() >= pair[1].fingerprint()) {
        return Err(invalid("its roots are not sorted by fingerprint, once each"));
    }
    let trust_mode = TrustMode::from_number(inner.number(2));
    let server_identity = inner.get(6).map(|key| key_of("the server's identity", key)).transpose()?;
    if (trust_mode == TrustMode::Centralized) != server_identity.is_some() {
        let article = if server_identity.is_some() { "no" } else { "a" };
        return Err(invalid(format_args!("a {} chain's names {article} server", trust_mode.name())));
    }
    let chain_key = ChainKey::parse(&inner.text(1))?;
    let answer = answer_in(&inner, trust_mode, &chain_key)?.map(Arc::new);
    let roots = match &answer {
        None if roots.is_empty() => return Err(invalid("it names no roots")),
        Some(_) if !roots.is_empty() => {
            return Err(invalid("it names roots, which the answer of its auth service does"));
        }
        None => roots,
        Some(answer) => answer.roots.clone(),
    };
    Ok(Genesis {
        chain_key,
        trust_mode,
        roots,
        answer,
        created_unix_ms: inner.number(4),
        server_identity,
        private: inner.bool(7),
        confidential: inner.bool(8),
        chain_id: chain_id_of(header),
        header: header.clone(),
    })
}

/// Reads what the auth service of the chain said when it was made; None where there is none.
fn answer_in(genesis: &Message, trust_mode: TrustMode, chain_key: &ChainKey) -> Result<Option<AuthAnswer>> {
    let identity = genesis.get(9).map(|key| key_of("the auth service's identity", key)).transpose()?;
    let (identity, message) = match (identity, genesis.get(10)) {
        (None, None) => return Ok(None),
        (Some(identity), Some(message)) => (identity, message),
        _ => return Err(invalid("an auth service is named with what it says, and the one is there without the other")),
    };
    if trust_mode != TrustMode::Centralized {
        return Err(invalid("a distributed chain has no auth service, and it names one's identity"));
    }
    let answer = AuthAnswer::parse(message).map_err(|error| invalid(error.message()))?;
    let owner = Owner::of(chain_key);
    if answer.owner != owner {
        let why = format!("its auth service speaks of {}, and the chain is {}'s", answer.owner.text, owner.text);
        return Err(invalid(why));
    }
    if answer.identity != identity {
        return Err(invalid("what its auth service says is signed by another one than it names"));
    }
    if !answer.rotations.is_empty() || !answer.changed.is_empty() {
        return Err(invalid("what its auth service says tells of what was before, and nothing was"));
    }
    if answer.removed {
        return Err(invalid(format_args!("the account {} was removed", owner.text)));
    }
    Ok(Some(answer))
}

fn key_of(what: &str, message: Bytes) -> Result<PublicKey> {
    PublicKey::parse(message).map_err(|error| invalid(format_args!("{what} is no key: {}", error.message())))
}
