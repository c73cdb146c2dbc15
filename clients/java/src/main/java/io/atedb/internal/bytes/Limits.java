package io.atedb.internal.bytes;

/** The limits of the protocol; docs/format.md of atedb lists them, each with its reason. */
public final class Limits {
  /** Integers stay exact in every language's number type, JavaScript's too. */
  public static final long INTEGER_MAX = (1L << 53) - 1;

  public static final int GRPC_MESSAGE_BYTES_MAX = 4 * 1024 * 1024;
  public static final int BATCH_BYTES_MAX = 3_932_160;
  public static final int COMMIT_BYTES_MAX = 512;
  public static final int RUN_BYTES_MAX = BATCH_BYTES_MAX - COMMIT_BYTES_MAX;

  /** The commits that a snapshot is about are as much older than it: 7 days. */
  public static final long SNAPSHOT_AGE_MS_MIN = 7L * 24 * 60 * 60 * 1000;

  public static final int BATCH_EVENTS_MAX = 16_384;
  public static final int EVENT_HEADER_BYTES_MAX = 65_536;
  public static final int TYPE_NAME_BYTES_MAX = 255;
  public static final int CHAIN_KEY_BYTES_MAX = 255;
  public static final int ROOTS_MAX = 16;
  public static final int SIGNERS_MAX = 16;
  public static final int RULE_KEYS_MAX = 16;
  public static final int ADMITTED_KEYS_MAX = 1_024;
  public static final int PUBLIC_KEYS_MAX = 16;
  public static final int CHAIN_KEYS_MAX = 4_096;
  public static final int IDENTITY_ROTATIONS_MAX = 16;
  public static final int DELEGATIONS_MAX = 4;
  public static final int DELEGATION_CHAINS_MAX = 16;
  public static final int DELEGATION_BYTES_MAX = 16_384;
  public static final int CHAIN_DELEGATIONS_MAX = 4_096;
  public static final int OWNER_BYTES_MAX = CHAIN_KEY_BYTES_MAX;
  public static final int ANSWER_HEADER_BYTES_MAX = 49_152;
  public static final int ANSWERED_KEYS_MAX = 16;
  public static final int ANSWERED_CHANGES_MAX = 256;
  public static final int REDACTED_SEQUENCES_MAX = 4_096;
  public static final int WRAPPED_KEYS_MAX = 32;
  public static final int WRAPPED_KEY_BYTES_MAX = 2_048;
  public static final int TREE_DEPTH_MAX = 64;
  public static final int PRECONDITIONS_MAX = 16;
  public static final int WRITER_BATCHES_IN_FLIGHT_MAX = 128;
  public static final int UNSYNCED_BYTES_MAX = 8 * 1024 * 1024 + BATCH_BYTES_MAX;
  public static final int KEY_BYTES = 16;
  public static final int HASH_BYTES = 32;

  private Limits() {}
}
