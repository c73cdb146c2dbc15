//! What the server that keeps a chain adds by itself: answers of auth services, and rotations of identities.

use crate::crypto::hex;
use crate::crypto::keys::PublicKey;
use crate::error::{Error, Result};
use crate::events::batch::Batch;
use crate::events::event::EventKind;
use crate::events::genesis::Genesis;
use crate::reason::Reason;
use crate::trust::signers::unknown_key;

/// The keys that sign a genesis: its roots, or where an auth service names them the server alone.
pub(crate) fn genesis_signers(genesis: &Genesis) -> &[PublicKey] {
    match &genesis.server_identity {
        Some(server) if genesis.answer.is_some() => std::slice::from_ref(server),
        _ => &genesis.roots,
    }
}

/// The identity of the server that a batch of its own is from: the one that it had, or the one that rotations in the batch lead to.
///
/// Fails with KEY_NOT_ALLOWED where the batch is from another key.
pub(super) fn server_of(batch: &Batch, identity: Option<&PublicKey>) -> Result<PublicKey> {
    let mut server = identity.cloned();
    for (index, _) in rotations_in(batch) {
        let rotation = batch.rotation_of(index)?;
        if server.as_ref() == Some(&rotation.old) {
            server = Some(rotation.new);
        }
    }
    server.filter(|server| server.fingerprint() == batch.seal.fingerprint).ok_or_else(|| {
        let name = hex(&batch.seal.fingerprint);
        let why = format!(
            "only the server that keeps the chain adds answers of auth services and identities, and the batch is from the key {name}"
        );
        Error::new(Reason::KeyNotAllowed, why).with("fingerprint", name).with("rule", "server")
    })
}

/// The same where it isn't known what came before: the key that the genesis names, or one that the batch shows or leads to.
///
/// Whether that is the server's is not checked. Fails with KEY_UNKNOWN.
pub(super) fn claimed_server(batch: &Batch, genesis: &Genesis) -> Result<PublicKey> {
    let name = batch.seal.fingerprint;
    let shown = genesis.server_identity.iter().chain(batch.seal_keys()?);
    if let Some(key) = shown.into_iter().find(|key| key.fingerprint() == name) {
        return Ok(key.clone());
    }
    for (index, _) in rotations_in(batch) {
        let rotation = batch.rotation_of(index)?;
        if rotation.new.fingerprint() == name {
            return Ok(rotation.new);
        }
    }
    Err(unknown_key(&name))
}

/// Verifies what others have signed within the events of a batch. `genesis`: what the batch says of the chain, where it is one.
///
/// Fails with SIGNATURE_INVALID.
pub(super) fn verify_held(batch: &Batch, genesis: &Genesis) -> Result<()> {
    if batch.is_genesis() {
        return genesis.answer.as_ref().map_or(Ok(()), |answer| answer.verify());
    }
    if !batch.is_from_server() {
        return Ok(());
    }
    for (index, event) in batch.events() {
        match event.kind {
            EventKind::AuthAnswer => batch.answer_of(index)?.verify()?,
            _ => batch.rotation_of(index)?.verify()?,
        }
    }
    Ok(())
}

fn rotations_in(batch: &Batch) -> impl Iterator<Item = (usize, &crate::events::event::EventView)> {
    batch.events().filter(|(_, event)| event.kind == EventKind::ServerIdentity)
}
