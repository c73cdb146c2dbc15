package io.atedb;

import java.util.Map;

/**
 * The one failure of this library: a refusal or an error with a stable {@linkplain #reason()
 * reason}.
 *
 * <p>Unchecked, since nearly every call can fail so. Branch on the reason, never on the message.
 */
public final class AtedbException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What went wrong. */
  private final Reason reason;

  /** Names and values that the error is about. */
  private final transient Map<String, String> metadata;

  /**
   * Makes one.
   *
   * @param reason what went wrong
   * @param message the same for people
   */
  public AtedbException(Reason reason, String message) {
    this(reason, message, Map.of(), null);
  }

  /**
   * Makes one with what it is about.
   *
   * @param reason what went wrong
   * @param message the same for people
   * @param metadata names and values that the error is about; never a secret
   */
  public AtedbException(Reason reason, String message, Map<String, String> metadata) {
    this(reason, message, metadata, null);
  }

  /**
   * Makes one that another failure has led to.
   *
   * @param reason what went wrong
   * @param message the same for people
   * @param metadata names and values that the error is about; never a secret
   * @param cause what has led to it, or null
   */
  public AtedbException(
      Reason reason, String message, Map<String, String> metadata, Throwable cause) {
    super(message, cause);
    this.reason = reason;
    this.metadata = Map.copyOf(metadata);
  }

  /**
   * Says what went wrong.
   *
   * @return the reason, as in the schema
   */
  public Reason reason() {
    return reason;
  }

  /**
   * Says what the error is about.
   *
   * @return names and values; empty after serialisation
   */
  public Map<String, String> metadata() {
    return metadata == null ? Map.of() : metadata;
  }

  @Override
  public String toString() {
    return "AtedbException: " + reason + ": " + getMessage();
  }
}
