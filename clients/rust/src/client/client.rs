//! A client of one server.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::client::calls::ChainCalls;
use crate::client::chain::{Chain, ChainParts};
use crate::client::home::default_home;
use crate::client::identity_check::{IdentityCheck, LookUpIdentity};
use crate::client::keys::{KeyStore, OwnKey, UseKey};
use crate::client::knowledge::Knowledge;
use crate::client::known_hosts::KnownHosts;
use crate::client::notices::{OnNotice, ignore};
use crate::client::opened::Expected;
use crate::client::opener::ChainOpener;
use crate::client::remembered::RememberedChain;
use crate::client::tls::TlsOptions;
use crate::client::transport::{Encryption, Transport};
use crate::crypto::hashes::Hash;
use crate::crypto::keys::PublicKey;
use crate::error::Result;
use crate::events::chain_key::{ChainKey, ServerAddress};
use crate::events::genesis::TrustMode;

/// Where keys, known servers and what was verified are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Home {
    /// In the folder that ATE_HOME names, else in `~/.ate`.
    #[default]
    Default,
    /// In a folder.
    Folder(PathBuf),
    /// Nowhere: nothing is kept, and the default key lasts as long as the client.
    None,
}

/// How a server is connected to.
#[derive(Clone, Default)]
pub struct ConnectOptions {
    /// Where keys, known servers and what was verified are kept.
    pub home: Home,
    /// Of keys that are sealed.
    pub passphrase: Option<String>,
    /// Whether calls are encrypted by the tunnel.
    pub encryption: Encryption,
    /// Have TLS below the calls.
    pub tls: Option<TlsOptions>,
    /// How the identity of a server that was never met is looked up.
    pub look_up_identity: Option<LookUpIdentity>,
    /// Is told what a user may want to know.
    pub on_notice: Option<OnNotice>,
}

impl std::fmt::Debug for ConnectOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (home, encryption) = (&self.home, &self.encryption);
        f.debug_struct("ConnectOptions").field("home", home).field("encryption", encryption).finish_non_exhaustive()
    }
}

/// How a chain is opened.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// The key that it is written and read with.
    pub key: UseKey,
    /// A chain that isn't there is CHAIN_NOT_FOUND; else it is created by the first append.
    pub must_exist: bool,
    /// The id that the chain must have.
    pub chain_id: Option<Hash>,
    /// The mode that the chain must have.
    pub trust_mode: Option<TrustMode>,
    /// The chain must be confidential, and is created so.
    pub confidential: bool,
    /// The chain must be private, and is created so.
    pub private: bool,
    /// Whether sealed data is padded to a length that many others share.
    pub pad: bool,
    /// Whether all that is read is checked to have been allowed, for which all before it is read; None: where the server isn't
    /// trusted with that.
    pub check_rules: Option<bool>,
    /// Whether each batch is signed, also where a proof of the key would do.
    pub sign_batches: bool,
    /// Whether the name of the chain's owner is claimed for the key, if nobody has it: on the server's own machine, at a server with an
    /// auth service of its own that sends no mail. Nobody has checked then whose the name is.
    pub claim: bool,
    /// For how long appends and locks wait for a lost server.
    pub reconnect: Duration,
}

impl Default for OpenOptions {
    fn default() -> Self {
        OpenOptions {
            key: UseKey::Default,
            must_exist: false,
            chain_id: None,
            trust_mode: None,
            confidential: false,
            private: false,
            pad: false,
            check_rules: None,
            sign_batches: false,
            claim: false,
            reconnect: Duration::from_secs(60),
        }
    }
}

/// A client of one server. Nothing is sent before it is needed.
pub struct Client {
    transport: Arc<Transport>,
    home: Option<PathBuf>,
    keys: Arc<KeyStore>,
    on_notice: OnNotice,
}

impl Client {
    /// Makes a client of a server: `host[:port]`, or `ate://host[:port]`, and `#sha256:<fingerprint>` to pin its identity key.
    ///
    /// Fails with REQUEST_INVALID.
    pub fn connect(server: &str, options: ConnectOptions) -> Result<Self> {
        let address = ServerAddress::parse(server)?;
        let home = match options.home {
            Home::Default => Some(default_home()?),
            Home::Folder(folder) => Some(folder),
            Home::None => None,
        };
        let on_notice = options.on_notice.unwrap_or_else(ignore);
        let check = IdentityCheck {
            address: address.clone(),
            known_hosts: KnownHosts::new(home.clone()),
            look_up: options.look_up_identity,
            on_notice: Arc::clone(&on_notice),
        };
        let transport = Arc::new(Transport::new(address, options.encryption, check, options.tls)?);
        let keys = Arc::new(KeyStore::new(home.clone(), options.passphrase, Arc::clone(&on_notice)));
        Ok(Client { transport, home, keys, on_notice })
    }

    /// `host:port`.
    #[must_use]
    pub fn server(&self) -> &str {
        self.transport.server()
    }

    /// The identity that the server has proven last; None before, and without encryption.
    #[must_use]
    pub fn server_identity(&self) -> Option<PublicKey> {
        self.transport.proven_identity()
    }

    /// Opens a chain, by its key: `domain/name/db` or `group/db`.
    ///
    /// Its genesis is verified, and that its head extends the one that is remembered. Fails with CHAIN_NOT_FOUND,
    /// CHAIN_ID_MISMATCH, TRUST_MODE_MISMATCH, SERVER_IDENTITY_MISMATCH, HEAD_CONFLICT, VERIFICATION_FAILED, UNSUPPORTED,
    /// CONNECTION_FAILED and others.
    pub async fn open(&self, chain: &str, options: OpenOptions) -> Result<Chain> {
        let for_append = !options.must_exist;
        let chain = self.chain(chain, options)?;
        chain.open(for_append).await?;
        Ok(chain)
    }

    fn chain(&self, chain: &str, options: OpenOptions) -> Result<Chain> {
        let chain_key = ChainKey::parse(chain)?;
        let own_key = OwnKey::new(Arc::clone(&self.keys), options.key.clone());
        let expected = Expected {
            chain_id: options.chain_id,
            trust_mode: options.trust_mode,
            confidential: options.confidential,
            private: options.private,
            makes_none: matches!(options.key, UseKey::Token(_)),
        };
        let server = self.transport.server();
        let remembered = RememberedChain::new(self.home.as_deref(), server, &chain_key);
        let on_notice = Arc::clone(&self.on_notice);
        let knowledge = Arc::new(Knowledge::new(expected, remembered, server, &chain_key.text, on_notice));
        let check = ChainOpener::checker(&knowledge);
        let calls = Arc::new(ChainCalls::new(Arc::clone(&self.transport), chain_key, own_key.clone(), check));
        let opener = Arc::new(ChainOpener::new(Arc::clone(&calls), knowledge));
        let (home, on_notice) = (self.home.clone(), Arc::clone(&self.on_notice));
        Ok(Chain::new(ChainParts { calls, opener, own_key, home, options, on_notice }))
    }

    /// Ends the connection. Chains are closed before.
    pub async fn close(&self) {
        self.transport.close().await;
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("server", &self.server()).finish_non_exhaustive()
    }
}
