package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.ChainEvent;
import io.atedb.TreeHead;
import io.atedb.internal.rpc.Statuses;
import io.atedb.internal.trust.VerifiedBatch;
import java.util.List;
import java.util.function.Supplier;

/**
 * A range that is read again where the chain is compacted meanwhile, so that what was read can't be
 * gone on with: unless something was handed on, since what would show that it was removed may be
 * gone.
 */
final class Reading implements Events.Source, AutoCloseable {
  /** A chain that is compacted again and again under other snapshots is given up on. */
  private static final int READINGS_MAX = 8;

  private final Supplier<Range> begin;
  private Range range;
  private int readings = 1;
  private boolean hasHandedOn;

  /** `begin` begins one from the start on, each time that it is asked. */
  Reading(Supplier<Range> begin) {
    this.begin = begin;
    this.range = begin.get();
  }

  /** Reads it to its end, for what is verified on the way. Gives the head that was come to. */
  TreeHead drain() {
    while (next() != null) {
      // Nothing of it is handed on.
    }
    return range.head();
  }

  @Override
  public List<VerifiedBatch> next() {
    while (true) {
      try {
        return range.next();
      } catch (AtedbException error) {
        boolean isOver = hasHandedOn || readings == READINGS_MAX;
        if (!Statuses.isCompacted(error) || isOver) {
          throw error;
        }
      }
      range.close();
      range = begin.get();
      readings++;
    }
  }

  @Override
  public ChainEvent make(VerifiedBatch verified, int index) {
    ChainEvent event = range.make(verified, index);
    hasHandedOn = true;
    return event;
  }

  @Override
  public void close() {
    range.close();
  }
}
