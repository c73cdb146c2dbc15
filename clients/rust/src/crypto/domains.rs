//! Every domain-separation tag that this client uses, so that no two uses can share one (docs/format.md, docs/wire.md).

pub(crate) const HASH_CHAIN: &str = "atedb/v1/chain";
pub(crate) const HASH_SEAL: &str = "atedb/v1/seal";
pub(crate) const HASH_WRITER: &str = "atedb/v1/writer";
pub(crate) const HASH_KEY: &str = "atedb/v1/key";
pub(crate) const HASH_ROOTS: &str = "atedb/v1/roots";
pub(crate) const HASH_DATA: &str = "atedb/v1/data";
pub(crate) const HASH_CHILD: &str = "atedb/v1/child";
pub(crate) const HASH_SEALED_DATA: &str = "atedb/v1/sealed-data";
pub(crate) const HASH_READ_KEY: &str = "atedb/v1/read-key";
pub(crate) const HASH_NAME: &str = "atedb/v1/name";
/// Of the runs of events that go by a snapshot.
pub(crate) const HASH_GONE: &str = "atedb/v1/gone";
/// Of where the writers stand that a snapshot counts.
pub(crate) const HASH_WRITERS: &str = "atedb/v1/writers";

pub(crate) const INFO_DATA_KEY: &str = "atedb/v1/data-key";
pub(crate) const INFO_WRAPPED_KEY: &str = "atedb/v1/wrapped-key";
pub(crate) const AAD_KEY_FILE: &str = "atedb/v1/key-file";

pub(crate) const CONTEXT_SEAL: &str = "atedb/v1/seal";
pub(crate) const CONTEXT_PROOF: &str = "atedb/v1/proof";
pub(crate) const CONTEXT_LOCK: &str = "atedb/v1/lock";
pub(crate) const CONTEXT_TICKET: &str = "atedb/v1/ticket";
pub(crate) const CONTEXT_CHECKPOINT_KEYS: &str = "atedb/v1/checkpoint-keys";
pub(crate) const CONTEXT_IDENTITY_ROTATION: &str = "atedb/v1/identity-rotation";
pub(crate) const CONTEXT_IDENTITY_POSSESSION: &str = "atedb/v1/identity-possession";
pub(crate) const CONTEXT_WIRE: &str = "atedb/v1/wire";
pub(crate) const CONTEXT_AUTH_ANSWER: &str = "atedb/v1/auth-answer";
pub(crate) const CONTEXT_DELEGATION: &str = "atedb/v1/delegation";
pub(crate) const CONTEXT_DELEGATION_POSSESSION: &str = "atedb/v1/delegation-possession";
/// Over the header of an act on an account.
pub(crate) const CONTEXT_ACT: &str = "atedb/v1/act";
/// Over what ties a login to one stream, by the key that follows from the password.
pub(crate) const CONTEXT_LOGIN: &str = "atedb/v1/login";
/// Over what ties the proof of a key to one stream, and the group that is asked about.
pub(crate) const CONTEXT_GROUP: &str = "atedb/v1/group";
pub(crate) const HASH_ACT: &str = "atedb/v1/act";
pub(crate) const INFO_ROLE_KEY: &str = "atedb/v1/role-key";
pub(crate) const INFO_LOGIN_SEED: &str = "atedb/v1/login-seed";
pub(crate) const INFO_LOGIN_VAULT: &str = "atedb/v1/login-vault";
pub(crate) const AAD_VAULT: &str = "atedb/v1/vault";
