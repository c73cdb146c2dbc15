//! The client's own keys, loaded when they are needed.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Mutex;
use zeroize::Zeroizing;

use crate::account::opened::OpenedGroup;
use crate::client::files::blocking;
use crate::client::group_keys::GroupKeys;
use crate::client::home::{DEFAULT_KEY, load_key, load_or_make_key, read_login};
use crate::client::notices::OnNotice;
use crate::crypto::composite::Suite;
use crate::crypto::keys::KeyPair;
use crate::error::{Error, Result};
use crate::events::delegation::Right;
use crate::events::token::Token;

/// The key that a chain is written and read with.
#[derive(Clone, Debug, Default)]
pub enum UseKey {
    /// That of whoever is logged in in the home folder (`atedb login`), with the keys that they had before; else the default one, which
    /// is made when it is needed.
    #[default]
    Default,
    /// One of the home folder, by its name.
    Named(String),
    /// This one.
    Pair(KeyPair),
    /// The first of these, which writes; the others open what was sealed for them before. As [`Login::keys`](crate::Login) has them.
    Pairs(Vec<KeyPair>),
    /// That of a token: what is written counts as its issuer's, in the chains and for the time that it is for. It writes data and removes
    /// objects, changes no rules and makes no chain.
    Token(Token),
}

/// Where keys are loaded from.
pub(crate) struct KeyStore {
    home: Option<PathBuf>,
    passphrase: Option<Zeroizing<String>>,
    on_notice: OnNotice,
    /// Those that were loaded, by the name that was asked for. As many as the user has named.
    loaded: Mutex<Vec<(Option<String>, Vec<KeyPair>)>>,
}

impl KeyStore {
    pub fn new(home: Option<PathBuf>, passphrase: Option<String>, on_notice: OnNotice) -> Self {
        KeyStore { home, passphrase: passphrase.map(Zeroizing::new), on_notice, loaded: Mutex::default() }
    }

    /// A key, and those that its owner had before; none where there is none.
    async fn load(&self, key: &UseKey, makes: bool) -> Result<Vec<KeyPair>> {
        let name = match key {
            UseKey::Pair(pair) => return Ok(vec![pair.clone()]),
            UseKey::Pairs(pairs) => return Ok(pairs.clone()),
            UseKey::Token(token) => return Ok(vec![token.key.clone()]),
            UseKey::Named(name) => Some(name.clone()),
            UseKey::Default => None,
        };
        let mut loaded = self.loaded.lock().await;
        if let Some((_, pairs)) = loaded.iter().find(|(known, _)| *known == name) {
            return Ok(pairs.clone());
        }
        let found = match &self.home {
            None if !makes => Vec::new(),
            None if name.is_some() => {
                return Err(Error::invalid("key", "there is no home folder to load it from"));
            }
            None => vec![KeyPair::generate(Suite::MlDsa65Ed25519)?],
            Some(home) => {
                let (home, on_notice, asked) = (home.clone(), Arc::clone(&self.on_notice), name.clone());
                let passphrase = self.passphrase.clone();
                blocking(move || {
                    let passphrase = passphrase.as_ref().map(|text| text.as_str());
                    load_all(&home, asked, passphrase, makes, &on_notice)
                })
                .await?
            }
        };
        if !found.is_empty() {
            loaded.push((name, found.clone()));
        }
        Ok(found)
    }
}

/// Loads a key of the home folder, and those of whoever is logged in there, if no key is named.
fn load_all(
    home: &std::path::Path,
    asked: Option<String>,
    passphrase: Option<&str>,
    makes: bool,
    on_notice: &OnNotice,
) -> Result<Vec<KeyPair>> {
    let login = if asked.is_none() { read_login(home)? } else { None };
    let (named, former) = match login {
        Some(login) => (Some(login.key), login.former_keys),
        None => (asked, Vec::new()),
    };
    let own = if makes {
        Some(load_or_make_key(home, named.as_deref(), passphrase, on_notice)?)
    } else {
        load_key(home, named.as_deref().unwrap_or(DEFAULT_KEY), passphrase)?
    };
    let Some(own) = own else {
        return Ok(Vec::new());
    };
    let mut pairs = vec![own];
    for name in former {
        pairs.extend(load_key(home, &name, passphrase)?);
    }
    Ok(pairs)
}

/// The keys of one chain.
#[derive(Clone)]
pub(crate) struct OwnKey {
    store: Arc<KeyStore>,
    key: UseKey,
    /// Of the group whose chain it is, if it is one.
    group: Option<Arc<GroupKeys>>,
    /// Whether what is written names the role alone, and not the member.
    as_role: bool,
}

impl OwnKey {
    pub fn new(store: Arc<KeyStore>, key: UseKey, group: Option<Arc<GroupKeys>>, as_role: bool) -> Self {
        // A token says itself what its key may do.
        let group = group.filter(|_| !matches!(key, UseKey::Token(_)));
        OwnKey { store, key, group, as_role }
    }

    /// To write with: of a group's chain that of the member's highest role. The default one is made where there is none.
    pub async fn load(&self) -> Result<KeyPair> {
        let own = self.members().await?;
        match &self.group {
            None => Ok(own),
            Some(group) => group.key(own).await,
        }
    }

    /// The user's own key.
    async fn members(&self) -> Result<KeyPair> {
        let found = self.store.load(&self.key, true).await?;
        found.into_iter().next().ok_or_else(|| Error::invalid("key", "there is none"))
    }

    /// The member's own key, where another one is written with: events say whose they are by it. None: they are the writer's.
    pub async fn author(&self) -> Result<Option<KeyPair>> {
        if self.group.is_none() || self.as_role {
            return Ok(None);
        }
        let own = self.members().await?;
        Ok(if self.load().await?.fingerprint() == own.fingerprint() { None } else { Some(own) })
    }

    /// Those that read keys may have been handed out to, of which the first opens private chains; none is made for that.
    pub async fn reading(&self) -> Result<Vec<KeyPair>> {
        let own = self.store.load(&self.key, false).await?;
        match &self.group {
            None => Ok(own),
            Some(group) => group.reading(own).await,
        }
    }

    /// The group, as it was heard of last, for who says who reads its chains; None: this isn't such a one.
    pub async fn current_group(&self) -> Result<Option<Arc<OpenedGroup>>> {
        match &self.group {
            None => Ok(None),
            Some(group) => {
                let own = self.store.load(&self.key, true).await?;
                group.current(own).await
            }
        }
    }

    /// What the key may do by delegations; None: it has its right from rules that name it.
    pub fn right(&self) -> Option<&Right> {
        if let UseKey::Token(token) = &self.key { Some(&token.right) } else { None }
    }
}
