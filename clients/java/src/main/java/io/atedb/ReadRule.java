package io.atedb;

/**
 * Whether an object's data is sealed, and with which read key.
 *
 * @param kind what it says
 * @param readKeyId of {@code READ_KEY}: the key's id, 32 bytes; else empty
 */
public record ReadRule(Kind kind, Bytes readKeyId) {
  /** What a rule says. */
  public enum Kind {
    /** Data is in clear. */
    EVERYONE,
    /** Data is sealed with a read key. */
    READ_KEY,
    /** As the parent has it. */
    INHERIT
  }

  /** Data is in clear. */
  public static final ReadRule EVERYONE = new ReadRule(Kind.EVERYONE, Bytes.EMPTY);

  /** As the parent has it. */
  public static final ReadRule INHERIT = new ReadRule(Kind.INHERIT, Bytes.EMPTY);

  /**
   * Has data sealed with a read key.
   *
   * @param readKeyId its id
   * @return the rule
   */
  public static ReadRule readKey(Bytes readKeyId) {
    return new ReadRule(Kind.READ_KEY, readKeyId);
  }
}
