//! One chain of one server: append to it, read and follow it, say who reads it, lock objects of it.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::client::calls::ChainCalls;
use crate::client::chain_event::ChainEvent;
use crate::client::child_list::{ChildEvent, Children};
use crate::client::client::OpenOptions;
use crate::client::events::EventStream;
use crate::client::get::Wanted;
use crate::client::keys::OwnKey;
use crate::client::lock::{Lease, LockOptions, LockTarget, Locks};
use crate::client::new_event::{AppendOptions, IdentifiedEvent, NewEvent, build_events};
use crate::client::notices::OnNotice;
use crate::client::opened::Opening;
use crate::client::opener::ChainOpener;
use crate::client::pipeline::Committed;
use crate::client::range::Range;
use crate::client::reader_changes::Change;
use crate::client::reading::ChainReader;
use crate::client::sealing_writer::SealingWriter;
use crate::client::sharing::SharedObject;
use crate::client::statuses::is_alarm;
use crate::client::subscription::{Subscribe, Subscription};
use crate::client::writer::{Writer, WriterOptions};
use crate::client::writer_place::WriterPlace;
use crate::crypto::data_key::Padding;
use crate::crypto::hashes::Hash;
use crate::crypto::keys::{Fingerprint, PublicKey};
use crate::crypto::merkle::TreeHead;
use crate::error::{Error, Result};
use crate::events::genesis::Genesis;
use crate::events::primary_key::{PrimaryKey, primary_key_from_name};
use crate::reason::Reason;
use crate::trust::checkpoints::SignedHead;

const CLOSING_TIMEOUT: Duration = Duration::from_secs(5);

/// How a chain's parts are made.
pub(crate) struct ChainParts {
    pub calls: Arc<ChainCalls>,
    pub opener: Arc<ChainOpener>,
    pub own_key: OwnKey,
    pub home: Option<PathBuf>,
    pub options: OpenOptions,
    pub on_notice: OnNotice,
}

/// An open chain. Make one with [`Client::open`](crate::Client::open).
///
/// Everything read was verified: hashes, signatures, the chain of each writer's seals, the tree, and that the server shows the
/// history that it has shown before.
pub struct Chain {
    key: String,
    own_key: OwnKey,
    opener: Arc<ChainOpener>,
    reader: Arc<ChainReader>,
    writer: Arc<Writer>,
    sealing: SealingWriter,
    locks: Locks,
    /// One more than the number of the newest commit that was acknowledged.
    acknowledged: AtomicU64,
    is_closed: AtomicBool,
}

impl Chain {
    pub(crate) fn new(parts: ChainParts) -> Self {
        let ChainParts { calls, opener, own_key, home, options, on_notice } = parts;
        let key = calls.chain_key.text.clone();
        let reader = ChainReader::new(Arc::clone(&calls), Arc::clone(&opener), own_key.clone(), options.check_rules);
        let reader = Arc::new(reader);
        let notices = Arc::clone(&on_notice);
        let place = WriterPlace::new(Arc::clone(&calls), Arc::clone(&opener), home, options.claim, notices);
        let writes = WriterOptions {
            own_key: own_key.clone(),
            sign_batches: options.sign_batches,
            reconnect: options.reconnect,
            on_notice,
        };
        let writer = Arc::new(Writer::new(Arc::clone(&calls), Arc::clone(&opener), place, writes));
        let padding = if options.pad { Padding::Padme } else { Padding::Mark };
        let sealing = SealingWriter::new(
            Arc::clone(&reader),
            Arc::clone(&writer),
            own_key.clone(),
            options.confidential,
            padding,
        );
        let locks =
            Locks { calls, opener: Arc::clone(&opener), own_key: own_key.clone(), reconnect: options.reconnect };
        let (acknowledged, is_closed) = (AtomicU64::new(0), AtomicBool::new(false));
        Chain { key, own_key, opener, reader, writer, sealing, locks, acknowledged, is_closed }
    }

    /// Verifies its genesis, and that its head extends the one that is remembered.
    pub(crate) async fn open(&self, for_append: bool) -> Result<()> {
        self.opener.open(Opening { for_append, ..Opening::default() }).await.map(|_| ())
    }

    /// `domain/name/db` or `group/db`.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What the chain is, as its first event says and its roots have signed; None: it isn't there yet.
    #[must_use]
    pub fn genesis(&self) -> Option<Arc<Genesis>> {
        self.opener.genesis()
    }

    /// The chain's id; None: it isn't there yet.
    #[must_use]
    pub fn chain_id(&self) -> Option<Hash> {
        self.genesis().map(|genesis| genesis.chain_id)
    }

    /// The newest head that was verified.
    #[must_use]
    pub fn head(&self) -> Option<TreeHead> {
        self.opener.newest()
    }

    /// The newest head that the server has signed, verified.
    #[must_use]
    pub fn checkpoint(&self) -> Option<SignedHead> {
        self.opener.checkpoint()
    }

    /// The key that is written with: of a group's chain that of the role that the member has. Made, if it is the default one and isn't
    /// there.
    pub async fn own_key(&self) -> Result<PublicKey> {
        Ok(self.own_key.load().await?.public_key().clone())
    }

    /// Appends one event, and returns when it is durable; see [`Chain::append_all`].
    pub async fn append(&self, event: NewEvent) -> Result<Committed> {
        self.append_all(&[event], AppendOptions::default()).await
    }

    /// Appends events, all of them or none, in their order and without others between them; returns when they are durable.
    ///
    /// The first append creates a chain that isn't there yet. Calls are carried out in the order in which their futures were first
    /// polled, many at once: tasks that a runtime with several threads starts come in any order. A lost server is waited for, and what had no answer is sent again, so that each event is stored exactly once. Who drops
    /// the future may have given up on something that is stored all the same.
    ///
    /// Fails with TOO_MANY_EVENTS, DATA_TOO_LARGE, REQUEST_INVALID at once; KEY_NOT_ALLOWED, PRECONDITION_FAILED and what else the
    /// server refuses; OUTCOME_UNKNOWN, CONNECTION_FAILED when the server stays lost; WRITER_AHEAD, HEAD_CONFLICT,
    /// CHAIN_ID_MISMATCH when it isn't what it was; READ_KEY_MISSING, READ_RULE_MISMATCH.
    pub async fn append_all(&self, events: &[NewEvent], options: AppendOptions) -> Result<Committed> {
        self.check_open()?;
        let (events, options) = self.by_member(events, options).await?;
        let committed = match self.append_once(&events, &options).await {
            // What it was made by was the head, and not anything that was read: so it may be made by a newer one.
            Err(error) if error.reason() == Reason::Stale && options.conditions.is_empty() => {
                self.opener.open(Opening::default()).await?;
                self.append_once(&events, &options).await
            }
            committed => committed,
        };
        self.acknowledge(committed)
    }

    async fn append_once(&self, events: &[NewEvent], options: &AppendOptions) -> Result<Committed> {
        if self.sealing.seals()? {
            return self.sealing.append(events, options).await;
        }
        let identified: Vec<IdentifiedEvent> =
            events.iter().cloned().map(IdentifiedEvent::new).collect::<Result<_>>()?;
        let result = self.writer.enqueue(build_events(&identified, options.clone(), None)?).await?;
        match self.writer.answer(result).await {
            // It was in clear, and a rule that isn't known here has it sealed.
            Err(error) if error.reason() == Reason::ReadRuleMismatch => self.sealing.append(events, options).await,
            committed => committed,
        }
    }

    /// Has what is appended by the key of a group's role name the member's own key as its author, which signs it, too: so readers are told
    /// who has written it, and not only by which role.
    async fn by_member<'a>(
        &self,
        events: &'a [NewEvent],
        mut options: AppendOptions,
    ) -> Result<(Cow<'a, [NewEvent]>, AppendOptions)> {
        let Some(author) = self.own_key.author().await? else {
            return Ok((Cow::Borrowed(events), options));
        };
        let mut events = events.to_vec();
        for event in &mut events {
            event.author.get_or_insert_with(|| author.public_key().clone());
        }
        if options.co_signers.iter().all(|one| one.fingerprint() != author.fingerprint()) {
            options.co_signers.push(author);
        }
        Ok((Cow::Owned(events), options))
    }

    /// Says who may read an object, or without one all that has no rule of its own.
    ///
    /// They and the writer's own key are given a new read key, which seals what is written from now on. Who isn't among them any
    /// more reads what was written before, and no more. Creates a chain that isn't there yet.
    pub async fn set_readers(&self, shared: &SharedObject, readers: &[PublicKey]) -> Result<Committed> {
        self.check_open()?;
        if self.genesis().is_none() {
            self.writer.create().await?;
        }
        self.change(shared, &Change::Set(readers)).await
    }

    /// Lets more keys read an object: what was written since its readers were set last, and what will be.
    ///
    /// Fails as `append_all`; READ_KEY_MISSING where the client's key may not read it.
    pub async fn add_readers(&self, shared: &SharedObject, readers: &[PublicKey]) -> Result<Committed> {
        self.change(shared, &Change::Add(readers)).await
    }

    /// Takes readers off, as `set_readers` with all others: those who stay are given a new read key.
    pub async fn remove_readers(&self, shared: &SharedObject, readers: &[Fingerprint]) -> Result<Committed> {
        self.change(shared, &Change::Remove(readers)).await
    }

    async fn change(&self, shared: &SharedObject, change: &Change<'_>) -> Result<Committed> {
        self.check_open()?;
        self.acknowledge(self.sealing.change(shared, change, &AppendOptions::default()).await)
    }

    /// Locks an object, and waits for it while somebody else holds it; see docs/locks.md.
    ///
    /// Fails with CHAIN_NOT_FOUND, KEY_NOT_ALLOWED, KEY_REVOKED; LOCK_HELD where it is not to wait; TOO_MANY_LOCKS,
    /// CONNECTION_FAILED when the server stays lost.
    pub async fn lock(&self, target: LockTarget, options: LockOptions) -> Result<Lease> {
        self.check_open()?;
        self.locks.lock(target, options).await
    }

    fn acknowledge(&self, committed: Result<Committed>) -> Result<Committed> {
        if let Ok(committed) = &committed {
            self.acknowledged.fetch_max(committed.commit + 1, Ordering::SeqCst);
        }
        committed
    }

    fn check_open(&self) -> Result<()> {
        if !self.is_closed.load(Ordering::SeqCst) {
            return Ok(());
        }
        Err(Error::new(Reason::RequestInvalid, format!("the chain {} was closed. Open it again", self.key)))
    }

    /// Reads a range as it is at the call, verified.
    ///
    /// The stream fails with CHAIN_NOT_FOUND, SEQUENCE_OUT_OF_RANGE, VERIFICATION_FAILED, HEAD_CONFLICT, CHAIN_DAMAGED,
    /// CONNECTION_FAILED, and UNSUPPORTED for what this version doesn't verify.
    pub fn read(&self, range: Range) -> EventStream {
        let (opener, reader) = (Arc::clone(&self.opener), Arc::clone(&self.reader));
        EventStream::filled(move |sink| async move {
            ensure_open(&opener).await?;
            reader.read(range, &sink).await
        })
    }

    /// Follows the chain: its history from a point on, then what is appended, every event once, in order, verified.
    ///
    /// Goes on by itself after a lost connection. The stream fails as that of `read`.
    pub fn subscribe(&self, options: Subscribe) -> EventStream {
        let (opener, reader) = (Arc::clone(&self.opener), Arc::clone(&self.reader));
        EventStream::filled(move |sink| async move {
            ensure_open(&opener).await?;
            Subscription::new(reader, options).run(sink).await
        })
    }

    /// Gets the newest event of an object, which may be its tombstone; None: nobody has written it.
    ///
    /// It is verified, and proven to be in the chain; that no newer one exists is the server's word, as long as the chain isn't
    /// read.
    pub async fn get(&self, primary_key: &PrimaryKey) -> Result<Option<ChainEvent>> {
        ensure_open(&self.opener).await?;
        self.reader.get(Wanted::Newest(*primary_key)).await
    }

    /// Gets the newest event of the object that a name stands for.
    pub async fn get_named(&self, name: &str) -> Result<Option<ChainEvent>> {
        self.get(&primary_key_from_name(name)).await
    }

    /// Gets the event of a sequence; None: there is none yet.
    pub async fn get_at(&self, sequence: u64) -> Result<Option<ChainEvent>> {
        ensure_open(&self.opener).await?;
        self.reader.get(Wanted::At(sequence)).await
    }

    /// Loads the data of events that were read without it: those whose `data_state` is `Omitted`. All others stay as they are.
    ///
    /// That it is their data, their headers show. Where it is gone by now, what allows that is asked for, as `get` does. Fails with
    /// VERIFICATION_FAILED, CHAIN_DAMAGED, CONNECTION_FAILED.
    pub async fn load(&self, events: Vec<ChainEvent>) -> Result<Vec<ChainEvent>> {
        ensure_open(&self.opener).await?;
        self.reader.load(events).await
    }

    /// Lists the children of an object, or of the root of the chain, in the order of their collections (those without one first) and
    /// in each of their primary keys: of each the newest event with data.
    ///
    /// Each is verified, and proven to be in the chain, and to have the object there; that none is left out, and that no newer event
    /// of one exists, is the server's word, as long as the chain isn't read. The stream fails as that of `read`, and with
    /// REQUEST_INVALID where neither a parent nor a collection is named.
    pub fn children(&self, of: Children) -> EventStream<ChildEvent> {
        let (opener, reader) = (Arc::clone(&self.opener), Arc::clone(&self.reader));
        EventStream::filled(move |sink| async move {
            ensure_open(&opener).await?;
            reader.children(&of, &sink).await
        })
    }

    /// What reads it, once it is there.
    pub(super) async fn reader(&self) -> Result<&ChainReader> {
        ensure_open(&self.opener).await?;
        Ok(&self.reader)
    }

    /// Verifies the chain whole, from its first event on, with its rules; gives the head that it has.
    ///
    /// Fails with VERIFICATION_FAILED, HEAD_CONFLICT, CHAIN_DAMAGED, UNSUPPORTED.
    pub async fn verify(&self) -> Result<TreeHead> {
        ensure_open(&self.opener).await?;
        self.reader.verify().await
    }

    /// The roots, as verified up to the chain's end.
    pub async fn roots(&self) -> Result<Vec<PublicKey>> {
        ensure_open(&self.opener).await?;
        self.reader.reach(None).await?;
        self.reader.with_rules(|authority, _| authority.keys.roots().cloned().collect())
    }

    /// Fingerprints of those who were given a read key, as verified up to the chain's end.
    pub async fn holders_of(&self, read_key_id: &Hash) -> Result<Vec<Fingerprint>> {
        ensure_open(&self.opener).await?;
        self.reader.reach(None).await?;
        Ok(self.reader.with_read_keys(|read_keys| read_keys.holders_of(read_key_id)))
    }

    /// Waits for the appends under way, saves what is to be remembered, and frees the writer's slot.
    ///
    /// Fails with HEAD_CONFLICT, CHAIN_DAMAGED, VERIFICATION_FAILED, CHAIN_ID_MISMATCH where the server doesn't stand by what it has
    /// acknowledged.
    pub async fn close(&self) -> Result<()> {
        if self.is_closed.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        self.writer.close().await;
        let known = self.know_acknowledged().await;
        self.opener.close().await;
        known
    }

    /// Has it proven that what was acknowledged is in the chain, and remembers that.
    ///
    /// So whoever opens it next is told if it is gone. A server that can't be asked is asked then.
    async fn know_acknowledged(&self) -> Result<()> {
        let size = self.acknowledged.load(Ordering::SeqCst);
        if size == 0 || self.head().is_some_and(|head| head.size >= size) {
            return Ok(());
        }
        match tokio::time::timeout(CLOSING_TIMEOUT, self.opener.open(Opening::default())).await {
            // Damage has taken what was acknowledged, if it isn't there to be known.
            Ok(Err(error)) if is_alarm(error.reason()) || error.reason() == Reason::ChainDamaged => Err(error),
            _ => Ok(()),
        }
    }
}

/// A chain that wasn't there when it was opened may be there now.
async fn ensure_open(opener: &ChainOpener) -> Result<()> {
    if opener.genesis().is_none() {
        opener.open(Opening::default()).await?;
    }
    Ok(())
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chain").field("key", &self.key).finish_non_exhaustive()
    }
}
