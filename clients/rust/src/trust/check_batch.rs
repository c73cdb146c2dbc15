//! What a batch says about itself: counts, ids, hashes, the Merkle root, which keys signed.

use bytes::Bytes;

use crate::crypto::hex;
use crate::crypto::keys::Fingerprint;
use crate::error::{Error, Result};
use crate::events::auth_answer::names_of;
use crate::events::batch::{Batch, invalid_batch};
use crate::events::genesis::{Genesis, base32, parse_genesis, roots_fingerprint};
use crate::events::seal::WriterIdentity;
use crate::reason::Reason;
use crate::trust::check_events::{check_data, check_event};
use crate::trust::check_gone::Provenance;
use crate::trust::delegation_path::check_shown_path;
use crate::trust::from_server::{genesis_signers, verify_held};
use crate::trust::signers::{Keys, in_words, signers_of, verify_signatures};

/// Checks a batch by itself. Whether its signatures verify is `verify_signatures`.
///
/// Gives the genesis, where it is one. Fails with BATCH_INVALID, HASH_MISMATCH, GENESIS_INVALID, CHAIN_KEY_INVALID,
/// SIGNATURE_INVALID, UNSUPPORTED.
pub(crate) fn check_batch(batch: &Batch, provenance: Provenance) -> Result<Option<Genesis>> {
    let seal = &batch.seal;
    if seal.events != batch.count() as u64 {
        let why = format!("its seal counts {} events, and it has {}", seal.events, batch.count());
        return Err(invalid_batch(why));
    }
    let writer = WriterIdentity { chain_id: seal.chain_id, fingerprint: seal.fingerprint, salt: seal.writer_salt };
    if writer.id() != seal.writer_id {
        return Err(invalid_batch("its writer id is not the hash of chain id, fingerprint and salt"));
    }
    let genesis = if batch.is_genesis() {
        Some(check_genesis(batch)?)
    } else {
        #[cfg(test)]
        if let (Provenance::Appended, Some(gone)) = (provenance, batch.gone().first()) {
            return Err(crate::events::batch::invalid_event(
                gone.index,
                "a writer sends its events, and nothing that stands for some",
            ));
        }
        for (index, event) in batch.events() {
            check_event(batch, index, event, provenance)?;
        }
        // Whether it may have none is for `vouched_by` to say.
        if !seal.signatures.is_empty() {
            check_signers(batch)?;
        }
        check_shown(batch)?;
        if !seal.delegations.is_empty() {
            check_shown_path(batch, &signers_of(batch)?)?;
        }
        check_data(batch)?;
        None
    };
    if batch.events_root() != seal.events_root {
        return Err(Error::new(Reason::HashMismatch, "the events' headers do not hash to the seal's root"));
    }
    Ok(genesis)
}

/// Verifies the batch that begins a chain: all that it says of itself, and the signature of every root; or where an auth service
/// names the roots that of the server, and the service's.
pub(crate) fn verify_genesis(run: &Bytes) -> Result<(Genesis, Batch)> {
    let batch = Batch::parse(run)?;
    let genesis = check_batch(&batch, Provenance::Stored)?.ok_or_else(|| {
        Error::new(Reason::GenesisInvalid, "the first batch of a chain is its genesis, and this is not one")
    })?;
    verify_signatures(&batch.seal, &genesis_keys(&genesis))?;
    verify_held(&batch, &genesis)?;
    Ok((genesis, batch))
}

/// Checks that a batch is signed by those that it is from, and by no others.
fn check_signers(batch: &Batch) -> Result<()> {
    let signers = signers_of(batch)?;
    let signed: Vec<Fingerprint> = batch.seal.signatures.iter().map(|one| one.fingerprint).collect();
    if signed == signers {
        return Ok(());
    }
    let (due, found) = (in_words(&signers), in_words(&signed));
    let why = format!("the batch is to be signed by {due} and no others, in this order, and is by {found}");
    Err(Error::new(Reason::SignatureInvalid, why))
}

/// Checks that a seal shows keys of its signers, and of who has delegated to them, and no others, so that it can't make a chain know any number of keys.
fn check_shown(batch: &Batch) -> Result<()> {
    if batch.seal.public_keys.is_empty() {
        return Ok(());
    }
    let signers = signers_of(batch)?;
    let issuer = batch.delegations()?.first().map(|first| first.issuer);
    let mut last: Option<Fingerprint> = None;
    for key in batch.seal_keys()? {
        let name = key.fingerprint();
        if !signers.contains(&name) && issuer != Some(name) {
            let name = hex(&name);
            let why =
                format!("its seal shows the key {name}, which is not a signer's, nor of who has delegated to them");
            return Err(invalid_batch(why));
        }
        if last.is_some_and(|last| name <= last) {
            return Err(invalid_batch("its seal shows keys in another order, or twice"));
        }
        last = Some(name);
    }
    Ok(())
}

fn check_genesis(batch: &Batch) -> Result<Genesis> {
    let invalid = |why: &str| Err(Error::new(Reason::GenesisInvalid, why));
    let seal = &batch.seal;
    let Some(event) = batch.event(0).filter(|_| batch.count() == 1) else {
        return Err(invalid_batch("a genesis is alone in its batch"));
    };
    if !seal.public_keys.is_empty() || !seal.delegations.is_empty() {
        return invalid("its seal shows keys or delegations, and nothing is to be shown yet");
    }
    if !event.data.is_empty() || !event.salt.is_empty() || event.data_state.is_some() {
        return invalid("a genesis has no data");
    }
    if seal.counter != 0 || seal.as_of.is_some() || !seal.preconditions.is_empty() {
        return invalid("nothing comes before a genesis, and its seal says so");
    }
    let genesis = parse_genesis(&event.header)?;
    if genesis.chain_id != seal.chain_id {
        return invalid("its seal names another chain than the genesis makes");
    }
    let pinned = genesis.chain_key.roots_fingerprint.as_ref();
    if pinned.is_some_and(|pinned| *pinned != base32(&roots_fingerprint(names_of(&genesis.roots)))) {
        return invalid("its roots are not those that its chain key names");
    }
    let due = names_of(genesis_signers(&genesis));
    // The roots are sorted by fingerprint, and so are signatures.
    if !seal.signatures.iter().map(|one| &one.fingerprint).eq(&due) {
        let why = "a genesis is signed by each of its roots, or where an auth service names them by the server, and by no others";
        return Err(Error::new(Reason::SignatureInvalid, why));
    }
    if !due.contains(&seal.fingerprint) {
        return invalid("its writer is not one of those who sign it");
    }
    Ok(genesis)
}

/// The keys that sign a genesis, by their fingerprints.
pub(super) fn genesis_keys(genesis: &Genesis) -> Keys {
    genesis_signers(genesis).iter().map(|key| (key.fingerprint(), key.clone())).collect()
}
