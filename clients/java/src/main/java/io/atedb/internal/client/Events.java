package io.atedb.internal.client;

import io.atedb.ChainEvent;
import io.atedb.EventStream;
import io.atedb.internal.trust.VerifiedBatch;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.NoSuchElementException;

/** Events of batches, one after the other. */
final class Events implements EventStream {
  /** Where batches come from. */
  interface Source {
    /**
     * The next ones; null after the last. After a failure it fails so again, or gives what it would
     * have given: nothing is passed over.
     */
    List<VerifiedBatch> next();

    /** Makes an event of a batch. Raises where it can't yet. */
    ChainEvent make(VerifiedBatch verified, int index);

    void close();
  }

  private final Source source;
  private final long from;
  private final long end;
  private final Deque<VerifiedBatch> batches = new ArrayDeque<>();

  /** Of the event that comes next, in the first of the batches. */
  private int index;

  private ChainEvent ready;
  private boolean isDone;

  /** Those from a sequence on and before another one; an end of -1 is none. */
  Events(Source source, long from, long end) {
    this.source = source;
    this.from = from;
    this.end = end;
  }

  @Override
  public boolean hasNext() {
    while (ready == null && !isDone) {
      if (batches.isEmpty()) {
        List<VerifiedBatch> next = source.next();
        if (next == null) {
          close();
        } else {
          batches.addAll(next);
          index = 0;
        }
      } else {
        makeNext(batches.element());
      }
    }
    return ready != null;
  }

  private void makeNext(VerifiedBatch verified) {
    if (index >= verified.batch().count()) {
      batches.remove();
      index = 0;
      return;
    }
    long sequence = verified.commit().header().firstSequence() + index;
    boolean isThere = verified.batch().event(index) != null;
    if (isThere && sequence >= from && (end < 0 || sequence < end)) {
      ready = source.make(verified, index);
    }
    // Only when it was made: so that a loss in between skips none.
    index++;
  }

  @Override
  public ChainEvent next() {
    if (!hasNext()) {
      throw new NoSuchElementException("there are no more events");
    }
    ChainEvent event = ready;
    ready = null;
    return event;
  }

  @Override
  public void close() {
    isDone = true;
    source.close();
  }
}
