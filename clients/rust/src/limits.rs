//! The limits of the protocol; docs/format.md lists them, each with its reason.

/// Integers stay exact in every language's number type, JavaScript's too.
pub(crate) const INTEGER_MAX: u64 = (1 << 53) - 1;
pub(crate) const GRPC_MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
pub(crate) const BATCH_BYTES_MAX: usize = 3_932_160;
pub(crate) const COMMIT_BYTES_MAX: usize = 512;
pub(crate) const RUN_BYTES_MAX: usize = BATCH_BYTES_MAX - COMMIT_BYTES_MAX;
pub(crate) const BATCH_EVENTS_MAX: usize = 16_384;
pub(crate) const EVENT_HEADER_BYTES_MAX: usize = 65_536;
pub(crate) const TYPE_NAME_BYTES_MAX: usize = 255;
pub(crate) const CHAIN_KEY_BYTES_MAX: usize = 255;
pub(crate) const ROOTS_MAX: usize = 16;
pub(crate) const SIGNERS_MAX: usize = 16;
pub(crate) const RULE_KEYS_MAX: usize = 16;
pub(crate) const ADMITTED_KEYS_MAX: usize = 1_024;
pub(crate) const PUBLIC_KEYS_MAX: usize = 16;
pub(crate) const CHAIN_KEYS_MAX: usize = 4_096;
pub(crate) const IDENTITY_ROTATIONS_MAX: usize = 16;
pub(crate) const WRAPPED_KEYS_MAX: usize = 32;
pub(crate) const WRAPPED_KEY_BYTES_MAX: usize = 2_048;
pub(crate) const TREE_DEPTH_MAX: usize = 64;
pub(crate) const PRECONDITIONS_MAX: usize = 16;
pub(crate) const REDACTED_SEQUENCES_MAX: usize = 4_096;
pub(crate) const DELEGATIONS_MAX: usize = 4;
pub(crate) const DELEGATION_BYTES_MAX: usize = 16_384;
pub(crate) const DELEGATION_CHAINS_MAX: usize = 16;
pub(crate) const CHAIN_DELEGATIONS_MAX: usize = 4_096;
pub(crate) const OWNER_BYTES_MAX: usize = CHAIN_KEY_BYTES_MAX;
pub(crate) const ANSWER_HEADER_BYTES_MAX: usize = 49_152;
pub(crate) const ANSWERED_KEYS_MAX: usize = 16;
pub(crate) const ANSWERED_CHANGES_MAX: usize = 256;
pub(crate) const WRITER_BATCHES_IN_FLIGHT_MAX: usize = 128;
/// The commits that a snapshot is about are as much older than it: 7 days.
pub(crate) const SNAPSHOT_AGE_MS_MIN: u64 = 7 * 24 * 60 * 60 * 1000;
pub(crate) const UNSYNCED_BYTES_MAX: usize = 8 * 1024 * 1024 + BATCH_BYTES_MAX;
