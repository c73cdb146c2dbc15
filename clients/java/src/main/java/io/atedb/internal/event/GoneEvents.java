package io.atedb.internal.event;

import io.atedb.Bytes;
import io.atedb.internal.bytes.Cursor;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.bytes.SnapshotForms;
import java.util.List;

/**
 * What stands for events of a batch that are gone, one after the other.
 *
 * @param index place of the first of them in the batch
 * @param events how many
 * @param subtrees what they are in the batch's tree
 */
public record GoneEvents(int index, int events, List<Subtree> subtrees) {
  /** What such an Event begins with: the tag of its field `gone`. */
  private static final int TAG = 0x32;

  /** Whether an Event message stands for others. */
  static boolean is(Bytes message) {
    return !message.isEmpty() && message.at(0) == TAG;
  }

  /** Reads an Event message that stands for others from a place on. Raises NON_CANONICAL. */
  static GoneEvents parse(Bytes message, int index) {
    Parts gone = Parts.strict(SnapshotForms.GONE_EVENT, message).message(6);
    long events = gone.number(1);
    List<Subtree> subtrees = Subtree.of(gone.bytes(2), index, events);
    if (subtrees == null || events > Integer.MAX_VALUE) {
      throw Cursor.nonCanonical(
          "GoneEvents",
          0,
          "its hashes aren't as many as stand for " + events + " events from " + index + " on");
    }
    return new GoneEvents(index, (int) events, subtrees);
  }
}
