package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Reason;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A lock that is held. */
public final class HeldLock implements AutoCloseable {
  private static final long GIVING_UP_S = 2;

  private final Bytes primaryKey;
  private final long token;
  private final LockStream stream;
  private final CompletableFuture<Void> ended = new CompletableFuture<>();

  /** Done when nobody listens to the server any more. */
  private final CompletableFuture<Void> followed = new CompletableFuture<>();

  private volatile boolean isGivenUp;

  HeldLock(Bytes primaryKey, long token, LockStream stream, Executor executor) {
    this.primaryKey = primaryKey;
    this.token = token;
    this.stream = stream;
    executor.execute(this::follow);
  }

  private void follow() {
    AtedbException why;
    try {
      LockStream.News news = stream.next();
      why =
          lost(
              news.kind() == LockStream.Kind.OVER
                  ? "the server has ended the stream"
                  : "the server has given it twice, which can't be",
              null);
    } catch (AtedbException error) {
      why = error;
    } catch (RuntimeException error) {
      why = lost("the client has failed: " + error, error);
    } finally {
      stream.close();
    }
    followed.complete(null);
    if (isGivenUp) {
      ended.complete(null);
    } else {
      ended.completeExceptionally(why);
    }
  }

  private AtedbException lost(String why, Throwable cause) {
    return new AtedbException(
        Reason.LEASE_LOST,
        "the lease on the object "
            + primaryKey
            + " is not held any more: "
            + why
            + ". Lock it again, read what happened, then decide anew",
        Map.of("primary_key", primaryKey.hex()),
        cause);
  }

  public Bytes primaryKey() {
    return primaryKey;
  }

  public long token() {
    return token;
  }

  /** Whether it is held, as far as this machine's clock can say. */
  public boolean isHeld() {
    return !isGivenUp && !ended.isDone() && stream.isSure();
  }

  /** Completes when it was given up; fails when it is lost. Completing it here ends nothing. */
  public CompletableFuture<Void> ended() {
    return ended.copy();
  }

  /** Raises why it isn't held. */
  public void check() {
    if (isHeld()) {
      return;
    }
    if (isGivenUp) {
      throw lost("it was given up", null);
    }
    if (!ended.isCompletedExceptionally()) {
      throw lost("the server was not heard of for as long as it keeps it", null);
    }
    try {
      ended.getNow(null);
    } catch (java.util.concurrent.CompletionException error) {
      AtedbException why = (AtedbException) error.getCause();
      throw lost(why.getMessage(), why);
    }
  }

  /** Gives it up. Waits until the server has done so, or for a while; never fails. */
  @Override
  public void close() {
    isGivenUp = true;
    if (followed.isDone()) {
      return;
    }
    try {
      stream.giveUp();
      followed.get(GIVING_UP_S, TimeUnit.SECONDS);
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
    } catch (AtedbException | ExecutionException | TimeoutException error) {
      // The connection is cut then, which the server takes for the end as well.
    } finally {
      stream.close();
    }
  }
}
