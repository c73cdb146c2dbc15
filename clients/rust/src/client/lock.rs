//! Locks: a lease on an object, lost for good with its connection (docs/locks.md).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use crate::client::answers::{answer, hash_in, part, untrue};
use crate::client::calls::{ChainCalls, methods, show_right};
use crate::client::keys::OwnKey;
use crate::client::opened::Opening;
use crate::client::opener::ChainOpener;
use crate::client::schema::{conversation, granted, lock_object, lock_proof, lock_request, lock_response};
use crate::client::statuses::is_passing;
use crate::client::stream::{StreamReader, StreamWriter};
use crate::crypto::domains::CONTEXT_LOCK;
use crate::crypto::keys::KeyPair;
use crate::encoding::fields::FieldWriter;
use crate::encoding::message::Message;
use crate::error::{Error, Result};
use crate::events::possession::KeyProofClaim;
use crate::events::primary_key::{PrimaryKey, child_primary_key, primary_key_from_name};
use crate::events::seal::{Precondition, Signature};
use crate::reason::Reason;

const DELAY: Duration = Duration::from_millis(50);
const DELAY_MAX: Duration = Duration::from_secs(5);
const RELEASE_TIMEOUT: Duration = Duration::from_secs(2);

/// What is to be locked: an object, which need not be there yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockTarget {
    primary_key: PrimaryKey,
    parent: Option<PrimaryKey>,
    /// What the primary key is made from, beside its parent, where a right to the parent is to do.
    label: Option<[u8; 16]>,
}

impl LockTarget {
    /// An object by its key.
    #[must_use]
    pub fn key(primary_key: PrimaryKey) -> Self {
        LockTarget { primary_key, parent: None, label: None }
    }

    /// The object that a name stands for.
    #[must_use]
    pub fn named(name: &str) -> Self {
        LockTarget::key(primary_key_from_name(name))
    }

    /// The child of a parent (None: the root of the chain) that is made from a label.
    #[must_use]
    pub fn child(parent: Option<PrimaryKey>, label: [u8; 16]) -> Self {
        LockTarget { primary_key: child_primary_key(parent.as_ref(), &label), parent, label: Some(label) }
    }
}

/// How an object is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockOptions {
    /// Whether to wait for it while somebody else holds it; else that is LOCK_HELD.
    pub wait: bool,
    /// For so long, half a second to ten minutes, the lease outlives a connection on which nothing comes any more.
    pub ttl: Duration,
}

impl Default for LockOptions {
    fn default() -> Self {
        LockOptions { wait: true, ttl: Duration::from_secs(15) }
    }
}

/// What is known of a lease.
#[derive(Clone, Debug)]
struct Standing {
    /// Until then the server keeps it, at the least.
    sure_until: Instant,
    /// Why it has ended; inner None: it was given up.
    ended: Option<Option<Error>>,
}

/// A lock that is held. Dropping it cuts its connection; [`Lease::release`] gives it up in good order.
pub struct Lease {
    primary_key: PrimaryKey,
    token: u64,
    standing: watch::Receiver<Standing>,
    /// Closed, or told: it is to be given up.
    giving_up: mpsc::Sender<()>,
}

impl Lease {
    /// The object that is locked.
    #[must_use]
    pub fn primary_key(&self) -> &PrimaryKey {
        &self.primary_key
    }

    /// Larger than the token of every lease on this object before.
    #[must_use]
    pub fn token(&self) -> u64 {
        self.token
    }

    /// The condition that the lease is held, for appends.
    #[must_use]
    pub fn fence(&self) -> Precondition {
        Precondition::Fence { primary_key: self.primary_key, token: self.token }
    }

    /// Whether it is held, as far as this machine's clock can say.
    #[must_use]
    pub fn is_held(&self) -> bool {
        let standing = self.standing.borrow();
        standing.ended.is_none() && Instant::now() < standing.sure_until
    }

    /// Waits until it is lost, and says why; None: it was given up.
    ///
    /// That is at the latest when the server has not been heard of for so long that it may have given the lease to somebody else. A
    /// server that was restarted while it could not be reached may have done so before.
    pub async fn lost(&self) -> Option<Error> {
        let mut standing = self.standing.clone();
        match standing.wait_for(|standing| standing.ended.is_some()).await {
            Ok(standing) => standing.ended.clone().flatten(),
            Err(_) => Some(Error::new(Reason::LeaseLost, "the lease is lost: the client has failed")),
        }
    }

    /// Gives it up. Returns when the server has given it on, or the connection is cut.
    pub async fn release(self) {
        // Fails only where it has ended already.
        let _ = self.giving_up.send(()).await;
        self.lost().await;
    }
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lease")
            .field("primary_key", &self.primary_key)
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

/// Whom locks are asked of.
pub(crate) struct Locks {
    pub calls: Arc<ChainCalls>,
    pub opener: Arc<ChainOpener>,
    pub own_key: OwnKey,
    pub reconnect: Duration,
}

impl Locks {
    /// Has the lease on an object. Who waits for it and loses the server asks again: at the end of the line then.
    ///
    /// Fails with CHAIN_NOT_FOUND, KEY_NOT_ALLOWED, KEY_REVOKED; LOCK_HELD; TOO_MANY_LOCKS, CONNECTION_FAILED when the server stays
    /// lost.
    pub async fn lock(&self, target: LockTarget, options: LockOptions) -> Result<Lease> {
        let allowed = Duration::from_millis(500)..=Duration::from_secs(600);
        if !allowed.contains(&options.ttl) {
            return Err(Error::invalid(
                "ttl",
                format_args!("it is {:?}, and must be from 0.5 s to 600 s", options.ttl),
            ));
        }
        let key = self.own_key.load().await?;
        let mut lost_since: Option<Instant> = None;
        let mut delay = DELAY;
        loop {
            let mut was_heard = false;
            let error = match self.ask(target, options, &key, &mut was_heard).await {
                Ok(lease) => return Ok(lease),
                Err(error) => error,
            };
            // Nothing was held yet, so asking again does no harm.
            if !is_passing(error.reason()) && !matches!(error.reason(), Reason::LeaseLost | Reason::TooManyLocks) {
                return Err(error);
            }
            if was_heard {
                (lost_since, delay) = (None, DELAY);
            }
            if lost_since.get_or_insert_with(Instant::now).elapsed() >= self.reconnect {
                return Err(error);
            }
            tokio::time::sleep(delay).await;
            delay = DELAY_MAX.min(delay * 2);
        }
    }

    async fn ask(
        &self,
        target: LockTarget,
        options: LockOptions,
        key: &KeyPair,
        was_heard: &mut bool,
    ) -> Result<Lease> {
        let mut stream = self.begin(target, options, key).await?;
        loop {
            let Some(news) = stream.news().await? else {
                let why = format!("{} has ended the stream", self.calls.server());
                return Err(Error::new(Reason::ConnectionFailed, why));
            };
            *was_heard = true;
            if news.has(lock_response::GRANTED) {
                let token = part(&news, lock_response::GRANTED)?.number(granted::TOKEN);
                return Ok(stream.held(target.primary_key, token));
            }
        }
    }

    /// Asks for a lock, and proves the key.
    async fn begin(&self, target: LockTarget, options: LockOptions, key: &KeyPair) -> Result<LockStream> {
        let opened = self.opener.open(Opening::default()).await?;
        let chain_id = opened.chain.ok_or_else(|| untrue("the chain is not there"))?.genesis.chain_id;
        let (mut writer, mut reader) = self.calls.begin(methods::LOCK, None).await?;
        let started = Instant::now();
        let wish = FieldWriter::new()
            .bytes(lock_object::PRIMARY_KEY, &target.primary_key)
            .maybe(lock_object::PARENT, target.parent)
            .maybe(lock_object::LABEL, target.label)
            .message(lock_object::KEY, &key.public_key().message())
            .varint(lock_object::TTL_MS, u64::try_from(options.ttl.as_millis()).unwrap_or(0))
            .bool(lock_object::NO_WAIT, !options.wait);
        let wish = show_right(wish, self.own_key.right(), lock_object::DELEGATIONS, lock_object::ISSUER);
        let first = FieldWriter::new()
            .bytes(lock_request::CHAIN_KEY, self.calls.chain_key.text.as_bytes())
            .bytes(lock_request::CHAIN_ID, &chain_id)
            .message(lock_request::LOCK, &wish.finish());
        writer.write(first.finish()).await?;
        let ended = || Error::new(Reason::ConnectionFailed, "the server has ended the stream before its answer");
        let begun = tokio::time::timeout(options.ttl, reader.read()).await.map_err(|_| ended())?;
        let begun = answer(begun?.ok_or_else(ended)?)?;
        if !begun.has(lock_response::CONVERSATION) {
            return Err(untrue("a conversation was due"));
        }
        let conversation_id = hash_in(&part(&begun, lock_response::CONVERSATION)?, conversation::CONVERSATION_ID)?;
        let claim = KeyProofClaim {
            exporter: reader.exporter,
            server_fingerprint: opened.server_identity.fingerprint(),
            chain_id,
            conversation_id,
            fingerprint: key.fingerprint(),
        };
        let signature = Signature::by(key, CONTEXT_LOCK, &claim.lock_bytes(&target.primary_key))?;
        let proof = FieldWriter::new().message(lock_proof::SIGNATURE, &signature.message()).finish();
        writer.write(FieldWriter::new().message(lock_request::PROOF, &proof).finish()).await?;
        let calls = Arc::clone(&self.calls);
        let next_alive = started + options.ttl / 3;
        Ok(LockStream {
            calls,
            writer,
            reader,
            ttl: options.ttl,
            heard: started,
            unanswered: VecDeque::new(),
            next_alive,
        })
    }
}

/// Keeps the server sure that this end is alive, and is told by the answers for how long the server is sure.
struct LockStream {
    calls: Arc<ChainCalls>,
    writer: StreamWriter,
    reader: StreamReader,
    ttl: Duration,
    /// When the last message was sent that the server has answered.
    heard: Instant,
    /// When those were sent that it hasn't: a few, since the stream ends where none of them is answered.
    unanswered: VecDeque<Instant>,
    next_alive: Instant,
}

impl LockStream {
    fn sure_until(&self) -> Instant {
        self.heard + self.ttl
    }

    /// Waits for news: that others come first, or that the lease is here; None: the server has ended the stream.
    ///
    /// Fails with CONNECTION_FAILED where the server was not heard of for as long as it keeps what it has given; what it says.
    async fn news(&mut self) -> Result<Option<Message>> {
        loop {
            let (sure_until, next_alive) = (self.sure_until(), self.next_alive);
            tokio::select! {
                message = self.reader.read() => {
                    let Some(message) = message? else {
                        return Ok(None);
                    };
                    let said = answer(message)?;
                    if said.has(lock_response::WAITING) || said.has(lock_response::GRANTED) {
                        return Ok(Some(said));
                    }
                    let sent = self.unanswered.pop_front().filter(|_| said.has(lock_response::ALIVE));
                    self.heard = sent.ok_or_else(|| untrue("a message of another kind was due"))?;
                    // Whoever looks at the lease is told for how long it is sure.
                    return Ok(Some(said));
                }
                () = tokio::time::sleep_until(next_alive.into()) => {
                    // More often than it must be, so that one that is late does no harm.
                    let now = Instant::now();
                    self.unanswered.push_back(now);
                    self.next_alive = now + self.ttl / 3;
                    self.writer.write(FieldWriter::new().message(lock_request::ALIVE, &[]).finish()).await?;
                }
                () = tokio::time::sleep_until(sure_until.into()) => {
                    // The connection may be half dead: a new stream on it would wait as long again.
                    self.calls.transport.renew();
                    let why = format!("nothing was heard of {} for {:?}", self.calls.server(), self.ttl);
                    return Err(Error::new(Reason::ConnectionFailed, why));
                }
            }
        }
    }

    /// Has a task keep the lease, until it is lost or given up.
    fn held(mut self, primary_key: PrimaryKey, token: u64) -> Lease {
        let (told, standing) = watch::channel(Standing { sure_until: self.sure_until(), ended: None });
        let (giving_up, mut given_up) = mpsc::channel(1);
        tokio::spawn(async move {
            let advice = "Lock again, read what happened, then decide anew";
            let lost = |why: &str| Error::new(Reason::LeaseLost, format!("the lease is lost: {why}. {advice}"));
            let error = loop {
                tokio::select! {
                    news = self.news() => match news {
                        Err(error) => break Some(error),
                        Ok(None) => break Some(lost("the server has ended the stream")),
                        Ok(Some(said)) if said.has(lock_response::ALIVE) => {
                            let sure_until = self.sure_until();
                            told.send_modify(|standing| standing.sure_until = sure_until);
                        }
                        Ok(Some(_)) => break Some(lost("the server gave it twice, which can't be")),
                    },
                    asked = given_up.recv() => {
                        if asked.is_some() && self.writer.half_close().await.is_ok() {
                            let ended = async { while let Ok(Some(_)) = self.reader.read().await {} };
                            // Beyond that the connection is cut.
                            let _ = tokio::time::timeout(RELEASE_TIMEOUT, ended).await;
                        }
                        break None;
                    }
                }
            };
            told.send_modify(|standing| standing.ended = Some(error));
        });
        Lease { primary_key, token, standing, giving_up }
    }
}
