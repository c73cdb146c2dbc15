package io.atedb.hostile;

import io.atedb.Bytes;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * Changes bytes of servers at random, blindly and by the fields of the messages that they are. What
 * it does follows from the seed and the number of the input alone.
 */
public final class Mutator {
  private static final int RANGE_BYTES_MAX = 64;
  private static final int DEPTH_MAX = 8;

  /** Varints that overflow, or say more than there is. */
  private static final byte[][] LENGTHS = {
    {0},
    {0x7f},
    {(byte) 0xff, 0x7f},
    {(byte) 0x80, (byte) 0x80, (byte) 0x80, 2},
    {(byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, 7},
    {(byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, 15},
    {-1, -1, -1, -1, -1, -1, -1, -1, -1, 1},
  };

  /** A field of a message: the number, the wire type, and where it and its content lie. */
  private record Field(int number, int type, int start, int content, int end) {}

  private long state;

  public Mutator(long seed, long input) {
    this.state = seed * 0x9E37_79B9L + input;
    next();
  }

  /** SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). */
  private long next() {
    state += 0x9E37_79B9_7F4A_7C15L;
    long mixed = (state ^ state >>> 30) * 0xBF58_476D_1CE4_E5B9L;
    mixed = (mixed ^ mixed >>> 27) * 0x94D0_49BB_1331_11EBL;
    return mixed ^ mixed >>> 31;
  }

  /** A number from 0 on, below `end`; 0 where that is 0. */
  public int below(int end) {
    return end <= 1 ? 0 : (int) Long.remainderUnsigned(next(), end);
  }

  public <T> T oneOf(List<T> all) {
    return all.get(below(all.size()));
  }

  /** Changes something, once or a few times. `others` are good bytes of the same kind. */
  public Bytes changed(Bytes from, List<Bytes> others) {
    byte[] data = from.toArray();
    // Mostly once: of several changes one is likelier to be refused before another is looked at.
    int more = below(4) == 0 ? below(3) : 0;
    for (int left = 1 + more; left > 0; left--) {
      byte[] other = oneOf(others).toArray();
      data = below(3) == 0 ? blindly(data, other) : byField(data, other, 0);
    }
    return Bytes.wrap(data);
  }

  private byte[] blindly(byte[] data, byte[] other) {
    int at = below(data.length);
    int end = Math.min(data.length, at + 1 + below(RANGE_BYTES_MAX));
    switch (below(9)) {
      case 0, 7, 8 -> {
        byte[] flipped = data.clone();
        if (data.length > 0) {
          flipped[at] ^= (byte) (1 << below(8));
        }
        return flipped;
      }
      case 1 -> {
        return joined(data, 0, at);
      }
      case 2 -> {
        return joined(joined(data, 0, at), joined(data, end, data.length));
      }
      case 3 -> {
        return joined(joined(data, 0, end), joined(data, at, data.length));
      }
      case 4 -> {
        int second = end + below(data.length - end);
        int last = Math.min(data.length, second + end - at);
        return joined(
            joined(data, 0, at),
            joined(data, second, last),
            joined(data, end, second),
            joined(data, at, end),
            joined(data, last, data.length));
      }
      case 5 -> {
        return joined(joined(data, 0, at), joined(other, below(other.length), other.length));
      }
      default -> {
        return joined(joined(data, 0, at), length(), joined(data, end, data.length));
      }
    }
  }

  private byte[] length() {
    return LENGTHS[below(LENGTHS.length)];
  }

  /** Changes a field of a message, or of one in it; where it is none, it is changed blindly. */
  private byte[] byField(byte[] data, byte[] other, int depth) {
    List<Field> fields = fieldsOf(data);
    if (fields == null || fields.isEmpty()) {
      return blindly(data, other);
    }
    Field field = oneOf(fields);
    byte[] before = joined(data, 0, field.start);
    byte[] whole = joined(data, field.start, field.end);
    byte[] after = joined(data, field.end, data.length);
    byte[] content = joined(data, field.content, field.end);
    List<Field> theirs = fieldsOf(other);
    if (field.type == 2 && depth < DEPTH_MAX && below(3) > 0) {
      byte[] inner = byField(content, contentOf(other, theirs, field.number), depth + 1);
      return joined(before, tagged(field.number, inner), after);
    }
    switch (below(7)) {
      case 0 -> {
        return joined(before, after);
      }
      case 1 -> {
        return joined(before, whole, whole, after);
      }
      case 2 -> {
        Field last = oneOf(fields);
        return joined(before, after, joined(data, last.start, last.end));
      }
      case 3 -> {
        byte[] instead = contentOf(other, theirs, field.number);
        return field.type == 2
            ? joined(before, tagged(field.number, instead), after)
            : joined(before, after, whole);
      }
      case 4 -> {
        return joined(before, varint(field.number * 8L + below(8)), length(), content, after);
      }
      case 5 -> {
        return joined(before, varint((1 + below(40)) * 8L + field.type), content, after);
      }
      default -> {
        return field.type == 2
            ? joined(before, tagged(field.number, new byte[0]), after)
            : joined(before, varint(field.number * 8L), length(), after);
      }
    }
  }

  /** The content of a field of a number of another message, or another one of that. */
  private byte[] contentOf(byte[] message, List<Field> fields, int number) {
    if (fields == null || fields.isEmpty()) {
      return message;
    }
    List<Field> alike = fields.stream().filter(one -> one.number == number).toList();
    Field one = oneOf(alike.isEmpty() ? fields : alike);
    return joined(message, one.content, one.end);
  }

  /** The fields of a message; null where the bytes are none. */
  private static List<Field> fieldsOf(byte[] data) {
    List<Field> fields = new ArrayList<>();
    int at = 0;
    while (at < data.length) {
      int start = at;
      long[] tag = readVarint(data, at);
      if (tag == null || tag[0] < 8 || tag[0] >>> 3 > 0x1FFF_FFFF) {
        return null;
      }
      at = (int) tag[1];
      int content = at;
      int type = (int) (tag[0] & 7);
      long end;
      if (type == 2 || type == 0) {
        long[] value = readVarint(data, at);
        if (value == null) {
          return null;
        }
        content = type == 2 ? (int) value[1] : at;
        end = type == 2 ? value[1] + value[0] : value[1];
      } else {
        end = at + (type == 5 ? 4 : type == 1 ? 8 : data.length + 1L);
      }
      if (end < at || end > data.length) {
        return null;
      }
      fields.add(new Field((int) (tag[0] >>> 3), type, start, content, (int) end));
      at = (int) end;
    }
    return fields;
  }

  /** A varint of five bytes at most, and where it ends; null: there is none. */
  private static long[] readVarint(byte[] data, int from) {
    long value = 0;
    for (int at = from; at < data.length && at < from + 5; at++) {
      value |= (long) (data[at] & 0x7F) << 7 * (at - from);
      if (data[at] >= 0) {
        return new long[] {value, at + 1L};
      }
    }
    return null;
  }

  private static byte[] varint(long value) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    long left = value;
    for (; left >= 0x80; left >>>= 7) {
      out.write((int) (left & 0x7F | 0x80));
    }
    out.write((int) left);
    return out.toByteArray();
  }

  private static byte[] tagged(int number, byte[] content) {
    return joined(varint(number * 8L + 2), varint(content.length), content);
  }

  private static byte[] joined(byte[] data, int from, int end) {
    return from >= end ? new byte[0] : java.util.Arrays.copyOfRange(data, from, end);
  }

  private static byte[] joined(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }
}
