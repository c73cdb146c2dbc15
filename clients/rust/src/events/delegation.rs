//! Delegations: a key's word that another one may do some of what it may itself (docs/trust.md, "Delegated keys").

use bytes::Bytes;

use crate::crypto::array;
use crate::crypto::hex;
use crate::crypto::keys::{Fingerprint, PublicKey};
use crate::encoding::message::Message;
use crate::encoding::owner_forms;
use crate::error::{Error, Result};
use crate::events::chain_key::ChainKey;
use crate::events::seal::Signature;
use crate::reason::Reason;

/// Stands for all chains of an owner, behind what names the owner.
const ALL_OF: &str = "/*";

/// A delegation, as it was read. Times are milliseconds since 1970-01-01 UTC.
#[derive(Clone, Debug)]
pub(crate) struct Delegation {
    /// The whole, as it came.
    pub message: Bytes,
    /// What both signatures are over.
    pub header: Bytes,
    pub issuer: Fingerprint,
    pub subject: PublicKey,
    /// Chain keys, and `owner/*` for all chains of an owner: sorted, once each.
    pub chains: Vec<String>,
    pub may_write: bool,
    pub may_read: bool,
    pub not_before_unix_ms: u64,
    pub expires_unix_ms: u64,
    pub serial: [u8; 16],
    pub signature: Signature,
    pub possession: Signature,
}

/// A right that delegations give: a path of them, from a key that has the right by itself.
#[derive(Clone, Debug)]
pub(crate) struct Right {
    /// Of the first delegation.
    pub issuer: PublicKey,
    /// In the order of their path.
    pub delegations: Vec<Delegation>,
}

impl Delegation {
    /// Reads a Delegation message. That it says what can be is checked, its signatures are not. Fails with DELEGATION_INVALID.
    pub fn parse(message: Bytes) -> Result<Self> {
        Delegation::read(message).map_err(|error| {
            Error::new(Reason::DelegationInvalid, format!("a delegation is not valid: {}", error.message()))
        })
    }

    fn read(message: Bytes) -> Result<Self> {
        let parts = Message::parse_strict(&owner_forms::DELEGATION, message.clone())?;
        let header = parts.bytes(1);
        let said = Message::parse_strict(&owner_forms::DELEGATION_HEADER, header.clone())?;
        let delegation = Delegation {
            issuer: array(&said.bytes(2)).unwrap_or_default(),
            subject: PublicKey::parse(said.bytes(3))?,
            chains: said.all(4).map(|entry| String::from_utf8_lossy(&entry).into_owned()).collect(),
            may_write: said.bool(5),
            may_read: said.bool(6),
            not_before_unix_ms: said.number(7),
            expires_unix_ms: said.number(8),
            serial: array(&said.bytes(9)).unwrap_or_default(),
            signature: Signature::parse(parts.bytes(2))?,
            possession: Signature::parse(parts.bytes(3))?,
            message,
            header,
        };
        delegation.check()?;
        Ok(delegation)
    }

    fn check(&self) -> Result<()> {
        let invalid = |why: String| Err(Error::new(Reason::DelegationInvalid, why));
        for entry in &self.chains {
            check_scope_entry(entry)?;
        }
        if let Some(pair) = self.chains.windows(2).find(|pair| pair[0] >= pair[1]) {
            return invalid(format!("it names its chains sorted, once each, and {} is out of place", pair[1]));
        }
        if self.subject.fingerprint() == self.issuer {
            return invalid(format!("it delegates from the key {} to itself", hex(&self.issuer)));
        }
        if !self.may_write && !self.may_read {
            return invalid("it lets its subject neither write nor read".to_owned());
        }
        if self.expires_unix_ms <= self.not_before_unix_ms {
            return invalid("it expires before it counts".to_owned());
        }
        Ok(())
    }

    /// The same error with what the delegation is named by.
    pub fn about(&self, error: Error) -> Error {
        let error = error.with("serial", hex(&self.serial)).with("issuer", hex(&self.issuer));
        error.with("fingerprint", hex(&self.subject.fingerprint()))
    }
}

fn check_scope_entry(entry: &str) -> Result<()> {
    match entry.strip_suffix(ALL_OF) {
        // Any database does, to see whether the owner is one.
        Some(owner) => ChainKey::parse(&format!("{owner}/x")).map(|_| ()),
        None => ChainKey::parse(entry).map(|_| ()),
    }
}

/// Whether a delegation that names these chains counts in a chain, or in all that an entry names.
pub(crate) fn scope_covers(chains: &[String], named: &str) -> bool {
    // What stands before the database: a group a doesn't own what users at a domain a do.
    let before = |entry: &str| entry.rsplit_once('/').map(|(before, _)| before.to_owned());
    chains.iter().any(|entry| entry == named || (entry.ends_with(ALL_OF) && before(entry) == before(named)))
}
