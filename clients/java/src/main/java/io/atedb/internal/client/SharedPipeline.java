package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Reason;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Predicate;

/** A pipeline that several threads use, and wait for; and what else they share under its lock. */
final class SharedPipeline {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Pipeline pipeline = new Pipeline();
  private final Executor executor;

  SharedPipeline(Executor executor) {
    this.executor = executor;
  }

  /** Does something with the pipeline; whoever waits looks again then. */
  <T> T with(Function<Pipeline, T> act) {
    return when(one -> true, 0, act);
  }

  /**
   * Does something when something is so, or after a time; 0: whenever that is. Raises
   * CONNECTION_FAILED where the waiting thread is interrupted.
   */
  <T> T when(Predicate<Pipeline> condition, long nanos, Function<Pipeline, T> act) {
    lock.lock();
    try {
      await(condition, nanos);
      T result = act.apply(pipeline);
      changed.signalAll();
      return result;
    } finally {
      List<Runnable> told = pipeline.deliveries();
      lock.unlock();
      // Elsewhere: what others do when they are told is not to hold the writer up.
      if (!told.isEmpty()) {
        executor.execute(() -> told.forEach(Runnable::run));
      }
    }
  }

  private void await(Predicate<Pipeline> condition, long nanos) {
    long left = nanos;
    while (!condition.test(pipeline)) {
      try {
        if (nanos == 0) {
          changed.await();
        } else if (left > 0) {
          left = changed.awaitNanos(left);
        } else {
          return;
        }
      } catch (InterruptedException error) {
        Thread.currentThread().interrupt();
        throw new AtedbException(
            Reason.CONNECTION_FAILED, "the thread that waited for appends was interrupted");
      }
    }
  }

  boolean isBusy() {
    return with(Pipeline::isBusy);
  }
}
