package io.atedb;

import java.util.Iterator;

/**
 * Verified children, one after the other, as {@link EventStream} has events. {@link #close} it,
 * unless it was read to its end.
 */
public interface ChildStream extends Iterator<Child>, Iterable<Child>, AutoCloseable {
  @Override
  default Iterator<Child> iterator() {
    return this;
  }

  @Override
  void close();
}
