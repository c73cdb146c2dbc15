//! What is demanded of a chain, and what opening it says.

use std::sync::Arc;

use bytes::Bytes;

use crate::client::answers::part;
use crate::client::schema::{open_response, writer_state};
use crate::crypto::hashes::Hash;
use crate::crypto::keys::PublicKey;
use crate::crypto::merkle::TreeHead;
use crate::encoding::message::Message;
use crate::error::{Error, Result};
use crate::events::genesis::{Genesis, TrustMode};
use crate::reason::Reason;

/// What a caller demands of a chain, beside what is remembered of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expected {
    pub chain_id: Option<Hash>,
    pub trust_mode: Option<TrustMode>,
    pub confidential: bool,
    pub private: bool,
    /// The key that is to write makes no chain: it is a token's.
    pub makes_none: bool,
}

impl Expected {
    /// Refuses a chain that isn't as it is to be. Fails with TRUST_MODE_MISMATCH, READ_RULE_MISMATCH, CHAIN_NOT_PRIVATE.
    pub fn check(&self, genesis: &Genesis) -> Result<()> {
        let chain_key = &genesis.chain_key.text;
        self.check_mode(chain_key, genesis.trust_mode)?;
        if self.confidential && !genesis.confidential {
            let why = format!("the chain {chain_key} is there, and is not confidential");
            return Err(Error::new(Reason::ReadRuleMismatch, why));
        }
        if self.private && !genesis.private {
            let why = format!("the chain {chain_key} is there, and is not private");
            return Err(Error::new(Reason::ChainNotPrivate, why));
        }
        Ok(())
    }

    /// Refuses a chain that is, or would be, of another mode. Fails with TRUST_MODE_MISMATCH.
    pub fn check_mode(&self, chain_key: &str, mode: TrustMode) -> Result<()> {
        match self.trust_mode {
            Some(due) if due != mode => {
                let (mode, due) = (mode.name(), due.name());
                let why = format!("the chain {chain_key} is, or would be, {mode}, and {due} was expected");
                Err(Error::new(Reason::TrustModeMismatch, why).with("trust_mode", mode))
            }
            _ => Ok(()),
        }
    }
}

/// What the server knows of a writer. Not verified.
#[derive(Clone, Debug)]
pub(crate) struct WriterStanding {
    pub next_counter: u64,
    /// The Seal message of its last batch, as it came.
    pub last_seal: Option<Bytes>,
}

impl WriterStanding {
    /// Takes it from what opening a chain was answered; None: no writer was asked for.
    pub fn of(answer: &Message) -> Result<Option<Self>> {
        if !answer.has(open_response::WRITER) {
            return Ok(None);
        }
        let writer = part(answer, open_response::WRITER)?;
        let next_counter = writer.number(writer_state::NEXT_COUNTER);
        Ok(Some(WriterStanding { next_counter, last_seal: writer.get(writer_state::LAST_SEAL) }))
    }
}

/// A chain whose genesis and head were verified.
#[derive(Clone, Debug)]
pub(crate) struct OpenedChain {
    pub genesis: Arc<Genesis>,
    pub next_sequence: u64,
    /// Why it can be read only, in the server's words; empty: it can be appended to.
    pub trouble: String,
    pub writer: Option<WriterStanding>,
}

/// What opening a chain says.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    pub server_identity: PublicKey,
    /// Of chains that are created now.
    pub trust_mode: TrustMode,
    /// None: there is no such chain yet.
    pub chain: Option<OpenedChain>,
    /// The batch that creates the chain, as the server offers it: not verified. None: it offers none.
    pub offer: Option<Bytes>,
}

/// What a chain is opened for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Opening {
    /// A missing chain is an answer, not a refusal.
    pub for_append: bool,
    /// A missing chain is to be offered by the server, where an auth service says whose it is.
    pub wishes: bool,
    /// Of the writer whose state is to be told.
    pub writer_id: Option<Hash>,
}

/// The newest head that this client has verified, each one as an extension of the one before.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KnownHead {
    pub newest: Option<TreeHead>,
}

impl KnownHead {
    /// Moves on to a head that extends `before`. If that isn't the newest now, the two were never compared: nothing happens.
    pub fn advance(&mut self, before: Option<TreeHead>, head: TreeHead) -> bool {
        if self.newest != before || before.is_some_and(|before| head.size <= before.size) {
            return false;
        }
        self.newest = Some(head);
        true
    }
}
