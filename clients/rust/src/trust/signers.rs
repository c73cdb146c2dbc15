//! Who a batch is from, and with which keys its signatures are verified.

use std::collections::{BTreeSet, HashMap};

use crate::crypto::domains::CONTEXT_SEAL;
use crate::crypto::hex;
use crate::crypto::keys::{Fingerprint, PublicKey};
use crate::error::{Error, Result};
use crate::events::batch::{Batch, invalid_batch, invalid_event};
use crate::events::event::{EventKind, MARK_AUTHORITY, MARK_SIGNERS};
use crate::events::genesis::TrustMode;
use crate::events::seal::SealView;
use crate::limits::SIGNERS_MAX;
use crate::reason::Reason;
use crate::trust::key_ring::KeyRing;

/// Keys by their fingerprints.
pub(crate) type Keys = HashMap<Fingerprint, PublicKey>;

/// Who says whose a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VouchedBy {
    /// A signature of its writer's key is on it.
    Writer,
    /// The server of a centralized chain alone says whose it is.
    Server,
}

impl VouchedBy {
    /// Its name, as `writer`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            VouchedBy::Writer => "writer",
            VouchedBy::Server => "server",
        }
    }
}

/// The keys that a batch is from, by fingerprint, sorted, once each: its writer's, and those that its events name. Where events are
/// gone they are those, as far as that is known, and those whose signatures it has.
///
/// Fails with BATCH_INVALID where they are too many, or an event names the writer's key besides.
pub(crate) fn signers_of(batch: &Batch) -> Result<Vec<Fingerprint>> {
    let writer = batch.seal.fingerprint;
    let mut signers = BTreeSet::from([writer]);
    for (index, event) in batch.events() {
        if event.marks & MARK_SIGNERS == 0 {
            continue;
        }
        let said = batch.authority_of(index)?;
        if said.sign_with.contains(&writer) {
            let why = format!("the writer's key {} signs in any case, and isn't named", hex(&writer));
            return Err(invalid_event(index, why));
        }
        signers.extend(&said.sign_with);
        signers.extend(said.author);
    }
    // What is gone may have named others.
    if !batch.gone().is_empty() {
        signers.extend(batch.seal.signatures.iter().map(|signature| signature.fingerprint));
    }
    if signers.len() > SIGNERS_MAX {
        let why = format!("its events name {} keys that sign it, and {SIGNERS_MAX} is the limit", signers.len());
        return Err(invalid_batch(why));
    }
    Ok(signers.into_iter().collect())
}

/// The keys that an event's right may come from: its writer's, and those that it names as signers besides.
pub(crate) fn actors_of(batch: &Batch, index: usize) -> Result<Vec<Fingerprint>> {
    let mut actors = vec![batch.seal.fingerprint];
    if batch.event(index).is_some_and(|event| event.marks & MARK_SIGNERS != 0) {
        actors.extend(&batch.authority_of(index)?.sign_with);
    }
    Ok(actors)
}

/// The public keys that the seal and the events of a batch show.
fn keys_shown_in(batch: &Batch) -> Result<Keys> {
    let mut shown: Keys = batch.seal_keys()?.iter().map(|key| (key.fingerprint(), key.clone())).collect();
    for (index, event) in batch.events() {
        if event.marks & MARK_AUTHORITY != 0 {
            shown.extend(batch.authority_of(index)?.public_keys.iter().map(|key| (key.fingerprint(), key.clone())));
        }
    }
    Ok(shown)
}

/// Finds the keys of signers, among those that the chain knows and that the batch shows. Fails with KEY_UNKNOWN, KEY_REVOKED.
pub(crate) fn keys_of_signers(batch: &Batch, signers: &[Fingerprint], ring: &KeyRing) -> Result<Keys> {
    let mut found = Keys::new();
    let mut shown = None;
    for signer in signers {
        // One that counts no more is not known anew by being shown.
        if ring.is_changed(signer) {
            return Err(changed(signer, ring));
        }
        let key = match ring.find(signer) {
            Some(key) => Some(key.clone()),
            None => {
                if shown.is_none() {
                    shown = Some(keys_shown_in(batch)?);
                }
                shown.as_ref().and_then(|keys| keys.get(signer).cloned())
            }
        };
        found.insert(*signer, key.ok_or_else(|| unknown_key(signer))?);
    }
    Ok(found)
}

pub(super) fn unknown_key(fingerprint: &Fingerprint) -> Error {
    let name = hex(fingerprint);
    Error::new(Reason::KeyUnknown, format!("the chain doesn't know the public key {name}")).with("fingerprint", name)
}

fn changed(fingerprint: &Fingerprint, ring: &KeyRing) -> Error {
    let name = hex(fingerprint);
    match ring.current_of(fingerprint).map(|successor| hex(&successor)) {
        None => Error::new(Reason::KeyRevoked, format!("the key {name} was revoked and counts no more")),
        Some(successor) => {
            let why = format!("the key {name} was replaced by {successor}");
            Error::new(Reason::KeyRevoked, why).with("successor", successor)
        }
    }
    .with("fingerprint", name)
}

/// Verifies every signature of a seal. Whether it has those that it must have is `check_batch` and `vouched_by`.
///
/// Fails with KEY_NOT_ALLOWED where a signer isn't among the keys, SIGNATURE_INVALID.
pub(crate) fn verify_signatures(seal: &SealView, keys: &Keys) -> Result<()> {
    for signature in &seal.signatures {
        let name = hex(&signature.fingerprint);
        let Some(key) = keys.get(&signature.fingerprint) else {
            let why = format!("the batch is signed by the key {name}, and may not be");
            return Err(Error::new(Reason::KeyNotAllowed, why).with("fingerprint", name));
        };
        if !signature.is_by(key, CONTEXT_SEAL, &seal.header) {
            let why = format!("the signature of key {name} over the seal does not verify");
            return Err(Error::new(Reason::SignatureInvalid, why).with("fingerprint", name));
        }
    }
    Ok(())
}

/// Decides who vouches for a batch.
///
/// Fails with SIGNATURE_INVALID where it has no signature and must have one: in a distributed chain, and where it holds anything
/// that gives or takes a right. A tombstone does, since the rules of its object go with it. Of what is gone a snapshot says, which is
/// signed, that it doesn't matter.
pub(crate) fn vouched_by(batch: &Batch, trust_mode: TrustMode) -> Result<VouchedBy> {
    let unsigned =
        |why: String| Err(Error::new(Reason::SignatureInvalid, format!("the batch has no signature: {why}")));
    if !batch.seal.signatures.is_empty() {
        return Ok(VouchedBy::Writer);
    }
    if trust_mode == TrustMode::Distributed {
        return unsigned("a distributed chain's batches are signed, each of them".to_owned());
    }
    if !batch.seal.delegations.is_empty() {
        return unsigned("its seal shows delegations, and such batches are signed in every chain".to_owned());
    }
    for (index, event) in batch.events() {
        if event.kind != EventKind::Data {
            let kind = event.kind.name();
            return unsigned(format!("event {index} is of kind {kind}, whose batches are signed in every chain"));
        }
        if event.marks & MARK_AUTHORITY != 0 {
            return unsigned(format!("event {index} carries rules or keys, whose batches are signed in every chain"));
        }
    }
    Ok(VouchedBy::Server)
}

/// Lists keys, for people.
pub(crate) fn in_words(fingerprints: &[Fingerprint]) -> String {
    fingerprints.iter().map(|one| hex(one)).collect::<Vec<_>>().join(", ")
}
