//! What a client needs of accounts: claims of names (docs/accounts.md).

pub(crate) mod claim;
