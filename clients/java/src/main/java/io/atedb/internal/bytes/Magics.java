package io.atedb.internal.bytes;

/**
 * Three letters and a version, as the little-endian fixed32 that the bytes spell (docs/format.md,
 * "Magics").
 */
public final class Magics {
  public static final long EVENT_HEADER = 0x01564541;
  public static final long SEAL_HEADER = 0x014C5341;
  public static final long COMMIT_HEADER = 0x014D4341;
  public static final long IDENTITY_ROTATION_HEADER = 0x01524941;
  public static final long AUTH_ANSWER_HEADER = 0x014E4141;
  public static final long DELEGATION_HEADER = 0x01474441;
  public static final long ACT_HEADER = 0x01434141;
  public static final long VAULT_KEYS = 0x01564141;
  public static final long CLIENT_HELLO = 0x01435741;
  public static final long SERVER_PARAMETERS = 0x01505741;
  public static final long SERVER_PROOF = 0x01565741;
  public static final long SERVER_IDENTITY = 0x01495741;
  public static final long CLIENT_FINISHED = 0x01465741;
  public static final long SEGMENT_HEADER = 0x01475341;
  public static final long SEGMENT_FOOTER = 0x01544641;

  private Magics() {}
}
