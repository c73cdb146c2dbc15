package io.atedb;

import java.util.Iterator;

/**
 * Verified events, one after the other. Waiting for the next blocks the calling thread, which may
 * be a virtual one; interrupting it ends the wait with {@link Reason#CONNECTION_FAILED}. For one
 * thread at a time. {@link #close} it, unless it was read to its end.
 *
 * <p>{@link #hasNext} throws what reading fails with, as {@link AtedbException}; what was handed on
 * before was verified.
 */
public interface EventStream extends Iterator<ChainEvent>, Iterable<ChainEvent>, AutoCloseable {
  @Override
  default Iterator<ChainEvent> iterator() {
    return this;
  }

  @Override
  void close();
}
