package io.atedb.internal.client;

import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/** Saves what changes, at most once a second, and once more at the end. */
final class LazySaver {
  private final ScheduledExecutorService timer;
  private final Runnable save;
  private final ReentrantLock lock = new ReentrantLock();
  private final ReentrantLock saving = new ReentrantLock();
  private boolean isDue;
  private boolean isScheduled;

  /** `save` must not throw. */
  LazySaver(ScheduledExecutorService timer, Runnable save) {
    this.timer = timer;
    this.save = save;
  }

  /** Has it saved within a second. */
  void changed() {
    lock.lock();
    try {
      isDue = true;
      if (!isScheduled && !timer.isShutdown()) {
        isScheduled = true;
        timer.schedule(this::flush, 1, TimeUnit.SECONDS);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Saves what isn't saved. */
  void flush() {
    saving.lock();
    try {
      lock.lock();
      try {
        isScheduled = false;
        if (!isDue) {
          return;
        }
        isDue = false;
      } finally {
        lock.unlock();
      }
      save.run();
    } finally {
      saving.unlock();
    }
  }
}
