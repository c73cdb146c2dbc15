//! Gets single events, proven to be in the chain.

use std::sync::Arc;

use crate::client::answers::{hashes_in, head_in, untrue};
use crate::client::calls::methods;
use crate::client::chain_event::{ChainEvent, events_of};
use crate::client::reading::ChainReader;
use crate::client::schema::{event_request, event_response};
use crate::crypto::merkle::verify_inclusion;
use crate::encoding::fields::FieldWriter;
use crate::error::Result;
use crate::events::commit::split_slice;
use crate::events::event::{DataState, EventView};
use crate::events::primary_key::PrimaryKey;
use crate::reason::Reason;
use crate::trust::check_gone::LeftOut;
use crate::trust::replay::VerifiedBatch;
use crate::trust::retention::EventPlace;
use crate::trust::single::SingleBatch;

/// Which event.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted {
    /// The newest one of an object.
    Newest(PrimaryKey),
    /// The one of a sequence.
    At(u64),
}

impl ChainReader {
    /// Gets an event; None for an object that nobody has written. That no newer event of the object exists is the server's word.
    ///
    /// Where its data is gone, what allows that is asked for, and verified.
    pub async fn get(&self, wanted: Wanted) -> Result<Option<ChainEvent>> {
        let Some((batch, sequence)) = self.fetch(wanted).await? else {
            return Ok(None);
        };
        let Some(event) = events_of(&batch, sequence, Some(sequence + 1))?.pop() else {
            return Err(untrue("the event is not the one that was asked for"));
        };
        self.check_gone(&event, matches!(wanted, Wanted::Newest(_))).await?;
        self.opened(event).await.map(Some)
    }

    /// Checks that the data of an event may be gone, by what allows it: something newer of its object, the redaction that it names, or
    /// a rule for retention. `is_newest`: the event is said to be its object's newest. Fails with VERIFICATION_FAILED.
    pub(super) async fn check_gone(&self, event: &ChainEvent, is_newest: bool) -> Result<()> {
        let is_allowed = match (event.data_state, event.primary_key, event.redacted_by) {
            (None | Some(DataState::Omitted), _, _) => true,
            (Some(DataState::Dropped), Some(key), _) if !is_newest => {
                let newest = self.fetch(Wanted::Newest(key)).await?;
                newest.is_some_and(|(_, newest)| newest > event.sequence)
            }
            (Some(DataState::Redacted), Some(key), Some(at)) if at > event.sequence => {
                let by = self.fetch(Wanted::At(at)).await?;
                by.map(|(by, at)| erases(&by, at, key, event.sequence)).transpose()?.unwrap_or(false)
            }
            (Some(DataState::Expired), _, _) => {
                self.has_expired(EventPlace { sequence: event.sequence, time_unix_ms: event.committed_unix_ms }).await?
            }
            _ => false,
        };
        if is_allowed {
            return Ok(());
        }
        Err(untrue(format_args!(
            "the data of the event at sequence {} is gone, and nothing allows that",
            event.sequence
        )))
    }

    /// Gets the batch of an event, verified, and the event's sequence.
    async fn fetch(&self, wanted: Wanted) -> Result<Option<(VerifiedBatch, u64)>> {
        let (genesis, known) = (self.genesis()?, self.known()?);
        let request = FieldWriter::new()
            .bytes(event_request::CHAIN_KEY, self.calls.chain_key.text.as_bytes())
            .bytes(event_request::CHAIN_ID, &genesis.chain_id);
        let request = match wanted {
            Wanted::Newest(key) => request.bytes(event_request::PRIMARY_KEY, &key),
            Wanted::At(sequence) => request.present_varint(event_request::SEQUENCE, sequence),
        };
        let answer = match self.calls.unary(methods::GET_EVENT, request.finish()).await {
            Err(error) if error.reason() == Reason::EventNotFound => return Ok(None),
            answer => answer?,
        };
        let mut stored = split_slice(&answer.bytes(event_response::LOG)).map_err(|error| untrue(error.message()))?;
        let (Some(stored), true) = (stored.pop(), stored.is_empty()) else {
            return Err(untrue("an event is in one batch"));
        };
        let (leaf, commit) = (stored.commit.leaf, stored.commit.header.commit);
        let single = SingleBatch::new(Arc::clone(&genesis), stored, LeftOut::Nothing)?;
        let strangers = self.find_keys(&single.strangers()).await?;
        let verified = single.verify(&strangers)?;
        let head = head_in(&answer, event_response::HEAD)?;
        if !verify_inclusion(&leaf, commit, head.size, &hashes_in(&answer, event_response::INCLUSION)?, &head.root) {
            return Err(untrue("the event's batch is not in the tree of the head that it names"));
        }
        let sequence = answer.number(event_response::SEQUENCE);
        self.check_allowed(sequence + 1, commit, &head).await?;
        self.tie(&head, &known).await?;
        let is_wanted = event_at(&verified, sequence).is_some_and(|(_, event)| match wanted {
            // Rules of the object, or a redaction in it, are no event of its own.
            Wanted::Newest(key) => event.primary_key == Some(key) && event.kind.writes_object(),
            Wanted::At(due) => sequence == due,
        });
        if !is_wanted {
            return Err(untrue("the event is not the one that was asked for"));
        }
        Ok(Some((verified, sequence)))
    }
}

/// The event of a sequence, if it is in a batch.
pub(super) fn event_at(batch: &VerifiedBatch, sequence: u64) -> Option<(usize, &EventView)> {
    let index = usize::try_from(sequence.checked_sub(batch.commit.header.first_sequence)?).ok()?;
    batch.batch.event(index).map(|event| (index, event))
}

/// Whether the event of a sequence, which is in a batch, is a redaction that names an event of an object.
fn erases(batch: &VerifiedBatch, sequence: u64, key: PrimaryKey, erased: u64) -> Result<bool> {
    let Some((index, event)) = event_at(batch, sequence) else {
        return Ok(false);
    };
    let redaction = &batch.batch.authority_of(index)?.redaction;
    Ok(event.primary_key == Some(key) && redaction.as_ref().is_some_and(|redaction| redaction.names(erased)))
}
