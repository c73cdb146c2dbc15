package io.atedb.internal.trust;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.DataState;
import io.atedb.EventKind;
import io.atedb.Reason;
import io.atedb.Redaction;
import io.atedb.internal.crypt.Hashes;
import io.atedb.internal.crypt.Symmetric;
import io.atedb.internal.event.Batch;
import io.atedb.internal.event.EventView;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a reader still has to see of a chain, since data of it is gone: of dropped data something
 * newer of the same object, of erased data the redaction that it names, of expired data a rule for
 * retention by which it is old enough. Who has read to the head asks what is left.
 *
 * <p>Its memory is bounded: of very many dropped objects a sample is kept that nobody else knows,
 * so that who drops what must stay is found out all the same, if not each time.
 */
public final class OwedData {
  /** Objects whose newest event so far was dropped: of more, a secret sample is kept. */
  private static final int DROPPED_MAX = 1 << 20;

  /** Events that are erased, and whose redaction is still to come. */
  private static final int ERASED_MAX = 1 << 17;

  /**
   * Data that is gone, or whole events, and that nothing has allowed.
   *
   * @param sequence of its event; or of the snapshot that has to allow whole events to be gone
   * @param why in words
   * @param isSnapshot whether it is of whole events
   */
  public record Unallowed(long sequence, String why, boolean isSnapshot) {
    Unallowed(long sequence, String why) {
      this(sequence, why, false);
    }
  }

  private record Erased(long sequence, Bytes primaryKey) {}

  private final int droppedMax;
  private final int erasedMax;
  private final Bytes secret;

  /** Sequences of objects' newest events so far that were dropped: one in 2^shift is kept. */
  private final Map<Bytes, Long> dropped = new HashMap<>();

  private int shift;

  /** By the sequence of the redaction that they name. */
  private final Map<Long, List<Erased>> erased = new HashMap<>();

  private int erasedCount;
  private int notKept;

  /** The highest event that retention is said to have let go: it stands for all before it. */
  private RetentionFloor.EventPlace expired;

  private final List<Unallowed> unallowed = new ArrayList<>();

  /** Whole events and commits that are gone, and the snapshots that are to come for it. */
  final Forgotten forgotten;

  /** Of a reading. */
  OwedData(Forgotten forgotten) {
    this(DROPPED_MAX, ERASED_MAX, Bytes.wrap(Symmetric.random(16)), forgotten);
  }

  private OwedData(int droppedMax, int erasedMax, Bytes secret, Forgotten forgotten) {
    this.droppedMax = droppedMax;
    this.erasedMax = erasedMax;
    this.secret = secret;
    this.forgotten = forgotten;
  }

  OwedData copy() {
    OwedData other = new OwedData(droppedMax, erasedMax, secret, forgotten.copy());
    other.shift = shift;
    other.dropped.putAll(dropped);
    erased.forEach((redaction, all) -> other.erased.put(redaction, new ArrayList<>(all)));
    other.erasedCount = erasedCount;
    other.notKept = notKept;
    other.expired = expired;
    other.unallowed.addAll(unallowed);
    return other;
  }

  /**
   * How many events there are, at least, whose data nothing has allowed to go so far, and snapshots
   * that are to come.
   */
  public int count() {
    int gone = forgotten.snapshots().size();
    return dropped.size() + erasedCount + (expired == null ? 0 : 1) + gone;
  }

  /** Of so many dropped objects one was looked at. */
  public long oneIn() {
    return 1L << shift;
  }

  /** Erased events that were too many to look at. */
  public int notKept() {
    return notKept;
  }

  /** The highest event that is said to have expired, where nothing has shown that; else null. */
  public RetentionFloor.EventPlace expired() {
    return expired;
  }

  /** So much was let go by the chain's rules for retention. */
  public void settleBelow(RetentionFloor floor) {
    if (expired != null && floor.isAbove(expired)) {
      expired = null;
    }
  }

  /** Takes note of the events of a batch, which was verified by itself. */
  void add(Batch batch, long firstSequence, long timeUnixMs) {
    String why = forgotten.meet(batch, firstSequence, timeUnixMs);
    if (why != null) {
      unallowed.add(new Unallowed(firstSequence, why, true));
    }
    for (EventView event : batch.events()) {
      // Nearly all events of nearly all chains.
      if (event.isPresent() && dropped.isEmpty() && erased.isEmpty()) {
        continue;
      }
      long sequence = firstSequence + event.index();
      meet(batch, event, sequence);
      if (!event.writesObject()) {
        continue;
      }
      if (event.dataState() == DataState.DROPPED) {
        drop(event.primaryKey().copy(), sequence);
      } else {
        dropped.remove(event.primaryKey());
      }
      if (event.dataState() == DataState.REDACTED) {
        owe(new Erased(sequence, event.primaryKey().copy()), event.redactedBy());
      } else if (event.dataState() == DataState.EXPIRED) {
        expired = new RetentionFloor.EventPlace(sequence, timeUnixMs);
      }
    }
  }

  private void drop(Bytes primaryKey, long sequence) {
    if (isSampled(primaryKey)) {
      dropped.put(primaryKey, sequence);
    }
    while (dropped.size() > droppedMax) {
      shift++;
      dropped.keySet().removeIf(key -> !isSampled(key));
    }
  }

  private boolean isSampled(Bytes primaryKey) {
    if (shift == 0) {
      return true;
    }
    Bytes hash = Hashes.sha256(secret, primaryKey);
    for (int bit = 0; bit < shift; bit++) {
      if ((hash.at(bit / 8) >>> bit % 8 & 1) != 0) {
        return false;
      }
    }
    return true;
  }

  private void owe(Erased one, long redaction) {
    if (redaction <= one.sequence) {
      unallowed.add(
          new Unallowed(
              one.sequence,
              "its data is said to be erased by the redaction at sequence "
                  + redaction
                  + ", which isn't behind it"));
    } else if (erasedCount >= erasedMax) {
      notKept++;
    } else {
      erased.computeIfAbsent(redaction, none -> new ArrayList<>(1)).add(one);
      erasedCount++;
    }
  }

  /** The event of a sequence is there, which others may name as their redaction. */
  private void meet(Batch batch, EventView event, long sequence) {
    List<Erased> all = erased.remove(sequence);
    if (all == null) {
      return;
    }
    erasedCount -= all.size();
    Redaction redaction =
        event.kind() == EventKind.REDACTION ? batch.said(event.index()).redaction() : null;
    for (Erased one : all) {
      boolean isNamed =
          redaction != null
              && redaction.names(one.sequence)
              && event.primaryKey().equals(one.primaryKey);
      if (!isNamed) {
        unallowed.add(
            new Unallowed(
                one.sequence,
                "its data is said to be erased by the event at sequence "
                    + sequence
                    + (redaction == null ? ", which is no redaction" : ", which doesn't name it")));
      }
    }
  }

  /**
   * Refuses what was named and has come, and doesn't allow what it was named for. Raises
   * VERIFICATION_FAILED.
   */
  void refuseMet() {
    if (!unallowed.isEmpty()) {
      Unallowed first = unallowed.get(0);
      unallowed.clear();
      throw refused(first);
    }
  }

  /** What is left, the lowest sequences first; so many at most. */
  public List<Unallowed> left(int most) {
    List<Unallowed> all = new ArrayList<>();
    dropped
        .values()
        .forEach(
            sequence ->
                all.add(
                    new Unallowed(
                        sequence,
                        "its data was dropped, and nothing newer of its object is there")));
    erased.forEach(
        (redaction, some) ->
            some.forEach(
                one ->
                    all.add(
                        new Unallowed(
                            one.sequence,
                            "its data is said to be erased by the redaction at sequence "
                                + redaction
                                + ", which isn't there"))));
    if (expired != null) {
      all.add(
          new Unallowed(
              expired.sequence(),
              "its data is said to have been let go by a rule of the chain for retention, and none has done so"));
    }
    for (long snapshot : forgotten.snapshots()) {
      String why = "the snapshot at sequence " + snapshot + " isn't there";
      all.add(new Unallowed(snapshot, why, true));
    }
    all.sort(Comparator.comparingLong(Unallowed::sequence));
    return all.subList(0, Math.min(all.size(), most));
  }

  /**
   * Refuses what is left, where all there is was read: nothing has allowed that data to go. Raises
   * VERIFICATION_FAILED, naming the first of it.
   */
  public void settle() {
    if (count() > 0) {
      throw refused(left(1).get(0));
    }
  }

  private static AtedbException refused(Unallowed one) {
    String what =
        one.isSnapshot
            ? "events are gone"
            : "the data of the event at sequence " + one.sequence + " is not here";
    return new AtedbException(
        Reason.VERIFICATION_FAILED,
        what
            + ", and nothing allows that: "
            + one.why
            + ". The server, or its copy of the chain, can't be trusted",
        Map.of("sequence", Long.toString(one.sequence)));
  }
}
