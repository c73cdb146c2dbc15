//! One writer of one chain: takes appends, and sees them through lost connections and restarts of the server.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex as AsyncMutex, Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::client::calls::{ChainCalls, methods};
use crate::client::keys::OwnKey;
use crate::client::new_event::BuiltEvents;
use crate::client::notices::{Notice, NoticeKind, OnNotice};
use crate::client::opener::ChainOpener;
use crate::client::pipeline::{Committed, PendingAppend, Pipeline, outcome_of};
use crate::client::schema::{append_request as append_fields, append_response, conversation, key_proof, proven};
use crate::client::sealed_batch::Outlet;
use crate::client::statuses::{is_alarm, is_passing};
use crate::client::stream::{StreamReader, StreamWriter};
use crate::client::writer_place::{Failure, Placed, WriterPlace, append_request};
use crate::crypto::domains::CONTEXT_PROOF;
use crate::crypto::hashes::Hash;
use crate::crypto::keys::KeyPair;
use crate::encoding::fields::FieldWriter;
use crate::error::{Error, Result};
use crate::events::genesis::TrustMode;
use crate::events::possession::KeyProofClaim;
use crate::events::seal::Signature;
use crate::reason::Reason;

/// So much may wait before appending does.
const QUEUE_BYTES_MAX: u32 = 16 * 1024 * 1024;
const QUEUE_APPENDS_MAX: usize = 1_024;
const DELAY: Duration = Duration::from_millis(50);
const DELAY_MAX: Duration = Duration::from_secs(5);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Whether somebody else writes as this writer.
fn is_fork(reason: Reason) -> bool {
    matches!(reason, Reason::WriterForked | Reason::WriterTakenOver)
}

/// Whether opening again and sending the same batches again may help, and can do no harm.
fn is_retried(reason: Reason) -> bool {
    is_passing(reason)
        || matches!(
            reason,
            Reason::StorageFailed
                | Reason::Internal
                | Reason::DeadlineExceeded
                | Reason::CounterGap
                // A ticket that was too old just then; who isn't let in any more is told when the chain is opened again.
                | Reason::ChainPrivate
        )
}

enum Command {
    Append(PendingAppend),
    Create(oneshot::Sender<Result<()>>),
}

/// How a writer writes.
pub(crate) struct WriterOptions {
    pub own_key: OwnKey,
    pub sign_batches: bool,
    pub reconnect: Duration,
    pub on_notice: OnNotice,
}

/// Appends in order, each exactly once.
pub(crate) struct Writer {
    opener: Arc<ChainOpener>,
    chain_key: String,
    room: Arc<Semaphore>,
    /// One after the other: the order is that of the calls, also where they wait for room.
    turn: AsyncMutex<()>,
    commands: Mutex<Option<mpsc::Sender<Command>>>,
    running: Mutex<Option<JoinHandle<()>>>,
    is_blind: Arc<AtomicBool>,
}

impl Writer {
    /// Makes one, which does nothing before it is needed.
    pub fn new(calls: Arc<ChainCalls>, opener: Arc<ChainOpener>, place: WriterPlace, options: WriterOptions) -> Self {
        let (commands, received) = mpsc::channel(QUEUE_APPENDS_MAX);
        let is_blind = Arc::new(AtomicBool::new(false));
        let chain_key = calls.chain_key.text.clone();
        let running = Running {
            calls,
            opener: Arc::clone(&opener),
            place,
            options,
            is_blind: Arc::clone(&is_blind),
            pipeline: Pipeline::default(),
            commands: received,
            is_closing: false,
            lost_since: None,
            delay: DELAY,
        };
        Writer {
            opener,
            chain_key,
            room: Arc::new(Semaphore::new(QUEUE_BYTES_MAX as usize)),
            turn: AsyncMutex::default(),
            commands: Mutex::new(Some(commands)),
            running: Mutex::new(Some(tokio::spawn(running.run()))),
            is_blind,
        }
    }

    /// Takes events into the queue, when there is room. What is given is told when they are durable.
    pub async fn enqueue(&self, built: BuiltEvents) -> Result<oneshot::Receiver<Result<Committed>>> {
        let (reply, result) = oneshot::channel();
        let _turn = self.turn.lock().await;
        let bytes = u32::try_from(built.bytes).unwrap_or(u32::MAX).min(QUEUE_BYTES_MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(bytes).await.map_err(|_| self.closed())?;
        if self.opener.genesis().is_none() && !built.is_ruled {
            self.is_blind.store(true, Ordering::SeqCst);
        }
        self.send(Command::Append(PendingAppend::new(built, reply, room))).await?;
        Ok(result)
    }

    /// Waits for what was taken into the queue.
    pub async fn answer(&self, result: oneshot::Receiver<Result<Committed>>) -> Result<Committed> {
        result
            .await
            .unwrap_or_else(|_| Err(Error::new(Reason::Internal, "the client has failed: the writer has ended")))
    }

    /// Has the chain there, created if it wasn't.
    pub async fn create(&self) -> Result<()> {
        let (reply, result) = oneshot::channel();
        self.send(Command::Create(reply)).await?;
        result
            .await
            .unwrap_or_else(|_| Err(Error::new(Reason::Internal, "the client has failed: the writer has ended")))
    }

    /// Waits for what is under way, and frees the writer's slot.
    pub async fn close(&self) {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner).take();
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(running) = running {
            // It fails only where it has panicked, and those who wait are told then.
            let _ = running.await;
        }
    }

    async fn send(&self, command: Command) -> Result<()> {
        let commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let commands = commands.ok_or_else(|| self.closed())?;
        commands.send(command).await.map_err(|_| self.closed())
    }

    fn closed(&self) -> Error {
        Error::new(Reason::RequestInvalid, format!("the chain {} was closed. Open it again", self.chain_key))
    }
}

/// The writer at work, in a task of its own.
struct Running {
    calls: Arc<ChainCalls>,
    opener: Arc<ChainOpener>,
    place: WriterPlace,
    options: WriterOptions,
    /// Whether anything was appended without asking what is to be sealed, since a connection was made last.
    is_blind: Arc<AtomicBool>,
    pipeline: Pipeline,
    commands: mpsc::Receiver<Command>,
    is_closing: bool,
    lost_since: Option<Instant>,
    delay: Duration,
}

impl Running {
    async fn run(mut self) {
        loop {
            // Losses count from the first one that somebody waits through.
            if !self.pipeline.is_busy() {
                self.lost_since = None;
                match self.commands.recv().await {
                    None => break,
                    Some(Command::Append(append)) => self.pipeline.add(append),
                    Some(Command::Create(reply)) => {
                        let created = self.create().await;
                        // Nobody may wait for it any more.
                        let _ = reply.send(created);
                        continue;
                    }
                }
            }
            match self.connection().await {
                Ok(()) => {}
                Err(Failure::Remote(error)) => self.after_loss(error).await,
                Err(Failure::Local(error)) => self.give_up(&error, &error, false),
            }
        }
        self.place.close().await;
    }

    async fn create(&mut self) -> Result<()> {
        let key = self.options.own_key.load().await?;
        match self.place.take(&key, &self.pipeline.unanswered()).await {
            Ok(_) => Ok(()),
            Err(Failure::Local(error) | Failure::Remote(error)) => Err(error),
        }
    }

    /// Does everything from opening the chain to the end of one stream.
    async fn connection(&mut self) -> std::result::Result<(), Failure> {
        let key = self.options.own_key.load().await.map_err(Failure::Local)?;
        let placed = self.place.take(&key, &self.pipeline.unanswered()).await?;
        self.check_blind(&placed)?;
        let genesis = &placed.genesis;
        let is_root = genesis.roots.iter().any(|root| root == key.public_key());
        // A key that the chain doesn't know yet can't be proven to it.
        let is_stranger = !is_root && placed.slot.state().counter == 0;
        let signs = self.options.sign_batches || is_stranger || genesis.trust_mode == TrustMode::Distributed;
        let (mut writer, mut reader) = self.calls.begin(methods::APPEND, None).await?;
        if !signs {
            self.prove(&mut writer, &mut reader, &key, &placed).await?;
        }
        self.pipeline.attach(Outlet {
            slot: Arc::clone(&placed.slot),
            chain_id: genesis.chain_id,
            key,
            signs,
            is_stranger,
            right: self.options.own_key.right().cloned(),
            opener: Arc::clone(&self.opener),
        });
        let ended = self.exchange(writer, reader, signs).await;
        self.pipeline.detach();
        ended?;
        if self.pipeline.is_busy() {
            return Err(self.lost("has ended the stream", None).into());
        }
        Ok(())
    }

    /// Sends batches as they come to be, no faster than the connection takes them, and takes their answers.
    async fn exchange(&mut self, mut writer: StreamWriter, mut reader: StreamReader, names_chain: bool) -> Result<()> {
        let mut is_first = names_chain;
        loop {
            if self.is_closing && !self.pipeline.is_busy() {
                writer.half_close().await?;
                // It is to end, and the server may take its time.
                let _ = tokio::time::timeout(CLOSE_TIMEOUT, reader.read()).await;
                return Ok(());
            }
            let has_next = self.pipeline.has_next();
            tokio::select! {
                command = self.commands.recv(), if !self.is_closing => match command {
                    None => self.is_closing = true,
                    Some(Command::Append(append)) => self.pipeline.add(append),
                    // It is there: appends go to it.
                    Some(Command::Create(reply)) => {
                        let _ = reply.send(Ok(()));
                    }
                },
                () = writer.ready(), if has_next => {
                    if let Some(run) = self.pipeline.next_run()? {
                        let names = std::mem::replace(&mut is_first, false);
                        let message = if names { append_request(&run, &self.calls.chain_key.text) } else { run };
                        writer.write(message).await?;
                    }
                }
                message = reader.read() => match message? {
                    None => return Ok(()),
                    Some(message) => {
                        self.pipeline.answer(message)?;
                        self.lost_since = None;
                        self.delay = DELAY;
                    }
                },
            }
        }
    }

    /// Proves the key to the server of a centralized chain: batches need no signature from then on.
    ///
    /// The proof names the server's key of now, and counts at no other.
    async fn prove(
        &self,
        writer: &mut StreamWriter,
        reader: &mut StreamReader,
        key: &KeyPair,
        placed: &Placed,
    ) -> Result<()> {
        writer.write(append_request(&[], &self.calls.chain_key.text)).await?;
        let conversation_id = due(reader, append_response::CONVERSATION, conversation::CONVERSATION_ID).await?;
        let claim = KeyProofClaim {
            exporter: reader.exporter,
            server_fingerprint: placed.server.fingerprint(),
            chain_id: placed.genesis.chain_id,
            conversation_id,
            fingerprint: key.fingerprint(),
        };
        let signature = Signature::by(key, CONTEXT_PROOF, &claim.append_bytes())?;
        let proof = FieldWriter::new().message(key_proof::SIGNATURE, &signature.message()).finish();
        writer.write(FieldWriter::new().message(append_fields::PROOF, &proof).finish()).await?;
        let found = due(reader, append_response::PROVEN, proven::FINGERPRINT).await?;
        if found == key.fingerprint() {
            return Ok(());
        }
        Err(crate::client::answers::untrue("it says that another key was proven"))
    }

    /// Refuses to send what was built for a chain that was not there, where somebody has created one that seals its data.
    fn check_blind(&self, placed: &Placed) -> Result<()> {
        let was_blind = self.is_blind.swap(false, Ordering::SeqCst);
        if !was_blind || !placed.genesis.confidential {
            return Ok(());
        }
        let chain_key = &placed.genesis.chain_key.text;
        let message = format!(
            "the chain {chain_key} was not there, and somebody else has created it as a confidential one: nothing was sent to it in \
             clear. Append again, and it is sealed"
        );
        Err(Error::new(Reason::ReadRuleMismatch, message).with("chain_key", chain_key))
    }

    /// Decides what a failure means for what waits.
    async fn after_loss(&mut self, error: Error) {
        // A stream that is lost while nobody waits for it is opened again when somebody does.
        if !self.pipeline.is_busy() {
            return;
        }
        let chain_key = self.calls.chain_key.text.clone();
        let forks = is_fork(error.reason());
        if forks {
            if let Err(error) = self.place.renew() {
                self.give_up(&error, &error, false);
                return;
            }
            self.pipeline.fork(&error);
            let message = format!("goes on as a new writer of {chain_key}: {}", error.message());
            let notice = Notice::new(NoticeKind::NewWriter, message).because(error.clone());
            (self.options.on_notice)(notice.with("chain_key", &chain_key));
            if !self.pipeline.is_busy() {
                return;
            }
        } else if !is_retried(error.reason()) {
            self.give_up(&error, &error, is_alarm(error.reason()));
            return;
        }
        let lost_since = *self.lost_since.get_or_insert_with(Instant::now);
        if lost_since.elapsed() >= self.options.reconnect {
            let unsent = self.lost("could not be reached again in time", Some(&error));
            self.give_up(&error, &unsent, false);
            return;
        }
        let delay = self.delay;
        self.delay = DELAY_MAX.min(delay * 2);
        if !forks {
            let message = format!("{}; trying again in {delay:?}", error.message());
            let notice = Notice::new(NoticeKind::Reconnecting, message).because(error);
            (self.options.on_notice)(notice.with("chain_key", &chain_key).with("delay_ms", delay.as_millis()));
        }
        tokio::time::sleep(delay).await;
    }

    /// Tells all who wait. `is_known`: it says more than that an outcome is unknown.
    fn give_up(&mut self, cause: &Error, unsent: &Error, is_known: bool) {
        self.lost_since = None;
        // What was sent may be stored all the same.
        self.place.lose_track();
        self.pipeline.fail(cause, unsent, is_known);
    }

    fn lost(&self, what: &str, cause: Option<&Error>) -> Error {
        let server = self.calls.server();
        let why = cause.map(|cause| format!(": {}", cause.message())).unwrap_or_default();
        Error::new(Reason::ConnectionFailed, format!("{server} {what}{why}")).with("server", server)
    }
}

/// The next answer of a proof, which is to be of a kind, and has a hash.
async fn due(reader: &mut StreamReader, kind: u32, field: u32) -> Result<Hash> {
    let ended = || Error::new(Reason::ConnectionFailed, "the server has ended the stream before its answer");
    outcome_of(reader.read().await?.ok_or_else(ended)?, kind, field)
}
