package io.atedb.internal.trust;

import java.util.ArrayDeque;
import java.util.Deque;

/** Takes changes back, the last one first. */
public final class Undo {
  private final Deque<Runnable> steps = new ArrayDeque<>();

  void add(Runnable step) {
    steps.push(step);
  }

  /** Takes all changes back. */
  public void takeBack() {
    while (!steps.isEmpty()) {
      steps.pop().run();
    }
  }
}
