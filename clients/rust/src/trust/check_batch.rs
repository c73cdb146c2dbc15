//! What a batch says about itself: counts, ids, hashes, the Merkle root, which keys signed.

use bytes::Bytes;

use crate::crypto::domains::{HASH_DATA, HASH_SEALED_DATA};
use crate::crypto::hashes::tagged_hash;
use crate::crypto::hex;
use crate::crypto::keys::Fingerprint;
use crate::crypto::merkle::merkle_root;
use crate::error::{Error, Result};
use crate::events::batch::{Batch, invalid_batch, invalid_event};
use crate::events::event::{DataState, EventKind, EventView, MARK_AUTHORITY, MARK_SEALED};
use crate::events::genesis::{Genesis, base32, parse_genesis, roots_fingerprint};
use crate::events::primary_key::child_primary_key;
use crate::events::seal::WriterIdentity;
use crate::reason::Reason;
use crate::trust::signers::{in_words, signers_of, verify_signatures};

/// Sealed data holds the delimiter of its padding, and the tag of the seal.
const SEALED_BYTES_MIN: u64 = 17;

/// How a batch comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Provenance {
    /// As its writer sent it.
    #[cfg(test)]
    Appended,
    /// As a server keeps it or has sent it, which may have left out data since.
    Stored,
}

/// Checks a batch by itself. Whether its signatures verify is `verify_signatures`.
///
/// Gives the genesis, where it is one. Fails with BATCH_INVALID, HASH_MISMATCH, GENESIS_INVALID, CHAIN_KEY_INVALID,
/// SIGNATURE_INVALID, UNSUPPORTED.
pub(crate) fn check_batch(batch: &Batch, provenance: Provenance) -> Result<Option<Genesis>> {
    let seal = &batch.seal;
    if seal.events != batch.events.len() as u64 {
        let why = format!("its seal counts {} events, and it has {}", seal.events, batch.events.len());
        return Err(invalid_batch(why));
    }
    let writer = WriterIdentity { chain_id: seal.chain_id, fingerprint: seal.fingerprint, salt: seal.writer_salt };
    if writer.id() != seal.writer_id {
        return Err(invalid_batch("its writer id is not the hash of chain id, fingerprint and salt"));
    }
    let genesis = if batch.is_genesis() {
        Some(check_genesis(batch)?)
    } else {
        for (index, event) in batch.events.iter().enumerate() {
            check_event(batch, index, event, provenance)?;
        }
        if seal.has_delegations {
            return Err(unsupported("its seal shows delegations, and rights of delegated keys can't be verified yet"));
        }
        // Whether it may have none is for `vouched_by` to say.
        if !seal.signatures.is_empty() {
            check_signers(batch)?;
        }
        check_shown(batch)?;
        check_data(batch)?;
        None
    };
    if merkle_root(batch.events.iter().map(|event| event.header.as_ref())) != seal.events_root {
        return Err(Error::new(Reason::HashMismatch, "the events' headers do not hash to the seal's root"));
    }
    Ok(genesis)
}

/// Verifies the batch that begins a chain: all that it says of itself, and the signature of every root.
pub(crate) fn verify_genesis(run: &Bytes) -> Result<(Genesis, Batch)> {
    let batch = Batch::parse(run)?;
    let genesis = check_batch(&batch, Provenance::Stored)?.ok_or_else(|| {
        Error::new(Reason::GenesisInvalid, "the first batch of a chain is its genesis, and this is not one")
    })?;
    let keys = genesis.roots.iter().map(|root| (root.fingerprint(), root.clone())).collect();
    verify_signatures(&batch.seal, &keys)?;
    Ok((genesis, batch))
}

fn unsupported(why: impl std::fmt::Display) -> Error {
    let what = "this client can't verify the chain";
    Error::new(Reason::Unsupported, format!("{what}: {why}. Use the atedb command or the TypeScript client"))
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

/// Checks that a seal shows keys of its signers and no others, so that it can't make a chain know any number of keys.
fn check_shown(batch: &Batch) -> Result<()> {
    if batch.seal.public_keys.is_empty() {
        return Ok(());
    }
    let signers = signers_of(batch)?;
    let mut last: Option<Fingerprint> = None;
    for key in batch.seal_keys()? {
        let name = key.fingerprint();
        if !signers.contains(&name) {
            return Err(invalid_batch(format_args!("its seal shows the key {}, which is not a signer's", hex(&name))));
        }
        if last.is_some_and(|last| name <= last) {
            return Err(invalid_batch("its seal shows keys in another order, or twice"));
        }
        last = Some(name);
    }
    Ok(())
}

fn check_event(batch: &Batch, index: usize, event: &EventView, provenance: Provenance) -> Result<()> {
    let kind = event.kind;
    let refused = |why: String| Err(invalid_event(index, why));
    match kind {
        EventKind::Genesis => return refused("a genesis is alone in its batch".to_owned()),
        EventKind::Data
        | EventKind::Tombstone
        | EventKind::Redaction
        | EventKind::Rules
        | EventKind::Roots
        | EventKind::KeyChange => {}
        _ => {
            let why = format!("event {index} is of kind {}, which is not carried out by this version", kind.name());
            return Err(unsupported(why).with("event_index", index).with("kind", kind.name()));
        }
    }
    if event.has_genesis || event.has_unknown_act {
        return refused("it says what only events of other kinds say".to_owned());
    }
    if event.primary_key.is_none() && matches!(kind, EventKind::Data | EventKind::Tombstone | EventKind::Redaction) {
        return refused("it has no primary key".to_owned());
    }
    let is_sealed = event.marks & MARK_SEALED != 0;
    if event.data_state.is_some() {
        check_gone(index, event, provenance)?;
    } else {
        if event.salt.is_empty() != is_sealed {
            return refused(if is_sealed { "sealed data has no salt" } else { "its salt is missing" }.to_owned());
        }
        if event.data_bytes != event.data.len() as u64 {
            let (said, size) = (event.data_bytes, event.data.len());
            return refused(format!("its header counts {said} bytes of data, and it has {size}"));
        }
    }
    if kind != EventKind::Data && (event.data_bytes > 0 || is_sealed) {
        return refused(format!("an event of kind {} has no data", kind.name()));
    }
    if is_sealed && event.data_bytes < SEALED_BYTES_MIN {
        return refused("its data is not sealed".to_owned());
    }
    check_said(batch, index, event)
}

/// Checks an event whose data is said not to be here, as far as it shows by itself that it may be so.
///
/// That something newer is there, or a redaction that names it, only the events behind it show; see `OwedData`.
fn check_gone(index: usize, event: &EventView, provenance: Provenance) -> Result<()> {
    let refused = |why| Err(invalid_event(index, why));
    if provenance != Provenance::Stored {
        return refused("only a server may say that data is not here");
    }
    if event.data_state == Some(DataState::Expired) {
        // What lets it go follows from rules that are not counted here yet: it is not taken on the server's word.
        let why =
            format!("event {index}: its data was let go by a rule for retention, which this version does not check");
        return Err(Error::new(Reason::Unsupported, why).with("event_index", index));
    }
    if event.data_state == Some(DataState::Omitted) {
        return refused("its data is left out, and nobody has asked for that");
    }
    if !event.data.is_empty() || !event.salt.is_empty() {
        return refused("its data is said to be gone, and some of it is here");
    }
    if event.kind != EventKind::Data {
        return refused("its data is said to be gone, and an event of its kind has none");
    }
    if event.data_hash == [0; 32] {
        return refused("its header has no hash of its data");
    }
    // Whoever comes later has to be shown rules and keys with all that they came with.
    if event.data_state == Some(DataState::Dropped) && event.marks & MARK_AUTHORITY != 0 {
        return refused("it says something of rules or keys, and such data is never dropped");
    }
    Ok(())
}

/// Checks that an event says of rights and keys what its kind may say.
fn check_said(batch: &Batch, index: usize, event: &EventView) -> Result<()> {
    let said = batch.authority_of(index)?;
    let kind = event.kind;
    let has_key = event.primary_key.is_some();
    let sets_rules = said.authorisation.is_some();
    let is_of_object = kind == EventKind::Data || (kind == EventKind::Rules && has_key);
    let admits = said.authorisation.as_ref().is_some_and(|rules| rules.admit.is_some());
    let retains = said.authorisation.as_ref().is_some_and(|rules| rules.retain.is_some());
    let rules_nothing = kind == EventKind::Rules && event.marks & MARK_AUTHORITY == 0;
    let faults = [
        (!is_of_object && (event.parent.is_some() || event.has_collection), "names no parent"),
        (!is_of_object && said.moves, "moves nothing"),
        (!is_of_object && said.label.is_some(), "has no label"),
        (!is_of_object && sets_rules && kind != EventKind::Rules, "sets no rules"),
        (admits && has_key, "says who may open the chain, for an object"),
        (retains && has_key, "says how long data is kept, for an object"),
        (has_key && matches!(kind, EventKind::Roots | EventKind::KeyChange), "names no object"),
        (said.roots.is_some() != (kind == EventKind::Roots), "says which roots, and no other event does"),
        (said.key_change.is_some() != (kind == EventKind::KeyChange), "says which key, and no other event does"),
        (said.redaction.is_some() != (kind == EventKind::Redaction), "erases what it names, and no other event does"),
        (rules_nothing, "sets some rules"),
    ];
    if let Some((_, what)) = faults.iter().find(|(is_wrong, _)| *is_wrong) {
        return Err(invalid_event(index, format_args!("an event of kind {} {what}", kind.name())));
    }
    let (Some(label), Some(key)) = (said.label, event.primary_key) else {
        return Ok(());
    };
    if child_primary_key(event.parent.as_ref(), &label) != key {
        return Err(invalid_event(index, "its primary key is not made from its parent and its label"));
    }
    Ok(())
}

fn check_data(batch: &Batch) -> Result<()> {
    let events = batch.events.iter().enumerate();
    for (index, event) in events.filter(|(_, event)| event.data_state.is_none()) {
        let hash = if event.marks & MARK_SEALED != 0 {
            tagged_hash(HASH_SEALED_DATA, &[&event.data])
        } else {
            tagged_hash(HASH_DATA, &[&event.salt, &event.data])
        };
        if hash != event.data_hash {
            let why = format!("event {index}: its data does not hash to what its header says");
            return Err(Error::new(Reason::HashMismatch, why).with("event_index", index));
        }
    }
    Ok(())
}

fn check_genesis(batch: &Batch) -> Result<Genesis> {
    let invalid = |why: &str| Err(Error::new(Reason::GenesisInvalid, why));
    let seal = &batch.seal;
    let [event] = batch.events.as_slice() else {
        return Err(invalid_batch("a genesis is alone in its batch"));
    };
    if !seal.public_keys.is_empty() || seal.has_delegations {
        return invalid("its seal shows keys, which the genesis names already");
    }
    if !event.data.is_empty() || !event.salt.is_empty() || event.data_state.is_some() {
        return invalid("a genesis has no data");
    }
    if seal.counter != 0 || seal.as_of.is_some() || !seal.preconditions.is_empty() {
        return invalid("nothing comes before a genesis, and its seal says so");
    }
    let genesis = parse_genesis(&event.header)?;
    if genesis.has_auth_service {
        let why = format!(
            "an auth service says who owns the chain {}; chains that a server makes with --no-auth, and distributed ones, it can",
            genesis.chain_key.text
        );
        return Err(unsupported(why));
    }
    if genesis.chain_id != seal.chain_id {
        return invalid("its seal names another chain than the genesis makes");
    }
    let names: Vec<Fingerprint> = genesis.roots.iter().map(|root| root.fingerprint()).collect();
    let pinned = genesis.chain_key.roots_fingerprint.as_ref();
    if pinned.is_some_and(|pinned| *pinned != base32(&roots_fingerprint(names.clone()))) {
        return invalid("its roots are not those that its chain key names");
    }
    // The roots are sorted by fingerprint, and so are signatures.
    if !seal.signatures.iter().map(|one| &one.fingerprint).eq(&names) {
        return Err(Error::new(Reason::SignatureInvalid, "a genesis is signed by each of its roots, no others"));
    }
    if !names.contains(&seal.fingerprint) {
        return invalid("its writer is not one of its roots");
    }
    Ok(genesis)
}
