package io.atedb.internal.rpc;

import io.atedb.AtedbException;
import io.atedb.Reason;

/** Waits between tries. */
public final class Pause {
  private Pause() {}

  /** Waits. Raises CONNECTION_FAILED where the thread is interrupted, which stays so. */
  public static void millis(long time) {
    try {
      Thread.sleep(time);
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
      throw new AtedbException(
          Reason.CONNECTION_FAILED, "the thread that waited to try again was interrupted");
    }
  }
}
