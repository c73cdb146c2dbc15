package io.atedb;

/** What an event does. */
public enum EventKind {
  /** The first event of a chain: it says what the chain is. */
  GENESIS("genesis"),
  /** The state of an object, from now on. */
  DATA("data"),
  /** The object is gone. */
  TOMBSTONE("tombstone"),
  /** Erases the data of earlier events. */
  REDACTION("redaction"),
  /** Says what of the chain may be gone. */
  SNAPSHOT("snapshot"),
  /** What an auth service says of the chain's owner. */
  AUTH_ANSWER("auth_answer"),
  /** Other root keys. */
  ROOTS("roots"),
  /** A new identity of the server or of the auth service. */
  SERVER_IDENTITY("server_identity"),
  /** A key is replaced by another one, or counts no more. */
  KEY_CHANGE("key_change"),
  /** Rules, keys or a move, without data. */
  RULES("rules");

  private final String text;

  EventKind(String text) {
    this.text = text;
  }

  /**
   * Gives its name in other clients and in messages.
   *
   * @return the name, in lower case
   */
  public String text() {
    return text;
  }

  /**
   * Gives its number in the schema.
   *
   * @return a number from 1 on
   */
  public int number() {
    return ordinal() + 1;
  }
}
