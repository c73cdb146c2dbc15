package io.atedb.internal.crypt;

/**
 * Every domain-separation tag that this client uses, so that no two uses can share one
 * (docs/format.md, docs/wire.md).
 */
public final class Tags {
  public static final String HASH_CHAIN = "atedb/v1/chain";
  public static final String HASH_SEAL = "atedb/v1/seal";
  public static final String HASH_WRITER = "atedb/v1/writer";
  public static final String HASH_KEY = "atedb/v1/key";
  public static final String HASH_ROOTS = "atedb/v1/roots";
  public static final String HASH_DATA = "atedb/v1/data";
  public static final String HASH_CHILD = "atedb/v1/child";
  public static final String HASH_SEALED_DATA = "atedb/v1/sealed-data";
  public static final String HASH_READ_KEY = "atedb/v1/read-key";
  public static final String HASH_NAME = "atedb/v1/name";

  /** Of the runs of events that go by a snapshot. */
  public static final String HASH_GONE = "atedb/v1/gone";

  /** Of where the writers stand that a snapshot counts. */
  public static final String HASH_WRITERS = "atedb/v1/writers";

  public static final String HASH_ACT = "atedb/v1/act";

  public static final String INFO_DATA_KEY = "atedb/v1/data-key";
  public static final String INFO_WRAPPED_KEY = "atedb/v1/wrapped-key";
  public static final String INFO_ROLE_KEY = "atedb/v1/role-key";
  public static final String INFO_LOGIN_SEED = "atedb/v1/login-seed";
  public static final String INFO_LOGIN_VAULT = "atedb/v1/login-vault";
  public static final String AAD_VAULT = "atedb/v1/vault";
  public static final String AAD_KEY_FILE = "atedb/v1/key-file";

  public static final String CONTEXT_SEAL = "atedb/v1/seal";
  public static final String CONTEXT_PROOF = "atedb/v1/proof";
  public static final String CONTEXT_LOCK = "atedb/v1/lock";
  public static final String CONTEXT_TICKET = "atedb/v1/ticket";
  public static final String CONTEXT_DELETE_CHAIN = "atedb/v1/delete-chain";
  public static final String CONTEXT_CHECKPOINT_KEYS = "atedb/v1/checkpoint-keys";
  public static final String CONTEXT_IDENTITY_ROTATION = "atedb/v1/identity-rotation";
  public static final String CONTEXT_IDENTITY_POSSESSION = "atedb/v1/identity-possession";
  public static final String CONTEXT_AUTH_ANSWER = "atedb/v1/auth-answer";
  public static final String CONTEXT_DELEGATION = "atedb/v1/delegation";
  public static final String CONTEXT_DELEGATION_POSSESSION = "atedb/v1/delegation-possession";
  public static final String CONTEXT_ACT = "atedb/v1/act";
  public static final String CONTEXT_LOGIN = "atedb/v1/login";
  public static final String CONTEXT_GROUP = "atedb/v1/group";
  public static final String CONTEXT_WIRE = "atedb/v1/wire";

  /** Of all that belongs to the tunnel: hashes and infos. */
  public static final String WIRE = "atedb/v1/wire-";

  private Tags() {}
}
