package io.atedb.internal.log;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Reason;
import io.atedb.internal.bytes.Cursor;
import io.atedb.internal.bytes.Magics;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.log.Frame.Length;
import java.util.List;
import java.util.Map;

/**
 * Headers and footers of segment files: records, whose magic, CRC and version are looked at in this
 * order.
 */
final class Records {
  private static final int HEADER_TAG = 0x22;
  private static final int FOOTER_TAG = 0x32;
  private static final int FOOTER_BYTES_MAX = 80;
  private static final int CRC_TAG = 0x7D;

  private Records() {}

  /**
   * The start of a segment file; `end` is where the first batch begins, and `originalSha256`, null
   * of an original, is of the file that it was rewritten from.
   */
  record Header(
      Bytes chainId,
      long segment,
      Bytes originalSha256,
      long firstCommit,
      long firstSequence,
      List<Bytes> frontier,
      int end) {}

  /** The end of a segment file that was closed in good order; `bytes` is its size with its tag. */
  record Footer(
      long durableOffset, long nextCommit, long nextSequence, Bytes treeRoot, int bytes) {}

  static AtedbException damaged(String what) {
    return new AtedbException(
        Reason.CHAIN_DAMAGED, "the segment is damaged at offset 0: " + what, Map.of("offset", "0"));
  }

  /** Reads the header that a segment file begins with. Raises CHAIN_DAMAGED, FORMAT_TOO_NEW. */
  static Header readHeader(Bytes data, long segment, long generation) {
    Length length =
        data.isEmpty() || data.at(0) != HEADER_TAG ? null : Length.read(data, 1, data.size());
    if (length == null) {
      throw damaged("it does not begin with a segment header");
    }
    if (length.end() > data.size()) {
      throw damaged("its header is cut short");
    }
    int end = (int) length.end();
    Parts parts =
        checked(
            data.slice(length.next(), end), Magics.SEGMENT_HEADER, data.slice(0, length.next()));
    List<Bytes> frontier = parts.all(6);
    boolean areHashes =
        parts.bytes(2).size() == 32 && frontier.stream().allMatch(one -> one.size() == 32);
    if (!areHashes) {
      throw damaged("a hash of its header is none");
    }
    if (parts.number(3) != segment) {
      throw damaged("it is the file of segment " + parts.number(3));
    }
    if (frontier.size() != Long.bitCount(parts.number(4)) || parts.has(7) == (segment == 0)) {
      throw damaged("its header does not fit its place");
    }
    if (parts.number(8) != generation || parts.has(9) == (generation == 0)) {
      throw damaged("it is the file of generation " + parts.number(8));
    }
    return new Header(
        parts.bytes(2),
        segment,
        parts.bytesOrNull(9),
        parts.number(4),
        parts.number(5),
        frontier,
        end);
  }

  /**
   * A flipped bit is damage and never looks like a newer version, and a newer version is refused by
   * name.
   */
  private static Parts checked(Bytes record, long magic, Bytes before) {
    if (record.size() < 5 || record.at(0) != 0x0D) {
      throw damaged("it does not begin with a magic");
    }
    long found = Frame.little32(record, 1);
    if ((found & 0xFF_FFFF) != (magic & 0xFF_FFFF)) {
      throw damaged("its magic is another");
    }
    int covered = record.size() - Frame.CRC_FIELD_BYTES;
    if (record.at(covered) != CRC_TAG || !Frame.crcFits(before, record)) {
      throw damaged("its checksum does not fit");
    }
    if (found >>> 24 > magic >>> 24) {
      throw new AtedbException(
          Reason.FORMAT_TOO_NEW,
          "the segment is of format version "
              + (found >>> 24)
              + ", and versions up to "
              + (magic >>> 24)
              + " are known",
          Map.of("version", Long.toString(found >>> 24)));
    }
    if (found != magic) {
      throw damaged("its format version is " + (found >>> 24));
    }
    try {
      int last = 0;
      Cursor cursor = new Cursor(record);
      while (cursor.next()) {
        boolean isInOrder = cursor.number() > last || cursor.number() == last && last == 6;
        if (!isInOrder || cursor.value() == 0 && cursor.number() != 15) {
          throw damaged("it is not in the strict form");
        }
        last = cursor.number();
      }
      return new Parts(record);
    } catch (AtedbException error) {
      throw damaged(error.getMessage());
    }
  }

  /**
   * The whole footer that a file ends with, wherever it says that it lies; null where there is
   * none.
   */
  static Footer footerAtEnd(Bytes data) {
    for (int at = Math.max(0, data.size() - FOOTER_BYTES_MAX); at < data.size(); at++) {
      Length length = data.at(at) == FOOTER_TAG ? Length.read(data, at + 1, data.size()) : null;
      if (length == null || length.end() != data.size()) {
        continue;
      }
      try {
        Parts parts =
            checked(data.slice(length.next(), data.size()), Magics.SEGMENT_FOOTER, Bytes.EMPTY);
        if (parts.bytes(5).size() == 32) {
          return new Footer(
              parts.number(2), parts.number(3), parts.number(4), parts.bytes(5), data.size() - at);
        }
      } catch (AtedbException error) {
        if (error.reason() == Reason.FORMAT_TOO_NEW) {
          throw error;
        }
      }
    }
    return null;
  }
}
