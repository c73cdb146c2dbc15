//! Follows a chain: its history from a point on, then what is appended.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::client::answers::{answer, head_in, part, untrue};
use crate::client::calls::{Answers, methods};
use crate::client::chain_event::events_of;
use crate::client::events::EventSink;
use crate::client::follower::Follower;
use crate::client::opened::Opening;
use crate::client::reading::{ChainReader, Start};
use crate::client::schema::{caught_up, subscribe_request, subscribe_response};
use crate::client::statuses::{is_compacted, is_passing};
use crate::crypto::merkle::TreeHead;
use crate::encoding::fields::FieldWriter;
use crate::encoding::message::Message;
use crate::error::{Error, Result};
use crate::reason::Reason;
use crate::trust::checkpoints::SignedHead;
use crate::trust::replay::{ReplayVerifier, VerifiedBatch};

const HEARTBEAT: Duration = Duration::from_secs(15);
/// A server is taken for dead when two heartbeats and a half are due and none has come.
const SILENCE_MAX: Duration = Duration::from_millis(37_500);
const DELAY: Duration = Duration::from_millis(50);
const DELAY_MAX: Duration = Duration::from_secs(5);

/// Where a subscription starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// At a sequence.
    Sequence(u64),
    /// With what is appended from now on.
    Now,
}

impl Default for From {
    fn default() -> Self {
        From::Sequence(0)
    }
}

/// What a subscription tells beside events.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Signal {
    /// All that was there was sent; what follows is live.
    CaughtUp {
        /// The head.
        head: TreeHead,
        /// Sequence that the next event gets.
        next_sequence: u64,
    },
    /// The reader was slower than the writers: what follows is history again.
    FellBehind {
        /// The head.
        head: TreeHead,
        /// Sequence that the next event gets.
        next_sequence: u64,
    },
    /// Nothing happened for a while.
    Heartbeat {
        /// The head.
        head: TreeHead,
        /// Sequence that the next event gets.
        next_sequence: u64,
    },
    /// The server has signed a head, which was verified.
    Checkpoint(SignedHead),
    /// The server is lost, and tried again.
    Reconnecting(Error),
}

/// Is told signals. It is called where they come up, and must not wait.
pub type OnSignal = Arc<dyn Fn(Signal) + Send + Sync>;

/// How a chain is followed.
#[derive(Clone, Default)]
pub struct Subscribe {
    /// Where it starts.
    pub from: From,
    /// As that of a [`Range`](crate::Range).
    pub data_up_to: Option<u64>,
    /// For how long a lost server is tried again; None: for ever.
    pub reconnect: Option<Duration>,
    /// Is told what else there is to tell.
    pub on_signal: Option<OnSignal>,
}

/// Follows a chain, every event once and in order; goes on by itself after a lost connection.
pub(crate) struct Subscription {
    reader: Arc<ChainReader>,
    options: Subscribe,
    lost_since: Option<Instant>,
    delay: Duration,
}

/// What is followed over one connection.
struct Following {
    follower: Option<Follower>,
    /// A replay that the first connection goes on with.
    waiting: Option<ReplayVerifier>,
}

impl Following {
    /// What the next connection goes on with; None: it begins where the server says.
    fn verifier(&self) -> Option<&ReplayVerifier> {
        self.follower.as_ref().map(|follower| &follower.verifier).or(self.waiting.as_ref())
    }

    /// Goes on over a connection whose start was found good.
    fn go_on(&mut self, start: Start, known: TreeHead, data_up_to: Option<u64>) -> &mut Follower {
        let before = self.follower.take().map(|follower| follower.verifier).or(self.waiting.take());
        self.follower.insert(start.followed_by(before, known, data_up_to))
    }
}

impl Subscription {
    pub fn new(reader: Arc<ChainReader>, options: Subscribe) -> Self {
        Subscription { reader, options, lost_since: None, delay: DELAY }
    }

    fn tell(&self, signal: Signal) {
        if let Some(on_signal) = &self.options.on_signal {
            on_signal(signal);
        }
    }

    /// Gives events into a sink, for ever, or until a failure that trying again doesn't mend.
    pub async fn run(mut self, sink: EventSink) -> Result<()> {
        let reader = Arc::clone(&self.reader);
        let start = match self.options.from {
            From::Sequence(start) => start,
            From::Now => reader.opener.open(Opening::default()).await?.chain.map_or(0, |chain| chain.next_sequence),
        };
        let mut following = Following { follower: None, waiting: self.begin(start)? };
        loop {
            let Err(error) = self.connection(&mut following, start, &sink).await else {
                continue;
            };
            // What would show that something of what was handed on was removed may be gone, too: whoever has it reads anew.
            if is_compacted(&error) && sink.is_fresh() {
                following = Following { follower: None, waiting: self.begin(start)? };
                continue;
            }
            let is_behind = matches!(error.reason(), Reason::SequenceOutOfRange | Reason::ChainDamaged);
            if let Some(verifier) = following.verifier().filter(|_| is_behind) {
                // A server that doesn't know where to go on may have a shorter chain than it had: then say that.
                if verifier.next_commit() > 0 {
                    reader.opener.extend(&verifier.head()).await?;
                }
            }
            self.wait_after(error).await?;
        }
    }

    /// The replay that the first connection goes on with; None: it begins where the server says.
    fn begin(&self, start: u64) -> Result<Option<ReplayVerifier>> {
        let genesis = self.reader.genesis()?;
        match self.reader.begin_at(start)? {
            None if self.reader.checks_rules(&genesis) => {
                // What was verified further is begun anew: events before it are wanted.
                let verifier = self.reader.begin()?;
                let is_further = verifier.next_sequence() > start;
                Ok(Some(if is_further { ReplayVerifier::new(genesis) } else { verifier }))
            }
            begun => Ok(begun),
        }
    }

    /// Waits before the next try. Fails with the error where that doesn't help, or was done for long enough.
    async fn wait_after(&mut self, error: Error) -> Result<()> {
        let lost_since = *self.lost_since.get_or_insert_with(Instant::now);
        let is_late = self.options.reconnect.is_some_and(|reconnect| lost_since.elapsed() >= reconnect);
        if !is_passing(error.reason()) || is_late {
            return Err(error);
        }
        self.tell(Signal::Reconnecting(error));
        tokio::time::sleep(self.delay).await;
        self.delay = DELAY_MAX.min(self.delay * 2);
        Ok(())
    }

    /// Follows over one connection.
    async fn connection(&mut self, following: &mut Following, start: u64, sink: &EventSink) -> Result<()> {
        let reader = Arc::clone(&self.reader);
        let (genesis, known) = (reader.genesis()?, reader.known()?);
        let mut signed_before = reader.opener.checkpoint();
        let mut is_signed = false;
        let asked = following.verifier().map_or(start, ReplayVerifier::next_sequence);
        let request = FieldWriter::new()
            .bytes(subscribe_request::CHAIN_KEY, reader.calls.chain_key.text.as_bytes())
            .bytes(subscribe_request::CHAIN_ID, &genesis.chain_id)
            .present_varint(subscribe_request::SEQUENCE, asked)
            .varint(subscribe_request::FROM_COMMIT, following.verifier().map_or(0, ReplayVerifier::next_commit))
            .varint(subscribe_request::HEARTBEAT_MS, HEARTBEAT.as_millis() as u64);
        let request = match self.options.data_up_to {
            Some(most) => request.present_varint(subscribe_request::DATA_UP_TO_BYTES, most),
            None => request,
        };
        let mut answers = reader.calls.answers(methods::SUBSCRIBE, request.finish(), None).await?;
        let first = self.next(&mut answers).await?.ok_or_else(|| untrue("it ends before the start"))?;
        let first = answer(first)?;
        if !first.has(subscribe_response::START) {
            return Err(untrue("events come before the start"));
        }
        let said = part(&first, subscribe_response::START)?;
        let start_of = reader.check_start(following.verifier(), &said, &known, Some(asked)).await?;
        let follower = following.go_on(start_of, known, self.options.data_up_to);
        while let Some(message) = self.next(&mut answers).await? {
            let said = answer(message)?;
            if let Some(log) = said.get(subscribe_response::LOG) {
                let batches = follower.feed(&reader, &log).await?;
                self.lost_since = None;
                self.delay = DELAY;
                self.hand_on(&batches, start, sink).await?;
            } else if said.has(subscribe_response::CHECKPOINT) {
                let note = said.text(subscribe_response::CHECKPOINT);
                let signed = reader.opener.verify_checkpoint(&note, &genesis.chain_id).await?;
                follower.attested(&reader, signed.clone(), signed_before.as_ref()).await?;
                signed_before = Some(signed.clone());
                is_signed = true;
                self.tell(Signal::Checkpoint(signed));
            } else {
                self.news(follower, &said, is_signed).await?;
            }
        }
        let why = format!("{} has ended the stream", reader.calls.server());
        Err(Error::new(Reason::ConnectionFailed, why))
    }

    /// Takes what is said of the head in between.
    async fn news(&self, follower: &mut Follower, said: &Message, is_signed: bool) -> Result<()> {
        let kinds = [subscribe_response::CAUGHT_UP, subscribe_response::FELL_BEHIND, subscribe_response::HEARTBEAT];
        let Some(kind) = kinds.into_iter().find(|kind| said.has(*kind)) else {
            // A newer server may have more to say.
            return Ok(());
        };
        if kind == subscribe_response::CAUGHT_UP && !is_signed {
            return Err(untrue("all was sent, it says, and it shows no checkpoint of it"));
        }
        let inner = part(said, kind)?;
        let (head, next_sequence) = (head_in(&inner, caught_up::HEAD)?, inner.number(caught_up::NEXT_SEQUENCE));
        follower.name(&self.reader, head).await?;
        match kind {
            subscribe_response::CAUGHT_UP => {
                // All that allows data to be gone must have come, also where the server names a head that it hasn't sent.
                self.reader.settle_expired(&mut follower.verifier).await?;
                follower.verifier.owed().check_nothing_left()?;
                self.reader.keep(follower.verifier.clone());
                self.tell(Signal::CaughtUp { head, next_sequence });
            }
            subscribe_response::FELL_BEHIND => self.tell(Signal::FellBehind { head, next_sequence }),
            _ => self.tell(Signal::Heartbeat { head, next_sequence }),
        }
        Ok(())
    }

    /// Hands on events, opened. A batch that has come is given whole, whatever is lost meanwhile: so opening is tried again by itself.
    async fn hand_on(&mut self, batches: &[VerifiedBatch], start: u64, sink: &EventSink) -> Result<()> {
        let reader = Arc::clone(&self.reader);
        for batch in batches {
            for event in events_of(batch, start, None)? {
                let opened = loop {
                    match reader.opened(event.clone()).await {
                        Ok(opened) => break opened,
                        Err(error) => self.wait_after(error).await?,
                    }
                };
                sink.give(opened).await?;
            }
        }
        Ok(())
    }

    /// The next answer; a connection on which even heartbeats have stopped is ended.
    async fn next(&self, answers: &mut Answers) -> Result<Option<Bytes>> {
        tokio::time::timeout(SILENCE_MAX, answers.next()).await.unwrap_or_else(|_| {
            // It may be half dead: a new stream on it would wait as long again.
            self.reader.calls.transport.renew();
            let why = format!("nothing came from {} for {SILENCE_MAX:?}", self.reader.calls.server());
            Err(Error::new(Reason::ConnectionFailed, why))
        })
    }
}
