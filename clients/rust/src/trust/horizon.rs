//! How far back a chain remembers everything: its newest snapshot.

use crate::error::{Error, Result};
use crate::events::batch::Batch;
use crate::reason::Reason;
use crate::trust::act::Act;
use crate::trust::authority::Authority;

/// The newest snapshot of a chain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Horizon {
    /// In commits: what was made by an older head is refused.
    size: u64,
    /// Of the snapshot's event.
    sequence: u64,
}

impl Authority {
    /// Has the horizon that a snapshot says, which is alone in its batch.
    ///
    /// Fails with KEY_NOT_ALLOWED where it isn't from a root; SNAPSHOT_INVALID where it raises nothing, or is about what its writer
    /// hasn't seen.
    pub(super) fn raise_horizon(&mut self, act: &Act, batch: &Batch, sequence: u64) -> Result<()> {
        if !act.actors.iter().any(|actor| self.keys.is_root(actor)) {
            return Err(act
                .refused(Reason::KeyNotAllowed, "only a root may say what may be gone")
                .with("rule", "roots"));
        }
        let size = act.said.snapshot.map_or(0, |snapshot| snapshot.size);
        let before = self.horizon.map_or(0, |horizon| horizon.size);
        if size <= before {
            return Err(invalid(size, format_args!("it is about {size} commits, and the one before about {before}")));
        }
        let seen = batch.seal.as_of.map_or(0, |head| head.size);
        if size > seen {
            let why = format_args!("it is about {size} commits, and its writer says to have verified {seen}");
            return Err(invalid(size, why));
        }
        self.horizon = Some(Horizon { size, sequence });
        Ok(())
    }

    /// Refuses a batch that was made by a head from before the horizon: what it was made by may be forgotten. What the server itself
    /// adds is made by no head. Fails with STALE.
    pub fn check_fresh(&self, batch: &Batch) -> Result<()> {
        let size = batch.seal.as_of.map_or(0, |head| head.size);
        match self.horizon {
            Some(horizon) if size < horizon.size && !batch.is_from_server() => {
                let why = format!(
                    "the batch was made by a head of {size} commits, and by the snapshot at sequence {} what was before commit {} may \
                     be forgotten",
                    horizon.sequence, horizon.size
                );
                Err(Error::new(Reason::Stale, why).with("as_of_size", size).with("horizon", horizon.size))
            }
            _ => Ok(()),
        }
    }
}

fn invalid(size: u64, why: impl std::fmt::Display) -> Error {
    Error::new(Reason::SnapshotInvalid, format!("the snapshot doesn't count: {why}")).with("size", size)
}
