package io.atedb.internal.trust;

import io.atedb.Bytes;
import io.atedb.EventKind;
import io.atedb.internal.event.Batch;
import io.atedb.internal.event.EventView;
import io.atedb.internal.event.Precondition;
import java.util.HashMap;
import java.util.Map;

/**
 * Who wrote last, the chain and each object, of the last 131,072 events at least: a condition that
 * reaches further back is checked as far as this goes.
 */
final class Recent {
  private static final int EVENTS_KEPT_MIN = 131_072;

  private record Last(Bytes writer, long end) {
    static final Last NONE = new Last(Bytes.EMPTY, 0);
  }

  private record Written(Bytes writer, long sequence, long endOfOthers) {
    long endOfOthersThan(Bytes other) {
      return writer.equals(other) ? endOfOthers : sequence + 1;
    }
  }

  private Last newest = Last.NONE;
  private Last newestOther = Last.NONE;
  private Map<Bytes, Written> older = new HashMap<>();
  private Map<Bytes, Written> newer = new HashMap<>();
  private int events;

  Recent copy() {
    Recent other = new Recent();
    other.newest = newest;
    other.newestOther = newestOther;
    other.older = new HashMap<>(older);
    other.newer = new HashMap<>(newer);
    other.events = events;
    return other;
  }

  void add(Batch batch, long firstSequence) {
    Bytes writer = batch.seal().writerId().copy();
    if (!writer.equals(newest.writer)) {
      newestOther = newest;
    }
    newest = new Last(writer, firstSequence + batch.count());
    for (EventView event : batch.events()) {
      if (event.kind() == EventKind.DATA || event.kind() == EventKind.TOMBSTONE) {
        Written known = newer.get(event.primaryKey());
        long end = known == null ? 0 : known.endOfOthersThan(writer);
        long sequence = firstSequence + event.index();
        newer.put(event.primaryKey().copy(), new Written(writer, sequence, end));
      }
    }
    events += batch.count();
    if (events >= EVENTS_KEPT_MIN) {
      older = newer;
      newer = new HashMap<>();
      events = 0;
    }
  }

  /** Whether a condition of a writer's batch holds. */
  boolean holds(Precondition condition, Bytes writer, long endSequence) {
    return switch (condition.kind()) {
      case CHAIN_UNCHANGED ->
          (writer.equals(newest.writer) ? newestOther.end : newest.end) <= condition.number();
      case LANDS_BEFORE -> endSequence - 1 < condition.number();
      case KEY_UNCHANGED ->
          Math.max(endOn(older, condition, writer), endOn(newer, condition, writer))
              <= condition.number();
      // Only the server knows who holds what.
      case FENCE -> true;
    };
  }

  private static long endOn(Map<Bytes, Written> table, Precondition condition, Bytes writer) {
    Written known = table.get(condition.primaryKey());
    return known == null ? 0 : known.endOfOthersThan(writer);
  }
}
