package io.atedb.internal.event;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.DataState;
import io.atedb.EventKind;
import io.atedb.Reason;
import io.atedb.internal.bytes.Cursor;
import io.atedb.internal.bytes.EventForms;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.bytes.Strict;
import java.util.Map;

/**
 * An event as it lies in a run.
 *
 * @param index its place in the batch
 * @param header its bytes
 * @param data as it is stored
 * @param salt empty: there is none
 * @param dataState why data is not here, if it isn't
 * @param redactedBy sequence of the redaction that is said to have erased the data; 0: none has
 * @param kind what it does
 * @param primaryKey empty: there is none
 * @param parent empty: there is none
 * @param dataHash empty: there is none
 * @param dataBytes what the header counts
 * @param hasGenesis whether it says what the chain is
 * @param marks what else it says
 */
public record EventView(
    int index,
    Bytes header,
    Bytes data,
    Bytes salt,
    DataState dataState,
    long redactedBy,
    EventKind kind,
    Bytes primaryKey,
    Bytes parent,
    Bytes dataHash,
    long dataBytes,
    boolean hasGenesis,
    int marks) {

  /** Field of an event in a run, a request and a file alike. */
  public static final int RUN_EVENT = 1;

  public static final int RUN_SEAL = 2;

  /**
   * It says something of rights and keys: rules, keys shown or handed out, a move, roots, a change
   * of a key; what only a server adds; what is to be erased; what may be gone.
   */
  public static final int AUTHORITY = 1;

  public static final int SEALED = 2;

  /** It names keys that sign besides the writer's, or an author. */
  public static final int SIGNERS = 4;

  public static final int LABEL = 8;

  /** Of all but sealing. */
  private static final int SAYS_MORE = AUTHORITY | SIGNERS | LABEL;

  public boolean isSealed() {
    return (marks & SEALED) != 0;
  }

  public boolean has(int mark) {
    return (marks & mark) != 0;
  }

  /** Whether it says anything of rights, keys, signers or labels. */
  public boolean saysMore() {
    return has(SAYS_MORE);
  }

  /** Whether its data is here, as it was written. */
  public boolean isPresent() {
    return dataState == DataState.PRESENT;
  }

  /** Whether it writes the object that it names, and doesn't only say something of it. */
  public boolean writesObject() {
    return kind == EventKind.DATA || kind == EventKind.TOMBSTONE;
  }

  /** Reads one Event message of a run. Raises NON_CANONICAL, DATA_TOO_LARGE, BATCH_INVALID. */
  static EventView parse(Bytes message, int index) {
    Strict.check(EventForms.EVENT, message);
    Parts parts = new Parts(message);
    DataState state = DataState.values()[(int) parts.number(4)];
    if (parts.has(5) != (state == DataState.REDACTED)) {
      throw Batch.invalid(
          "an event names the redaction that has erased its data, if it is erased, and only then");
    }
    return withHeader(index, parts, state);
  }

  private static EventView withHeader(int index, Parts parts, DataState state) {
    Bytes header = parts.bytes(1);
    if (header.size() > Limits.EVENT_HEADER_BYTES_MAX) {
      throw new AtedbException(
          Reason.DATA_TOO_LARGE,
          "the header of an event is "
              + header.size()
              + " bytes, and "
              + Limits.EVENT_HEADER_BYTES_MAX
              + " is the limit",
          Map.of(
              "limit_bytes", Integer.toString(Limits.EVENT_HEADER_BYTES_MAX),
              "bytes", Integer.toString(header.size())));
    }
    Strict.check(EventForms.EVENT_HEADER, header);
    EventKind kind = EventKind.DATA;
    Bytes primaryKey = Bytes.EMPTY;
    Bytes parent = Bytes.EMPTY;
    Bytes dataHash = Bytes.EMPTY;
    long dataBytes = 0;
    boolean hasGenesis = false;
    int marks = 0;
    Cursor cursor = new Cursor(header);
    while (cursor.next()) {
      switch (cursor.number()) {
        case 2 -> kind = EventKind.values()[(int) cursor.value() - 1];
        case 3 -> primaryKey = cursor.content();
        case 4 -> parent = cursor.content();
        case 6, 8, 9, 16, 17, 18, 20, 21, 22, 23 -> marks |= AUTHORITY;
        case 7 -> marks |= SEALED;
        case 10, 11 -> marks |= SIGNERS;
        case 15 -> hasGenesis = true;
        case 19 -> marks |= LABEL;
        case 30 -> dataHash = cursor.content();
        case 31 -> dataBytes = cursor.value();
        default -> {}
      }
    }
    return new EventView(
        index,
        header,
        parts.bytes(2),
        parts.bytes(3),
        state,
        parts.number(5),
        kind,
        primaryKey,
        parent,
        dataHash,
        dataBytes,
        hasGenesis,
        marks);
  }

  /** Whether the header names a collection. */
  public boolean hasCollection() {
    return new Parts(header).has(5);
  }
}
