//! Has data of earlier events erased, for good, by whoever may write the object, or by a root.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::client::calls::methods;
use crate::client::chain::Chain;
use crate::client::chain_event::ChainEvent;
use crate::client::get::Wanted;
use crate::client::new_event::{AppendOptions, NewEvent};
use crate::client::opened::Opening;
use crate::client::pipeline::Committed;
use crate::client::reading::ChainReader;
use crate::client::schema::{describe_request, describe_response};
use crate::crypto::hex;
use crate::encoding::fields::FieldWriter;
use crate::error::{Error, Result};
use crate::events::event::{DataState, EventKind};
use crate::events::primary_key::PrimaryKey;
use crate::events::redaction::Redaction;
use crate::limits::REDACTED_SEQUENCES_MAX;
use crate::reason::Reason;

const DELAY: Duration = Duration::from_millis(50);
const DELAY_MAX: Duration = Duration::from_secs(1);

/// Whose data is to be erased.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedactTarget {
    /// The events of these sequences.
    Sequences(Vec<u64>),
    /// All events of an object, up to now.
    Object(PrimaryKey),
}

/// When a redaction is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedactedWhen {
    /// The server has erased the data, which is looked at.
    #[default]
    Erased,
    /// The redaction is in the chain, and the server erases the data by itself.
    Durable,
}

/// How to redact.
#[derive(Clone, Debug, Default)]
pub struct RedactOptions {
    /// When it is done.
    pub when: RedactedWhen,
    /// How the redaction is appended.
    pub append: AppendOptions,
}

/// What became of a redaction.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Redacted {
    /// The batch of the redactions: one for each object, or for each 4,096 sequences of one.
    pub committed: Committed,
    /// Sequences of events that were named, and whose data had gone before.
    pub gone_before: Vec<u64>,
    /// Names of what the server has set aside of the chain's files, when it crashed or was repaired: what was erased may be in it,
    /// until its operator removes it.
    pub set_aside: Vec<String>,
}

impl Chain {
    /// Has data of earlier events erased, for good: a signed event says which, and the server removes it from all its files.
    ///
    /// Fails with REDACTION_INVALID for an event that has no data, EVENT_NOT_FOUND, DATA_GONE where that of all of them is gone
    /// already; as `append_all` and `get`.
    pub async fn redact(&self, target: &RedactTarget, options: RedactOptions) -> Result<Redacted> {
        let reader = self.reader().await?;
        let (events, gone_before, named) = match target {
            RedactTarget::Sequences(sequences) => {
                let mut ordered = sequences.clone();
                ordered.sort_unstable();
                ordered.dedup();
                let (events, gone_before) = of_sequences(reader, &ordered).await?;
                (events, gone_before, ordered)
            }
            RedactTarget::Object(key) => (vec![of_object(reader, *key).await?], Vec::new(), Vec::new()),
        };
        let committed = self.append_all(&events, options.append).await?;
        let set_aside = settled(reader, options.when).await?;
        if options.when == RedactedWhen::Erased {
            check_erased(reader, &named).await?;
        }
        Ok(Redacted { committed, gone_before, set_aside })
    }
}

/// Redactions of some events, one for each object, and the events whose data is gone.
async fn of_sequences(reader: &ChainReader, sequences: &[u64]) -> Result<(Vec<NewEvent>, Vec<u64>)> {
    let mut by_object: BTreeMap<PrimaryKey, Vec<u64>> = BTreeMap::new();
    let mut gone_before = Vec::new();
    for sequence in sequences {
        let event = event_at(reader, *sequence).await?;
        match event.primary_key.filter(|_| event.kind == EventKind::Data) {
            None => return Err(has_no_data(&event)),
            Some(_) if event.data_state.is_some() => gone_before.push(*sequence),
            Some(key) => by_object.entry(key).or_default().push(*sequence),
        }
    }
    if by_object.is_empty() {
        return Err(all_gone(&gone_before));
    }
    let events = by_object.into_iter().flat_map(|(key, named)| {
        let parts: Vec<_> = named
            .chunks(REDACTED_SEQUENCES_MAX)
            .map(|part| NewEvent::redaction(key, Redaction::of_sequences(part.iter().copied())))
            .collect();
        parts
    });
    Ok((events.collect(), gone_before))
}

/// A redaction of all that an object has.
async fn of_object(reader: &ChainReader, key: PrimaryKey) -> Result<NewEvent> {
    if reader.get(Wanted::Newest(key)).await?.is_none() {
        let name = hex(&key);
        let why =
            format!("no event is about the object {name}, so there is nothing to erase. Check its name or its key");
        return Err(Error::new(Reason::EventNotFound, why).with("primary_key", name));
    }
    let opened = reader.opener.open(Opening::default()).await?;
    let end = opened.chain.map(|chain| chain.next_sequence);
    let end = end.ok_or_else(|| Error::new(Reason::ChainNotFound, "the chain is not there any more"))?;
    Ok(NewEvent::redaction(key, Redaction::before(end)))
}

async fn event_at(reader: &ChainReader, sequence: u64) -> Result<ChainEvent> {
    reader.get(Wanted::At(sequence)).await?.ok_or_else(|| {
        let why = format!("there is no event {sequence}");
        Error::new(Reason::EventNotFound, why).with("sequence", sequence)
    })
}

/// Waits, if that is wanted, until the server says that it has erased all that was to be. Gives what it has set aside.
async fn settled(reader: &ChainReader, when: RedactedWhen) -> Result<Vec<String>> {
    let mut delay = DELAY;
    loop {
        let request = FieldWriter::new().bytes(describe_request::CHAIN_KEY, reader.calls.chain_key.text.as_bytes());
        let said = reader.calls.unary(methods::DESCRIBE_CHAIN, request.finish()).await?;
        if when == RedactedWhen::Durable || !said.bool(describe_response::ERASING) {
            let names = said.all(describe_response::SET_ASIDE);
            return Ok(names.map(|name| String::from_utf8_lossy(&name).into_owned()).collect());
        }
        tokio::time::sleep(delay).await;
        delay = DELAY_MAX.min(delay * 2);
    }
}

/// What the server has said is looked at.
async fn check_erased(reader: &ChainReader, sequences: &[u64]) -> Result<()> {
    for sequence in sequences {
        let is_here = matches!(event_at(reader, *sequence).await?.data_state, None | Some(DataState::Omitted));
        if is_here {
            let why = format!(
                "the server says that it has erased what was to be erased, and still has the data of event {sequence}"
            );
            return Err(Error::new(Reason::VerificationFailed, why).with("sequence", sequence));
        }
    }
    Ok(())
}

fn has_no_data(event: &ChainEvent) -> Error {
    let (sequence, kind) = (event.sequence, event.kind.name());
    let why = format!("event {sequence} can't be redacted: it is of kind {kind}, which has no data");
    Error::new(Reason::RedactionInvalid, why).with("sequence", sequence).with("kind", kind)
}

fn all_gone(sequences: &[u64]) -> Error {
    let Some(first) = sequences.first() else {
        return Error::invalid("sequences", "there are none");
    };
    let named: Vec<String> = sequences.iter().map(ToString::to_string).collect();
    let why = format!("the data of event {} is gone already", named.join(", "));
    Error::new(Reason::DataGone, why).with("sequence", first)
}
