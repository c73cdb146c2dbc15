package io.atedb.internal.event;

import io.atedb.Bytes;
import io.atedb.internal.bytes.Cursor;
import io.atedb.internal.bytes.FieldWriter;

/**
 * A condition on the chain, checked with the batch as one step.
 *
 * @param kind what must hold
 * @param number the sequence that it is about; of a fence the token of the lease
 * @param primaryKey the object, or empty
 */
public record Precondition(Kind kind, long number, Bytes primaryKey) {
  /** What must hold, in the order of the schema. */
  public enum Kind {
    CHAIN_UNCHANGED,
    LANDS_BEFORE,
    KEY_UNCHANGED,
    FENCE
  }

  Bytes message() {
    FieldWriter inner = new FieldWriter();
    if (kind == Kind.KEY_UNCHANGED || kind == Kind.FENCE) {
      inner.bytes(1, primaryKey).varint(2, number);
    } else {
      inner.varint(1, number);
    }
    return new FieldWriter().message(kind.ordinal() + 1, inner).finish();
  }

  static Precondition parse(Bytes message) {
    Cursor outer = new Cursor(message);
    outer.next();
    long number = 0;
    Bytes primaryKey = Bytes.EMPTY;
    Cursor inner = new Cursor(outer.content());
    while (inner.next()) {
      if (inner.isBytes()) {
        primaryKey = inner.content();
      } else {
        number = inner.value();
      }
    }
    return new Precondition(Kind.values()[outer.number() - 1], number, primaryKey);
  }
}
