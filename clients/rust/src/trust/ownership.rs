//! Whose a chain is, as its auth service says: changed by what the server adds, and by nothing else (docs/trust.md, "Owners").

use std::sync::Arc;

use crate::crypto::hex;
use crate::crypto::keys::{Fingerprint, PublicKey};
use crate::error::{Error, Result};
use crate::events::auth_answer::{AuthAnswer, names_of};
use crate::events::batch::{Batch, event_error};
use crate::events::event::EventKind;
use crate::events::genesis::Genesis;
use crate::events::rotation::Rotation;
use crate::events::time::iso_time;
use crate::reason::Reason;
use crate::trust::key_ring::{KeyRing, KeyUndo};

/// What the auth service of a chain has said last, but for the roots and writers that it named.
#[derive(Clone, Debug)]
pub(crate) struct OwnerState {
    /// `name@domain`, or a group.
    pub name: String,
    /// Of the auth service now.
    pub identity: PublicKey,
    pub version: u64,
    /// From then on it counts no more: milliseconds since 1970-01-01 UTC.
    pub expires_unix_ms: u64,
    /// They may open the chain, if it is private, besides.
    pub admitted: Vec<Fingerprint>,
    pub unverified: bool,
    pub removed: bool,
}

impl OwnerState {
    fn of(answer: &AuthAnswer) -> Self {
        OwnerState {
            name: answer.owner.text.clone(),
            identity: answer.identity.clone(),
            version: answer.version,
            expires_unix_ms: answer.expires_unix_ms,
            admitted: answer.admitted.clone(),
            unverified: answer.unverified,
            removed: answer.removed,
        }
    }
}

/// Who keeps a chain, and who says whose it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ownership {
    /// The server's identity now; None in distributed chains.
    pub server: Option<PublicKey>,
    /// None in chains without an auth service.
    pub owner: Option<Arc<OwnerState>>,
}

impl Ownership {
    pub fn of(genesis: &Genesis) -> Self {
        let owner = genesis.answer.as_ref().map(|answer| Arc::new(OwnerState::of(answer)));
        Ownership { server: genesis.server_identity.clone(), owner }
    }

    /// Whether the auth service lets a key open the chain.
    pub fn admits(&self, name: &Fingerprint) -> bool {
        self.owner.as_ref().is_some_and(|owner| owner.admitted.contains(name))
    }

    /// Refuses whatever isn't the server's own, where nobody says any more whose keys count. Fails with OWNER_REMOVED,
    /// AUTH_ANSWER_EXPIRED.
    pub fn check_takes(&self, time_unix_ms: u64) -> Result<()> {
        let Some(owner) = &self.owner else {
            return Ok(());
        };
        let (name, expires) = (&owner.name, owner.expires_unix_ms);
        if owner.removed {
            let why = format!("the account {name} was removed, so its chains take nothing any more. They can be read");
            return Err(Error::new(Reason::OwnerRemoved, why).with("owner", name));
        }
        if time_unix_ms < expires {
            return Ok(());
        }
        let why = format!(
            "what the auth service has said of {name} counts since {} no more, so the chain takes nothing until it can be asked \
             again. It can be read. Try again later, or have the auth service looked after",
            iso_time(expires)
        );
        Err(Error::new(Reason::AuthAnswerExpired, why).with("owner", name).with("expired_unix_ms", expires))
    }

    /// Has the state after a batch of the server's own; that it is the server's `server_of` has found.
    ///
    /// Changes of keys go into `undo`; the state before is the caller's to keep. Fails with AUTH_ANSWER_INVALID, BATCH_INVALID, naming
    /// the event.
    pub fn decide(
        &mut self,
        batch: &Batch,
        time_unix_ms: u64,
        ring: &mut KeyRing,
        undo: &mut Vec<KeyUndo>,
    ) -> Result<()> {
        for (index, event) in batch.events() {
            if event.kind == EventKind::ServerIdentity {
                self.rotate(index, batch.rotation_of(index)?)?;
            } else {
                self.answer(index, &batch.answer_of(index)?, time_unix_ms, ring, undo)?;
            }
        }
        Ok(())
    }

    /// An identity is followed by another one: the server's, the auth service's, or both where that is in the server.
    fn rotate(&mut self, index: usize, rotation: Rotation) -> Result<()> {
        let is_servers = self.server.as_ref() == Some(&rotation.old);
        let services = self.owner.as_ref().filter(|owner| owner.identity == rotation.old).cloned();
        if !is_servers && services.is_none() {
            let name = hex(&rotation.old.fingerprint());
            let why = format!(
                "the identity {name} is followed by another one, and is neither the server's nor its auth service's now"
            );
            return Err(event_error(Reason::BatchInvalid, index, why).with("fingerprint", name));
        }
        if let Some(owner) = services {
            self.owner = Some(Arc::new(OwnerState { identity: rotation.new.clone(), ..(*owner).clone() }));
        }
        if is_servers {
            self.server = Some(rotation.new);
        }
        Ok(())
    }

    fn answer(
        &mut self,
        index: usize,
        answer: &AuthAnswer,
        time_unix_ms: u64,
        ring: &mut KeyRing,
        undo: &mut Vec<KeyUndo>,
    ) -> Result<()> {
        let invalid = |why: String| {
            let why = format!("the answer of the auth service can't be taken: {why}");
            Err(event_error(Reason::AuthAnswerInvalid, index, why))
        };
        let Some(before) = &self.owner else {
            return invalid("the chain has no auth service".to_owned());
        };
        if answer.owner.text != before.name {
            return invalid(format!("it is about {}, and the chain is {}'s", answer.owner.text, before.name));
        }
        if answer.identity != before.identity {
            return invalid("it is signed by another identity than the auth service has".to_owned());
        }
        let is_same_version = answer.version == before.version;
        let is_next =
            answer.version > before.version || (is_same_version && answer.expires_unix_ms > before.expires_unix_ms);
        if !is_next {
            let until = iso_time(before.expires_unix_ms);
            let version = before.version;
            return invalid(format!(
                "it is no newer than the one that the chain has, of version {version} until {until}"
            ));
        }
        if is_same_version && !is_same(answer, before, ring) {
            let (name, version) = (&before.name, before.version);
            return invalid(format!(
                "it says something else of {name} than the chain has under the same version {version}: that is another account \
                 of this name"
            ));
        }
        if answer.expires_unix_ms <= time_unix_ms {
            return invalid(format!("it counts no more since {}", iso_time(answer.expires_unix_ms)));
        }
        self.owner = Some(Arc::new(OwnerState::of(answer)));
        undo.extend(ring.set_owners(&answer.roots, &answer.writers));
        for change in &answer.changed {
            undo.extend(ring.follow(&change.fingerprint, change.successor));
        }
        Ok(())
    }
}

/// Whether an answer says what the one of the same version before it has said.
///
/// Versions count all changes of an account, so one that says something else is about another account of the same name: the service
/// has lost the first one.
fn is_same(answer: &AuthAnswer, before: &OwnerState, ring: &KeyRing) -> bool {
    answer.changed.is_empty()
        && answer.unverified == before.unverified
        && answer.removed == before.removed
        && answer.admitted == before.admitted
        && ring.roots().map(PublicKey::fingerprint).eq(names_of(&answer.roots))
        && ring.writers().copied().eq(names_of(&answer.writers))
}
