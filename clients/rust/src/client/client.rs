//! A client of one server.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::client::accounts::{Accounts, LoggedInAt, Login};
use crate::client::calls::ChainCalls;
use crate::client::chain::{Chain, ChainParts};
use crate::client::group_keys::GroupKeys;
use crate::client::home::{default_home, read_login};
use crate::client::identity_check::{IdentityCheck, LookUpIdentity};
use crate::client::keys::{KeyStore, OwnKey, UseKey};
use crate::client::knowledge::Knowledge;
use crate::client::known_groups::KnownGroups;
use crate::client::known_hosts::KnownHosts;
use crate::client::notices::{OnNotice, ignore};
use crate::client::opened::Expected;
use crate::client::opener::ChainOpener;
use crate::client::remembered::RememberedChain;
use crate::client::tls::TlsOptions;
use crate::client::transport::{Encryption, Transport};
use crate::crypto::hashes::Hash;
use crate::crypto::keys::PublicKey;
use crate::error::{Error, Result};
use crate::events::chain_key::{ChainKey, ServerAddress};
use crate::events::genesis::TrustMode;
use crate::events::owner::Owner;
use crate::reason::Reason;

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
    /// Another server that is asked for accounts and groups, by its address: the auth server that the server of the chains asks who
    /// owns them, as its operator says. None: they are asked for where the chains are.
    pub auth_server: Option<String>,
    /// Have TLS below the calls to that one.
    pub auth_tls: Option<TlsOptions>,
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
    /// Whether what is written to a group's chain with the key of a role names that role alone, and not who has it.
    pub as_role: bool,
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
            as_role: false,
            reconnect: Duration::from_secs(60),
        }
    }
}

/// A client of one server. Nothing is sent before it is needed.
pub struct Client {
    transport: Arc<Transport>,
    home: Option<PathBuf>,
    keys: Arc<KeyStore>,
    accounts: Arc<Accounts>,
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
        let known_hosts = KnownHosts::new(home.clone());
        let (look_up, notices) = (options.look_up_identity, Arc::clone(&on_notice));
        let connection = move |address: &ServerAddress, encryption, tls| {
            let (address, known_hosts) = (address.clone(), known_hosts.clone());
            let (look_up, on_notice) = (look_up.clone(), Arc::clone(&notices));
            let check = IdentityCheck { address: address.clone(), known_hosts, look_up, on_notice };
            Transport::new(address, encryption, check, tls).map(Arc::new)
        };
        let transport = connection(&address, options.encryption, options.tls.clone())?;
        let auth = options.auth_server.as_deref().map(ServerAddress::parse_auth).transpose()?;
        let of_accounts = match auth.filter(|auth| auth.pinned.is_some() || auth.server != address.server) {
            Some(auth) => Ok(connection(&auth, Encryption::Bits128, options.auth_tls)?),
            None => match options.encryption {
                // Who is on the way could keep the one that there is from encryption.
                Encryption::Auto => Ok(connection(&address, Encryption::Bits128, options.tls)?),
                Encryption::Plain if options.tls.is_none() => Err(link_unsafe(&address)),
                _ => Ok(Arc::clone(&transport)),
            },
        };
        let logged_in_at = home.clone().filter(|_| options.auth_server.is_none()).map(|home| {
            let own = address.server.clone();
            let make: LoggedInAt = Arc::new(move || {
                let Some(server) = read_login(&home)?.and_then(|login| login.server) else { return Ok(None) };
                let address = ServerAddress::parse(&server)?;
                if address.server == own {
                    return Ok(None);
                }
                let known = KnownGroups::new(Some(&home), &address.server);
                Ok(Some((connection(&address, Encryption::Bits128, None)?, known)))
            });
            make
        });
        let server = of_accounts.as_ref().map_or(address.server.as_str(), |accounts| accounts.server());
        let known_groups = KnownGroups::new(home.as_deref(), server);
        let accounts = Arc::new(Accounts::new(of_accounts, known_groups, Arc::clone(&on_notice), logged_in_at));
        let keys = Arc::new(KeyStore::new(home.clone(), options.passphrase, Arc::clone(&on_notice)));
        Ok(Client { transport, home, keys, accounts, on_notice })
    }

    /// Logs in to the account `name@domain` of the server's auth service.
    ///
    /// The password stays here: what follows from it (Argon2id) signs a challenge that counts for this call alone. It goes over an
    /// encrypted connection only. Fails with LOGIN_FAILED, LOGIN_LOCKED; AUTH_LINK_UNSAFE for a client without encryption;
    /// UNSUPPORTED at a server without accounts; VERIFICATION_FAILED where the answers can't be true.
    pub async fn login(&self, account: &str, password: &str) -> Result<Login> {
        self.accounts.login(account, password).await
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
        let owner = Owner::of(&chain_key);
        let claims_at = Some(&self.transport).filter(|_| options.claim && !options.must_exist).cloned();
        let group = owner.is_group.then(|| {
            let (accounts, on_notice) = (Arc::clone(&self.accounts), Arc::clone(&self.on_notice));
            Arc::new(GroupKeys::new(owner, accounts, claims_at, on_notice))
        });
        let own_key = OwnKey::new(Arc::clone(&self.keys), options.key.clone(), group, options.as_role);
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
        self.accounts.close().await;
        self.transport.close().await;
    }
}

/// The refusal to speak of accounts in clear.
fn link_unsafe(address: &ServerAddress) -> Error {
    let server = &address.server;
    let message = format!(
        "what belongs to accounts is sent encrypted only, and the connection to {server} is to be without encryption. Leave that out, \
         or speak TLS"
    );
    Error::new(Reason::AuthLinkUnsafe, message).with("server", server)
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("server", &self.server()).finish_non_exhaustive()
    }
}
