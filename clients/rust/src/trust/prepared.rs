//! What a batch is by itself, whatever comes before it.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::events::batch::Batch;
use crate::events::commit::{Commit, StoredBatch};
use crate::events::event::EventKind;
use crate::events::gap::Gap;
use crate::events::redaction::Redaction;
use crate::reason::Reason;
use crate::trust::check_batch::check_batch;
use crate::trust::check_gone::{LeftOut, Provenance, check_omitted};
use crate::trust::replay::at;

/// A batch that is good by itself, and not yet compared with what comes before.
pub(crate) struct PreparedBatch {
    pub(super) gap: Option<Gap>,
    pub(super) batch: Arc<Batch>,
    pub(super) commit: Commit,
}

/// Checks that the redactions of a batch name only what comes before it.
pub(super) fn check_redactions(batch: &Batch, first_sequence: u64) -> Result<()> {
    for (index, _) in batch.events().filter(|(_, event)| event.kind == EventKind::Redaction) {
        let end = batch.authority_of(index)?.redaction.as_ref().map_or(0, Redaction::end);
        if end > first_sequence {
            let why = format!("event {index}: a redaction names only what is before its batch");
            return Err(Error::new(Reason::RedactionInvalid, why).with("event_index", index));
        }
    }
    Ok(())
}

pub(super) fn prepare_batch(stored: StoredBatch, left_out: LeftOut) -> Result<PreparedBatch> {
    let StoredBatch { gap, run, commit } = stored;
    let provenance = if left_out == LeftOut::Nothing { Provenance::Stored } else { Provenance::Trimmed };
    let checked = Batch::parse(&run).and_then(|batch| {
        check_batch(&batch, provenance)?;
        if let LeftOut::Above(most) = left_out {
            check_omitted(&batch, most)?;
        }
        Ok(batch)
    });
    match checked {
        Ok(batch) => Ok(PreparedBatch { gap, batch: Arc::new(batch), commit }),
        Err(error) => Err(at(&commit, &error)),
    }
}
