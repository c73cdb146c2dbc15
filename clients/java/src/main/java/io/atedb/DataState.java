package io.atedb;

import java.util.Locale;

/** Why an event's data is not here, if it isn't. In the order of the schema. */
public enum DataState {
  /** It is here, as it was written. */
  PRESENT,
  /** It was left out, as was asked for: {@link Chain#load} gets it. */
  OMITTED,
  /** It was erased, by a redaction. */
  REDACTED,
  /** It was dropped by a compaction, since something newer of its object is there. */
  DROPPED,
  /** It was let go by a rule of the chain for retention. */
  EXPIRED;

  /**
   * Gives its name in other clients and in messages.
   *
   * @return the name, in lower case
   */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
