package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.ChainEvent;
import io.atedb.EventStream;
import io.atedb.Reason;
import io.atedb.Signal;
import io.atedb.TreeHead;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.client.Schema.SubscribeRequest;
import io.atedb.internal.client.Schema.SubscribeResponse;
import io.atedb.internal.rpc.Pause;
import io.atedb.internal.rpc.Statuses;
import io.atedb.internal.trust.Replay;
import io.atedb.internal.trust.SignedHead;
import io.atedb.internal.trust.VerifiedBatch;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Follows a chain, every event once and in order; goes on by itself after a lost connection. */
public final class Subscription {
  /** A server is taken for dead when two and a half heartbeats are due and none has come. */
  private static final double HEARTBEATS_MISSED_MAX = 2.5;

  private static final long DELAY_MS = 50;
  private static final long DELAY_MS_MAX = 5_000;

  private final Reader reader;
  private final long start;
  private final long heartbeatMs;
  private final Duration reconnect;
  private final Consumer<Signal> onSignal;

  private volatile ChainCalls.Several answers;
  private volatile boolean isClosed;
  private Replay replay;
  private Follower follower;
  private TreeHead known;
  private SignedHead signedBefore;
  private boolean isSigned;
  private boolean hasTried;
  private long lostSince;
  private long delayMs = DELAY_MS;

  /** A null `reconnect` is for ever. */
  public Subscription(
      Reader reader,
      long start,
      Duration heartbeat,
      Duration reconnect,
      Consumer<Signal> onSignal) {
    this.reader = reader;
    this.start = start;
    this.heartbeatMs = heartbeat.toMillis();
    this.reconnect = reconnect;
    this.onSignal = onSignal;
  }

  public EventStream events() {
    return new Events(this::next, this::open, this::close, start, -1);
  }

  private void close() {
    isClosed = true;
    disconnect();
  }

  private void disconnect() {
    ChainCalls.Several current = answers;
    answers = null;
    if (current != null) {
      current.close();
    }
  }

  /** The next batches; null when it was closed. */
  private List<VerifiedBatch> next() {
    while (!isClosed) {
      try {
        if (!hasTried) {
          replay = beginning();
          hasTried = true;
        }
        // What has come is given whole, over whatever is lost meanwhile.
        boolean hasPending = follower != null && follower.hasPending();
        List<VerifiedBatch> batches = hasPending ? follower.finish() : step();
        if (batches != null) {
          lostSince = 0;
          delayMs = DELAY_MS;
          return batches;
        }
      } catch (AtedbException error) {
        disconnect();
        if (isClosed) {
          return null;
        }
        boolean isBehind =
            error.reason() == Reason.SEQUENCE_OUT_OF_RANGE
                || error.reason() == Reason.CHAIN_DAMAGED;
        if (isBehind && replay != null && replay.nextCommit() > 0) {
          // A server that doesn't know where to go on may have a shorter chain than it had: then
          // say that.
          reader.opener().extend(replay.head());
        }
        waitAfter(error);
      }
    }
    return null;
  }

  /** The replay that the first connection goes on with; null: it begins where the server says. */
  private Replay beginning() {
    Replay begun = reader.beginAt(start);
    if (begun == null && reader.checksRules()) {
      // What was verified further is begun anew: events before it are wanted.
      Replay reached = reader.begin();
      begun = reached.nextSequence() > start ? new Replay(reader.genesis()) : reached;
    }
    return begun;
  }

  /** One message of the server; null where it brought no batches. */
  private List<VerifiedBatch> step() {
    if (answers == null) {
      connect();
    }
    Bytes raw = read();
    if (raw == null) {
      throw new AtedbException(
          Reason.CONNECTION_FAILED, reader.calls().server() + " has ended the stream");
    }
    Parts answer = Answers.parts(raw);
    if (answer.has(SubscribeResponse.START)) {
      follower =
          reader.follow(
              replay,
              answer.bytes(SubscribeResponse.START),
              known,
              replay == null ? start : replay.nextSequence());
      replay = follower.replay;
      return null;
    }
    if (follower == null) {
      throw Answers.untrue("events come before the start");
    }
    if (answer.has(SubscribeResponse.LOG)) {
      return follower.feed(answer.bytes(SubscribeResponse.LOG));
    }
    if (answer.has(SubscribeResponse.CHECKPOINT)) {
      SignedHead signed =
          reader.opener().verifyCheckpoint(answer.text(SubscribeResponse.CHECKPOINT));
      follower.attested(signed, signedBefore);
      signedBefore = signed;
      isSigned = true;
      onSignal.accept(new Signal(Signal.Kind.CHECKPOINT, signed.head(), null));
      return null;
    }
    if (answer.has(SubscribeResponse.CAUGHT_UP)) {
      if (!isSigned) {
        throw Answers.untrue("all was sent, it says, and it shows no checkpoint of it");
      }
      named(answer, SubscribeResponse.CAUGHT_UP, Signal.Kind.CAUGHT_UP);
    } else if (answer.has(SubscribeResponse.FELL_BEHIND)) {
      named(answer, SubscribeResponse.FELL_BEHIND, Signal.Kind.FELL_BEHIND);
    } else if (answer.has(SubscribeResponse.HEARTBEAT)) {
      named(answer, SubscribeResponse.HEARTBEAT, Signal.Kind.HEARTBEAT);
    }
    return null;
  }

  private void named(Parts answer, int field, Signal.Kind kind) {
    TreeHead head = Answers.head(Answers.parts(answer.bytes(field)), Schema.Heartbeat.HEAD);
    follower.name(head);
    if (kind == Signal.Kind.CAUGHT_UP) {
      reader.keep(replay.copy());
    }
    onSignal.accept(new Signal(kind, head, null));
  }

  private void connect() {
    known = reader.opener().known();
    signedBefore = reader.opener().checkpoint();
    isSigned = false;
    follower = null;
    long asked = replay == null ? start : replay.nextSequence();
    FieldWriter request =
        new FieldWriter()
            .text(SubscribeRequest.CHAIN_KEY, reader.calls().chainKey())
            .bytes(SubscribeRequest.CHAIN_ID, reader.genesis().chainId());
    if (asked > 0) {
      // Absent it begins at the first event.
      request.varint(SubscribeRequest.SEQUENCE, asked);
    }
    request.varint(SubscribeRequest.HEARTBEAT_MS, heartbeatMs);
    answers = reader.calls().several("Subscribe", request, 0);
    if (isClosed) {
      disconnect();
    }
  }

  private Bytes read() {
    long silence = (long) (heartbeatMs * HEARTBEATS_MISSED_MAX);
    ChainCalls.Several current = answers;
    if (current == null) {
      throw new AtedbException(Reason.CONNECTION_FAILED, "the subscription was closed");
    }
    try {
      return current.next(TimeUnit.MILLISECONDS.toNanos(silence));
    } catch (AtedbException error) {
      if (!Statuses.isSilence(error)) {
        throw error;
      }
      // It may be half dead: a new stream on it would wait as long again.
      reader.calls().transport().renew();
      throw new AtedbException(
          Reason.CONNECTION_FAILED,
          "nothing came from " + reader.calls().server() + " for " + silence + " ms");
    }
  }

  /**
   * Waits before the next try. Raises the error where that doesn't help, or was done for long
   * enough.
   */
  private void waitAfter(AtedbException error) {
    long now = System.nanoTime();
    lostSince = lostSince == 0 ? now : lostSince;
    boolean isLate = reconnect != null && now - lostSince >= reconnect.toNanos();
    boolean isPassing = Statuses.PASSING.contains(error.reason());
    if (!isPassing || isLate || Thread.currentThread().isInterrupted()) {
      throw error;
    }
    onSignal.accept(new Signal(Signal.Kind.RECONNECTING, null, error));
    Pause.millis(delayMs);
    delayMs = Math.min(DELAY_MS_MAX, delayMs * 2);
  }

  /**
   * A batch that has come is given whole, whatever is lost meanwhile: so this is tried again by
   * itself.
   */
  private ChainEvent open(ChainEvent event) {
    while (true) {
      try {
        return Events.opened(reader, event);
      } catch (AtedbException error) {
        if (isClosed) {
          throw error;
        }
        waitAfter(error);
      }
    }
  }
}
