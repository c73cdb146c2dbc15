package io.atedb;

import java.util.List;

/**
 * One event of a chain, as it was verified. Its bytes are cut from what was received: copy what is
 * kept for long.
 *
 * @param sequence its place in the chain, from 0 on; those of events that are gone whole are
 *     skipped
 * @param commit number of the batch that it came in
 * @param kind what it does; the first event of a chain is its genesis, and has no data
 * @param primaryKey the object, 16 bytes; null where it is about none
 * @param parent the object's parent, or null
 * @param collection of the parent, or null
 * @param type what the data is, or null
 * @param replyTo the event that it answers, or null
 * @param timeUnixMs the writer's clock, a claim, in milliseconds since 1970-01-01 UTC; -1: not said
 * @param committedUnixMs the server's clock, which never decreases, in milliseconds since
 *     1970-01-01 UTC
 * @param content its data, or why that isn't here
 * @param redaction of a redaction: what it erases; else null
 * @param header as it was signed
 * @param writerId whose it is, 32 bytes
 * @param fingerprint of its writer's key
 * @param author fingerprint of the key that it is by, if that isn't the writer's; or null
 * @param vouchedBy who says so
 */
public record ChainEvent(
    long sequence,
    long commit,
    EventKind kind,
    Bytes primaryKey,
    Bytes parent,
    Bytes collection,
    String type,
    Bytes replyTo,
    long timeUnixMs,
    long committedUnixMs,
    Content content,
    Redaction redaction,
    Bytes header,
    Bytes writerId,
    Bytes fingerprint,
    Bytes author,
    VouchedBy vouchedBy) {

  /**
   * The data of an event, or why it isn't here.
   *
   * @param data in clear; empty where it is sealed and can't be opened, and where it isn't here
   * @param state whether it is here, and why if it isn't
   * @param sealed how it was sealed; null: it is stored in clear
   * @param redactedBy what has erased it; null: nothing has
   */
  public record Content(Bytes data, DataState state, Sealed sealed, RedactedBy redactedBy) {}

  /**
   * What has erased the data of an event.
   *
   * @param sequence of the redaction
   * @param fingerprint of the key that it is from; null where the redaction was not read by itself
   */
  public record RedactedBy(long sequence, Bytes fingerprint) {}

  /**
   * How an event's data is sealed, and whether it could be opened.
   *
   * @param readKeyId the read key, by its id
   * @param state whether it could be opened
   * @param holders fingerprints of those who were given the read key, where it is missing
   */
  public record Sealed(Bytes readKeyId, State state, List<Bytes> holders) {
    /** Whether sealed data could be opened. */
    public enum State {
      /** It was opened. */
      OPEN,
      /** None of the client's keys was given the read key. */
      NO_KEY,
      /** The read key is there, and the data doesn't open with it. */
      INVALID,
      /** The data isn't here. */
      GONE
    }
  }

  /**
   * Gives its data.
   *
   * @return the data in clear; empty where it is sealed and can't be opened, and where it isn't
   *     here
   */
  public Bytes data() {
    return content.data;
  }

  /**
   * Says whether its data is here.
   *
   * @return whether it is, and why if it isn't
   */
  public DataState dataState() {
    return content.state;
  }

  /**
   * Says how its data was sealed.
   *
   * @return how; null: it is stored in clear
   */
  public Sealed sealed() {
    return content.sealed;
  }

  /**
   * Says what has erased its data.
   *
   * @return the redaction; null: none has
   */
  public RedactedBy redactedBy() {
    return content.redactedBy;
  }

  /**
   * Reads the data as text in UTF-8.
   *
   * @return the text
   */
  public String text() {
    return content.data.text();
  }

  /**
   * Gives the same event with other content.
   *
   * @param other its data, or why that isn't here
   * @return the event
   */
  public ChainEvent with(Content other) {
    return new ChainEvent(
        sequence,
        commit,
        kind,
        primaryKey,
        parent,
        collection,
        type,
        replyTo,
        timeUnixMs,
        committedUnixMs,
        other,
        redaction,
        header,
        writerId,
        fingerprint,
        author,
        vouchedBy);
  }
}
