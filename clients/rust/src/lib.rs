//! A client of atedb, a datachain server: append signed and encrypted events to a chain, verify it, and stream it back.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod account;
mod client;
mod crypto;
mod encoding;
mod error;
mod events;
mod limits;
mod log;
mod reason;
mod trust;
mod tunnel;
#[cfg(test)]
mod vectors;

pub use crate::client::accounts::Login;
pub use crate::client::chain::Chain;
pub use crate::client::chain_event::{ChainEvent, Seal};
pub use crate::client::child_list::{ChildEvent, Children};
pub use crate::client::client::{Client, ConnectOptions, Home, OpenOptions};
pub use crate::client::events::EventStream;
pub use crate::client::identity_check::{LookUpIdentity, LookedUp};
pub use crate::client::keys::UseKey;
pub use crate::client::lock::{Lease, LockOptions, LockTarget};
pub use crate::client::new_event::{AppendOptions, NewEvent};
pub use crate::client::notices::{Notice, NoticeKind, OnNotice};
pub use crate::client::pipeline::Committed;
pub use crate::client::range::{OnUnchecked, Range, Unchecked};
pub use crate::client::redact::{RedactOptions, RedactTarget, Redacted, RedactedWhen};
pub use crate::client::sharing::SharedObject;
pub use crate::client::subscription::{From, OnSignal, Signal, Subscribe};
pub use crate::client::tls::TlsOptions;
pub use crate::client::transport::Encryption;
pub use crate::crypto::composite::Suite;
pub use crate::crypto::hashes::Hash;
pub use crate::crypto::keys::{Fingerprint, KeyPair, PublicKey};
pub use crate::crypto::merkle::TreeHead;
pub use crate::error::{Error, Result};
pub use crate::events::chain_key::split_chain_address;
pub use crate::events::event::{DataState, EventKind};
pub use crate::events::genesis::{Genesis, TrustMode};
pub use crate::events::primary_key::{PrimaryKey, child_primary_key, primary_key_from_name};
pub use crate::events::redaction::Redaction;
pub use crate::events::rules::{Authorisation, KeyChange, ReadRule, Retention, WriteRule};
pub use crate::events::seal::Precondition;
pub use crate::events::snapshot::Snapshot;
pub use crate::events::token::Token;
pub use crate::log::segment::{SegmentScan, Verdict, scan_segment};
pub use crate::reason::Reason;
pub use crate::trust::checkpoints::SignedHead;
pub use crate::trust::signers::VouchedBy;

/// The README's examples compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
