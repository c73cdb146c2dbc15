//! What a client knows of one chain, what it demands of it, and how it says that a server contradicts that.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::client::lazy_saver::Saved;
use crate::client::notices::{Notice, NoticeKind, OnNotice};
use crate::client::opened::{Expected, KnownHead};
use crate::client::remembered::{Evidence, Remembered, RememberedChain};
use crate::crypto::hashes::Hash;
use crate::crypto::hex;
use crate::crypto::keys::PublicKey;
use crate::crypto::merkle::TreeHead;
use crate::error::{Error, Result};
use crate::events::genesis::Genesis;
use crate::reason::Reason;
use crate::trust::checkpoints::{CertifiedKeys, SignedHead};
use crate::trust::identity_line::IdentityLine;

/// What is known of one chain. Nobody waits while holding it.
#[derive(Default)]
pub(super) struct State {
    pub genesis: Option<Arc<Genesis>>,
    pub known: KnownHead,
    /// The newest one that is known to be of the verified history.
    pub checkpoint: Option<SignedHead>,
    pub signer: Option<Arc<CertifiedKeys>>,
    pub line: Option<Arc<IdentityLine>>,
}

/// What the opener knows, and where it is saved.
pub(crate) struct Knowledge {
    pub expected: Expected,
    pub remembered: RememberedChain,
    server: String,
    chain_key: String,
    on_notice: OnNotice,
    state: Mutex<State>,
}

impl Knowledge {
    pub fn new(
        expected: Expected,
        remembered: RememberedChain,
        server: &str,
        chain_key: &str,
        on_notice: OnNotice,
    ) -> Self {
        let (server, chain_key) = (server.to_owned(), chain_key.to_owned());
        Knowledge { expected, remembered, server, chain_key, on_notice, state: Mutex::default() }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses to prove a key for another chain or server than is known. Fails with CHAIN_ID_MISMATCH, SERVER_IDENTITY_MISMATCH.
    pub fn check_challenge(&self, chain_id: &Hash, line: &IdentityLine) -> Result<()> {
        let remembered = self.remembered.load()?;
        self.check_chain_id(chain_id, remembered.as_ref())?;
        let genesis = self.state().genesis.clone();
        let checkpoint = remembered.and_then(|remembered| remembered.checkpoint);
        self.check_identity(line, genesis.as_deref(), checkpoint.as_ref())
    }

    pub fn check_chain_id(&self, chain_id: &Hash, remembered: Option<&Remembered>) -> Result<()> {
        let opened = self.state().genesis.as_ref().map(|genesis| genesis.chain_id);
        let known = opened.or_else(|| remembered.map(|remembered| remembered.chain_id));
        for (due, how) in [(self.expected.chain_id, "pinned"), (known, "remembered")] {
            if let Some(due) = due.filter(|due| due != chain_id) {
                let (found, due) = (hex(chain_id), hex(&due));
                let message = format!(
                    "the chain {} of {} has the id {found}, and {due} is {how}: it was deleted and made anew, or somebody answers in \
                     its place",
                    self.chain_key, self.server
                );
                let error = Error::new(Reason::ChainIdMismatch, message);
                return Err(error.with("chain_id", found).with("expected", due));
            }
        }
        Ok(())
    }

    /// Refuses a server that isn't the one that the chain is kept by, nor follows from it.
    pub fn check_identity(
        &self,
        line: &IdentityLine,
        genesis: Option<&Genesis>,
        before: Option<&SignedHead>,
    ) -> Result<()> {
        let identity = line.identity.fingerprint();
        let named = genesis.and_then(|genesis| genesis.server_identity.as_ref()).map(PublicKey::fingerprint);
        let met = before.map(|before| &before.signer.line);
        let is_back = met.is_some_and(|met| met.has_retired(&identity));
        for due in named.into_iter().chain(met.map(|met| met.identity.fingerprint())) {
            if !line.has(&due) || is_back {
                let (found, due) = (hex(&identity), hex(&due));
                let message = format!(
                    "the chain {} is kept by the server {due}, and {} is {found}, and no rotation leads from the one to the other, \
                     or it was given up",
                    self.chain_key, self.server
                );
                let error = Error::new(Reason::ServerIdentityMismatch, message);
                return Err(error.with("fingerprint", found).with("expected", due));
            }
        }
        Ok(())
    }

    /// Keeps evidence of two heads that can't both be true, and makes the error that says so.
    pub fn conflict(
        &self,
        why: &str,
        known: &TreeHead,
        served: Option<&TreeHead>,
        consistency: &[Hash],
        signed: Option<&SignedHead>,
    ) -> Error {
        let (genesis, remembered) = {
            let state = self.state();
            (state.genesis.clone(), state.checkpoint.clone())
        };
        let path = self.remembered.keep_evidence(&Evidence {
            why,
            genesis_header: genesis.as_ref().map(|genesis| genesis.header.as_ref()),
            known,
            served,
            consistency,
            remembered: remembered.as_ref(),
            signed,
        });
        let file = self.remembered.path();
        let forget =
            file.map(|file| format!(". To accept it as it is now, delete {}", file.display())).unwrap_or_default();
        let message = format!(
            "{} contradicts what was verified before of {}: {why}. It was restored or repaired, or its history was rewritten: find \
             out which before trusting it{forget}",
            self.server, self.chain_key
        );
        let mut error = Error::new(Reason::HeadConflict, message)
            .with("chain_key", &self.chain_key)
            .with("known_size", known.size)
            .with("known_root", hex(&known.root));
        if let Some(served) = served {
            error = error.with("served_size", served.size).with("served_root", hex(&served.root));
        }
        match path {
            Some(path) => error.with("evidence", path.display()),
            None => error,
        }
    }
}

impl Saved for Knowledge {
    fn save(&self) {
        let remembered = {
            let state = self.state();
            match (state.known.newest, &state.genesis) {
                (Some(head), Some(genesis)) => {
                    Remembered { chain_id: genesis.chain_id, head, checkpoint: state.checkpoint.clone() }
                }
                _ => return,
            }
        };
        if let Err(error) = self.remembered.note(remembered) {
            let message = format!("what was verified could not be saved: {}", error.message());
            (self.on_notice)(Notice::new(NoticeKind::NotSaved, message).because(error));
        }
    }
}
