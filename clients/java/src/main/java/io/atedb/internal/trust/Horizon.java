package io.atedb.internal.trust;

import io.atedb.AtedbException;
import io.atedb.Reason;
import io.atedb.internal.event.Batch;
import io.atedb.internal.event.Seal;
import java.util.Map;

/** How far back a chain remembers everything: its newest snapshot. */
final class Horizon {
  /** In commits: what was made by an older head is refused. 0: the chain has had no snapshot. */
  private long size;

  /** Of the snapshot's event. */
  private long sequence;

  Horizon copy() {
    Horizon other = new Horizon();
    other.size = size;
    other.sequence = sequence;
    return other;
  }

  /**
   * Has the horizon that a snapshot says, which is from a root and alone in its batch. Raises
   * SNAPSHOT_INVALID where it raises nothing, or is about what its writer hasn't seen.
   */
  void raise(long to, long at, Seal seal, Undo undo) {
    if (to <= size) {
      throw invalid(to, "the one at sequence " + sequence + " is about " + size);
    }
    if (to > seen(seal)) {
      throw invalid(to, "its writer says to have verified " + seen(seal));
    }
    long sizeBefore = size;
    long sequenceBefore = sequence;
    undo.add(
        () -> {
          size = sizeBefore;
          sequence = sequenceBefore;
        });
    size = to;
    sequence = at;
  }

  /**
   * Refuses a batch that was made by a head from before the horizon: what it was made by may be
   * forgotten. What the server itself adds is made by no head. Raises STALE.
   */
  void checkFresh(Batch batch) {
    long asOf = seen(batch.seal());
    if (asOf >= size || FromServer.is(batch)) {
      return;
    }
    throw new AtedbException(
        Reason.STALE,
        "the batch was made by a head of "
            + asOf
            + " commits, and by the snapshot at sequence "
            + sequence
            + " what was before commit "
            + size
            + " may be forgotten",
        Map.of("as_of_size", Long.toString(asOf), "horizon", Long.toString(size)));
  }

  private static long seen(Seal seal) {
    return seal.asOf() == null ? 0 : seal.asOf().size();
  }

  private static AtedbException invalid(long size, String why) {
    return new AtedbException(
        Reason.SNAPSHOT_INVALID,
        "the snapshot doesn't count: it is about " + size + " commits, and " + why,
        Map.of("size", Long.toString(size)));
  }
}
