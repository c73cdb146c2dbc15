//! Acts of accounts, as they are read.

use bytes::Bytes;

use crate::account::act_forms::{self, changes};
use crate::crypto::array;
use crate::crypto::domains::HASH_ACT;
use crate::crypto::hashes::{Hash, tagged_hash};
use crate::crypto::keys::{Fingerprint, PublicKey};
use crate::encoding::message::Message;
use crate::error::{Error, Result};
use crate::events::owner::Owner;
use crate::events::seal::Signature;
use crate::reason::Reason;

/// The refusal of an act that can't be.
pub(super) fn invalid(why: impl std::fmt::Display) -> Error {
    Error::new(Reason::ActInvalid, format!("an act is not valid: {why}"))
}

/// Who has a role in a group.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// What the role's secret is wrapped for.
    pub key: PublicKey,
    /// What an owner signs acts with: that of sudo, if there is one.
    pub act_key: PublicKey,
}

/// What is changed of one role.
#[derive(Clone, Debug)]
pub(super) struct RoleChange {
    pub name: String,
    /// None: it stays.
    pub key: Option<PublicKey>,
    pub added: Vec<Member>,
    pub removed: Vec<Fingerprint>,
    /// The secret of the role's key, sealed for each who is to have it.
    pub wraps: Vec<(Fingerprint, Bytes)>,
}

/// What an act changes. What it changes of users is not looked at.
#[derive(Clone, Debug)]
pub(super) enum ActChange {
    Creation(Vec<RoleChange>),
    Roles(Vec<RoleChange>),
    Revocation(Fingerprint),
    Removal,
    Other,
}

/// An act, as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    pub account: Owner,
    pub version: u64,
    pub previous: Option<Hash>,
    /// What the signatures are over.
    pub header: Bytes,
    pub hash: Hash,
    /// Sorted by fingerprint, once each.
    pub signatures: Vec<Signature>,
    /// Of the whole message.
    pub bytes: usize,
    pub(super) change: ActChange,
}

impl Act {
    /// Reads an Act message. Its signatures are not verified, and whether its account takes it isn't decided.
    ///
    /// Fails with NON_CANONICAL, ACT_INVALID, REQUEST_INVALID, UNSUPPORTED.
    pub fn parse(message: Bytes) -> Result<Self> {
        let bytes = message.len();
        let parts = Message::parse_strict(&act_forms::ACT, message)?;
        let header = parts.bytes(1);
        let said = Message::parse_strict(&act_forms::ACT_HEADER, header.clone())?;
        let signatures: Vec<Signature> = parts.all(2).map(Signature::parse).collect::<Result<_>>()?;
        if signatures.windows(2).any(|pair| pair[0].fingerprint >= pair[1].fingerprint) {
            return Err(invalid("its signatures are not sorted by fingerprint, once each"));
        }
        let (version, previous) = (said.number(3), said.get(4).and_then(|one| array(&one)));
        if (version > 0) != previous.is_some() {
            return Err(invalid("it names the one before it, unless its version is 0"));
        }
        Ok(Act {
            account: Owner::parse(&said.text(2))?,
            version,
            previous,
            hash: tagged_hash(HASH_ACT, &[&header]),
            signatures,
            bytes,
            change: change_in(&said)?,
            header,
        })
    }

    /// What it changes of roles.
    pub(super) fn role_changes(&self) -> &[RoleChange] {
        match &self.change {
            ActChange::Creation(roles) | ActChange::Roles(roles) => roles,
            _ => &[],
        }
    }
}

fn change_in(said: &Message) -> Result<ActChange> {
    let roles = |message: Bytes| -> Result<Vec<RoleChange>> { Message::parse(message)?.all(1).map(role_in).collect() };
    if let Some(creation) = said.get(changes::GROUP_CREATION) {
        return roles(creation).map(ActChange::Creation);
    }
    if let Some(change) = said.get(changes::GROUP_CHANGE) {
        return roles(change).map(ActChange::Roles);
    }
    if let Some(revocation) = said.get(changes::DELEGATION_REVOCATION) {
        let fingerprint = array(&Message::parse(revocation)?.bytes(1));
        return fingerprint.map(ActChange::Revocation).ok_or_else(|| invalid("it takes back no key"));
    }
    Ok(if said.has(changes::GROUP_REMOVAL) { ActChange::Removal } else { ActChange::Other })
}

fn role_in(message: Bytes) -> Result<RoleChange> {
    let parts = Message::parse(message)?;
    let wrap = |wrap: Bytes| {
        let parts = Message::parse(wrap)?;
        let recipient = array(&parts.bytes(1)).ok_or_else(|| invalid("a wrap is for no key"))?;
        Ok((recipient, parts.bytes(2)))
    };
    Ok(RoleChange {
        name: parts.text(1),
        key: parts.get(2).map(PublicKey::parse).transpose()?,
        added: parts.all(3).map(member_in).collect::<Result<_>>()?,
        removed: parts.all(4).filter_map(|one| array(&one)).collect(),
        wraps: parts.all(5).map(wrap).collect::<Result<_>>()?,
    })
}

fn member_in(message: Bytes) -> Result<Member> {
    let parts = Message::parse(message)?;
    let key = PublicKey::parse(parts.bytes(2))?;
    let act_key = parts.get(3).map(PublicKey::parse).transpose()?.unwrap_or_else(|| key.clone());
    Ok(Member { key, act_key })
}
