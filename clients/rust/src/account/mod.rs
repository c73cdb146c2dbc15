//! What a client needs of accounts (docs/accounts.md): claims of names, what follows from a password, and groups with the secrets of
//! their roles. Nothing here has effects.

pub(crate) mod act;
mod act_forms;
pub(crate) mod claim;
pub(crate) mod group;
pub(crate) mod opened;
pub(crate) mod password;
mod roles;
#[cfg(test)]
mod tests;
