package io.atedb.internal.event;

import io.atedb.Bytes;
import io.atedb.internal.bytes.Cursor;
import io.atedb.internal.bytes.EventForms;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.bytes.Magics;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.crypt.Hashes;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/**
 * A server's acceptance of one batch, as it was read.
 *
 * @param header what it says
 * @param headerBytes the same as bytes, which are a leaf of the chain's tree
 * @param treeRoot the root of the tree whose last leaf it is, or null
 * @param batchBytes size of the run
 * @param durableOffset how many bytes of the file were durable
 * @param crc32 over run and commit
 */
public record Commit(
    Header header,
    Bytes headerBytes,
    Bytes treeRoot,
    long batchBytes,
    long durableOffset,
    long crc32) {

  /** Of a LogSegment. */
  public static final int FIELD = 3;

  /**
   * What a server seals in accepting a batch.
   *
   * @param commit number of the commit
   * @param firstSequence of its events
   * @param events how many
   * @param timeUnixMs the server's clock
   * @param sealHash names the batch
   */
  public record Header(
      long commit, long firstSequence, long events, long timeUnixMs, Bytes sealHash) {

    /** Serialises it: the bytes are a leaf of the chain's tree. */
    public Bytes encode() {
      return new FieldWriter()
          .fixed32(1, Magics.COMMIT_HEADER)
          .varint(2, commit)
          .varint(3, firstSequence)
          .varint(4, events)
          .varint(5, timeUnixMs)
          .bytes(6, sealHash)
          .finish();
    }

    /** Reads it. Raises NON_CANONICAL. */
    public static Header parse(Bytes data) {
      Parts parts = Parts.strict(EventForms.COMMIT_HEADER, data);
      if (parts.number(3) + parts.number(4) > Limits.INTEGER_MAX) {
        throw Cursor.nonCanonical("CommitHeader", 0, "it counts beyond 2^53 - 1");
      }
      return new Header(
          parts.number(2), parts.number(3), parts.number(4), parts.number(5), parts.bytes(6));
    }
  }

  /**
   * A batch as it is stored.
   *
   * @param gap what is gone of it, or before it; null: nothing is
   * @param run its events and its seal
   * @param commit the server's acceptance
   */
  public record Stored(Gap gap, Bytes run, Commit commit) {}

  /** The leaf of the chain's tree that it is. */
  public Bytes leaf() {
    return Hashes.leaf(headerBytes);
  }

  /** Reads a Commit message, without its tag and length. Raises NON_CANONICAL. */
  public static Commit parse(Bytes data) {
    Parts parts = Parts.strict(EventForms.COMMIT, data);
    return new Commit(
        Header.parse(parts.bytes(1)),
        parts.bytes(1),
        parts.bytesOrNull(2),
        parts.number(13),
        parts.number(14),
        parts.number(15));
  }

  /** Serialises a commit with tag and length, as it is stored right behind its run. */
  public static Bytes encode(Bytes run, Bytes header, Bytes treeRoot, long durableOffset) {
    Bytes framed =
        FieldWriter.frame(
            FIELD,
            new FieldWriter()
                .bytes(1, header)
                .bytes(2, treeRoot)
                .fixed32(13, run.size())
                .fixed64(14, durableOffset)
                .fixed32(15, 0)
                .finish());
    byte[] done = framed.toArray();
    CRC32 crc = new CRC32();
    crc.update(run.toArray());
    crc.update(done, 0, done.length - 5);
    for (int place = 0; place < 4; place++) {
      done[done.length - 4 + place] = (byte) (crc.getValue() >>> 8 * place);
    }
    return Bytes.wrap(done);
  }

  /**
   * Splits a slice of the log into its batches. Only the framing and the commits are looked at.
   * Raises NON_CANONICAL where it is anything but whole batches: perhaps a gap, events, seal,
   * commit.
   */
  public static List<Stored> splitSlice(Bytes data) {
    List<Stored> batches = new ArrayList<>();
    Gap gap = null;
    int start = 0;
    int runStart = 0;
    int runEnd = 0;
    Cursor cursor = new Cursor(data);
    while (cursor.next()) {
      boolean isFirst = cursor.tagStart() == start;
      if (cursor.isBytes() && cursor.number() == Gap.FIELD && isFirst) {
        gap = Gap.parse(cursor.content());
        runStart = cursor.end();
        continue;
      }
      if (cursor.isBytes() && cursor.number() == EventView.RUN_EVENT && runEnd == 0) {
        continue;
      }
      if (cursor.isBytes() && cursor.number() == EventView.RUN_SEAL && runEnd == 0) {
        runEnd = cursor.end();
      } else if (cursor.isBytes() && cursor.number() == FIELD && runEnd > 0) {
        batches.add(new Stored(gap, data.slice(runStart, runEnd), parse(cursor.content())));
        gap = null;
        start = cursor.end();
        runStart = start;
        runEnd = 0;
      } else {
        throw Cursor.nonCanonical(
            "a slice of the log",
            cursor.tagStart(),
            "there is field "
                + cursor.number()
                + ", where a gap, events, a seal or a commit were due");
      }
    }
    if (start != data.size()) {
      throw Cursor.nonCanonical(
          "a slice of the log", start, "it ends inside the batch that starts there");
    }
    return batches;
  }
}
