package io.atedb.internal.event;

import io.atedb.Bytes;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.crypt.Hashes;
import io.atedb.internal.crypt.Tags;
import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.List;

/**
 * What of the first commits of a chain may be gone, as a root has signed it. Hashes are 32 bytes.
 *
 * @param size how many commits it is about; what was made by an older head is refused
 * @param treeRoot of the tree of that size
 * @param events how many of their events stay
 * @param gone which go, as {@link GoneRuns} hashes it
 * @param writers how many writers they have
 * @param writersHash as {@link #hashOf} makes it
 */
public record Snapshot(
    long size, Bytes treeRoot, long events, Bytes gone, long writers, Bytes writersHash) {

  /**
   * Where a writer's chain of seals stands.
   *
   * @param writerId 32 bytes
   * @param counter of its last batch
   * @param sealHash of that
   */
  public record WriterSeal(Bytes writerId, long counter, Bytes sealHash) {}

  /** Reads what a snapshot says; the message is in the strict form. */
  static Snapshot parse(Parts parts) {
    return new Snapshot(
        parts.number(1),
        parts.bytes(2),
        parts.number(3),
        parts.bytes(4),
        parts.number(5),
        parts.bytes(6));
  }

  /** The hash of where all writers stand, in any order. */
  public static Bytes hashOf(List<WriterSeal> writers) {
    Bytes[] parts =
        writers.stream()
            .sorted(Comparator.comparing(WriterSeal::writerId))
            .map(one -> one.writerId.plus(bigEndian(one.counter), one.sealHash))
            .toArray(Bytes[]::new);
    return Hashes.tagged(Tags.HASH_WRITERS, parts);
  }

  static Bytes bigEndian(long number) {
    return Bytes.wrap(ByteBuffer.allocate(Long.BYTES).putLong(number).array());
  }
}
