//! From appends to batches to answers. It knows nothing of connections.

use std::collections::VecDeque;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::client::answers::{answer, hash_in, head_in, part, untrue};
use crate::client::new_event::BuiltEvents;
use crate::client::schema::{append_response, committed};
use crate::client::sealed_batch::{Outlet, SealedBatch};
use crate::client::statuses::rejection;
use crate::crypto::hashes::Hash;
use crate::encoding::message::Message;
use crate::error::{Error, Result};
use crate::events::commit::CommitHeader;
use crate::limits::WRITER_BATCHES_IN_FLIGHT_MAX;
use crate::reason::Reason;

const EVENTS_MAX: usize = 1_000;
const BYTES_MAX: usize = 1024 * 1024;
/// Batches in flight that could have taken more. The rest waits to share a batch.
const INCOMPLETE_IN_FLIGHT_MAX: usize = 2;
/// A server that calls the same batch a rejected one's successor so often has a defect.
const PREDECESSORS_REJECTED_MAX: usize = 3;

/// Whether a rejection is not about one batch: the writer has to find out where it stands before it goes on.
fn is_of_writer(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::WriterForked
            | Reason::WriterTakenOver
            | Reason::CounterGap
            | Reason::StorageFailed
            // A batch that is sent again may be stored from before, when a write had failed.
            | Reason::ChainReadOnly
            | Reason::Internal
            | Reason::ServerDraining
    )
}

/// Where the events of an append are, durably.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Of its first event.
    pub first_sequence: u64,
    /// Of its last event.
    pub last_sequence: u64,
    /// Number of the batch that they are in, perhaps with those of other appends.
    pub commit: u64,
    /// The server's clock: milliseconds since 1970-01-01 UTC.
    pub time_unix_ms: u64,
}

/// One append under way: its events, and whoever waits for them.
pub(crate) struct PendingAppend {
    pub(super) built: BuiltEvents,
    reply: oneshot::Sender<Result<Committed>>,
    /// Set once it is in a batch that may have reached the server.
    was_sent: bool,
    /// What it takes of the memory that may wait, until it is answered.
    _room: OwnedSemaphorePermit,
}

impl PendingAppend {
    pub fn new(built: BuiltEvents, reply: oneshot::Sender<Result<Committed>>, room: OwnedSemaphorePermit) -> Self {
        PendingAppend { built, reply, was_sent: false, _room: room }
    }

    pub(super) fn events(&self) -> usize {
        self.built.events.len()
    }

    /// Tells whoever waits, if somebody still does.
    fn end(self, result: Result<Committed>) {
        let _ = self.reply.send(result);
    }

    /// What a failure means for it: `unsent`, unless it was sent and will get no answer.
    fn fail(self, cause: &Error, unsent: &Error, is_known: bool) {
        let error = if self.was_sent && !is_known { outcome_unknown(cause, self.events()) } else { unsent.clone() };
        self.end(Err(error));
    }
}

fn outcome_unknown(cause: &Error, events: usize) -> Error {
    let what = if events == 1 { "the event is".to_owned() } else { format!("the {events} events are") };
    let why = cause.message();
    let message = format!("whether {what} stored is not known: {why}. Read the chain before appending again");
    Error::new(Reason::OutcomeUnknown, message).with("cause_reason", cause.reason())
}

/// An answer that is due: to a batch, by its seal hash. None: its seal was made void since.
struct Due {
    hash: Hash,
    serial: Option<u64>,
}

/// Keeps the order and the writer's chain of seals, and what has no answer yet, to be sent again byte for byte on the next stream.
#[derive(Default)]
pub(crate) struct Pipeline {
    /// Those without an answer, in order.
    batches: VecDeque<SealedBatch>,
    queue: VecDeque<PendingAppend>,
    sent: usize,
    due: VecDeque<Due>,
    outlet: Option<Outlet>,
    next_serial: u64,
}

impl Pipeline {
    /// Whether anything waits for an answer.
    pub fn is_busy(&self) -> bool {
        !self.batches.is_empty() || !self.queue.is_empty()
    }

    /// Seal hashes of the batches without an answer.
    pub fn unanswered(&self) -> Vec<Hash> {
        self.batches.iter().map(|batch| batch.hash).collect()
    }

    pub fn add(&mut self, append: PendingAppend) {
        self.queue.push_back(append);
    }

    /// Goes on over a stream: what has no answer is sent again, then what waits.
    pub fn attach(&mut self, outlet: Outlet) {
        self.outlet = Some(outlet);
        self.sent = 0;
        self.due.clear();
    }

    /// Stops: the stream is gone.
    pub fn detach(&mut self) {
        self.outlet = None;
    }

    /// Whether something is to be sent now. What nobody waits for any more isn't, unless it is in a batch already.
    pub fn has_next(&mut self) -> bool {
        self.queue.retain(|append| !append.reply.is_closed());
        if self.outlet.is_none() || self.due.len() >= WRITER_BATCHES_IN_FLIGHT_MAX {
            return false;
        }
        self.sent < self.batches.len() || self.may_seal()
    }

    /// What is to be sent next; None: nothing is.
    pub fn next_run(&mut self) -> Result<Option<Bytes>> {
        if self.sent == self.batches.len() {
            let is_complete = self.next_is_complete();
            let appends = self.take_appends();
            if appends.is_empty() {
                return Ok(None);
            }
            let serial = self.next_serial;
            self.next_serial += 1;
            self.batches.push_back(SealedBatch {
                serial,
                appends,
                is_complete,
                counter: 0,
                hash: [0; 32],
                run: Bytes::new(),
                predecessors_rejected: 0,
            });
            self.seal(self.sent)?;
        }
        let Some(batch) = self.batches.get_mut(self.sent) else {
            return Ok(None);
        };
        for append in &mut batch.appends {
            append.was_sent = true;
        }
        self.due.push_back(Due { hash: batch.hash, serial: Some(batch.serial) });
        self.sent += 1;
        Ok(Some(batch.run.clone()))
    }

    /// Takes the server's next answer.
    ///
    /// Fails with VERIFICATION_FAILED for an answer that can't be; the reason of a rejection that is about the writer, not about the
    /// batch, and so ends the stream.
    pub fn answer(&mut self, message: Bytes) -> Result<()> {
        let said = answer(message)?;
        let due = self.due.pop_front().ok_or_else(|| untrue("it answers a batch that was not sent"))?;
        let seal_hash = said.bytes(append_response::SEAL_HASH);
        let is_committed = said.has(append_response::COMMITTED);
        if seal_hash != due.hash.as_slice() && (is_committed || !seal_hash.is_empty()) {
            return Err(untrue("it answers another batch than the next one"));
        }
        if is_committed {
            let serial = due.serial.ok_or_else(|| untrue("it accepts a batch after one that it rejected"))?;
            self.committed(serial, &part(&said, append_response::COMMITTED)?)
        } else if said.has(append_response::REJECTED) {
            let error = rejection(&part(&said, append_response::REJECTED)?);
            due.serial.map_or(Ok(()), |serial| self.rejected(serial, error))
        } else {
            Err(untrue("it is of another kind than was due"))
        }
    }

    /// Goes on as another writer. What was sent as the old one may be stored or not, and isn't sent again.
    pub fn fork(&mut self, cause: &Error) {
        for batch in std::mem::take(&mut self.batches).into_iter().rev() {
            for append in batch.appends.into_iter().rev() {
                if append.was_sent {
                    append.fail(cause, cause, false);
                } else {
                    // Sealed anew when there is a stream: the slot is another writer's then.
                    self.queue.push_front(append);
                }
            }
        }
    }

    /// Gives everything up. `is_known`: the cause says more than that an outcome is unknown.
    pub fn fail(&mut self, cause: &Error, unsent: &Error, is_known: bool) {
        let batches = std::mem::take(&mut self.batches).into_iter().flat_map(|batch| batch.appends);
        for append in batches.chain(std::mem::take(&mut self.queue)) {
            append.fail(cause, unsent, is_known);
        }
    }

    fn may_seal(&self) -> bool {
        if self.queue.is_empty() || self.batches.len() >= WRITER_BATCHES_IN_FLIGHT_MAX {
            return false;
        }
        let incomplete = self.batches.iter().filter(|batch| !batch.is_complete).count();
        self.next_is_complete() || incomplete < INCOMPLETE_IN_FLIGHT_MAX
    }

    /// Whether the next batch could not take more.
    fn next_is_complete(&self) -> bool {
        let (mut events, mut size) = (0, 0);
        self.queue.iter().any(|append| {
            events += append.events();
            size += append.built.bytes;
            append.built.is_alone() || events >= EVENTS_MAX || size >= BYTES_MAX
        })
    }

    fn take_appends(&mut self) -> Vec<PendingAppend> {
        let mut taken: Vec<PendingAppend> = Vec::new();
        let (mut events, mut size) = (0, 0);
        while let Some(next) = self.queue.front() {
            events += next.events();
            size += next.built.bytes;
            let is_alone = next.built.is_alone();
            if !taken.is_empty() && (is_alone || events > EVENTS_MAX || size > BYTES_MAX) {
                break;
            }
            taken.extend(self.queue.pop_front());
            if is_alone {
                break;
            }
        }
        taken
    }

    /// Closes the batch at a place; doing so again makes the former seal void.
    fn seal(&mut self, place: usize) -> Result<()> {
        let before =
            place.checked_sub(1).and_then(|place| self.batches.get(place)).map(|batch| (batch.counter, batch.hash));
        match (&self.outlet, self.batches.get_mut(place)) {
            (Some(outlet), Some(batch)) => batch.seal(outlet, before),
            _ => Ok(()),
        }
    }

    fn committed(&mut self, serial: u64, said: &Message) -> Result<()> {
        let header = CommitHeader::parse(said.bytes(committed::COMMIT_HEADER))
            .map_err(|error| untrue(format_args!("its commit can't be read: {}", error.message())))?;
        let head = head_in(said, committed::HEAD)?;
        let Some(place) = self.batches.iter().position(|batch| batch.serial == serial) else {
            return Err(untrue("it accepts a batch that was answered before"));
        };
        let batch = &self.batches[place];
        let fits = header.seal_hash == batch.hash && header.events == batch.events() as u64;
        if !fits || head.size <= header.commit {
            return Err(untrue("its commit is not of the batch that it answers"));
        }
        if let Some(outlet) = &self.outlet {
            outlet.slot.advance(batch.counter + 1, batch.hash);
        }
        let mut first_sequence = header.first_sequence;
        for append in self.drop_batch(place) {
            let last_sequence = first_sequence + append.events() as u64 - 1;
            let (commit, time_unix_ms) = (header.commit, header.time_unix_ms);
            append.end(Ok(Committed { first_sequence, last_sequence, commit, time_unix_ms }));
            first_sequence = last_sequence + 1;
        }
        Ok(())
    }

    fn rejected(&mut self, serial: u64, error: Error) -> Result<()> {
        if is_of_writer(error.reason()) {
            return Err(error);
        }
        let Some(place) = self.batches.iter().position(|batch| batch.serial == serial) else {
            return Err(untrue("it rejects a batch that was answered before"));
        };
        let is_follower = error.reason() == Reason::PredecessorRejected;
        let batch = &mut self.batches[place];
        batch.predecessors_rejected += usize::from(is_follower);
        if !is_follower || batch.predecessors_rejected > PREDECESSORS_REJECTED_MAX {
            for append in self.drop_batch(place) {
                append.end(Err(error.clone()));
            }
        }
        self.seal_again()
    }

    /// Those behind a rejected batch name it as the one before, so none of them can ever be stored: they are sealed anew, in their
    /// order.
    fn seal_again(&mut self) -> Result<()> {
        if self.outlet.is_none() {
            return Ok(());
        }
        for due in &mut self.due {
            due.serial = None;
        }
        self.sent = 0;
        for place in 0..self.batches.len() {
            for append in &mut self.batches[place].appends {
                append.was_sent = false;
            }
            self.seal(place)?;
        }
        Ok(())
    }

    fn drop_batch(&mut self, place: usize) -> Vec<PendingAppend> {
        let dropped = self.batches.remove(place);
        if place < self.sent {
            self.sent -= 1;
        }
        dropped.map(|batch| batch.appends).unwrap_or_default()
    }
}

/// The id that proofs on a stream are made for, in the answer to whoever asks for it.
pub(crate) fn outcome_of(message: Bytes, kind: u32, field: u32) -> Result<Hash> {
    let said = answer(message)?;
    if said.has(append_response::REJECTED) {
        return Err(rejection(&part(&said, append_response::REJECTED)?));
    }
    if !said.has(kind) {
        return Err(untrue("it is of another kind than was due"));
    }
    hash_in(&part(&said, kind)?, field)
}
