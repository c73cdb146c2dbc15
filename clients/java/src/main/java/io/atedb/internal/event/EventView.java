package io.atedb.internal.event;

import io.atedb.AtedbException;
import io.atedb.Bytes;
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
 * @param header its bytes
 * @param data as it is stored
 * @param salt empty: there is none
 * @param dataState why data is not here; 0: it is as written
 * @param kind what it does
 * @param primaryKey empty: there is none
 * @param parent empty: there is none
 * @param dataHash empty: there is none
 * @param dataBytes what the header counts
 * @param hasGenesis whether it says what the chain is
 * @param marks what else it says
 */
public record EventView(
    Bytes header,
    Bytes data,
    Bytes salt,
    int dataState,
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
   * of a key.
   */
  public static final int AUTHORITY = 1;

  public static final int SEALED = 2;

  /** It names keys that sign besides the writer's, or an author. */
  public static final int SIGNERS = 4;

  public static final int LABEL = 8;

  /** It says what only a server adds, or what is to be erased. */
  public static final int OTHER = 16;

  public boolean isSealed() {
    return (marks & SEALED) != 0;
  }

  public boolean has(int mark) {
    return (marks & mark) != 0;
  }

  /** Reads one Event message of a run. Raises NON_CANONICAL, DATA_TOO_LARGE. */
  static EventView parse(Bytes message) {
    Strict.check(EventForms.EVENT, message);
    Parts parts = new Parts(message);
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
        case 6, 8, 9, 16, 17, 18 -> marks |= AUTHORITY;
        case 7 -> marks |= SEALED;
        case 10, 11 -> marks |= SIGNERS;
        case 15 -> hasGenesis = true;
        case 19 -> marks |= LABEL;
        case 20, 21, 23 -> marks |= OTHER;
        case 30 -> dataHash = cursor.content();
        case 31 -> dataBytes = cursor.value();
        default -> {}
      }
    }
    return new EventView(
        header,
        parts.bytes(2),
        parts.bytes(3),
        (int) parts.number(4),
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
