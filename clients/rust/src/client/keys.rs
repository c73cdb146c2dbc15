//! The client's own keys, loaded when they are needed.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Mutex;
use zeroize::Zeroizing;

use crate::client::files::blocking;
use crate::client::home::{DEFAULT_KEY, load_key, load_or_make_key};
use crate::client::notices::OnNotice;
use crate::crypto::composite::Suite;
use crate::crypto::keys::KeyPair;
use crate::error::{Error, Result};

/// The key that a chain is written and read with.
#[derive(Clone, Debug, Default)]
pub enum UseKey {
    /// The default one of the home folder, which is made when it is needed.
    #[default]
    Default,
    /// One of the home folder, by its name.
    Named(String),
    /// This one.
    Pair(KeyPair),
}

impl UseKey {
    fn name(&self) -> Option<&str> {
        if let UseKey::Named(name) = self { Some(name) } else { None }
    }
}

/// Where keys are loaded from.
pub(crate) struct KeyStore {
    home: Option<PathBuf>,
    passphrase: Option<Zeroizing<String>>,
    on_notice: OnNotice,
    /// Those that were loaded, by their names. As many as the user has named.
    loaded: Mutex<Vec<(String, KeyPair)>>,
}

impl KeyStore {
    pub fn new(home: Option<PathBuf>, passphrase: Option<String>, on_notice: OnNotice) -> Self {
        KeyStore { home, passphrase: passphrase.map(Zeroizing::new), on_notice, loaded: Mutex::default() }
    }

    async fn load(&self, key: &UseKey, makes: bool) -> Result<Option<KeyPair>> {
        if let UseKey::Pair(pair) = key {
            return Ok(Some(pair.clone()));
        }
        let name = key.name().unwrap_or(DEFAULT_KEY).to_owned();
        let mut loaded = self.loaded.lock().await;
        if let Some((_, pair)) = loaded.iter().find(|(known, _)| *known == name) {
            return Ok(Some(pair.clone()));
        }
        let found = match &self.home {
            None if !makes => None,
            None if key.name().is_some() => {
                return Err(Error::invalid("key", "there is no home folder to load it from"));
            }
            None => Some(KeyPair::generate(Suite::MlDsa65Ed25519)?),
            Some(home) => {
                let (home, passphrase, on_notice) =
                    (home.clone(), self.passphrase.clone(), Arc::clone(&self.on_notice));
                let asked = key.name().map(str::to_owned);
                let passphrase = move || passphrase.as_ref().map(|text| text.as_str().to_owned()).map(Zeroizing::new);
                blocking(move || {
                    let passphrase = passphrase();
                    let passphrase = passphrase.as_ref().map(|text| text.as_str());
                    if makes {
                        load_or_make_key(&home, asked.as_deref(), passphrase, &on_notice).map(Some)
                    } else {
                        load_key(&home, asked.as_deref().unwrap_or(DEFAULT_KEY), passphrase)
                    }
                })
                .await?
            }
        };
        loaded.extend(found.clone().map(|pair| (name, pair)));
        Ok(found)
    }
}

/// The key of one chain.
#[derive(Clone)]
pub(crate) struct OwnKey {
    store: Arc<KeyStore>,
    key: UseKey,
}

impl OwnKey {
    pub fn new(store: Arc<KeyStore>, key: UseKey) -> Self {
        OwnKey { store, key }
    }

    /// To write with; the default one is made where there is none.
    pub async fn load(&self) -> Result<KeyPair> {
        let found = self.store.load(&self.key, true).await?;
        found.ok_or_else(|| Error::invalid("key", "there is none"))
    }

    /// To open chains and read data with; none is made for that.
    pub async fn at_hand(&self) -> Result<Option<KeyPair>> {
        self.store.load(&self.key, false).await
    }
}
