//! What each event of a batch says about itself.

use crate::crypto::domains::{HASH_DATA, HASH_SEALED_DATA};
use crate::crypto::hashes::tagged_hash;
use crate::error::{Error, Result};
use crate::events::batch::{Batch, invalid_event};
use crate::events::event::{EventKind, EventView, MARK_AUTHORITY, MARK_SEALED, MARK_SIGNERS};
use crate::events::primary_key::child_primary_key;
use crate::reason::Reason;
use crate::trust::check_gone::{Provenance, check_gone};

/// Sealed data holds the delimiter of its padding, and the tag of the seal.
const SEALED_BYTES_MIN: u64 = 17;

/// Checks an event by itself, but for its hashes. Fails with BATCH_INVALID.
pub(super) fn check_event(batch: &Batch, index: usize, event: &EventView, provenance: Provenance) -> Result<()> {
    let kind = event.kind;
    let refused = |why: String| Err(invalid_event(index, why));
    if kind == EventKind::Genesis {
        return refused("a genesis is alone in its batch".to_owned());
    }
    if kind.is_servers() != batch.is_from_server() {
        return refused("what a server adds is in batches of its own".to_owned());
    }
    if kind == EventKind::Snapshot && batch.count() > 1 {
        return refused("a snapshot is alone in its batch".to_owned());
    }
    if event.has_genesis {
        return refused("only a genesis says what the chain is".to_owned());
    }
    if event.primary_key.is_none() && (kind.writes_object() || kind == EventKind::Redaction) {
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

/// Checks that an event says of rights and keys what its kind may say.
fn check_said(batch: &Batch, index: usize, event: &EventView) -> Result<()> {
    let said = batch.authority_of(index)?;
    let kind = event.kind;
    let has_key = event.primary_key.is_some();
    let sets_rules = said.authorisation.is_some();
    let is_of_object = kind == EventKind::Data || (kind == EventKind::Rules && has_key);
    let admits = said.authorisation.as_ref().is_some_and(|rules| rules.admit.is_some());
    let retains = said.authorisation.as_ref().is_some_and(|rules| rules.retain.is_some());
    let is_of_chain = matches!(kind, EventKind::Roots | EventKind::KeyChange | EventKind::Snapshot);
    let rules_nothing = kind == EventKind::Rules && event.marks & MARK_AUTHORITY == 0;
    let shows_keys = !said.public_keys.is_empty() || !said.wrapped_keys.is_empty();
    let faults = [
        (!is_of_object && (event.parent.is_some() || event.has_collection), "names no parent"),
        (!is_of_object && said.moves, "moves nothing"),
        (!is_of_object && said.label.is_some(), "has no label"),
        (!is_of_object && sets_rules && kind != EventKind::Rules, "sets no rules"),
        (admits && has_key, "says who may open the chain, for an object"),
        (retains && has_key, "says how long data is kept, for an object"),
        (has_key && (kind.is_servers() || is_of_chain), "names no object"),
        (said.roots.is_some() != (kind == EventKind::Roots), "says which roots, and no other event does"),
        (said.key_change.is_some() != (kind == EventKind::KeyChange), "says which key, and no other event does"),
        (said.snapshot.is_some() != (kind == EventKind::Snapshot), "says what may be gone, and no other event does"),
        (said.redaction.is_some() != (kind == EventKind::Redaction), "erases what it names, and no other event does"),
        (said.auth_answer.is_some() != (kind == EventKind::AuthAnswer), "holds an answer, and no other event does"),
        (
            said.server_identity.is_some() != (kind == EventKind::ServerIdentity),
            "holds an identity, and no other event does",
        ),
        (kind.is_servers() && shows_keys, "shows no keys"),
        (kind.is_servers() && event.marks & MARK_SIGNERS != 0, "is from the server alone"),
        (rules_nothing, "sets some rules"),
    ];
    if let Some((_, what)) = faults.iter().find(|(is_wrong, _)| *is_wrong) {
        return Err(invalid_event(index, format_args!("an event of kind {} {what}", kind.name())));
    }
    check_held(batch, index, kind)?;
    let (Some(label), Some(key)) = (said.label, event.primary_key) else {
        return Ok(());
    };
    if child_primary_key(event.parent.as_ref(), &label) != key {
        return Err(invalid_event(index, "its primary key is not made from its parent and its label"));
    }
    Ok(())
}

/// What is wrong with what an event of a server's holds is told now, and not when it is decided on.
fn check_held(batch: &Batch, index: usize, kind: EventKind) -> Result<()> {
    match kind {
        EventKind::ServerIdentity => batch.rotation_of(index).map(|_| ()),
        EventKind::AuthAnswer if !batch.answer_of(index)?.rotations.is_empty() => {
            Err(invalid_event(index, "the answer has rotations, and they are events of their own"))
        }
        _ => Ok(()),
    }
}

/// Checks that the data that is here hashes to what headers say. Fails with HASH_MISMATCH.
pub(super) fn check_data(batch: &Batch) -> Result<()> {
    for (index, event) in batch.events().filter(|(_, event)| event.data_state.is_none()) {
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
