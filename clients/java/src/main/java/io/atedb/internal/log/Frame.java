package io.atedb.internal.log;

import io.atedb.Bytes;
import io.atedb.internal.bytes.Limits;
import java.util.zip.CRC32;

/**
 * Where a batch lies in a file, by tags and lengths alone.
 *
 * @param start of its first event's tag
 * @param runEnd where its seal ends
 * @param commitStart of the commit's content
 * @param end of the commit
 * @param events how many
 * @param fault why there is no batch; null where there is one
 */
record Frame(int start, int runEnd, int commitStart, int end, long events, String fault) {
  static final int EVENT_TAG = 0x0A;
  static final int SEAL_TAG = 0x12;
  static final int COMMIT_TAG = 0x1A;
  static final int CRC_FIELD_BYTES = 5;

  /** A length, and where what it is of begins. */
  record Length(int value, int next) {
    /** A varint of at most four bytes in its shortest form; null where there is none. */
    static Length read(Bytes data, int at, int end) {
      int value = 0;
      for (int index = 0; index < 4; index++) {
        if (at + index >= end) {
          return null;
        }
        byte one = data.at(at + index);
        value |= (one & 0x7F) << 7 * index;
        if (one >= 0) {
          return one == 0 && index > 0 ? null : new Length(value, at + index + 1);
        }
      }
      return null;
    }

    long end() {
      return (long) next + value;
    }
  }

  private static Frame none(String why) {
    return new Frame(0, 0, 0, 0, 0, why);
  }

  static Frame find(Bytes data, int start, int end) {
    int at = start;
    long events = 0;
    int runEnd = 0;
    while (at < end) {
      int tag = data.at(at) & 0xFF;
      boolean isDue = runEnd == 0 ? tag == EVENT_TAG || tag == SEAL_TAG : tag == COMMIT_TAG;
      if (!isDue) {
        return none("there is " + tag + " where another tag was due");
      }
      Length length = Length.read(data, at + 1, end);
      if (length == null) {
        return none("a length is cut short, not in its shortest form or too large");
      }
      int max = tag == COMMIT_TAG ? Limits.BATCH_BYTES_MAX : Limits.RUN_BYTES_MAX;
      if (length.end() - start > max) {
        return none("a length is larger than a batch may be");
      }
      if (tag == COMMIT_TAG && length.end() - at > Limits.COMMIT_BYTES_MAX) {
        return none("a commit is too large");
      }
      if (length.end() > end) {
        return none("a batch is cut short");
      }
      if (tag == COMMIT_TAG) {
        return new Frame(start, runEnd, length.next, (int) length.end(), events, null);
      }
      if (tag == EVENT_TAG) {
        events++;
      } else if (events == 0) {
        return none("a seal comes before any event");
      } else {
        runEnd = (int) length.end();
      }
      at = (int) length.end();
    }
    return none("a batch is cut short");
  }

  /** Whether bytes end with the CRC-32 of those before it. */
  static boolean crcFits(Bytes before, Bytes record) {
    if (record.size() < CRC_FIELD_BYTES) {
      return false;
    }
    CRC32 crc = new CRC32();
    crc.update(before.toArray());
    crc.update(record.slice(0, record.size() - CRC_FIELD_BYTES).toArray());
    return crc.getValue() == little32(record, record.size() - 4);
  }

  static long little32(Bytes data, int at) {
    long value = 0;
    for (int place = 3; place >= 0; place--) {
      value = value << 8 | data.at(at + place) & 0xFF;
    }
    return value;
  }
}
