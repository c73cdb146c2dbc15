//! What the client tells beside results.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::Error;

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoticeKind {
    /// The default key was made.
    KeyCreated,
    /// A chain was created by the first append to it.
    ChainCreated,
    /// The name of a chain's owner was claimed.
    NameClaimed,
    /// Who is in a group is known to another server, which was not asked: the user's own key is used.
    GroupElsewhere,
    /// Appends go on as another writer.
    NewWriter,
    /// A lost server is tried again.
    Reconnecting,
    /// A server was met for the first time.
    ServerMet,
    /// A server has another identity key, for which the one before vouches.
    ServerRotated,
    /// Something that is to be remembered could not be saved.
    NotSaved,
}

/// Something that a user may want to know, and that is no failure.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Notice {
    /// What it is about.
    pub kind: NoticeKind,
    /// In words for people.
    pub message: String,
    /// The failure behind it.
    pub cause: Option<Error>,
    /// Names and values. Never a secret.
    pub metadata: BTreeMap<String, String>,
}

impl Notice {
    pub(crate) fn new(kind: NoticeKind, message: String) -> Self {
        Notice { kind, message, cause: None, metadata: BTreeMap::new() }
    }

    pub(crate) fn because(mut self, cause: Error) -> Self {
        self.cause = Some(cause);
        self
    }

    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.metadata.insert(name.to_owned(), value.to_string());
        self
    }
}

/// Is told notices. It is called where they come up, and must not wait.
pub type OnNotice = Arc<dyn Fn(Notice) + Send + Sync>;

/// Tells nobody.
pub(crate) fn ignore() -> OnNotice {
    Arc::new(|_| ())
}
