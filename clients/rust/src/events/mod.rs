//! Events, seals and commits: their bytes, made once, and read where they lie.

pub(crate) mod auth_answer;
pub(crate) mod batch;
pub(crate) mod chain_key;
pub(crate) mod checkpoint;
pub(crate) mod commit;
pub(crate) mod delegation;
pub(crate) mod event;
pub(crate) mod gap;
pub(crate) mod genesis;
pub(crate) mod owner;
pub(crate) mod possession;
pub(crate) mod primary_key;
pub(crate) mod public_key_text;
pub(crate) mod redaction;
pub(crate) mod rotation;
pub(crate) mod rules;
pub(crate) mod seal;
pub(crate) mod sealed_data;
pub(crate) mod snapshot;
pub(crate) mod time;
pub(crate) mod token;
