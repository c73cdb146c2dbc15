package io.atedb.internal.bytes;

import io.atedb.Bytes;
import java.io.ByteArrayOutputStream;
import java.util.List;

/**
 * Appends fields to bytes that are sealed once. The caller keeps their numbers ascending, as the
 * strict form has them. What equals its default is left out, unless the method says otherwise.
 */
public final class FieldWriter {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** Writes a uint32, uint64, enum or bool. */
  public FieldWriter varint(int number, long value) {
    if (value < 0 || value > Limits.INTEGER_MAX) {
      throw new IllegalArgumentException("an integer of a header is from 0 to 2^53 - 1");
    }
    if (value != 0) {
      raw(number * 8L + Cursor.VARINT);
      raw(value);
    }
    return this;
  }

  /** Writes a number that has explicit presence, also where it is 0. */
  public FieldWriter present(int number, long value) {
    raw(number * 8L + Cursor.VARINT);
    raw(value);
    return this;
  }

  public FieldWriter bool(int number, boolean value) {
    return varint(number, value ? 1 : 0);
  }

  /** Writes a fixed32, also where it is 0. */
  public FieldWriter fixed32(int number, long value) {
    raw(number * 8L + Cursor.FIXED32);
    return little(value, 4);
  }

  /** Writes a fixed64. */
  public FieldWriter fixed64(int number, long value) {
    if (value != 0) {
      raw(number * 8L + Cursor.FIXED64);
      little(value, 8);
    }
    return this;
  }

  private FieldWriter little(long value, int size) {
    for (int place = 0; place < size; place++) {
      out.write((int) (value >>> 8 * place));
    }
    return this;
  }

  /** Writes bytes, unless there are none; null is none. */
  public FieldWriter bytes(int number, Bytes value) {
    return value == null || value.isEmpty() ? this : message(number, value);
  }

  /** Writes text in UTF-8, unless there is none; null is none. */
  public FieldWriter text(int number, String value) {
    return value == null ? this : bytes(number, Bytes.ofText(value));
  }

  /** Writes numbers in one piece, unless there are none. */
  public FieldWriter packed(int number, List<Long> values) {
    FieldWriter inner = new FieldWriter();
    values.forEach(inner::raw);
    return bytes(number, inner.finish());
  }

  /** Writes a message, or an element of a repeated field, also where it is empty. */
  public FieldWriter message(int number, Bytes value) {
    raw(number * 8L + Cursor.BYTES);
    raw(value.size());
    return append(value);
  }

  public FieldWriter message(int number, FieldWriter value) {
    return message(number, value.finish());
  }

  /** Writes bytes that are fields already, as they are. */
  public FieldWriter append(Bytes value) {
    out.writeBytes(value.toArray());
    return this;
  }

  private void raw(long value) {
    long left = value;
    while (left >= 0x80) {
      out.write((int) (left & 0x7F | 0x80));
      left >>>= 7;
    }
    out.write((int) left);
  }

  /** Gives what was written. */
  public Bytes finish() {
    return Bytes.wrap(out.toByteArray());
  }

  /** Makes one length-delimited field: tag, length, content. */
  public static Bytes frame(int number, Bytes content) {
    return new FieldWriter().message(number, content).finish();
  }
}
