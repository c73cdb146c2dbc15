//! Data that is said not to be here: whether it may be so, as far as that shows by the event itself.

use crate::error::Result;
use crate::events::batch::{Batch, invalid_event};
use crate::events::event::{DataState, EventKind, EventView, MARK_AUTHORITY};

/// How a batch comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Provenance {
    /// As its writer sent it.
    #[cfg(test)]
    Appended,
    /// As a server keeps it or has sent it, which may have left out data since.
    Stored,
    /// As a server has sent it to somebody who has asked for data to be left out, and checks by themselves that only such is.
    Trimmed,
}

/// What data a reader has asked to be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LeftOut {
    Nothing,
    /// That of more bytes than so many, as it is stored.
    Above(u64),
    /// Any: the caller looks by itself.
    Any,
}

impl From<Option<u64>> for LeftOut {
    fn from(data_up_to: Option<u64>) -> Self {
        data_up_to.map_or(LeftOut::Nothing, LeftOut::Above)
    }
}

/// Checks an event whose data is said not to be here: docs/trust.md, "When data is gone".
///
/// That something newer is there, a redaction that names it, or a rule that lets it go, only the events behind it show; see
/// `OwedData`. Fails with BATCH_INVALID.
pub(super) fn check_gone(index: usize, event: &EventView, provenance: Provenance) -> Result<()> {
    let refused = |why| Err(invalid_event(index, why));
    #[cfg(test)]
    if provenance == Provenance::Appended {
        return refused("only a server may say that data is not here");
    }
    if event.data_state == Some(DataState::Omitted) && provenance != Provenance::Trimmed {
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
    if event.data_state != Some(DataState::Redacted) && event.marks & MARK_AUTHORITY != 0 {
        return refused("it says something of rules or keys, and such data is never dropped");
    }
    Ok(())
}

/// Checks that of a batch only such data is left out as was asked for: of events whose header says that they have more bytes of it
/// than so many, as it is stored. Fails with BATCH_INVALID.
pub(crate) fn check_omitted(batch: &Batch, data_up_to: u64) -> Result<()> {
    let mut omitted = batch.events().filter(|(_, event)| event.data_state == Some(DataState::Omitted));
    match omitted.find(|(_, event)| event.data_bytes <= data_up_to) {
        None => Ok(()),
        Some((index, event)) => {
            let size = event.data_bytes;
            let why = format!(
                "its data is left out, which has {size} bytes, and only what has more than {data_up_to} was to be"
            );
            Err(invalid_event(index, why))
        }
    }
}
