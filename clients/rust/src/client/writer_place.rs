//! Where a writer stands in a chain: found out before each stream; a chain that isn't there is created.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::client::calls::{ChainCalls, methods};
use crate::client::files::blocking;
use crate::client::notices::{Notice, NoticeKind, OnNotice};
use crate::client::opened::{Opened, OpenedChain, WriterStanding};
use crate::client::opener::ChainOpener;
use crate::client::schema::append_batch_request;
use crate::client::writer_slot::WriterSlot;
use crate::crypto::hashes::Hash;
use crate::crypto::keys::{Fingerprint, KeyPair, PublicKey};
use crate::crypto::{hex, random};
use crate::encoding::fields::FieldWriter;
use crate::error::{Error, Result};
use crate::events::event::build_genesis_event;
use crate::events::genesis::{Genesis, GenesisInput, TrustMode, build_genesis, chain_id_of};
use crate::events::seal::{SealInput, SealView, WriterIdentity, build_seal_header, parse_seal, seal_hash, sign_run};
use crate::events::time::now_unix_ms;
use crate::reason::Reason;
use crate::trust::signers::verify_signatures;

const OPEN_TRIES_MAX: usize = 4;
pub(super) const CREATE_TIMEOUT: Duration = Duration::from_secs(10);

/// What a stream has failed with.
pub(crate) enum Failure {
    /// Of this machine's own, which trying again at the server doesn't help.
    Local(Error),
    Remote(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Remote(error)
    }
}

/// An AppendRequest or AppendBatchRequest: the batch, byte for byte, then the chain's key. Its number is the same in both.
pub(crate) fn append_request(run: &[u8], chain_key: &str) -> Bytes {
    let named = FieldWriter::new().bytes(append_batch_request::CHAIN_KEY, chain_key.as_bytes()).finish();
    [run, &named].concat().into()
}

/// Where the next batch goes.
pub(crate) struct Placed {
    pub slot: Arc<WriterSlot>,
    pub genesis: Arc<Genesis>,
    pub server: PublicKey,
}

/// Opens a chain to append to it, and agrees with the server on where the writer stands.
pub(crate) struct WriterPlace {
    pub calls: Arc<ChainCalls>,
    pub opener: Arc<ChainOpener>,
    pub home: Option<PathBuf>,
    /// Whether the name of the chain's owner is claimed, if nobody has it.
    pub claims: bool,
    pub on_notice: OnNotice,
    slot: Option<(Hash, Arc<WriterSlot>)>,
    /// The header of a genesis that is offered to a server: what the chain will be.
    offer: Option<Vec<u8>>,
    has_offered_anew: bool,
    /// Whether batches may be stored that the slot doesn't know of.
    may_be_behind: bool,
}

impl WriterPlace {
    pub fn new(
        calls: Arc<ChainCalls>,
        opener: Arc<ChainOpener>,
        home: Option<PathBuf>,
        claims: bool,
        on_notice: OnNotice,
    ) -> Self {
        WriterPlace {
            calls,
            opener,
            home,
            claims,
            on_notice,
            slot: None,
            offer: None,
            has_offered_anew: false,
            may_be_behind: true,
        }
    }

    /// Goes on as another writer: somebody else has used this one's id.
    pub fn renew(&self) -> Result<()> {
        self.slot.as_ref().map_or(Ok(()), |(_, slot)| slot.renew())
    }

    /// Notes that what was sent was given up, and may be stored all the same.
    pub fn lose_track(&mut self) {
        self.may_be_behind = true;
    }

    /// Saves where the writer stands, and frees its slot.
    pub async fn close(&mut self) {
        if let Some((_, slot)) = self.slot.take() {
            slot.close().await;
        }
    }

    /// Opens the chain, creating it where it isn't, and agrees with the server on where the writer stands.
    ///
    /// `unanswered`: seal hashes of the batches that were sent and have no answer. Fails as `ChainOpener::open`; WRITER_AHEAD,
    /// WRITER_FORKED, CHAIN_READ_ONLY.
    pub async fn take(&mut self, key: &KeyPair, unanswered: &[Hash]) -> std::result::Result<Placed, Failure> {
        let fingerprint = key.fingerprint();
        if let Some(genesis) = self.opener.genesis() {
            self.take_slot(genesis.chain_id, fingerprint).await?;
        }
        // To create it, and to learn its id, takes a try each, and once more when somebody else is faster.
        for _ in 0..OPEN_TRIES_MAX {
            let before = self.opener.newest();
            let asked = self.writer_id(&fingerprint);
            let opened = self.open(key, asked).await?;
            let Some(chain) = &opened.chain else {
                match &opened.offer {
                    Some(offer) => self.take_offer(key, &opened, offer).await?,
                    None => self.create(key, &opened).await?,
                }
                continue;
            };
            if !chain.trouble.is_empty() {
                return Err(self.read_only(&chain.trouble).into());
            }
            let slot = self.take_slot(chain.genesis.chain_id, fingerprint).await?;
            let Some(standing) =
                chain.writer.as_ref().filter(|_| asked.is_some() && asked == self.writer_id(&fingerprint))
            else {
                continue;
            };
            let seal = self.check_standing(chain, standing, &slot, key.public_key(), unanswered)?;
            self.may_be_behind = false;
            if let Some(seal) = seal {
                // Nor may a seal name an older head than the one before it: what it names is known to be the chain's own.
                let known_before = before.map_or(0, |head| head.size);
                if let Some(head) = seal.as_of.filter(|head| head.size > known_before) {
                    self.opener.extend(&head).await?;
                }
                if unanswered.is_empty() {
                    slot.advance(standing.next_counter, seal.hash);
                }
            }
            return Ok(Placed { slot, genesis: Arc::clone(&chain.genesis), server: opened.server_identity });
        }
        let server = self.calls.server();
        let why =
            format!("{server} doesn't say where this writer stands, or forgets the chain as soon as it is created");
        Err(Error::new(Reason::ConnectionFailed, why).with("server", server).into())
    }

    /// Finds out whether a server and a writer agree on what the writer has written. Gives its last seal there.
    ///
    /// Fails with WRITER_AHEAD where the server has lost batches that it acknowledged; WRITER_FORKED where it has batches of this
    /// writer id of which it can't be known that this writer made them; VERIFICATION_FAILED where what it says can't be.
    fn check_standing(
        &self,
        chain: &OpenedChain,
        standing: &WriterStanding,
        slot: &WriterSlot,
        public_key: &PublicKey,
        unanswered: &[Hash],
    ) -> Result<Option<SealView>> {
        let state = slot.state();
        let (next, counter) = (standing.next_counter, state.counter);
        let about = |error: Error| error.with("next_counter", next).with("counter", counter);
        if next < counter {
            let path = slot
                .path()
                .map(|path| format!(". To append to it as it is now, as a new writer, delete {}", path.display()));
            let message = format!(
                "the server has {next} batches of this writer, and has acknowledged {counter}: it was restored from an older state \
                 or repaired, and {} batches are lost. Find out which before trusting it{}",
                counter - next,
                path.unwrap_or_default()
            );
            return Err(about(Error::new(Reason::WriterAhead, message)));
        }
        if next == 0 {
            return Ok(None);
        }
        let seal = verify_last_seal(&chain.genesis, standing, state.salt, public_key)?;
        let news = next - counter;
        // A crash may have come before what was acknowledged last was saved.
        if news > 0 && unanswered.is_empty() && self.may_be_behind {
            // The server has our own word for it, or none: what it made up itself we must not go on from.
            if !seal.signatures.is_empty() {
                return Ok(Some(seal));
            }
            let message = format!(
                "{news} batches of this writer are not known here, since a process has ended before their answers were saved, and \
                 they are not signed. The next ones are a new writer's"
            );
            return Err(about(Error::new(Reason::WriterForked, message)));
        }
        let expected = match news {
            0 => state.last_seal,
            _ => usize::try_from(news - 1).ok().and_then(|place| unanswered.get(place)).copied(),
        };
        if expected == Some(seal.hash) {
            return Ok(Some(seal));
        }
        let message = format!(
            "another process has written as this writer: the server's last batch of it, of the counter {}, is another than ours. A \
             home folder is for one machine: don't copy it while it is in use",
            seal.counter
        );
        Err(about(Error::new(Reason::WriterForked, message)))
    }

    async fn create(&mut self, key: &KeyPair, server: &Opened) -> std::result::Result<(), Failure> {
        let header = match &self.offer {
            Some(header) => header.clone(),
            None => build_genesis(&GenesisInput {
                chain_key: &self.calls.chain_key.text,
                trust_mode: server.trust_mode,
                roots: std::slice::from_ref(key.public_key()),
                created_unix_ms: now_unix_ms(),
                salt: random()?,
                server_identity: Some(&server.server_identity).filter(|_| server.trust_mode == TrustMode::Centralized),
                private: self.opener.expected().private,
                confidential: self.opener.expected().confidential,
            }),
        };
        self.offer = Some(header.clone());
        let chain_id = chain_id_of(&header);
        let slot = self.take_slot(chain_id, key.fingerprint()).await?;
        let event = build_genesis_event(header);
        let writer = WriterIdentity { chain_id, fingerprint: key.fingerprint(), salt: slot.state().salt };
        let seal = build_seal_header(&writer, &SealInput::default(), &[&event.header]);
        let run = sign_run([event.frame.as_slice()], &seal, std::slice::from_ref(key), &[], &[])?;
        let request = append_request(&run, &self.calls.chain_key.text).to_vec();
        if let Err(error) = self.calls.unary_within(methods::APPEND_BATCH, request, CREATE_TIMEOUT).await {
            // The identity was rotated since the offer was made, which opening again learns. Once: it isn't rotated all the time.
            let is_stale = error.reason() == Reason::ServerIdentityMismatch && !self.has_offered_anew;
            // Somebody else was faster: the chain is theirs to define.
            if error.reason() != Reason::ChainExists && !is_stale {
                return Err(error.into());
            }
            self.has_offered_anew = is_stale;
            self.offer = None;
            return Ok(());
        }
        slot.advance(1, seal_hash(&seal));
        self.offer = None;
        self.tell_created(&chain_id);
        Ok(())
    }

    pub(super) fn tell_created(&self, chain_id: &Hash) {
        let (chain_key, id) = (&self.calls.chain_key.text, hex(chain_id));
        let message = format!("created the chain {chain_key}, with the id {id}");
        let notice = Notice::new(NoticeKind::ChainCreated, message).with("chain_key", chain_key);
        (self.on_notice)(notice.with("chain_id", id));
    }

    /// Said before anything else: of a damaged chain the writer's last batches may be missing, too.
    fn read_only(&self, trouble: &str) -> Error {
        let chain_key = &self.calls.chain_key.text;
        let why = format!("the chain {chain_key} of {} can be read only: {trouble}", self.calls.server());
        Error::new(Reason::ChainReadOnly, why).with("chain_key", chain_key)
    }

    fn writer_id(&self, fingerprint: &Fingerprint) -> Option<Hash> {
        let (chain_id, slot) = self.slot.as_ref()?;
        Some(WriterIdentity { chain_id: *chain_id, fingerprint: *fingerprint, salt: slot.state().salt }.id())
    }

    /// Takes the slot of this chain; one of another chain that was to be created is given back.
    async fn take_slot(
        &mut self,
        chain_id: Hash,
        fingerprint: Fingerprint,
    ) -> std::result::Result<Arc<WriterSlot>, Failure> {
        if let Some((_, slot)) = self.slot.as_ref().filter(|(of, _)| *of == chain_id) {
            return Ok(Arc::clone(slot));
        }
        self.close().await;
        let (home, on_notice) = (self.home.clone(), Arc::clone(&self.on_notice));
        let acquired = blocking(move || WriterSlot::acquire(home.as_deref(), &chain_id, &fingerprint, on_notice)).await;
        let slot = Arc::new(acquired.map_err(Failure::Local)?);
        self.slot = Some((chain_id, Arc::clone(&slot)));
        self.may_be_behind = true;
        Ok(slot)
    }
}

fn verify_last_seal(genesis: &Genesis, standing: &WriterStanding, salt: [u8; 16], key: &PublicKey) -> Result<SealView> {
    let unbelievable = |why: &dyn std::fmt::Display| {
        Error::new(Reason::VerificationFailed, format!("what the server says of this writer can't be true: {why}"))
    };
    let last_seal = standing.last_seal.clone().ok_or_else(|| unbelievable(&"its last seal is missing"))?;
    let seal = parse_seal(last_seal).map_err(|error| unbelievable(&error.message()))?;
    // Others may have signed it too; that this writer did is what counts here.
    let fingerprint = key.fingerprint();
    let mut own = seal.clone();
    own.signatures.retain(|one| one.fingerprint == fingerprint);
    verify_signatures(&own, &[(fingerprint, key.clone())].into())
        .map_err(|error| unbelievable(&format_args!("its last seal does not verify: {}", error.message())))?;
    let is_signed = if seal.signatures.is_empty() {
        genesis.trust_mode == TrustMode::Centralized
    } else {
        !own.signatures.is_empty()
    };
    let writer = WriterIdentity { chain_id: genesis.chain_id, fingerprint, salt };
    let is_ours = (seal.writer_id, seal.chain_id, seal.fingerprint) == (writer.id(), genesis.chain_id, fingerprint);
    if !is_ours || !is_signed {
        return Err(unbelievable(&"its last seal is not this writer's"));
    }
    if seal.counter + 1 != standing.next_counter {
        let (counter, next) = (seal.counter, standing.next_counter);
        let why = format!("its last seal has the counter {counter}, and the next is said to be {next}");
        return Err(unbelievable(&why));
    }
    Ok(seal)
}
