//! Opens one chain, as often as needed, and believes nothing: every head is proven to extend the one known before.

use std::sync::{Arc, Weak};

use bytes::Bytes;

use crate::client::answers::{hashes_in, head_in, untrue};
use crate::client::calls::{ChainCalls, methods};
use crate::client::knowledge::Knowledge;
use crate::client::lazy_saver::LazySaver;
use crate::client::opened::{Expected, Opened, OpenedChain, Opening, WriterStanding};
use crate::client::remembered::{Remembered, is_newer_checkpoint};
use crate::client::schema::{damage, open_request, open_response, proof_request, proof_response, wishes};
use crate::crypto::hashes::Hash;
use crate::crypto::keys::PublicKey;
use crate::crypto::merkle::{TreeHead, verify_consistency};
use crate::encoding::fields::FieldWriter;
use crate::encoding::message::Message;
use crate::error::{Error, Result};
use crate::events::commit::split_slice;
use crate::events::genesis::{Genesis, TrustMode};
use crate::reason::Reason;
use crate::trust::check_batch::verify_genesis;
use crate::trust::checkpoints::{CertifiedKeys, SignedHead};
use crate::trust::identity_line::IdentityLine;

/// Opens one chain.
pub(crate) struct ChainOpener {
    calls: Arc<ChainCalls>,
    knowledge: Arc<Knowledge>,
    saver: LazySaver,
}

impl ChainOpener {
    pub fn new(calls: Arc<ChainCalls>, knowledge: Arc<Knowledge>) -> Self {
        ChainOpener { calls, knowledge, saver: LazySaver::default() }
    }

    /// What a check of challenges looks at, without keeping it alive.
    pub fn checker(knowledge: &Arc<Knowledge>) -> crate::client::calls::CheckChallenge {
        let knowledge: Weak<Knowledge> = Arc::downgrade(knowledge);
        Box::new(move |chain_id, line| match knowledge.upgrade() {
            Some(knowledge) => knowledge.check_challenge(chain_id, line),
            None => Err(untrue("nobody wants the ticket any more")),
        })
    }

    /// What the chain is; None: it isn't there yet, as far as is known.
    pub fn genesis(&self) -> Option<Arc<Genesis>> {
        self.knowledge.state().genesis.clone()
    }

    /// The newest head that was verified.
    pub fn newest(&self) -> Option<TreeHead> {
        self.knowledge.state().known.newest
    }

    /// The newest checkpoint that is known to be of the verified history.
    pub fn checkpoint(&self) -> Option<SignedHead> {
        self.knowledge.state().checkpoint.clone()
    }

    /// Moves on to a head that extends `before`.
    pub fn advance(&self, before: Option<TreeHead>, head: TreeHead) {
        let has_advanced = self.knowledge.state().known.advance(before, head);
        if has_advanced {
            self.saver.changed(&self.knowledge);
        }
    }

    /// Opens the chain.
    ///
    /// Fails with CHAIN_NOT_FOUND; CHAIN_ID_MISMATCH, TRUST_MODE_MISMATCH, SERVER_IDENTITY_MISMATCH and others where it is not what
    /// is expected; HEAD_CONFLICT, VERIFICATION_FAILED where the server can't be believed.
    pub async fn open(&self, opening: Opening) -> Result<Opened> {
        let before = self.newest();
        let remembered = if before.is_none() { self.knowledge.remembered.load()? } else { None };
        let known = before.or_else(|| remembered.as_ref().map(|remembered| remembered.head));
        if let Some(checkpoint) = remembered.as_ref().and_then(|remembered| remembered.checkpoint.clone()) {
            self.keep(checkpoint);
        }
        let signed_before = self.checkpoint();
        let answer = self.ask(known, opening).await?;
        let identity = PublicKey::parse(answer.bytes(open_response::SERVER_IDENTITY))
            .map_err(|error| untrue(format_args!("the server's identity is no key: {}", error.message())))?;
        self.calls.transport.check_proven(&identity)?;
        let trust_mode = TrustMode::from_number(answer.number(open_response::TRUST_MODE));
        let Some(genesis_slice) = answer.get(open_response::GENESIS) else {
            if let Some(known) = known {
                return Err(self.conflict("the chain is not there any more", &known, None));
            }
            self.check_creation(trust_mode, opening.for_append)?;
            let offer = answer.get(open_response::OFFER);
            return Ok(Opened { server_identity: identity, trust_mode, chain: None, offer });
        };
        let (genesis, leaf) = self.check_genesis(&genesis_slice, remembered.as_ref())?;
        let head = head_in(&answer, open_response::HEAD)?;
        let signed = self.verify_signed(&answer, &identity, &genesis, signed_before.as_ref())?;
        // Every tree of the chain extends that of its genesis alone.
        let base = known.unwrap_or(TreeHead { size: 1, root: leaf });
        let consistency = hashes_in(&answer, open_response::CONSISTENCY)?;
        self.check_head(&head, &base, &consistency, signed.as_ref())?;
        let genesis = Arc::clone(self.knowledge.state().genesis.get_or_insert_with(|| Arc::new(genesis)));
        if let Some(signed) = &signed {
            let consistency = hashes_in(&answer, open_response::CHECKPOINT_CONSISTENCY)?;
            if !verify_consistency(&signed.head, &head, &consistency) {
                let why = "it has signed another history than the one it serves";
                return Err(self.knowledge.conflict(why, &signed.head, Some(&head), &[], Some(signed)));
            }
            self.check_not_older(signed, signed_before.as_ref())?;
        }
        self.advance(before, head);
        if let Some(signed) = signed {
            self.keep(signed);
        }
        let chain = OpenedChain {
            genesis,
            next_sequence: answer.number(open_response::NEXT_SEQUENCE),
            trouble: answer.text(open_response::TROUBLE),
            writer: WriterStanding::of(&answer)?,
        };
        Ok(Opened { server_identity: identity, trust_mode, chain: Some(chain), offer: None })
    }

    /// Has it proven that the chain as it is now extends a head. Fails with HEAD_CONFLICT where it doesn't.
    pub async fn extend(&self, head: &TreeHead) -> Result<()> {
        let answer = self.ask(Some(*head), Opening::default()).await?;
        if !answer.has(open_response::GENESIS) {
            return Err(self.conflict("the chain is not there any more", head, None));
        }
        let served = head_in(&answer, open_response::HEAD)?;
        self.check_head(&served, head, &hashes_in(&answer, open_response::CONSISTENCY)?, None)
    }

    /// Compares two heads, of which the newer must extend the older. Fails with HEAD_CONFLICT.
    pub async fn tie(&self, one: &TreeHead, other: &TreeHead) -> Result<()> {
        let (older, newer) = if one.size <= other.size { (one, other) } else { (other, one) };
        self.check_not_behind(newer, older, None)?;
        if newer.size == older.size {
            return Ok(());
        }
        let request = FieldWriter::new()
            .bytes(proof_request::CHAIN_KEY, self.calls.chain_key.text.as_bytes())
            .varint(proof_request::FROM_SIZE, older.size)
            .varint(proof_request::SIZE, newer.size);
        let answer = self.calls.unary(methods::GET_PROOF, request.finish()).await?;
        self.check_head(newer, older, &hashes_in(&answer, proof_response::CONSISTENCY)?, None)
    }

    /// Refuses a served head that is older than the known one, or of its size and another. Fails with HEAD_CONFLICT.
    pub fn check_not_behind(&self, served: &TreeHead, known: &TreeHead, signed: Option<&SignedHead>) -> Result<()> {
        let why = if served.size < known.size {
            "its chain is shorter than it was"
        } else if served.size == known.size && served.root != known.root {
            "its chain has another history than it had"
        } else {
            return Ok(());
        };
        Err(self.knowledge.conflict(why, known, Some(served), &[], signed))
    }

    /// Verifies a checkpoint of the chain, which was opened before. Fails with VERIFICATION_FAILED.
    ///
    /// The server may have been started anew with another identity, which the one before vouches for: an opening shows that.
    pub async fn verify_checkpoint(&self, note: &str, chain_id: &Hash) -> Result<SignedHead> {
        if let Ok(signed) = self.verified_note(note, chain_id) {
            return Ok(signed);
        }
        self.open(Opening::default()).await?;
        self.verified_note(note, chain_id)
    }

    /// Compares a checkpoint with the tree that was replayed, and with the one before; keeps it.
    ///
    /// `root`: that the tree had at its size, as far as that is known. Fails with HEAD_CONFLICT.
    pub async fn keep_checkpoint(
        &self,
        signed: SignedHead,
        root: Option<Hash>,
        before: Option<&SignedHead>,
    ) -> Result<()> {
        if let Some(root) = root.filter(|root| *root != signed.head.root) {
            let known = TreeHead { size: signed.head.size, root };
            let why = "it has signed another history than the one it has sent";
            return Err(self.knowledge.conflict(why, &known, Some(&signed.head), &[], Some(&signed)));
        }
        self.check_not_older(&signed, before)?;
        if let Some(newest) = self.newest().filter(|_| root.is_none()) {
            self.tie(&signed.head, &newest).await?;
        }
        self.keep(signed);
        Ok(())
    }

    /// Keeps evidence of two heads that can't both be true, and makes the error that says so.
    pub fn conflict(&self, why: &str, known: &TreeHead, served: Option<&TreeHead>) -> Error {
        self.knowledge.conflict(why, known, served, &[], None)
    }

    /// Saves what isn't saved.
    pub async fn close(&self) {
        self.saver.close(&self.knowledge).await;
    }

    fn request(&self, known: Option<&TreeHead>) -> FieldWriter {
        FieldWriter::new()
            .bytes(open_request::CHAIN_KEY, self.calls.chain_key.text.as_bytes())
            .varint(open_request::KNOWN_SIZE, known.map_or(1, |known| known.size))
    }

    async fn ask(&self, known: Option<TreeHead>, opening: Opening) -> Result<Message> {
        let identity = self.knowledge.state().line.as_ref().map(|line| line.identity.fingerprint());
        let mut request = self
            .request(known.as_ref())
            .bool(open_request::FOR_APPEND, opening.for_append)
            .maybe(open_request::WRITER_ID, opening.writer_id)
            .maybe(open_request::KNOWN_IDENTITY, identity);
        if opening.wishes {
            let expected = &self.knowledge.expected;
            let wished = FieldWriter::new()
                .bool(wishes::PRIVATE, expected.private)
                .bool(wishes::CONFIDENTIAL, expected.confidential);
            request = request.message(open_request::WISHES, &wished.finish());
        }
        let asked = self.calls.unary(methods::OPEN_CHAIN, request.finish()).await;
        match (asked, known) {
            (Err(error), Some(known)) if error.reason() == Reason::SequenceOutOfRange => {
                Err(self.shorter(&known).await?)
            }
            (Err(error), Some(known)) if error.reason() == Reason::ChainNotFound => {
                Err(self.conflict("the chain is not there any more", &known, None))
            }
            (asked, _) => asked,
        }
    }

    /// Says what is wrong with a chain that is shorter than what was verified: or it is another chain altogether.
    async fn shorter(&self, known: &TreeHead) -> Result<Error> {
        let answer = self.calls.unary(methods::OPEN_CHAIN, self.request(None).finish()).await?;
        let remembered = self.knowledge.remembered.load()?;
        let (genesis, _) = self.check_genesis(&answer.bytes(open_response::GENESIS), remembered.as_ref())?;
        let head = head_in(&answer, open_response::HEAD)?;
        for one in answer.all(open_response::DAMAGES) {
            let lost = Message::parse(one)?;
            if lost.has(damage::FIRST_SEQUENCE) {
                let message = format!(
                    "{} says that its chain {} is damaged, and no longer has all that was verified of it here: {} commits were, and \
                     {} can be read",
                    self.calls.server(),
                    genesis.chain_key.text,
                    known.size,
                    head.size
                );
                let error = Error::new(Reason::ChainDamaged, message).with("known_size", known.size);
                return Ok(error.with("served_size", head.size).with("file", lost.text(damage::FILE)));
            }
        }
        let identity = PublicKey::parse(answer.bytes(open_response::SERVER_IDENTITY))?;
        let signed = self.verify_signed(&answer, &identity, &genesis, self.checkpoint().as_ref())?;
        let why = "its chain is shorter than it was";
        Ok(self.knowledge.conflict(why, known, Some(&head), &[], signed.as_ref()))
    }

    /// Gives the genesis, and the leaf of its commit.
    fn check_genesis(&self, slice: &Bytes, remembered: Option<&Remembered>) -> Result<(Genesis, Hash)> {
        let none = |error: &Error| untrue(format_args!("its genesis does not verify: {}", error.message()));
        let mut stored = split_slice(slice).map_err(|error| none(&error))?;
        let (Some(first), true) = (stored.pop(), stored.is_empty()) else {
            return Err(untrue("its genesis is not one batch"));
        };
        let (genesis, batch) = verify_genesis(&first.run)
            .map_err(|error| if error.reason() == Reason::Unsupported { error } else { none(&error) })?;
        let header = &first.commit.header;
        let is_first = (header.commit, header.first_sequence, header.events) == (0, 0, 1);
        if !is_first || header.seal_hash != batch.seal.hash {
            return Err(untrue("its genesis has another batch's commit"));
        }
        if genesis.chain_key != self.calls.chain_key {
            return Err(untrue(format_args!("its genesis is of the chain {}", genesis.chain_key.text)));
        }
        self.knowledge.check_chain_id(&genesis.chain_id, remembered)?;
        self.knowledge.expected.check(&genesis)?;
        Ok((genesis, first.commit.leaf))
    }

    fn check_creation(&self, mode: TrustMode, for_append: bool) -> Result<()> {
        let (server, chain_key) = (self.calls.server(), &self.calls.chain_key.text);
        // Servers refuse this call then; one that doesn't must not pass for one with an empty chain.
        if !for_append || self.knowledge.expected.chain_id.is_some() {
            let why = format!("there is no chain {chain_key} on {server}");
            return Err(Error::new(Reason::ChainNotFound, why).with("chain_key", chain_key));
        }
        if self.knowledge.expected.makes_none {
            let why =
                format!("there is no chain {chain_key} on {server}, and a token makes none. Have its issuer make it");
            return Err(Error::new(Reason::ChainNotFound, why).with("chain_key", chain_key));
        }
        self.knowledge.expected.check_mode(chain_key, mode)
    }

    /// What is demanded of the chain.
    pub fn expected(&self) -> &Expected {
        &self.knowledge.expected
    }

    /// Verifies the checkpoint of an opening. None where the server shows none, of a chain that it says is in trouble.
    fn verify_signed(
        &self,
        answer: &Message,
        identity: &PublicKey,
        genesis: &Genesis,
        before: Option<&SignedHead>,
    ) -> Result<Option<SignedHead>> {
        let certified = self.certify(answer, identity, genesis, before);
        certified.map_err(|error| match error.reason() {
            Reason::ServerIdentityMismatch => error,
            _ => untrue(format_args!("what it has signed does not verify: {}", error.message())),
        })?;
        match answer.get(open_response::CHECKPOINT) {
            Some(_) => self.verified_note(&answer.text(open_response::CHECKPOINT), &genesis.chain_id).map(Some),
            None if answer.has(open_response::TROUBLE) => Ok(None),
            None => Err(untrue("it shows no checkpoint of its head")),
        }
    }

    fn certify(
        &self,
        answer: &Message,
        identity: &PublicKey,
        genesis: &Genesis,
        before: Option<&SignedHead>,
    ) -> Result<()> {
        let rotations: Vec<Bytes> = answer.all(open_response::IDENTITY_ROTATIONS).collect();
        let (known, signer) = {
            let state = self.knowledge.state();
            (state.line.clone(), state.signer.clone())
        };
        let is_known = |line: &Arc<IdentityLine>| {
            line.identity == *identity && (rotations.is_empty() || rotations == line.rotations)
        };
        let line = match known.filter(is_known) {
            Some(known) => known,
            None => Arc::new(IdentityLine::verify(identity.clone(), rotations.clone())?),
        };
        self.knowledge.check_identity(&line, Some(genesis), before)?;
        let keys = answer.bytes(open_response::CHECKPOINT_KEYS);
        let is_certified =
            signer.as_ref().is_some_and(|known| Arc::ptr_eq(&known.line, &line) && known.message == keys);
        let signer = match signer.filter(|_| is_certified) {
            Some(signer) => signer,
            None => Arc::new(CertifiedKeys::verify(keys, Arc::clone(&line))?),
        };
        let mut state = self.knowledge.state();
        state.signer = Some(signer);
        state.line = Some(line);
        Ok(())
    }

    fn verified_note(&self, note: &str, chain_id: &Hash) -> Result<SignedHead> {
        let signer = self.knowledge.state().signer.clone();
        let signer = signer.ok_or_else(|| untrue("the keys of its checkpoints were not shown"))?;
        SignedHead::verify(note, chain_id, &signer)
            .map_err(|error| untrue(format_args!("what it has signed does not verify: {}", error.message())))
    }

    fn check_head(&self, head: &TreeHead, base: &TreeHead, proof: &[Hash], signed: Option<&SignedHead>) -> Result<()> {
        self.check_not_behind(head, base, signed)?;
        if verify_consistency(base, head, proof) {
            return Ok(());
        }
        let why = "its head does not extend the one that was verified before";
        Err(self.knowledge.conflict(why, base, Some(head), proof, signed))
    }

    fn check_not_older(&self, signed: &SignedHead, before: Option<&SignedHead>) -> Result<()> {
        match before {
            Some(before) if signed.head.size < before.head.size => {
                let why = "it shows an older checkpoint than one it had signed";
                Err(self.knowledge.conflict(why, &before.head, Some(&signed.head), &[], Some(signed)))
            }
            _ => Ok(()),
        }
    }

    fn keep(&self, signed: SignedHead) {
        let mut state = self.knowledge.state();
        let newest = state.known.newest;
        // What is kept is never beyond what is known, which later heads are compared with.
        let is_beyond = newest.is_some_and(|newest| signed.head.size > newest.size);
        if !is_beyond && is_newer_checkpoint(&signed, state.checkpoint.as_ref()) {
            state.checkpoint = Some(signed);
            drop(state);
            if newest.is_some() {
                self.saver.changed(&self.knowledge);
            }
        }
    }
}
