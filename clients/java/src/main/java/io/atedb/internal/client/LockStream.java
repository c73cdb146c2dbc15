package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Reason;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.rpc.Call;
import io.atedb.internal.rpc.Statuses;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;

/**
 * Keeps the server sure that this end is alive, and is told by the answers for how long the server
 * is sure. The server counts from when a message came; this end from when the last one that was
 * answered was sent, which is earlier.
 *
 * <p>One thread at a time waits for news, and says in between that it is alive.
 */
final class LockStream implements AutoCloseable {
  private static final Bytes ALIVE =
      new FieldWriter().message(Schema.LockRequest.ALIVE, Bytes.EMPTY).finish();

  /** What the server says of itself. */
  enum Kind {
    WAITING,
    GRANTED,
    /** It has ended the stream. */
    OVER
  }

  /**
   * News.
   *
   * @param kind what has happened
   * @param token of a lease that was granted; else 0
   */
  record News(Kind kind, long token) {}

  private final ChainCalls calls;
  private final Call call;
  private final long ttlNanos;
  private final Deque<Long> unanswered = new ArrayDeque<>();
  private volatile long heard;
  private volatile boolean isGivingUp;
  private long sayNext;

  /** `asked` is when the lock was asked for, by {@link System#nanoTime}. */
  LockStream(ChainCalls calls, Call call, long ttlNanos, long asked) {
    this.calls = calls;
    this.call = call;
    this.ttlNanos = ttlNanos;
    this.heard = asked;
    this.sayNext = asked + ttlNanos / 3;
  }

  /** Whether the server keeps what it has given, as far as this machine's clock can say. */
  boolean isSure() {
    return System.nanoTime() - heard < ttlNanos;
  }

  /**
   * Waits for news. Raises CONNECTION_FAILED where the server was not heard of for as long as it
   * keeps what it has given; VERIFICATION_FAILED for what it can't say; what it refuses.
   */
  News next() {
    while (true) {
      long now = System.nanoTime();
      long left = ttlNanos - (now - heard);
      if (left <= 0) {
        throw silent();
      }
      // More often than it must be, so that one that is late does no harm.
      if (now - sayNext >= 0 && !isGivingUp) {
        unanswered.add(now);
        sayNext = now + ttlNanos / 3;
        call.write(ALIVE);
      }
      long untilNext = isGivingUp ? left : sayNext - now;
      Bytes message;
      try {
        message = call.read(Math.max(1, Math.min(left, untilNext)));
      } catch (AtedbException error) {
        if (Statuses.isSilence(error)) {
          continue;
        }
        throw error;
      }
      if (message == null) {
        return new News(Kind.OVER, 0);
      }
      Parts answer = Answers.parts(message);
      if (answer.has(Schema.LockResponse.WAITING)) {
        return new News(Kind.WAITING, 0);
      }
      if (answer.has(Schema.LockResponse.GRANTED)) {
        return new News(Kind.GRANTED, tokenOf(answer));
      }
      if (!answer.has(Schema.LockResponse.ALIVE) || unanswered.isEmpty()) {
        throw Answers.untrue("it answers what was not said to a lock");
      }
      heard = unanswered.remove();
    }
  }

  private static long tokenOf(Parts answer) {
    long token =
        Answers.parts(answer.bytes(Schema.LockResponse.GRANTED)).number(Schema.Granted.TOKEN);
    if (token < 1 || token > Limits.INTEGER_MAX) {
      throw Answers.untrue("the token of a lease is not from 1 to 2^53 - 1");
    }
    return token;
  }

  private AtedbException silent() {
    // The connection may be half dead: a new stream on it would wait as long again.
    calls.transport().renew();
    return new AtedbException(
        Reason.CONNECTION_FAILED,
        "nothing was heard of "
            + calls.server()
            + " for "
            + ttlNanos / 1_000_000
            + " ms, for which it keeps a lease",
        Map.of("server", calls.server()));
  }

  /** Gives up what was asked for: the server ends the stream when it has done so. */
  void giveUp() {
    isGivingUp = true;
    call.halfClose();
  }

  /** Ends the stream here and now. */
  @Override
  public void close() {
    isGivingUp = true;
    call.close();
  }
}
