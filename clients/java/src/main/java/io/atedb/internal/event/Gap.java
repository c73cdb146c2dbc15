package io.atedb.internal.event;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.internal.bytes.Cursor;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.bytes.SnapshotForms;
import java.util.List;

/**
 * What stands before a batch of which events are gone, or before which commits are.
 *
 * @param commits how many commits are gone, right before the batch
 * @param events how many events these had
 * @param hashes what stands for them in the chain's tree
 * @param snapshot sequence of the snapshot under which they are
 * @param size its size, in commits
 * @param before what is gone before it
 */
public record Gap(
    long commits, long events, Bytes hashes, long snapshot, long size, GoneRuns.State before) {
  /** Of a LogSegment. */
  public static final int FIELD = 5;

  /** Reads a Gap message, without its tag and length. Raises NON_CANONICAL. */
  public static Gap parse(Bytes message) {
    Parts parts = Parts.strict(SnapshotForms.GAP, message);
    long commits = parts.number(1);
    long events = parts.number(2);
    Bytes hashes = parts.bytes(3);
    long snapshot = parts.number(4);
    long size = parts.number(5);
    // Each commit has an event.
    boolean counts = commits <= events && (commits == 0) == (events == 0) && snapshot >= size;
    if (!counts || (commits == 0) != hashes.isEmpty()) {
      throw refused("it counts commits, events or hashes that it has not");
    }
    return new Gap(commits, events, hashes, snapshot, size, before(parts));
  }

  private static GoneRuns.State before(Parts parts) {
    long from = parts.number(7);
    long first = parts.number(8);
    long end = parts.number(9);
    Bytes hash = parts.has(6) ? parts.bytes(6).copy() : GoneRuns.NOTHING;
    boolean isRun = first < end && (from == 0 || end < from);
    if (!isRun && (first > 0 || end > 0 || !hash.equals(GoneRuns.NOTHING))) {
      throw refused(
          "a run from "
              + first
              + " up to "
              + end
              + " is gone before it, it says, and one from "
              + from
              + " on");
    }
    GoneRuns.Run last = isRun ? new GoneRuns.Run(hash, first, end) : null;
    return new GoneRuns.State(last, from == 0 ? -1 : from);
  }

  /**
   * The subtrees that its commits make up, of which the first has a number. Raises NON_CANONICAL
   * where it has not as many hashes as these take.
   */
  public List<Subtree> subtrees(long firstCommit) {
    List<Subtree> subtrees = Subtree.of(hashes, firstCommit, commits);
    if (subtrees == null) {
      throw refused("its hashes aren't as many as stand for its commits there");
    }
    return subtrees;
  }

  private static AtedbException refused(String why) {
    return Cursor.nonCanonical("Gap", 0, why);
  }
}
