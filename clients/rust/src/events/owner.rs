//! Owners of chains: a user, `name@domain`, or a group.

use crate::error::{Error, Result};
use crate::events::chain_key::ChainKey;
use crate::limits::OWNER_BYTES_MAX;
use crate::reason::Reason;

/// Whoever owns chains, in the one spelling that there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub text: String,
    pub is_group: bool,
}

impl Owner {
    /// The owner that a chain key names.
    pub fn of(chain_key: &ChainKey) -> Self {
        match chain_key.text.split('/').collect::<Vec<_>>()[..] {
            [domain, name, _] => Owner { text: format!("{name}@{domain}"), is_group: false },
            [group, ..] => Owner { text: group.to_owned(), is_group: true },
            [] => Owner { text: String::new(), is_group: true },
        }
    }

    /// Reads an owner: what chain keys can name, and nothing else. Fails with REQUEST_INVALID.
    pub fn parse(text: &str) -> Result<Self> {
        let refused = |why: &str| {
            let shown: String = text.chars().take(64).collect();
            let message = format!(
                "{shown:?} is no owner of chains: {why}. An owner is a user name@domain (as me@example.com) or a group (as team), \
                 lower case only"
            );
            Error::new(Reason::RequestInvalid, message).with("owner", shown)
        };
        if text.len() > OWNER_BYTES_MAX {
            return Err(refused("it is longer than 255 bytes"));
        }
        if text.contains('/') {
            return Err(refused("it has a \"/\""));
        }
        let path = match text.split_once('@') {
            Some((name, domain)) => format!("{domain}/{name}/db"),
            None => format!("{text}/db"),
        };
        // Its words are about a chain key, of which the owner is but a part.
        let key = ChainKey::parse(&path).map_err(|_| refused("no chain key can name it"))?;
        Ok(Owner::of(&key))
    }
}
