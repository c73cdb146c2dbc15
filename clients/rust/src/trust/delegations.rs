//! The delegations that a chain knows: whose events count as whose, and when.

use std::collections::HashMap;
use std::sync::Arc;

use crate::crypto::hex;
use crate::crypto::keys::Fingerprint;
use crate::error::{Error, Result};
use crate::events::batch::event_error;
use crate::events::delegation::Delegation;
use crate::events::time::iso_time;
use crate::limits::{CHAIN_DELEGATIONS_MAX, DELEGATIONS_MAX};
use crate::reason::Reason;
use crate::trust::act::Act;
use crate::trust::key_ring::KeyRing;

/// One of them. It was found good when a seal showed it.
#[derive(Debug)]
struct Known {
    subject: Fingerprint,
    issuer: Fingerprint,
    serial: [u8; 16],
    may_write: bool,
    not_before_unix_ms: u64,
    expires_unix_ms: u64,
}

impl Known {
    fn counts_at(&self, time_unix_ms: u64) -> bool {
        (self.not_before_unix_ms..self.expires_unix_ms).contains(&time_unix_ms)
    }

    fn late(&self, act: &Act) -> Error {
        let (serial, issuer) = (hex(&self.serial), hex(&self.issuer));
        let when = if act.time_unix_ms < self.not_before_unix_ms {
            format!("counts from {} on only", iso_time(self.not_before_unix_ms))
        } else {
            format!("has expired at {}", iso_time(self.expires_unix_ms))
        };
        let now = iso_time(act.time_unix_ms);
        let why = format!(
            "the delegation {serial} {when}, and the server's clock is at {now}. Ask its issuer, {issuer}, for another"
        );
        let error =
            event_error(Reason::DelegationExpired, act.index, why).with("serial", serial).with("issuer", issuer);
        act.about(error).with("fingerprint", hex(&self.subject))
    }
}

/// Those to one subject, in the order in which they came. Never changed, but replaced.
type Given = Arc<[Arc<Known>]>;

/// The delegations to a subject as they were.
#[derive(Debug)]
pub(crate) struct DelegationUndo(Fingerprint, Option<Given>);

/// What counts is looked at for each event, by the time of its commit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Delegations {
    count: usize,
    of: HashMap<Fingerprint, Given>,
}

impl Delegations {
    /// Knows a path. Those that have expired by the time make room, and those by or to a key that counts no more: whoever filled a
    /// chain with delegations can so be ended. Fails with TOO_MANY_DELEGATIONS.
    pub fn learn(
        &mut self,
        path: &[Delegation],
        time_unix_ms: u64,
        ring: &KeyRing,
        undo: &mut Vec<DelegationUndo>,
    ) -> Result<()> {
        for one in path {
            let subject = one.subject.fingerprint();
            let is_known =
                self.given_to(&subject).iter().any(|known| known.issuer == one.issuer && known.serial == one.serial);
            if is_known {
                continue;
            }
            if self.count >= CHAIN_DELEGATIONS_MAX {
                self.make_room(time_unix_ms, ring, undo)?;
            }
            let known = Arc::new(Known {
                subject,
                issuer: one.issuer,
                serial: one.serial,
                may_write: one.may_write,
                not_before_unix_ms: one.not_before_unix_ms,
                expires_unix_ms: one.expires_unix_ms,
            });
            let after: Given = self.given_to(&subject).iter().cloned().chain([known]).collect();
            undo.push(self.put(subject, Some(after)));
        }
        Ok(())
    }

    fn make_room(&mut self, time_unix_ms: u64, ring: &KeyRing, undo: &mut Vec<DelegationUndo>) -> Result<()> {
        let counts = |one: &Known| {
            one.expires_unix_ms > time_unix_ms && !ring.is_changed(&one.subject) && !ring.is_changed(&one.issuer)
        };
        let left = self.of.iter().filter(|(_, given)| !given.iter().all(|one| counts(one)));
        let left: Vec<(Fingerprint, Given)> = left
            .map(|(subject, given)| (*subject, given.iter().filter(|one| counts(one)).cloned().collect()))
            .collect();
        for (subject, given) in left {
            undo.push(self.put(subject, Some(given).filter(|given| !given.is_empty())));
        }
        if self.count < CHAIN_DELEGATIONS_MAX {
            return Ok(());
        }
        let why = format!(
            "the chain knows {CHAIN_DELEGATIONS_MAX} delegations that haven't expired or ended, which is the limit. End the key that \
             has given many of them, wait until some expire, or write with a key that its rules name"
        );
        Err(Error::new(Reason::TooManyDelegations, why).with("limit_delegations", CHAIN_DELEGATIONS_MAX))
    }

    pub fn take_back(&mut self, undo: DelegationUndo) {
        self.put(undo.0, undo.1);
    }

    fn put(&mut self, subject: Fingerprint, given: Option<Given>) -> DelegationUndo {
        self.count += given.as_ref().map_or(0, |given| given.len());
        let before = match given {
            Some(given) => self.of.insert(subject, given),
            None => self.of.remove(&subject),
        };
        self.count -= before.as_ref().map_or(0, |before| before.len());
        DelegationUndo(subject, before)
    }

    fn given_to(&self, subject: &Fingerprint) -> &[Arc<Known>] {
        self.of.get(subject).map(AsRef::as_ref).unwrap_or_default()
    }

    /// The keys that events of another one count as, by delegations to it that count: that key's issuers, and theirs.
    pub fn stands_for(&self, actor: &Fingerprint, time_unix_ms: u64, ring: &KeyRing) -> Vec<Fingerprint> {
        self.issuers_of(actor, |one| one.may_write && one.counts_at(time_unix_ms) && !ring.is_changed(&one.issuer))
    }

    /// The keys that have delegated to another one, themselves or by others, whether or not that counts.
    pub fn given_by(&self, subject: &Fingerprint) -> Vec<Fingerprint> {
        self.issuers_of(subject, |_| true)
    }

    fn issuers_of(&self, actor: &Fingerprint, counts: impl Fn(&Known) -> bool) -> Vec<Fingerprint> {
        let mut found: Vec<Fingerprint> = Vec::new();
        if self.count == 0 {
            return found;
        }
        let mut reached = vec![*actor];
        // Paths may meet and lead in a circle: each key is passed once, by its shortest path.
        for _ in 0..DELEGATIONS_MAX {
            let mut next = Vec::new();
            for one in reached.iter().flat_map(|subject| self.given_to(subject)) {
                if counts(one) && one.issuer != *actor && !found.contains(&one.issuer) {
                    found.push(one.issuer);
                    next.push(one.issuer);
                }
            }
            reached = next;
        }
        found
    }

    /// What an event is refused with that would be allowed if a delegation counted at its time; None: there is another reason.
    pub(super) fn late_for(&self, act: &Act, allows: impl Fn(&[Fingerprint]) -> bool) -> Option<Error> {
        if self.count == 0 || !act.is_delegable {
            return None;
        }
        let subjects: Vec<Fingerprint> =
            act.actors.iter().flat_map(|actor| std::iter::once(*actor).chain(self.given_by(actor))).collect();
        if !allows(&subjects) {
            return None;
        }
        let late = subjects.iter().flat_map(|subject| self.given_to(subject));
        late.into_iter().find(|one| one.may_write && !one.counts_at(act.time_unix_ms)).map(|one| one.late(act))
    }
}
