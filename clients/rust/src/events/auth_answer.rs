//! What an auth service says of an owner: whose keys count in its chains (docs/trust.md, "Owners").

use std::collections::HashSet;

use bytes::Bytes;

use crate::crypto::array;
use crate::crypto::domains::CONTEXT_AUTH_ANSWER;
use crate::crypto::hex;
use crate::crypto::keys::{Fingerprint, PublicKey};
use crate::encoding::message::Message;
use crate::encoding::owner_forms;
use crate::error::{Error, Result};
use crate::events::owner::Owner;
use crate::events::seal::Signature;
use crate::reason::Reason;

/// A key of an owner that counts no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AnsweredChange {
    pub fingerprint: Fingerprint,
    /// It has its place in every rule; None: none has.
    pub successor: Option<Fingerprint>,
}

/// An answer, as it was read. Times are milliseconds since 1970-01-01 UTC.
#[derive(Clone, Debug)]
pub(crate) struct AuthAnswer {
    /// What the signature is over.
    #[cfg(test)]
    pub header: Bytes,
    pub owner: Owner,
    /// How often the account was changed, up to what `changed` tells of.
    pub version: u64,
    pub issued_unix_ms: u64,
    pub expires_unix_ms: u64,
    /// 1 to 16, sorted by fingerprint, once each; none is a writer, too.
    pub roots: Vec<PublicKey>,
    pub writers: Vec<PublicKey>,
    /// Who may open private chains besides.
    pub admitted: Vec<Fingerprint>,
    /// In the order in which they were changed.
    pub changed: Vec<AnsweredChange>,
    /// Nobody has checked that the name is the account's.
    pub unverified: bool,
    pub removed: bool,
    /// Of the auth service.
    pub identity: PublicKey,
    signature: Signature,
    /// IdentityRotation messages, oldest first.
    pub rotations: Vec<Bytes>,
    signed: Bytes,
}

fn invalid(why: impl std::fmt::Display) -> Error {
    Error::new(Reason::AuthAnswerInvalid, format!("the auth service's answer is not valid: {why}"))
}

fn key_of(what: &str, message: Bytes) -> Result<PublicKey> {
    PublicKey::parse(message).map_err(|error| invalid(format_args!("{what} is no key: {}", error.message())))
}

impl AuthAnswer {
    /// Reads an AuthAnswer message. Its signature and its rotations are not verified.
    ///
    /// Fails with NON_CANONICAL for its bytes, AUTH_ANSWER_INVALID for what it says.
    pub fn parse(message: Bytes) -> Result<Self> {
        let parts = Message::parse_strict(&owner_forms::AUTH_ANSWER, message)?;
        let signed = parts.bytes(1);
        let said = Message::parse_strict(&owner_forms::AUTH_ANSWER_HEADER, signed.clone())?;
        let keys = |number, what| said.all(number).map(|key| key_of(what, key)).collect::<Result<Vec<_>>>();
        let changed = said.all(9).map(|change| {
            let parts = Message::parse(change)?;
            let fingerprint = array(&parts.bytes(1)).ok_or_else(|| invalid("a change names no key"))?;
            Ok(AnsweredChange { fingerprint, successor: parts.get(2).and_then(|one| array(&one)) })
        });
        let answer = AuthAnswer {
            #[cfg(test)]
            header: signed.clone(),
            owner: Owner::parse(&said.text(2))
                .map_err(|error| invalid(format_args!("its owner is none: {}", error.message())))?,
            version: said.number(3),
            issued_unix_ms: said.number(4),
            expires_unix_ms: said.number(5),
            roots: keys(6, "one of its roots")?,
            writers: keys(7, "one of its writers")?,
            admitted: said.all(8).filter_map(|one| array(&one)).collect(),
            changed: changed.collect::<Result<_>>()?,
            unverified: said.bool(10),
            removed: said.bool(11),
            identity: key_of("its identity", said.bytes(12))?,
            signature: Signature::parse(parts.bytes(2))?,
            rotations: parts.all(3).collect(),
            signed,
        };
        answer.check()?;
        Ok(answer)
    }

    /// Checks what the strict form doesn't say: every implementation refuses the same.
    fn check(&self) -> Result<()> {
        if self.expires_unix_ms <= self.issued_unix_ms {
            return Err(invalid("it expires before it is given"));
        }
        let (roots, writers) = (names_of(&self.roots), names_of(&self.writers));
        for (what, names) in [("roots", &roots), ("writers", &writers), ("admitted keys", &self.admitted)] {
            if names.windows(2).any(|pair| pair[0] >= pair[1]) {
                return Err(invalid(format_args!("its {what} are not sorted by fingerprint, once each")));
            }
        }
        if roots.iter().any(|root| writers.contains(root)) {
            return Err(invalid("one of its roots is among its writers"));
        }
        let mut retired = HashSet::new();
        if !self.changed.iter().all(|one| retired.insert(one.fingerprint)) {
            return Err(invalid("it changes a key twice"));
        }
        if let Some(one) = self.changed.iter().find(|one| one.successor.is_some_and(|next| retired.contains(&next))) {
            let name = hex(&one.fingerprint);
            let why = format!("it has the key {name} followed by one that counts no more, or by itself");
            return Err(invalid(why));
        }
        match self.admitted.iter().chain(&roots).chain(&writers).find(|name| retired.contains(*name)) {
            None => Ok(()),
            Some(name) => Err(invalid(format_args!("it names the key {}, which it says to count no more", hex(name)))),
        }
    }

    /// Verifies that the identity that it names has signed it. That this is the auth service's isn't checked. Fails with
    /// SIGNATURE_INVALID.
    pub fn verify(&self) -> Result<()> {
        if self.signature.is_by(&self.identity, CONTEXT_AUTH_ANSWER, &self.signed) {
            return Ok(());
        }
        let (owner, name) = (&self.owner.text, hex(&self.identity.fingerprint()));
        let why = format!("the auth service's answer about {owner} is not signed by its identity {name}");
        Err(Error::new(Reason::SignatureInvalid, why).with("fingerprint", name).with("owner", owner))
    }
}

/// Fingerprints of keys, in their order.
pub(crate) fn names_of(keys: &[PublicKey]) -> Vec<Fingerprint> {
    keys.iter().map(PublicKey::fingerprint).collect()
}
