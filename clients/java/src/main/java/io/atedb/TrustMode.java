package io.atedb;

/** How the keys of a chain are trusted. The genesis fixes it, for the life of the chain. */
public enum TrustMode {
  /** The link to the server is what is trusted for whose data events are. */
  CENTRALIZED,
  /** Only signatures are trusted. */
  DISTRIBUTED;

  /**
   * Gives its name in other clients and in messages.
   *
   * @return the name, in lower case
   */
  public String text() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }
}
