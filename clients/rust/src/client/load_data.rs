//! Data that a range or a stream has left out, loaded afterwards and compared with headers that were verified.

use bytes::Bytes;

use crate::client::answers::answer;
use crate::client::calls::{TIMEOUT, methods};
use crate::client::chain_event::{ChainEvent, Seal};
use crate::client::reading::ChainReader;
use crate::client::schema::{load_request, loaded_data, wanted_data};
use crate::crypto::domains::{HASH_DATA, HASH_SEALED_DATA};
use crate::crypto::hashes::{leaf_hash, tagged_hash};
use crate::encoding::fields::FieldWriter;
use crate::encoding::message::Message;
use crate::error::{Error, Result};
use crate::events::event::DataState;
use crate::reason::Reason;

/// As many events are named in one request.
const EVENTS_MAX: usize = 64;

impl ChainReader {
    /// Loads the data of those events whose data is left out.
    pub async fn load(&self, mut events: Vec<ChainEvent>) -> Result<Vec<ChainEvent>> {
        let omitted: Vec<usize> =
            (0..events.len()).filter(|place| events[*place].data_state == Some(DataState::Omitted)).collect();
        for places in omitted.chunks(EVENTS_MAX) {
            let wanted = places.iter().map(|place| {
                let event = &events[*place];
                let wanted = FieldWriter::new().varint(wanted_data::SEQUENCE, event.sequence);
                wanted.bytes(wanted_data::EVENT_HASH, &leaf_hash(&event.header)).finish()
            });
            let request = FieldWriter::new()
                .bytes(load_request::CHAIN_KEY, self.calls.chain_key.text.as_bytes())
                .bytes(load_request::CHAIN_ID, &self.genesis()?.chain_id)
                .messages(load_request::EVENTS, wanted);
            let mut answers = self.calls.answers(methods::LOAD_DATA, request.finish(), Some(TIMEOUT)).await?;
            for place in places {
                let event = &events[*place];
                let message = answers.next().await?.ok_or_else(|| bad(event, "it does not come"))?;
                events[*place] = self.loaded(event, &answer(message)?).await?;
            }
            if let (Some(last), Some(_)) = (places.last(), answers.next().await?) {
                return Err(bad(&events[*last], "something follows it that nobody has asked for"));
            }
        }
        Ok(events)
    }

    /// An event with its data, if that is it: opened, or allowed to be gone.
    async fn loaded(&self, event: &ChainEvent, said: &Message) -> Result<ChainEvent> {
        let loaded = with_loaded(event, said)?;
        if loaded.data_state.is_some() {
            self.check_gone(&loaded, false).await?;
            return Ok(loaded);
        }
        self.opened(loaded).await
    }
}

/// What an answer makes of an event whose data was left out. Where its data is gone by now, something has to allow that still.
///
/// Fails with VERIFICATION_FAILED.
pub(crate) fn with_loaded(event: &ChainEvent, said: &Message) -> Result<ChainEvent> {
    let (data, salt) = (said.bytes(loaded_data::DATA), said.get(loaded_data::SALT));
    if said.bytes(loaded_data::EVENT_HASH) != leaf_hash(&event.header).as_slice() {
        return Err(bad(event, "it is of another event"));
    }
    let data_state = DataState::from_number(said.number(loaded_data::DATA_STATE))
        .ok_or_else(|| bad(event, "its state is one that this version does not know"))?;
    let redacted_by = said.present_number(loaded_data::REDACTION);
    if data_state == Some(DataState::Omitted) {
        return Err(bad(event, "it is left out, and was asked for"));
    }
    if data_state.is_some() && (!data.is_empty() || salt.is_some()) {
        return Err(bad(event, "it is said to be gone, and some of it is here"));
    }
    if (data_state == Some(DataState::Redacted)) != redacted_by.is_some() {
        return Err(bad(event, "what has erased it is said where nothing has, or is not said"));
    }
    if data_state.is_none() && !is_data_of(event, &data, salt.as_ref())? {
        return Err(bad(event, "it is not what the header of the event says"));
    }
    let seal = match &event.seal {
        // Where it is sealed it is opened as any other.
        Seal::Gone { read_key_id } if data_state.is_none() => {
            Seal::NoKey { read_key_id: *read_key_id, holders: Vec::new() }
        }
        seal => seal.clone(),
    };
    Ok(ChainEvent { data, data_state, redacted_by, seal, ..event.clone() })
}

/// Whether data, with its salt where it isn't sealed, is what an event's header has the hash and the size of.
fn is_data_of(event: &ChainEvent, data: &Bytes, salt: Option<&Bytes>) -> Result<bool> {
    let header = Message::parse(event.header.clone())?;
    let hash = match (&event.seal, salt) {
        (Seal::None, Some(salt)) => tagged_hash(HASH_DATA, &[salt, data]),
        (Seal::None, None) | (_, Some(_)) => return Ok(false),
        (_, None) => tagged_hash(HASH_SEALED_DATA, &[data]),
    };
    Ok(header.bytes(30) == hash.as_slice() && header.number(31) == data.len() as u64)
}

fn bad(event: &ChainEvent, why: &str) -> Error {
    let sequence = event.sequence;
    let message = format!(
        "the data that the server sent of the event at sequence {sequence} does not verify: {why}. Nothing of it was used"
    );
    Error::new(Reason::VerificationFailed, message).with("sequence", sequence)
}
