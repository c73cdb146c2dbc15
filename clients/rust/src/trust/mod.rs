//! The rules by which a chain takes an event (docs/trust.md), and what a reader believes. Nothing here has effects.

mod act;
pub(crate) mod authority;
pub(crate) mod check_batch;
pub(crate) mod checkpoints;
pub(crate) mod identity_line;
pub(crate) mod key_ring;
pub(crate) mod object_tree;
pub(crate) mod owed_data;
pub(crate) mod placement;
pub(crate) mod recent;
pub(crate) mod replay;
pub(crate) mod signers;
