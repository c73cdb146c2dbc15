//! The rules by which a chain takes an event (docs/trust.md), and what a reader believes. Nothing here has effects.

mod act;
pub(crate) mod authority;
pub(crate) mod check_batch;
mod check_events;
pub(crate) mod check_gone;
pub(crate) mod checkpoints;
pub(crate) mod decide;
pub(crate) mod delegation_path;
mod delegations;
pub(crate) mod forgotten;
pub(crate) mod from_server;
pub(crate) mod horizon;
pub(crate) mod identity_line;
mod key_acts;
pub(crate) mod key_ring;
pub(crate) mod object_tree;
mod object_writer;
pub(crate) mod owed_data;
pub(crate) mod ownership;
pub(crate) mod placement;
mod prepared;
pub(crate) mod recent;
pub(crate) mod replay;
mod replay_writers;
pub(crate) mod retention;
pub(crate) mod signers;
pub(crate) mod single;
