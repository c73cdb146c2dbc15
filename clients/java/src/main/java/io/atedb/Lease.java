package io.atedb;

import io.atedb.internal.client.HeldLock;
import java.util.concurrent.CompletableFuture;

/**
 * A lock on an object that is held until it is given up or lost; {@link Chain#lock} makes one.
 *
 * <p>It keeps out those who ask for it too. What is appended under {@link Conditions#lease} is
 * refused by the server once somebody else has had a lease on the object.
 */
public final class Lease implements AutoCloseable {
  private final HeldLock held;

  Lease(HeldLock held) {
    this.held = held;
  }

  /**
   * Gives the object that is locked.
   *
   * @return its key, 16 bytes
   */
  public Bytes primaryKey() {
    return held.primaryKey();
  }

  /**
   * Gives the number of the lease, to be handed on to whatever else is shared: that refuses a
   * smaller one than the largest that it has seen.
   *
   * @return larger than the token of every lease on this object before
   */
  public long token() {
    return held.token();
  }

  /**
   * Says whether it is held, as far as this machine's clock can say; exact also where the program
   * was stopped for a while.
   *
   * @return whether it is
   */
  public boolean isHeld() {
    return held.isHeld();
  }

  /**
   * Gives the end of the lease. It is lost at the latest when the server was not heard of for so
   * long that it may have given the lease to somebody else. A server that was restarted while it
   * could not be reached may have done so before.
   *
   * @return what completes when it was given up, and fails with an {@link AtedbException} when it
   *     is lost: LEASE_LOST, KEY_NOT_ALLOWED, CONNECTION_FAILED and others
   */
  public CompletableFuture<Void> ended() {
    return held.ended();
  }

  /** Gives it up. Waits until the server has done so, or for two seconds; never fails. */
  @Override
  public void close() {
    held.close();
  }

  /** Refuses to write under a lease that is lost. */
  void checkHeld() {
    held.check();
  }

  @Override
  public String toString() {
    return "Lease(" + primaryKey() + ", " + token() + ")";
  }
}
