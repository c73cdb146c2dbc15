//! The one error type.

use std::collections::BTreeMap;
use std::fmt;

use crate::reason::Reason;

/// A refusal or a failure with a stable reason. Branch on the reason, never on the message.
#[derive(Clone, thiserror::Error)]
#[error("{}: {}", .0.reason, .0.message)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    reason: Reason,
    message: String,
    metadata: BTreeMap<String, String>,
}

/// What most functions of this crate return.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn new(reason: Reason, message: impl Into<String>) -> Self {
        let message = message.into();
        Error(Box::new(Inner { reason, message, metadata: BTreeMap::new() }))
    }

    /// Adds a name and a value that the error is about. Never a secret.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.0.metadata.insert(name.to_owned(), value.to_string());
        self
    }

    /// The same with another reason and message.
    #[must_use]
    pub(crate) fn said_as(mut self, reason: Reason, message: impl Into<String>) -> Self {
        self.0.reason = reason;
        self.0.message = message.into();
        self
    }

    /// The refusal of an argument: REQUEST_INVALID, naming it.
    pub(crate) fn invalid(field: &str, why: impl fmt::Display) -> Self {
        Error::new(Reason::RequestInvalid, format!("{field}: {why}")).with("field", field)
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.0.reason
    }

    /// What went wrong, in words for people.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Names and values that the error is about. Never a secret.
    #[must_use]
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.0.metadata
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("reason", &self.0.reason)
            .field("message", &self.0.message)
            .field("metadata", &self.0.metadata)
            .finish()
    }
}
