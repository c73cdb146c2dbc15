//! One chain of one server: read and follow it.

use std::sync::Arc;
use std::time::Duration;

use crate::client::calls::ChainCalls;
use crate::client::chain_event::ChainEvent;
use crate::client::events::EventStream;
use crate::client::keys::OwnKey;
use crate::client::opener::ChainOpener;
use crate::client::reading::{ChainReader, Wanted};
use crate::client::subscription::{From, OnSignal, Subscription};
use crate::crypto::hashes::Hash;
use crate::crypto::keys::{Fingerprint, PublicKey};
use crate::crypto::merkle::TreeHead;
use crate::error::Result;
use crate::events::genesis::Genesis;
use crate::events::primary_key::{PrimaryKey, primary_key_from_name};
use crate::trust::checkpoints::SignedHead;

/// A range of sequences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// The first one that is wanted.
    pub start: u64,
    /// The first one after it that isn't; None: the range ends with the chain.
    pub end: Option<u64>,
}

/// How a chain is followed.
#[derive(Clone, Default)]
pub struct Subscribe {
    /// Where it starts.
    pub from: From,
    /// For how long a lost server is tried again; None: for ever.
    pub reconnect: Option<Duration>,
    /// Is told what else there is to tell.
    pub on_signal: Option<OnSignal>,
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
}

impl Chain {
    pub(crate) fn new(
        calls: Arc<ChainCalls>,
        opener: Arc<ChainOpener>,
        own_key: OwnKey,
        check_rules: Option<bool>,
    ) -> Self {
        let key = calls.chain_key.text.clone();
        let reader = ChainReader::new(calls, Arc::clone(&opener), own_key.clone(), check_rules);
        Chain { key, own_key, opener, reader: Arc::new(reader) }
    }

    /// Verifies its genesis, and that its head extends the one that is remembered.
    pub(crate) async fn open(&self, for_append: bool) -> Result<()> {
        self.opener.open(for_append, None).await.map(|_| ())
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

    /// The key that is written with. Made, if it is the default one and isn't there.
    pub async fn own_key(&self) -> Result<PublicKey> {
        Ok(self.own_key.load().await?.public_key().clone())
    }

    /// Reads a range as it is at the call, verified.
    ///
    /// The stream fails with CHAIN_NOT_FOUND, SEQUENCE_OUT_OF_RANGE, VERIFICATION_FAILED, HEAD_CONFLICT, CHAIN_DAMAGED,
    /// CONNECTION_FAILED, and UNSUPPORTED for what this version doesn't verify.
    pub fn read(&self, range: Range) -> EventStream {
        let (opener, reader) = (Arc::clone(&self.opener), Arc::clone(&self.reader));
        EventStream::filled(move |sink| async move {
            ensure_open(&opener).await?;
            reader.read(range.start, range.end, &sink).await
        })
    }

    /// Follows the chain: its history from a point on, then what is appended, every event once, in order, verified.
    ///
    /// Goes on by itself after a lost connection. The stream fails as that of `read`.
    pub fn subscribe(&self, options: Subscribe) -> EventStream {
        let (opener, reader) = (Arc::clone(&self.opener), Arc::clone(&self.reader));
        EventStream::filled(move |sink| async move {
            ensure_open(&opener).await?;
            let subscription = Subscription::new(reader, options.reconnect, options.on_signal);
            subscription.run(options.from, sink).await
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

    /// Saves what is to be remembered.
    pub async fn close(&self) -> Result<()> {
        self.opener.close().await;
        Ok(())
    }
}

/// A chain that wasn't there when it was opened may be there now.
async fn ensure_open(opener: &ChainOpener) -> Result<()> {
    if opener.genesis().is_none() {
        opener.open(false, None).await?;
    }
    Ok(())
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chain").field("key", &self.key).finish_non_exhaustive()
    }
}
