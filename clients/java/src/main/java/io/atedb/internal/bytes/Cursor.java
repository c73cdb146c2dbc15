package io.atedb.internal.bytes;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Reason;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Walks the fields of one message where they lie. Varints must be minimal, and integers at most
 * 2^53 - 1; all else of the strict form is {@link Strict}'s.
 *
 * <p>Every method raises NON_CANONICAL for bytes that are no message.
 */
public final class Cursor {
  public static final int VARINT = 0;
  public static final int FIXED64 = 1;
  public static final int BYTES = 2;
  public static final int FIXED32 = 5;

  private static final long TAG_MAX = 0xFFFF_FFFFL;

  private final Bytes data;
  private final String name;
  private int at;

  private int number;
  private int wireType;
  private long value;
  private int start;
  private int tagStart;

  public Cursor(Bytes data) {
    this(data, "the message");
  }

  public Cursor(Bytes data, String name) {
    this.data = data;
    this.name = name;
  }

  /** Goes on to the next field; false after the last. */
  public boolean next() {
    if (at >= data.size()) {
      return false;
    }
    tagStart = at;
    long tag = varint();
    if (tag < 8 || tag > TAG_MAX) {
      throw refused(tagStart, tag + " is no tag");
    }
    number = (int) (tag >>> 3);
    wireType = (int) (tag & 7);
    long end;
    switch (wireType) {
      case BYTES -> {
        value = varint();
        start = at;
        end = at + value;
      }
      case VARINT -> {
        start = at;
        value = varint();
        end = at;
      }
      case FIXED32 -> {
        start = at;
        end = at + 4L;
      }
      case FIXED64 -> {
        start = at;
        end = at + 8L;
      }
      default ->
          throw refused(
              tagStart,
              "field " + number + " has wire type " + wireType + ", which is not allowed");
    }
    if (end > data.size()) {
      throw refused(
          tagStart,
          "field " + number + " ends " + (end - data.size()) + " bytes beyond its message");
    }
    if (wireType == FIXED32 || wireType == FIXED64) {
      value = 0;
      for (int place = (int) end - 1; place >= start; place--) {
        value = value << 8 | data.at(place) & 0xFF;
      }
      if (value < 0 || value > Limits.INTEGER_MAX) {
        throw refused(start, "an integer is beyond 2^53 - 1");
      }
    }
    at = (int) end;
    return true;
  }

  private long varint() {
    int from = at;
    long result = 0;
    for (int shift = 0; shift <= 49; shift += 7) {
      if (at >= data.size()) {
        throw refused(from, "it is cut short");
      }
      byte one = data.at(at++);
      result |= (long) (one & 0x7F) << shift;
      if (one >= 0) {
        if (one == 0 && shift > 0) {
          throw refused(from, "a varint is longer than it need be");
        }
        if (result > Limits.INTEGER_MAX) {
          throw refused(from, "an integer is beyond 2^53 - 1");
        }
        return result;
      }
    }
    throw refused(from, "an integer is beyond 2^53 - 1, or longer than it need be");
  }

  public int number() {
    return number;
  }

  public int wireType() {
    return wireType;
  }

  public boolean isBytes() {
    return wireType == BYTES;
  }

  /** Of a number; the length of what is length-delimited. */
  public long value() {
    return value;
  }

  /** Where the value begins; the content, where that is length-delimited. */
  public int start() {
    return start;
  }

  public int end() {
    return at;
  }

  public int tagStart() {
    return tagStart;
  }

  /** The bytes of the value. */
  public Bytes content() {
    return data.slice(start, at);
  }

  private AtedbException refused(int offset, String why) {
    return nonCanonical(name, offset, why);
  }

  /** Makes the refusal of bytes that are not in the strict form. */
  public static AtedbException nonCanonical(String where, int offset, String why) {
    return new AtedbException(
        Reason.NON_CANONICAL,
        where + " is not in the strict form: at offset " + offset + ", " + why,
        Map.of("where", where, "offset", Integer.toString(offset)));
  }

  /** Gives the contents of all length-delimited fields of one number, as they lie. */
  public static List<Bytes> all(Bytes message, int number) {
    List<Bytes> found = new ArrayList<>();
    Cursor cursor = new Cursor(message);
    while (cursor.next()) {
      if (cursor.number() == number && cursor.isBytes()) {
        found.add(cursor.content());
      }
    }
    return found;
  }

  /** Gives the contents of all length-delimited fields. */
  public static List<Bytes> contents(Bytes message) {
    List<Bytes> found = new ArrayList<>();
    Cursor cursor = new Cursor(message);
    while (cursor.next()) {
      if (cursor.isBytes()) {
        found.add(cursor.content());
      }
    }
    return found;
  }
}
