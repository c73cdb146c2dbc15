package io.atedb;

import java.util.NoSuchElementException;

/** A range without events. */
final class NoEvents implements EventStream {
  static final NoEvents INSTANCE = new NoEvents();

  private NoEvents() {}

  @Override
  public boolean hasNext() {
    return false;
  }

  @Override
  public ChainEvent next() {
    throw new NoSuchElementException("there are no events");
  }

  @Override
  public void close() {
    // There is nothing to end.
  }
}
