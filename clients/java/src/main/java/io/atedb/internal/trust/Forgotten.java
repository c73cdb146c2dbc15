package io.atedb.internal.trust;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.EventKind;
import io.atedb.Reason;
import io.atedb.TreeHead;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.event.Batch;
import io.atedb.internal.event.EventView;
import io.atedb.internal.event.Gap;
import io.atedb.internal.event.GoneEvents;
import io.atedb.internal.event.GoneRuns;
import io.atedb.internal.event.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * What a reader has to see of a chain since whole events and commits of it are gone: the snapshot
 * that names them. Where something is missing first it is noted by which snapshot; from there on
 * all that is missing is hashed, up to the snapshot's size; and what comes out is what the snapshot
 * must say, when it comes (docs/trust.md, "When whole events are gone").
 */
final class Forgotten {
  private static final long NOT_KNOWN = -1;
  private static final String NO_GAP = "events of it are gone, and no gap says why";

  /** What is gone by the word of a snapshot that is to come, while its commits are being read. */
  private static final class Reading {
    final long snapshot;
    final long size;
    final GoneRuns runs;

    /** How many events are gone so far; or NOT_KNOWN. */
    long events;

    Reading(long snapshot, long size, GoneRuns runs, long events) {
      this.snapshot = snapshot;
      this.size = size;
      this.runs = runs;
      this.events = events;
    }
  }

  /**
   * What a snapshot that is to come must say.
   *
   * @param events how many stay; or NOT_KNOWN
   * @param writers how many there are; or NOT_KNOWN
   * @param timeUnixMs of the last of its commits that is there
   */
  private record Due(
      TreeHead head, Bytes gone, long events, long writers, Bytes writersHash, long timeUnixMs) {

    /** Why a snapshot doesn't say what it must; null where it does. */
    String misfit(Snapshot said, long committedUnixMs) {
      if (said.size() != head.size()) {
        return "is about " + said.size() + " commits, and not " + head.size();
      }
      if (!said.treeRoot().equals(head.root())) {
        return "is about another history";
      }
      if (!said.gone().equals(gone)) {
        return "lets other events go than those that are gone";
      }
      if (events != NOT_KNOWN && said.events() != events) {
        return "says that " + said.events() + " events stay, and " + events + " are there";
      }
      if (writers != NOT_KNOWN && said.writers() != writers) {
        return "says that there are " + said.writers() + " writers, and there are " + writers;
      }
      if (writers != NOT_KNOWN && !said.writersHash().equals(writersHash)) {
        return "has other last batches of writers than are there";
      }
      boolean isYoung = timeUnixMs + Limits.SNAPSHOT_AGE_MS_MIN > committedUnixMs;
      return isYoung ? "is about commits that are too young" : null;
    }
  }

  /** Sequence with which the reading began. */
  private final long begin;

  private Reading reading;

  /** By the snapshot's sequence. */
  private final TreeMap<Long, Due> due = new TreeMap<>();

  /** As {@link #missingBelow}, of a reading that this one goes on from. */
  private long wasReading;

  /** A reading begins at a sequence, where another one may have come to that had that missing. */
  Forgotten(long begin, long missingBelow) {
    this.begin = begin;
    this.wasReading = missingBelow;
  }

  Forgotten copy() {
    Forgotten other = new Forgotten(begin, wasReading);
    other.due.putAll(due);
    if (reading != null) {
      other.reading =
          new Reading(reading.snapshot, reading.size, reading.runs.copy(), reading.events);
    }
    return other;
  }

  /**
   * Size, in commits, below which batches of writers may be missing: of the snapshot whose commits
   * are being read. 0: of none.
   */
  long missingBelow() {
    return Math.max(reading == null ? 0 : reading.size, wasReading);
  }

  /** Sequences of the snapshots that are to come. */
  List<Long> snapshots() {
    List<Long> all = new ArrayList<>(due.keySet());
    if (reading != null) {
      all.add(reading.snapshot);
    }
    return all;
  }

  /**
   * A gap comes: commits are gone, or events of the batch behind it. Raises Violation where it
   * doesn't go on what came before; HISTORY_COMPACTED where what was read before isn't what its
   * snapshot leaves.
   */
  void gap(Gap gap, long nextCommit, long nextSequence) {
    if (nextCommit + Math.max(gap.commits(), 1) > gap.size()) {
      throw new Violation(
          "something is gone that the snapshot at sequence " + gap.snapshot() + " isn't about");
    }
    GoneRuns.State before = gap.before();
    if (reading == null) {
      // What was read and goes by it: what has come instead may be gone, too, as the tombstone of
      // an object that was read.
      boolean goes = before.last() != null && before.last().end() > begin;
      boolean goesOn = before.from() >= 0 && nextSequence > begin;
      if (goes || goesOn) {
        throw compacted(gap.snapshot());
      }
      GoneRuns runs = new GoneRuns(before, nextSequence);
      reading = new Reading(gap.snapshot(), gap.size(), runs, begin == 0 ? 0 : NOT_KNOWN);
    } else if (reading.snapshot != gap.snapshot() || reading.size != gap.size()) {
      // What was read before can't be checked any more.
      throw compacted(gap.snapshot());
    } else if (!reading.runs.stateAt(nextSequence).isSame(before)) {
      throw new Violation("what is said to be gone before it is not what was gone");
    }
    gone(nextSequence, nextSequence + gap.events());
  }

  /**
   * A batch comes, with its gap or null: a gap is there where commits before the batch or events of
   * it are gone, and there only. Raises Violation.
   */
  void note(Gap gap, Batch batch, long firstSequence) {
    if (batch.gone().isEmpty() && gap != null && gap.commits() == 0) {
      throw new Violation("nothing of it is gone, and a gap says so");
    }
    if (!batch.gone().isEmpty() && gap == null) {
      throw new Violation(NO_GAP);
    }
    for (GoneEvents some : batch.gone()) {
      long first = firstSequence + some.index();
      gone(first, first + some.events());
    }
  }

  /** Events are gone, from a sequence up to before another. Raises Violation where no gap came. */
  private void gone(long first, long end) {
    if (reading == null) {
      throw new Violation(NO_GAP);
    }
    reading.runs.add(first, end);
    if (reading.events != NOT_KNOWN) {
      reading.events += end - first;
    }
  }

  /**
   * The replay has come to a place between two commits.
   *
   * @param timeUnixMs of the last commit that is there
   * @param writers all that there are; null where they aren't known
   */
  void reached(
      Supplier<TreeHead> head,
      long size,
      long nextSequence,
      long timeUnixMs,
      Supplier<List<Snapshot.WriterSeal>> writers) {
    if (size >= wasReading) {
      wasReading = 0;
    }
    if (reading == null || size < reading.size) {
      return;
    }
    List<Snapshot.WriterSeal> all = writers.get();
    due.put(
        reading.snapshot,
        new Due(
            new TreeHead(reading.size, head.get().root()),
            reading.runs.finish(),
            reading.events == NOT_KNOWN ? NOT_KNOWN : nextSequence - reading.events,
            all == null ? NOT_KNOWN : all.size(),
            all == null ? null : Snapshot.hashOf(all),
            timeUnixMs));
    reading = null;
  }

  /**
   * A batch comes, which may be a snapshot that is due. Gives why that doesn't allow what is gone;
   * null where it does, or isn't due.
   */
  String meet(Batch batch, long firstSequence, long timeUnixMs) {
    Map<Long, Due> met = due.subMap(firstSequence, firstSequence + batch.count());
    String why = null;
    for (Map.Entry<Long, Due> one : met.entrySet()) {
      EventView event = batch.event(0);
      boolean isOne = event != null && event.kind() == EventKind.SNAPSHOT;
      String misfit =
          isOne ? one.getValue().misfit(batch.said(0).snapshot(), timeUnixMs) : "is none";
      if (misfit != null && why == null) {
        why = "the snapshot at sequence " + one.getKey() + " " + misfit;
      }
    }
    met.clear();
    return why;
  }

  private AtedbException compacted(long snapshot) {
    return new AtedbException(
        Reason.HISTORY_COMPACTED,
        "the chain was compacted under the snapshot at sequence "
            + snapshot
            + " while it was being read, and what was read from sequence "
            + begin
            + " on is not what that leaves. Read again from there",
        Map.of("snapshot", Long.toString(snapshot), "from", Long.toString(begin)));
  }
}
