//! Paths of delegations: each by the subject of the one before, and saying no more than that.

use crate::crypto::domains::{CONTEXT_DELEGATION, CONTEXT_DELEGATION_POSSESSION};
use crate::crypto::hex;
use crate::crypto::keys::{Fingerprint, PublicKey};
use crate::error::{Error, Result};
use crate::events::batch::{Batch, invalid_batch};
use crate::events::delegation::{Delegation, scope_covers};
use crate::reason::Reason;
use crate::trust::key_ring::KeyRing;

/// Checks that delegations are one path, in its order.
///
/// Whether they are signed is `verify_path`; whether the first issuer has any right is the chain's to say. Fails with
/// DELEGATION_INVALID.
pub(crate) fn check_path(path: &[Delegation]) -> Result<()> {
    let mut passed: Vec<Fingerprint> = Vec::new();
    for (place, one) in path.iter().enumerate() {
        if let Some(before) = place.checked_sub(1).and_then(|place| path.get(place)) {
            check_next(one, before)?;
        }
        passed.push(one.issuer);
        if passed.contains(&one.subject.fingerprint()) {
            return Err(invalid(one, "it leads back to a key that the path has passed"));
        }
    }
    Ok(())
}

fn check_next(one: &Delegation, before: &Delegation) -> Result<()> {
    let subject = before.subject.fingerprint();
    if one.issuer != subject {
        let (issuer, subject) = (hex(&one.issuer), hex(&subject));
        return Err(invalid(one, format_args!("it is by the key {issuer}, and the one before it is to {subject}")));
    }
    if let Some(entry) = one.chains.iter().find(|entry| !scope_covers(&before.chains, entry)) {
        return Err(invalid(one, format_args!("it names {entry}, which the one before it doesn't")));
    }
    if (one.may_write && !before.may_write) || (one.may_read && !before.may_read) {
        return Err(invalid(one, "it gives a right that its issuer wasn't given"));
    }
    if one.not_before_unix_ms < before.not_before_unix_ms || one.expires_unix_ms > before.expires_unix_ms {
        return Err(invalid(one, "it counts for longer than the one before it"));
    }
    Ok(())
}

/// Verifies the signatures of a path, one delegation after the other, so that what a stranger makes up costs one of them.
///
/// `issuer`: the key of the first one's. Fails with DELEGATION_INVALID.
pub(crate) fn verify_path(path: &[Delegation], issuer: &PublicKey) -> Result<()> {
    let mut by = issuer;
    for one in path {
        let signed =
            [(by, &one.signature, CONTEXT_DELEGATION), (&one.subject, &one.possession, CONTEXT_DELEGATION_POSSESSION)];
        for (key, signature, context) in signed {
            if !signature.is_by(key, context, &one.header) {
                let name = hex(&key.fingerprint());
                return Err(invalid(one, format_args!("the signature of the key {name} over it does not verify")));
            }
        }
        by = &one.subject;
    }
    Ok(())
}

/// Refuses a path that doesn't count in a chain. Fails with DELEGATION_OUT_OF_SCOPE.
pub(super) fn check_scope(path: &[Delegation], chain_key: &str) -> Result<()> {
    match path.iter().find(|one| !scope_covers(&one.chains, chain_key)) {
        None => Ok(()),
        Some(one) => {
            let (serial, chains, issuer) = (hex(&one.serial), one.chains.join(","), hex(&one.issuer));
            let why = format!(
                "the delegation {serial} counts in {chains}, and not in {chain_key}. Ask its issuer, {issuer}, for another"
            );
            Err(one.about(Error::new(Reason::DelegationOutOfScope, why)).with("chains", chains))
        }
    }
}

/// Checks that the delegations that a seal shows are one path, and of its signers: to one of them, or by one, who may so end what is
/// not known yet. So nobody makes a chain know any number of them.
///
/// Fails with DELEGATION_INVALID, BATCH_INVALID.
pub(super) fn check_shown_path(batch: &Batch, signers: &[Fingerprint]) -> Result<()> {
    let path = batch.delegations()?;
    check_path(path)?;
    let Some(last) = path.last().map(|one| one.subject.fingerprint()) else {
        return Ok(());
    };
    if signers.contains(&last) || path.iter().any(|one| signers.contains(&one.issuer)) {
        return Ok(());
    }
    let name = hex(&last);
    let why = format!("its seal shows a delegation to {name}, which is not one of its signers', nor is it by one");
    Err(invalid_batch(why))
}

/// Finds the key that the delegations which a batch shows begin with; None where it shows none. Fails with KEY_UNKNOWN.
pub(super) fn issuer_of_shown(batch: &Batch, ring: &KeyRing) -> Result<Option<PublicKey>> {
    let Some(first) = batch.delegations()?.first() else {
        return Ok(None);
    };
    if let Some(known) = ring.find(&first.issuer) {
        return Ok(Some(known.clone()));
    }
    let shown = batch.seal_keys()?.iter().find(|key| key.fingerprint() == first.issuer);
    shown.cloned().map(Some).ok_or_else(|| {
        let name = hex(&first.issuer);
        let why = format!("the chain doesn't know the public key {name}, whose delegation is shown. Show it, too");
        Error::new(Reason::KeyUnknown, why).with("fingerprint", name)
    })
}

fn invalid(one: &Delegation, why: impl std::fmt::Display) -> Error {
    let (serial, subject) = (hex(&one.serial), hex(&one.subject.fingerprint()));
    let message = format!("the delegation {serial}, to the key {subject}, is not valid: {why}");
    one.about(Error::new(Reason::DelegationInvalid, message))
}
