//! Chains that a server with accounts makes: their genesis, as it is offered, and claims of names.

use std::sync::Arc;

use crate::account::claim::claim;
use crate::client::accounts::ask;
use crate::client::calls::methods;
use crate::client::notices::{Notice, NoticeKind, OnNotice};
use crate::client::opened::{Opened, Opening};
use crate::client::schema::claim_request;
use crate::client::transport::Transport;
use crate::client::writer_place::{CREATE_TIMEOUT, WriterPlace, append_request};
use crate::crypto::hashes::Hash;
use crate::crypto::hex;
use crate::crypto::keys::{KeyPair, PublicKey};
use crate::encoding::fields::FieldWriter;
use crate::error::{Error, Result};
use crate::events::auth_answer::names_of;
use crate::events::genesis::Genesis;
use crate::events::owner::Owner;
use crate::events::time::now_unix_ms;
use crate::reason::Reason;
use crate::trust::check_batch::verify_genesis;
use crate::trust::signers::in_words;

impl WriterPlace {
    /// Opens the chain for its writer. Where it isn't there, and nobody has the name of its owner, that is claimed first, if that is
    /// wanted.
    pub(super) async fn open(&self, key: &KeyPair, writer_id: Option<Hash>) -> Result<Opened> {
        let opening = Opening { for_append: true, wishes: true, writer_id };
        let owner = Owner::of(&self.calls.chain_key);
        match self.opener.open(opening).await {
            Err(error) if is_claimable(&error) && self.claims && !owner.is_group => {
                claim_name(&self.calls.transport, &self.on_notice, &owner, key).await?;
                self.opener.open(opening).await
            }
            opened => opened,
        }
    }

    /// Creates the chain by the genesis that the server offers, which is the first batch of the server and not of this writer.
    pub(super) async fn take_offer(&self, key: &KeyPair, server: &Opened, offer: &[u8]) -> Result<()> {
        let genesis = self.check_offer(key.public_key(), server, offer)?;
        let request = append_request(offer, &self.calls.chain_key.text).to_vec();
        match self.calls.unary_within(methods::APPEND_BATCH, request, CREATE_TIMEOUT).await {
            Ok(_) => self.tell_created(&genesis.chain_id),
            Err(error) if is_overtaken(error.reason()) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Verifies the genesis that a server offers, before it is appended: that an auth service has signed who owns the chain, that it is
    /// the owner that the chain key names, that the server has signed it with the identity that it has, and that it is what was wished
    /// for.
    ///
    /// Fails with VERIFICATION_FAILED, and KEY_NOT_ALLOWED where the key that is to write isn't one of the owner's.
    fn check_offer(&self, writer: &PublicKey, server: &Opened, offer: &[u8]) -> Result<Genesis> {
        let refused = |why: &str| {
            let message = format!("the genesis that the server offers can't be taken: {why}. Nothing was created");
            Error::new(Reason::VerificationFailed, message)
        };
        let run = bytes::Bytes::copy_from_slice(offer);
        let (genesis, _) = verify_genesis(&run).map_err(|error| refused(error.message()))?;
        if genesis.chain_key != self.calls.chain_key {
            return Err(refused(&format!("it is for the chain {}", genesis.chain_key.text)));
        }
        let Some(answer) = &genesis.answer else {
            return Err(refused("it holds no word of an auth service"));
        };
        if genesis.server_identity.as_ref() != Some(&server.server_identity) {
            return Err(refused("it names another server"));
        }
        let expected = self.opener.expected();
        if (genesis.private, genesis.confidential) != (expected.private, expected.confidential) {
            return Err(refused("it is private or confidential, or not, other than was wished for"));
        }
        let mut owners = names_of(&answer.roots);
        owners.extend(names_of(&answer.writers));
        if !owners.contains(&writer.fingerprint()) {
            let (chain_key, owner, server) = (&genesis.chain_key.text, &answer.owner.text, self.calls.server());
            let (names, key) = (in_words(&owners), hex(&writer.fingerprint()));
            let message = format!(
                "the chain {chain_key} isn't there yet, and {owner} alone may create it: by the auth service of {server} that is \
                 {names}, and the key is {key}. Log in as {owner}, or ask them"
            );
            let error = Error::new(Reason::KeyNotAllowed, message).with("fingerprint", key);
            return Err(error.with("allowed", names.replace(", ", ",")).with("owner", owner));
        }
        Ok(genesis)
    }
}

/// Claims a name with a key: the root key of a user's chains, or the first owner of a group. Where somebody else is faster, the name is
/// theirs.
pub(super) async fn claim_name(
    transport: &Arc<Transport>,
    on_notice: &OnNotice,
    owner: &Owner,
    key: &KeyPair,
) -> Result<()> {
    let act = claim(owner, key, now_unix_ms())?;
    let request = FieldWriter::new().bytes(claim_request::ACT, &act).finish();
    match ask(transport, methods::CLAIM_OWNER, request).await {
        Ok(_) => {
            let (name, server, key) = (&owner.text, transport.server(), hex(&key.fingerprint()));
            let message =
                format!("claimed the name {name} at {server} with the key {key}; nobody has checked whose it is");
            on_notice(Notice::new(NoticeKind::NameClaimed, message).with("owner", name));
            Ok(())
        }
        Err(error) if matches!(error.reason(), Reason::AccountExists | Reason::VersionConflict) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Whether an error says that nobody has the name of a chain's owner, and that who asked may have it.
fn is_claimable(error: &Error) -> bool {
    error.reason() == Reason::OwnerUnknown && error.metadata().get("claimable").is_some_and(|said| said == "true")
}

/// Whether a genesis that was offered a moment ago isn't taken, and another one may be: opening again tells.
fn is_overtaken(reason: Reason) -> bool {
    matches!(reason, Reason::ChainExists | Reason::AuthAnswerInvalid | Reason::ServerIdentityMismatch)
}
