package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.ChainEvent;
import io.atedb.EventStream;
import io.atedb.Reason;
import io.atedb.Signal;
import io.atedb.SubscribeOptions;
import io.atedb.TreeHead;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.client.Schema.SubscribeRequest;
import io.atedb.internal.client.Schema.SubscribeResponse;
import io.atedb.internal.rpc.Pause;
import io.atedb.internal.rpc.Statuses;
import io.atedb.internal.trust.Provenance;
import io.atedb.internal.trust.Replay;
import io.atedb.internal.trust.SignedHead;
import io.atedb.internal.trust.VerifiedBatch;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Follows a chain, every event once and in order; goes on by itself after a lost connection. */
public final class Subscription implements Events.Source {
  /** A server is taken for dead when two and a half heartbeats are due and none has come. */
  private static final double HEARTBEATS_MISSED_MAX = 2.5;

  private static final long DELAY_MS = 50;
  private static final long DELAY_MS_MAX = 5_000;

  private final Reader reader;
  private final EventMaker maker;
  private final long from;
  private final SubscribeOptions options;
  private final long heartbeatMs;
  private final Provenance provenance;

  private volatile ChainCalls.Several answers;
  private volatile boolean isClosed;
  private Replay replay;
  private Follower follower;
  private TreeHead known;
  private SignedHead signedBefore;
  private boolean isSigned;
  private boolean hasTried;
  private boolean hasHandedOn;
  private AtedbException failure;
  private long lostSince;
  private long delayMs = DELAY_MS;

  /** Follows from a sequence on. */
  public Subscription(Reader reader, long from, SubscribeOptions options) {
    this.reader = reader;
    this.maker = new EventMaker(reader);
    this.from = from;
    this.options = options;
    this.heartbeatMs = options.heartbeat().toMillis();
    this.provenance = Provenance.upTo(options.dataUpTo());
  }

  public EventStream events() {
    return new Events(this, from, -1);
  }

  @Override
  public void close() {
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
  @Override
  public List<VerifiedBatch> next() {
    while (!isClosed) {
      if (failure != null) {
        throw failure;
      }
      try {
        if (!hasTried) {
          replay = beginning();
          hasTried = true;
        }
        // What has come is given whole, over whatever is lost meanwhile.
        List<VerifiedBatch> batches = hasPending() ? follower.finish() : step();
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
        if (Statuses.isCompacted(error) && !hasHandedOn) {
          // Else what would show that something was removed may be gone, too: whoever has it reads
          // anew.
          hasTried = false;
          follower = null;
          continue;
        }
        boolean isBehind =
            error.reason() == Reason.SEQUENCE_OUT_OF_RANGE
                || error.reason() == Reason.CHAIN_DAMAGED;
        if (isBehind && replay != null && replay.nextCommit() > 0) {
          // A server that doesn't know where to go on may have a shorter chain than it had: then
          // say that.
          reader.opener().extend(replay.head());
        }
        waitOrFail(error);
      }
    }
    return null;
  }

  private void waitOrFail(AtedbException error) {
    try {
      waitAfter(error);
    } catch (AtedbException last) {
      // What has come may be given yet. Else a replay that has refused something is not gone on
      // with, as if nothing had been there.
      boolean isOfReplay = last == error && !Statuses.PASSING.contains(error.reason());
      failure = isOfReplay && !hasPending() ? last : null;
      throw last;
    }
  }

  private boolean hasPending() {
    return follower != null && follower.hasPending();
  }

  /** The replay that the first connection goes on with; null: it begins where the server says. */
  private Replay beginning() {
    Replay begun = reader.beginAt(from, provenance);
    // What was verified further is begun anew: events before it are wanted.
    return begun == null && reader.checksRules() ? new Replay(reader.genesis(), provenance) : begun;
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
          Follower.begin(
              reader,
              replay,
              answer.bytes(SubscribeResponse.START),
              known,
              replay == null ? from : replay.nextSequence(),
              provenance);
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
      options.onSignal().accept(new Signal(Signal.Kind.CHECKPOINT, signed.head(), null));
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
      // Data that may be gone was allowed to go by now.
      reader.rules().settleExpired(replay);
      replay.owed().settle();
      reader.rules().keep(replay.copy(Provenance.STORED));
    }
    options.onSignal().accept(new Signal(kind, head, null));
  }

  private void connect() {
    known = reader.opener().known();
    signedBefore = reader.opener().checkpoint();
    isSigned = false;
    follower = null;
    long asked = replay == null ? from : replay.nextSequence();
    FieldWriter request =
        new FieldWriter()
            .text(SubscribeRequest.CHAIN_KEY, reader.calls().chainKey())
            .bytes(SubscribeRequest.CHAIN_ID, reader.genesis().chainId());
    if (asked > 0) {
      // Absent it begins at the first event.
      request.varint(SubscribeRequest.SEQUENCE, asked);
    }
    request.varint(SubscribeRequest.HEARTBEAT_MS, heartbeatMs);
    if (replay != null && replay.nextCommit() > 0) {
      request.varint(SubscribeRequest.FROM_COMMIT, replay.nextCommit());
    }
    if (options.dataUpTo() >= 0) {
      request.present(SubscribeRequest.DATA_UP_TO_BYTES, options.dataUpTo());
    }
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
    boolean isLate =
        options.reconnect() != null && now - lostSince >= options.reconnect().toNanos();
    boolean isPassing = Statuses.PASSING.contains(error.reason());
    if (!isPassing || isLate || Thread.currentThread().isInterrupted()) {
      throw error;
    }
    options.onSignal().accept(new Signal(Signal.Kind.RECONNECTING, null, error));
    Pause.millis(delayMs);
    delayMs = Math.min(DELAY_MS_MAX, delayMs * 2);
  }

  /**
   * A batch that has come is given whole, whatever is lost meanwhile: so this is tried again by
   * itself.
   */
  @Override
  public ChainEvent make(VerifiedBatch verified, int index) {
    while (true) {
      try {
        ChainEvent event = maker.make(verified, index);
        hasHandedOn = true;
        return event;
      } catch (AtedbException error) {
        if (isClosed) {
          throw error;
        }
        waitAfter(error);
      }
    }
  }
}
