//! Reads a chain, verified: the parts that ranges and subscriptions have in common.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::Mutex as AsyncMutex;

use crate::client::answers::{answer, hash_in, hashes_in, head_in, part, untrue};
use crate::client::calls::{ChainCalls, methods};
use crate::client::chain_event::{ChainEvent, Seal, events_of};
use crate::client::events::EventSink;
use crate::client::follower::Follower;
use crate::client::keys::OwnKey;
use crate::client::opener::ChainOpener;
use crate::client::read_keys::ReadKeys;
use crate::client::schema::{
    end_of_range, event_request, event_response, keys_request, keys_response, read_request, read_response, start,
};
use crate::crypto::data_key::ReadKey;
use crate::crypto::hashes::Hash;
use crate::crypto::keys::{Fingerprint, PublicKey};
use crate::crypto::merkle::{Frontier, TreeHead, verify_consistency, verify_inclusion};
use crate::encoding::fields::FieldWriter;
use crate::encoding::message::Message;
use crate::error::{Error, Result};
use crate::events::commit::split_slice;
use crate::events::event::{DataState, EventKind};
use crate::events::genesis::{Genesis, TrustMode};
use crate::events::primary_key::PrimaryKey;
use crate::events::rules::Confidentiality;
use crate::events::sealed_data::open_sealed_data;
use crate::reason::Reason;
use crate::trust::authority::Authority;
use crate::trust::replay::{ReplayStart, ReplayVerifier, SingleBatch, VerifiedBatch};

/// Which event.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted {
    /// The newest one of an object.
    Newest(PrimaryKey),
    /// The one of a sequence.
    At(u64),
}

/// A start that was found good.
pub(crate) struct Start {
    genesis: Arc<Genesis>,
    head: TreeHead,
    covered: Option<u64>,
    begin: ReplayStart,
}

impl Start {
    /// Goes on with a replay, or begins one here.
    pub fn followed_by(self, verifier: Option<ReplayVerifier>, known: TreeHead) -> Follower {
        let verifier = verifier.unwrap_or_else(|| ReplayVerifier::starting(self.genesis, self.begin));
        Follower::new(verifier, self.head, known, self.covered)
    }
}

/// Reads one chain. What it hands on was verified whole: see `ReplayVerifier`.
///
/// In distributed and confidential chains all that comes before is read and verified first, since the rules follow from it; how far
/// it has come lasts as long as this object.
pub(crate) struct ChainReader {
    pub calls: Arc<ChainCalls>,
    pub opener: Arc<ChainOpener>,
    own_key: OwnKey,
    read_keys: Mutex<ReadKeys>,
    check_rules: Option<bool>,
    /// A replay from the first event on, that is not used any more.
    place: Mutex<Option<ReplayVerifier>>,
    reaching: AsyncMutex<()>,
}

impl ChainReader {
    pub fn new(calls: Arc<ChainCalls>, opener: Arc<ChainOpener>, own_key: OwnKey, check_rules: Option<bool>) -> Self {
        let (read_keys, place, reaching) = (Mutex::default(), Mutex::default(), AsyncMutex::default());
        ChainReader { calls, opener, own_key, read_keys, check_rules, place, reaching }
    }

    /// What the chain is. Fails with CHAIN_NOT_FOUND where it isn't there, as far as is known.
    pub fn genesis(&self) -> Result<Arc<Genesis>> {
        self.opener.genesis().ok_or_else(|| {
            let why = format!("there is no chain {} on {}", self.calls.chain_key.text, self.calls.server());
            Error::new(Reason::ChainNotFound, why).with("chain_key", &self.calls.chain_key.text)
        })
    }

    pub fn known(&self) -> Result<TreeHead> {
        self.opener.newest().ok_or_else(|| untrue("the chain was opened, and has no head"))
    }

    /// Whether all that is read is checked to be allowed by what came before.
    pub fn checks_rules(&self, genesis: &Genesis) -> bool {
        self.check_rules.unwrap_or(genesis.trust_mode == TrustMode::Distributed || genesis.confidential)
    }

    /// Looks at the rules as they were verified from the chain's first event on, as far as that has come.
    pub fn with_rules<T>(&self, look: impl FnOnce(&Authority, u64) -> T) -> Result<T> {
        let place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        match &*place {
            Some(place) => Ok(look(place.authority(), place.next_sequence())),
            None => {
                let begin = ReplayVerifier::new(self.genesis()?);
                Ok(look(begin.authority(), 0))
            }
        }
    }

    /// Where what was verified from the first event on ends.
    fn reached(&self) -> Option<(TreeHead, u64)> {
        let place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        place.as_ref().map(|place| (place.head(), place.next_sequence()))
    }

    /// Looks at read keys, with the client's own key for them.
    pub async fn find_read_key(&self, id: &Hash, chain_id: &Hash) -> Result<Option<ReadKey>> {
        let key = self.own_key.at_hand().await?;
        Ok(self.with_read_keys(|read_keys| read_keys.find(id, chain_id, key.as_ref())))
    }

    pub fn with_read_keys<T>(&self, look: impl FnOnce(&mut ReadKeys) -> T) -> T {
        look(&mut self.read_keys.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Learns read keys from batches that were verified with their rules.
    pub fn learn(&self, batches: &[VerifiedBatch]) -> Result<()> {
        self.with_read_keys(|read_keys| read_keys.learn(batches))
    }

    /// Has the chain verified from its first event up to a sequence, or to its end, if that was not done before. Gives where that
    /// has come to.
    pub async fn reach(&self, sequence: Option<u64>) -> Result<(TreeHead, u64)> {
        let _turn = self.reaching.lock().await;
        let is_there = self.reached().is_some_and(|(_, next)| sequence.is_some_and(|sequence| next >= sequence));
        if !is_there {
            let begin = self.begin()?;
            Box::pin(self.range(Some(begin), 0, sequence, None)).await?;
        }
        self.reached().ok_or_else(|| untrue("nothing was read"))
    }

    /// Reads a range, as it is now, into a sink.
    pub async fn read(&self, start: u64, end: Option<u64>, sink: &EventSink) -> Result<()> {
        if end.is_some_and(|end| end <= start) {
            return Ok(());
        }
        let verifier = self.begin_at(start)?;
        self.range(verifier, start, end, Some(sink)).await.map(|_| ())
    }

    /// Verifies the chain whole, from its first event on, with its rules. Gives the head that it has.
    pub async fn verify(&self) -> Result<TreeHead> {
        let verifier = ReplayVerifier::new(self.genesis()?);
        self.range(Some(verifier), 0, None, None).await
    }

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
        self.check_gone(&batch, &event).await?;
        self.opened(event).await.map(Some)
    }

    /// Checks that something newer is there of an object whose event was dropped, or the redaction of what was erased.
    async fn check_gone(&self, batch: &VerifiedBatch, event: &ChainEvent) -> Result<()> {
        let unallowed = || {
            untrue(format_args!(
                "the data of the event at sequence {} is gone, and nothing allows that",
                event.sequence
            ))
        };
        let view = usize::try_from(event.sequence - batch.commit.header.first_sequence).ok();
        let view = view.and_then(|index| batch.batch.events.get(index));
        match (event.data_state, event.primary_key, view) {
            (None, _, _) => Ok(()),
            (Some(DataState::Dropped), Some(key), _) => match self.fetch(Wanted::Newest(key)).await? {
                Some((by, newest)) if newest > event.sequence && writes(&by, newest) => Ok(()),
                _ => Err(unallowed()),
            },
            (Some(DataState::Redacted), Some(key), Some(view)) if view.redacted_by > event.sequence => {
                let (by, sequence) = self.fetch(Wanted::At(view.redacted_by)).await?.ok_or_else(unallowed)?;
                let index = usize::try_from(sequence - by.commit.header.first_sequence).map_err(|_| unallowed())?;
                let is_of_object = by.batch.events.get(index).is_some_and(|one| one.primary_key == Some(key));
                let said = by.batch.authority_of(index)?;
                let names = said.redaction.as_ref().is_some_and(|redaction| redaction.names(event.sequence));
                if is_of_object && names { Ok(()) } else { Err(unallowed()) }
            }
            _ => Err(unallowed()),
        }
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
        let mut stored = split_slice(&answer.bytes(event_response::LOG))
            .map_err(|error| if error.reason() == Reason::Unsupported { error } else { untrue(error.message()) })?;
        let (Some(stored), true) = (stored.pop(), stored.is_empty()) else {
            return Err(untrue("an event is in one batch"));
        };
        let (leaf, commit) = (stored.commit.leaf, stored.commit.header.commit);
        let single = SingleBatch::new(Arc::clone(&genesis), stored)?;
        let strangers = self.find_keys(&single.strangers()).await?;
        let verified = single.verify(&strangers)?;
        let head = head_in(&answer, event_response::HEAD)?;
        if !verify_inclusion(&leaf, commit, head.size, &hashes_in(&answer, event_response::INCLUSION)?, &head.root) {
            return Err(untrue("the event's batch is not in the tree of the head that it names"));
        }
        let sequence = answer.number(event_response::SEQUENCE);
        if self.checks_rules(&genesis) {
            let (verified_head, _) = self.reach(Some(sequence + 1)).await?;
            self.tie(&verified_head, &head).await?;
        }
        self.tie(&head, &known).await?;
        let first = verified.commit.header.first_sequence;
        let index = sequence.checked_sub(first).and_then(|index| usize::try_from(index).ok());
        let event = index.and_then(|index| verified.batch.events.get(index));
        let is_wanted = event.is_some_and(|event| match wanted {
            Wanted::Newest(key) => event.primary_key == Some(key),
            Wanted::At(due) => sequence == due,
        });
        if !is_wanted {
            return Err(untrue("the event is not the one that was asked for"));
        }
        Ok(Some((verified, sequence)))
    }

    /// Compares two heads of the chain, whichever is the newer. Fails with HEAD_CONFLICT.
    pub async fn tie(&self, one: &TreeHead, other: &TreeHead) -> Result<()> {
        self.opener.tie(one, other).await
    }

    /// Begins a replay where what was verified from the first event on ends.
    pub fn begin(&self) -> Result<ReplayVerifier> {
        let place = self.place.lock().unwrap_or_else(PoisonError::into_inner).clone();
        place.map_or_else(|| self.genesis().map(ReplayVerifier::new), Ok)
    }

    /// Begins a replay for a reader of what comes from a sequence on; None: where the server says that it begins.
    pub fn begin_at(&self, start: u64) -> Result<Option<ReplayVerifier>> {
        let genesis = self.genesis()?;
        if start == 0 {
            return Ok(Some(ReplayVerifier::new(genesis)));
        }
        // What is verified already is read once more, by itself, and tied to that.
        let is_verified = self.reached().is_some_and(|(_, next)| next > start);
        if !self.checks_rules(&genesis) || is_verified { Ok(None) } else { self.begin().map(Some) }
    }

    /// Goes on from a replay that nobody uses any more, if it has come further.
    pub fn keep(&self, verifier: ReplayVerifier) {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        let is_further = place.as_ref().is_none_or(|place| verifier.next_sequence() > place.next_sequence());
        if verifier.checks_rules() && is_further {
            *place = Some(verifier);
        }
    }

    /// Reads batches from where a replay stands on. Gives the head that it has come to.
    async fn range(
        &self,
        verifier: Option<ReplayVerifier>,
        start: u64,
        end: Option<u64>,
        sink: Option<&EventSink>,
    ) -> Result<TreeHead> {
        let (genesis, known) = (self.genesis()?, self.known()?);
        let from = verifier.as_ref().map_or(start, ReplayVerifier::next_sequence);
        let mut request = FieldWriter::new()
            .bytes(read_request::CHAIN_KEY, self.calls.chain_key.text.as_bytes())
            .bytes(read_request::CHAIN_ID, &genesis.chain_id)
            .varint(read_request::FROM_SEQUENCE, from);
        if let Some(end) = end {
            request = request.present_varint(read_request::END_SEQUENCE, end.max(from));
        }
        let mut answers = self.calls.answers(methods::READ_EVENTS, request.finish(), None).await?;
        let first = answers.next().await?.ok_or_else(|| untrue("a range has its start"))?;
        let first = answer(first)?;
        if !first.has(read_response::START) {
            return Err(untrue("a range has its start, batches, and its end"));
        }
        let said = part(&first, read_response::START)?;
        let start_of = self.check_start(verifier.as_ref(), &said, &known, Some(from)).await?;
        let mut follower = start_of.followed_by(verifier, known);
        while let Some(message) = answers.next().await? {
            let answer = answer(message)?;
            if let Some(log) = answer.get(read_response::LOG) {
                let batches = follower.feed(self, &log).await?;
                if let Some(sink) = sink {
                    self.hand_on(&batches, start, end, sink).await?;
                }
            } else if answer.has(read_response::END) {
                let said = part(&answer, read_response::END)?;
                let reached = self.check_end(&follower, &said, end).await?;
                self.keep(follower.verifier);
                return Ok(reached);
            } else {
                return Err(untrue("a range has its start, batches, and its end"));
            }
        }
        Err(untrue("a range ends without saying so"))
    }

    /// Hands on events, opened.
    pub async fn hand_on(
        &self,
        batches: &[VerifiedBatch],
        start: u64,
        end: Option<u64>,
        sink: &EventSink,
    ) -> Result<()> {
        for batch in batches {
            for event in events_of(batch, start, end)? {
                sink.give(self.opened(event).await?).await?;
            }
        }
        Ok(())
    }

    async fn check_end(&self, follower: &Follower, said: &Message, end: Option<u64>) -> Result<TreeHead> {
        let (reached, head) = (follower.verifier.head(), follower.start_head);
        let consistency = hashes_in(said, end_of_range::CONSISTENCY)?;
        let is_tied =
            reached.size == said.number(end_of_range::END_COMMIT) && verify_consistency(&reached, &head, &consistency);
        let is_whole = reached.size == head.size || end.is_some_and(|end| follower.verifier.next_sequence() >= end);
        if !is_tied || !is_whole {
            return Err(untrue(
                "the end of the range is not of the tree that its start names, or before what was asked for",
            ));
        }
        self.tie(&head, &follower.known_before).await?;
        if reached.size == head.size {
            // Beyond what was asked for it isn't known yet what is behind.
            if end.is_none() {
                follower.verifier.check_nothing_owed()?;
            }
            self.opener.advance(Some(follower.known_before), reached);
        }
        Ok(reached)
    }

    /// Checks where a server says that a stream or a range begins, or goes on. Fails with VERIFICATION_FAILED, HEAD_CONFLICT.
    pub async fn check_start(
        &self,
        verifier: Option<&ReplayVerifier>,
        said: &Message,
        known: &TreeHead,
        asked: Option<u64>,
    ) -> Result<Start> {
        let genesis = self.genesis()?;
        let head = head_in(said, start::HEAD)?;
        if hash_in(said, start::CHAIN_ID)? != genesis.chain_id {
            return Err(untrue("the start is of another chain"));
        }
        self.opener.check_not_behind(&head, known, None)?;
        let frontier = Frontier::new(said.number(start::START_COMMIT), hashes_in(said, start::FRONTIER)?)
            .map_err(|error| untrue(error.message()))?;
        let begins = TreeHead { size: frontier.size(), root: frontier.root() };
        if !verify_consistency(&begins, &head, &hashes_in(said, start::CONSISTENCY)?) {
            return Err(untrue("the frontier of the start is not of the tree of its head"));
        }
        let sequence = said.number(start::START_SEQUENCE);
        if asked.is_some_and(|asked| sequence > asked) {
            return Err(untrue(format_args!("the start is at sequence {sequence}, which is after the one asked for")));
        }
        let mut covered = None;
        match verifier.map(ReplayVerifier::head) {
            None => {
                self.tie(&head, known).await?;
                if self.checks_rules(&genesis) {
                    // What is handed on of what was verified before is of that history.
                    let (verified, next) = self.reached().ok_or_else(|| untrue("nothing was verified before"))?;
                    self.tie(&verified, &head).await?;
                    covered = Some(next);
                }
            }
            Some(due) if begins.size != due.size => {
                let why = format!("it goes on at commit {}, and {} was asked for", begins.size, due.size);
                return Err(untrue(why));
            }
            Some(due) if begins.root != due.root => {
                return Err(self.opener.conflict("its history is another than the one streamed", &due, Some(&begins)));
            }
            Some(_) => {}
        }
        Ok(Start { genesis, head, covered, begin: ReplayStart { sequence, frontier } })
    }

    /// Asks for public keys of the chain; their fingerprints show that they are the right ones.
    pub async fn find_keys(&self, fingerprints: &[Fingerprint]) -> Result<Vec<PublicKey>> {
        if fingerprints.is_empty() {
            return Ok(Vec::new());
        }
        let genesis = self.genesis()?;
        let mut keys = Vec::new();
        for some in fingerprints.chunks(16) {
            let request = FieldWriter::new()
                .bytes(keys_request::CHAIN_KEY, self.calls.chain_key.text.as_bytes())
                .bytes(keys_request::CHAIN_ID, &genesis.chain_id)
                .messages(keys_request::FINGERPRINTS, some);
            let answer = self.calls.unary(methods::GET_KEYS, request.finish()).await?;
            for key in answer.all(keys_response::KEYS) {
                let key = PublicKey::parse(key).map_err(|error| untrue(error.message()))?;
                if some.contains(&key.fingerprint()) {
                    keys.push(key);
                }
            }
        }
        Ok(keys)
    }

    /// Opens what is sealed, where the client's key was given the read key.
    pub async fn opened(&self, mut event: ChainEvent) -> Result<ChainEvent> {
        let Seal::NoKey { read_key_id, .. } = event.seal else {
            return Ok(event);
        };
        let chain_id = self.genesis()?.chain_id;
        let mut read_key = self.find_read_key(&read_key_id, &chain_id).await?;
        // It may have been handed out in what this client has not read; or later, to a reader who joined late.
        for sequence in [Some(event.sequence + 1), None] {
            if read_key.is_none() {
                Box::pin(self.reach(sequence)).await?;
                read_key = self.find_read_key(&read_key_id, &chain_id).await?;
            }
        }
        let stored = std::mem::take(&mut event.data);
        let Some(read_key) = read_key else {
            let holders = self.with_read_keys(|read_keys| read_keys.holders_of(&read_key_id));
            event.seal = Seal::NoKey { read_key_id, holders };
            return Ok(event);
        };
        let sealed = Confidentiality::parse(&event.header)?;
        let data = sealed.and_then(|sealed| open_sealed_data(&read_key, &chain_id, &event.header, &sealed, &stored));
        event.seal = if data.is_some() { Seal::Open { read_key_id } } else { Seal::Invalid { read_key_id } };
        event.data = data.map_or_else(Bytes::new, |data| Bytes::copy_from_slice(&data));
        Ok(event)
    }
}

/// Whether the event of a sequence, which is in a batch, is data or a tombstone.
fn writes(batch: &VerifiedBatch, sequence: u64) -> bool {
    let index = sequence.checked_sub(batch.commit.header.first_sequence).and_then(|index| usize::try_from(index).ok());
    let event = index.and_then(|index| batch.batch.events.get(index));
    event.is_some_and(|event| matches!(event.kind, EventKind::Data | EventKind::Tombstone))
}
