//! The keys by which a member of a group uses its chains: that of the highest role that the member has. What the member writes with stays
//! the key that the chain was opened with.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::Mutex as AsyncMutex;

use crate::account::opened::OpenedGroup;
use crate::client::accounts::Accounts;
use crate::client::notices::{Notice, NoticeKind, OnNotice};
use crate::client::offer::claim_name;
use crate::client::transport::Transport;
use crate::crypto::keys::KeyPair;
use crate::error::{Error, Result};
use crate::events::owner::Owner;
use crate::reason::Reason;

/// A group is asked for again when what is known of it is older than this.
const FRESH: Duration = Duration::from_secs(60);

/// What has the keys of one group, for one chain.
pub(crate) struct GroupKeys {
    pub group: Owner,
    pub accounts: Arc<Accounts>,
    /// The server of the chains, where the group is claimed if nobody has it; None: that isn't wanted.
    pub claims_at: Option<Arc<Transport>>,
    has_claimed: AtomicBool,
    pub on_notice: OnNotice,
    opened: AsyncMutex<Asked>,
    newest: Mutex<Option<Newest>>,
}

/// As it was opened first: the keys that are used stay the same until the chain is opened anew.
#[derive(Default)]
enum Asked {
    #[default]
    Not,
    /// None: the server keeps no groups, or says nothing of them on this way, or the member has no role: its own key is used.
    Is(Option<Arc<OpenedGroup>>),
}

struct Newest {
    group: Arc<OpenedGroup>,
    asked_at: Instant,
    is_asking: bool,
}

impl GroupKeys {
    pub fn new(group: Owner, accounts: Arc<Accounts>, claims_at: Option<Arc<Transport>>, on_notice: OnNotice) -> Self {
        let (has_claimed, opened, newest) = (AtomicBool::new(false), AsyncMutex::default(), Mutex::default());
        GroupKeys { group, accounts, claims_at, has_claimed, on_notice, opened, newest }
    }

    /// To write with, for a member with a key: that is made, if need be, only to be asked with.
    pub async fn key(&self, own: KeyPair) -> Result<KeyPair> {
        let members = std::slice::from_ref(&own);
        let mut group = self.open(members).await?;
        if group.is_none()
            && let Some(transport) = &self.claims_at
            && !self.has_claimed.load(Ordering::SeqCst)
        {
            let claimed = claim_name(transport, &self.on_notice, &self.group, &own).await;
            match claimed {
                Ok(()) => {
                    *self.opened.lock().await = Asked::Not;
                    group = self.open(members).await?;
                }
                // What is opened then says what is the matter, if anything is: without an auth service whoever comes first owns the
                // chain.
                Err(error) if is_none_there(error.reason()) || error.reason() == Reason::ClaimNotAllowed => {}
                Err(error) => return Err(error),
            }
            self.has_claimed.store(true, Ordering::SeqCst);
        }
        let highest = group.as_ref().and_then(|group| group.highest()).map(|(_, pair)| pair.clone());
        Ok(highest.unwrap_or(own))
    }

    /// All that read keys may have been handed out to: the highest role's first, then all others, also those that roles had before.
    pub async fn reading(&self, own: Vec<KeyPair>) -> Result<Vec<KeyPair>> {
        if own.is_empty() {
            return Ok(own);
        }
        let group = self.open(&own).await?;
        let of_roles = group.map(|group| group.all_keys()).unwrap_or_default();
        Ok(of_roles.into_iter().chain(own).collect())
    }

    /// The group as it was heard of last, for an owner or a delegate, who say who reads the group's chains; None for others. When that
    /// is a minute ago, the server is asked again meanwhile, for the call after.
    pub async fn current(self: &Arc<Self>, own: Vec<KeyPair>) -> Result<Option<Arc<OpenedGroup>>> {
        let Some(opened) = self.open(&own).await?.filter(|group| group.owns()) else {
            return Ok(None);
        };
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = newest.get_or_insert(Newest { group: opened, asked_at: Instant::now(), is_asking: false });
        if newest.asked_at.elapsed() > FRESH && !newest.is_asking {
            newest.is_asking = true;
            tokio::spawn(refresh(Arc::downgrade(self), own));
        }
        Ok(Some(Arc::clone(&newest.group)))
    }

    async fn open(&self, own: &[KeyPair]) -> Result<Option<Arc<OpenedGroup>>> {
        let mut opened = self.opened.lock().await;
        if let Asked::Is(group) = &*opened {
            return Ok(group.clone());
        }
        let group = self.ask(own).await?.map(Arc::new);
        *opened = Asked::Is(group.clone());
        Ok(group)
    }

    async fn ask(&self, own: &[KeyPair]) -> Result<Option<OpenedGroup>> {
        match self.accounts.open_group(&self.group.text, own).await {
            Err(error) if is_none_there(error.reason()) => {
                self.tell_elsewhere(&error);
                Ok(None)
            }
            opened => opened.map(Some),
        }
    }

    /// Whoever wants to write with a role's key learns why it isn't, before the chain refuses the user's own.
    fn tell_elsewhere(&self, refused: &Error) {
        if let Some(server) = refused.metadata().get("auth_server").filter(|server| !server.is_empty()) {
            let group = &self.group.text;
            let message = format!(
                "who is in the group {group} is known to {server}, which was not asked: your own key is used. To act as a member, \
                 name it as the auth server, or log in there (atedb login)"
            );
            (self.on_notice)(Notice::new(NoticeKind::GroupElsewhere, message).with("auth_server", server));
        }
    }
}

/// Asks again. Where it can't be had, what is known goes on to count, and it is asked for again later.
async fn refresh(keys: Weak<GroupKeys>, own: Vec<KeyPair>) {
    let Some(keys) = keys.upgrade() else {
        return;
    };
    let asked = keys.ask(&own).await;
    let mut newest = keys.newest.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(newest) = newest.as_mut() {
        (newest.is_asking, newest.asked_at) = (false, Instant::now());
        if let Ok(Some(group)) = asked {
            newest.group = Arc::new(group);
        }
    }
}

/// Whether there is no group for who asks, or no way to it.
fn is_none_there(reason: Reason) -> bool {
    matches!(reason, Reason::GroupDenied | Reason::Unsupported | Reason::AuthLinkUnsafe | Reason::WireMissing)
}
