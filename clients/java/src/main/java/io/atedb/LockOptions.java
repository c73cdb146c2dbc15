package io.atedb;

import java.time.Duration;

/**
 * How an object is locked.
 *
 * @param waits whether somebody else who holds it is waited for; else that is LOCK_HELD
 * @param ttl for so long, half a second to ten minutes, the lease outlives a connection on which
 *     nothing comes any more
 */
public record LockOptions(boolean waits, Duration ttl) {
  private static final Duration TTL_LEAST = Duration.ofMillis(500);
  private static final Duration TTL_MOST = Duration.ofMinutes(10);

  /** Waits, and has 15 seconds. */
  public static final LockOptions DEFAULTS = new LockOptions(true, Duration.ofSeconds(15));

  /**
   * Checks the time.
   *
   * @param waits whether to wait
   * @param ttl how long the lease outlives a connection
   */
  public LockOptions {
    if (ttl.compareTo(TTL_LEAST) < 0 || ttl.compareTo(TTL_MOST) > 0) {
      throw new AtedbException(
          Reason.REQUEST_INVALID, "ttl: it is " + ttl + ", and must be from 0.5 to 600 seconds");
    }
  }

  /**
   * Has LOCK_HELD where it can't be had at once.
   *
   * @return other options
   */
  public LockOptions noWait() {
    return new LockOptions(false, ttl);
  }

  /**
   * Says how long the lease outlives a connection on which nothing comes any more.
   *
   * @param time half a second to ten minutes
   * @return other options
   */
  public LockOptions ttl(Duration time) {
    return new LockOptions(waits, time);
  }
}
