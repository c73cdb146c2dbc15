//! Reads a chain, verified: the parts that ranges and subscriptions have in common.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Mutex as AsyncMutex;

use crate::client::answers::{answer, hash_in, hashes_in, head_in, part, untrue};
use crate::client::calls::{Answers, ChainCalls, methods};
use crate::client::chain_event::events_of;
use crate::client::events::EventSink;
use crate::client::follower::Follower;
use crate::client::keys::OwnKey;
use crate::client::opener::ChainOpener;
use crate::client::range::Range;
use crate::client::read_keys::ReadKeys;
use crate::client::schema::{end_of_range, keys_request, keys_response, read_request, read_response, start};
use crate::client::statuses::is_compacted;
use crate::crypto::data_key::ReadKey;
use crate::crypto::hashes::Hash;
use crate::crypto::keys::{Fingerprint, PublicKey};
use crate::crypto::merkle::{Frontier, TreeHead, verify_consistency};
use crate::encoding::fields::FieldWriter;
use crate::encoding::message::Message;
use crate::error::{Error, Result};
use crate::events::genesis::{Genesis, TrustMode};
use crate::reason::Reason;
use crate::trust::authority::Authority;
use crate::trust::replay::{ReplayStart, ReplayVerifier, VerifiedBatch};

/// A chain that is compacted again and again under other snapshots is given up on.
const READINGS_MAX: usize = 8;

/// A start that was found good.
pub(crate) struct Start {
    genesis: Arc<Genesis>,
    pub head: TreeHead,
    covered: Option<u64>,
    begin: ReplayStart,
}

impl Start {
    /// Goes on with a replay, or begins one here.
    pub fn followed_by(self, verifier: Option<ReplayVerifier>, known: TreeHead, data_up_to: Option<u64>) -> Follower {
        let verifier = verifier.unwrap_or_else(|| ReplayVerifier::starting(self.genesis, self.begin));
        Follower::new(verifier, self.head, (known, self.covered), data_up_to)
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
        self.with_place(|place| place.map(|place| (place.head(), place.next_sequence())))
    }

    /// Looks at what was verified from the first event on, if anything was.
    pub(super) fn with_place<T>(&self, look: impl FnOnce(Option<&ReplayVerifier>) -> T) -> T {
        look(self.place.lock().unwrap_or_else(PoisonError::into_inner).as_ref())
    }

    /// Looks at read keys, with the client's own key for them.
    pub async fn find_read_key(&self, id: &Hash, chain_id: &Hash) -> Result<Option<ReadKey>> {
        let keys = self.own_key.reading().await?;
        Ok(self.with_read_keys(|read_keys| read_keys.find(id, chain_id, &keys)))
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
            let range = Range { end: sequence, ..Range::default() };
            Box::pin(self.reading(|| self.begin().map(Some), range, None)).await?;
        }
        self.reached().ok_or_else(|| untrue("nothing was read"))
    }

    /// Reads a range, as it is now, into a sink.
    pub async fn read(&self, range: Range, sink: &EventSink) -> Result<()> {
        if range.end.is_some_and(|end| end <= range.start) {
            return Ok(());
        }
        let start = range.start;
        self.reading(|| self.begin_at(start), range, Some(sink)).await.map(|_| ())
    }

    /// Verifies the chain whole, from its first event on, with its rules. Gives the head that it has.
    pub async fn verify(&self) -> Result<TreeHead> {
        self.reading(|| self.genesis().map(ReplayVerifier::new).map(Some), Range::default(), None).await
    }

    /// Checks that what came by itself is part of the history whose rules were verified: so it was allowed. Nothing is checked where
    /// the server's word is taken for that.
    ///
    /// `end`: the sequence after its last event; `commit`: of its last one; `head`: of a tree that it was shown to be part of. Fails
    /// with VERIFICATION_FAILED where the server doesn't send the history as far as that, HEAD_CONFLICT.
    pub async fn check_allowed(&self, end: u64, commit: u64, head: &TreeHead) -> Result<()> {
        if !self.checks_rules(&*self.genesis()?) {
            return Ok(());
        }
        let (verified, _) = self.reach(Some(end)).await?;
        // A history that ends before it says nothing of it, however well that fits.
        if verified.size <= commit {
            return Err(untrue(format_args!(
                "it doesn't send the history as far as commit {commit}, which it has shown"
            )));
        }
        self.tie(&verified, head).await
    }

    /// Compares two heads of the chain, whichever is the newer. Fails with HEAD_CONFLICT.
    pub async fn tie(&self, one: &TreeHead, other: &TreeHead) -> Result<()> {
        self.opener.tie(one, other).await
    }

    /// Begins a replay where what was verified from the first event on ends.
    pub fn begin(&self) -> Result<ReplayVerifier> {
        let place = self.with_place(|place| place.map(ReplayVerifier::anew));
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

    /// Asks for a range, from where a replay stands if there is one, and gives the answers behind its start, and what that says.
    pub(super) async fn ask_range(
        &self,
        verifier: Option<&ReplayVerifier>,
        range: &Range,
    ) -> Result<(Answers, Message)> {
        let from = verifier.map_or(range.start, ReplayVerifier::next_sequence);
        let mut request = FieldWriter::new()
            .bytes(read_request::CHAIN_KEY, self.calls.chain_key.text.as_bytes())
            .bytes(read_request::CHAIN_ID, &self.genesis()?.chain_id)
            .varint(read_request::FROM_SEQUENCE, from)
            .varint(read_request::FROM_COMMIT, verifier.map_or(0, ReplayVerifier::next_commit));
        if let Some(end) = range.end {
            request = request.present_varint(read_request::END_SEQUENCE, end.max(from));
        }
        if let Some(most) = range.data_up_to {
            request = request.present_varint(read_request::DATA_UP_TO_BYTES, most);
        }
        let mut answers = self.calls.answers(methods::READ_EVENTS, request.finish(), None).await?;
        let first = answers.next().await?.ok_or_else(|| untrue("a range has its start"))?;
        let first = answer(first)?;
        if !first.has(read_response::START) {
            return Err(untrue("a range has its start, batches, and its end"));
        }
        let said = part(&first, read_response::START)?;
        Ok((answers, said))
    }

    /// Reads batches, from where a replay stands on that `begin` gives. Gives the head that it has come to.
    ///
    /// Where the chain is compacted meanwhile, so that what was read can't be gone on with, it is read again: unless something was handed
    /// on, since what would show that it was removed may be gone.
    async fn reading(
        &self,
        begin: impl Fn() -> Result<Option<ReplayVerifier>>,
        range: Range,
        sink: Option<&EventSink>,
    ) -> Result<TreeHead> {
        for _ in 1..READINGS_MAX {
            match self.range(begin()?, &range, sink).await {
                Err(error) if is_compacted(&error) && sink.is_none_or(EventSink::is_fresh) => {}
                read => return read,
            }
        }
        self.range(begin()?, &range, sink).await
    }

    async fn range(
        &self,
        verifier: Option<ReplayVerifier>,
        range: &Range,
        sink: Option<&EventSink>,
    ) -> Result<TreeHead> {
        let known = self.known()?;
        let from = verifier.as_ref().map_or(range.start, ReplayVerifier::next_sequence);
        let (mut answers, said) = self.ask_range(verifier.as_ref(), range).await?;
        let start_of = self.check_start(verifier.as_ref(), &said, &known, Some(from)).await?;
        let mut follower = start_of.followed_by(verifier, known, range.data_up_to);
        while let Some(message) = answers.next().await? {
            let answer = answer(message)?;
            if let Some(log) = answer.get(read_response::LOG) {
                let batches = follower.feed(self, &log).await?;
                if let Some(sink) = sink {
                    self.hand_on(&batches, range.start, range.end, sink).await?;
                }
            } else if answer.has(read_response::END) {
                let said = part(&answer, read_response::END)?;
                let reached = self.check_end(&mut follower, &said, range.end).await?;
                range.tell_unchecked(follower.verifier.owed());
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

    async fn check_end(&self, follower: &mut Follower, said: &Message, end: Option<u64>) -> Result<TreeHead> {
        let (reached, head) = (follower.verifier.head(), follower.start_head);
        let is_tied = is_end_of(&reached, &head, said)?;
        let is_whole = reached.size == head.size || end.is_some_and(|end| follower.verifier.next_sequence() >= end);
        if !is_tied || !is_whole {
            return Err(untrue(
                "the end of the range is not of the tree that its start names, or before what was asked for",
            ));
        }
        self.tie(&head, &follower.known_before).await?;
        if reached.size == head.size {
            self.opener.advance(Some(follower.known_before), reached);
            // Whoever named an end, too, has read all that there is; what allows data to be gone may have come since the call.
            if follower.verifier.owed().is_owed() {
                return self.settle(follower).await;
            }
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
}

/// Whether what was read is what the end of a range says, and part of the tree that its start names.
pub(super) fn is_end_of(reached: &TreeHead, head: &TreeHead, said: &Message) -> Result<bool> {
    let consistency = hashes_in(said, end_of_range::CONSISTENCY)?;
    Ok(reached.size == said.number(end_of_range::END_COMMIT) && verify_consistency(reached, head, &consistency))
}
