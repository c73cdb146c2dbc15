package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Committed;
import io.atedb.KeyPair;
import io.atedb.Notice;
import io.atedb.Reason;
import io.atedb.TrustMode;
import io.atedb.internal.client.WriterPlace.LocalFailure;
import io.atedb.internal.client.WriterPlace.Placed;
import io.atedb.internal.event.AuthAnswer;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.rpc.Statuses;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * One writer of one chain: takes appends, and sees them through lost connections and restarts of
 * the server, each exactly once.
 */
public final class Writer {
  /** So much may wait before appending does. */
  private static final long QUEUE_BYTES_MAX = 16L * 1024 * 1024;

  private static final long DELAY_MS = 50;
  private static final long DELAY_MS_MAX = 5_000;

  private final ChainCalls calls;
  private final Opener opener;
  private final WriterPlace place;
  private final ChainKeys keys;
  private final boolean signBatches;
  private final Duration reconnect;
  private final Consumer<Notice> onNotice;
  private final Executor executor;

  private final SharedPipeline pipeline;
  private final ReentrantLock turn = new ReentrantLock(true);

  /** Changed under the pipeline's lock alone. */
  private boolean isRunning;

  private volatile boolean isClosing;

  /**
   * Whether anything was appended without asking what is to be sealed, since a connection was made
   * last. Changed under the pipeline's lock alone.
   */
  private boolean isBlind;

  private volatile long lostSince;
  private volatile long delayMs = DELAY_MS;

  public Writer(
      ChainCalls calls,
      Opener opener,
      WriterPlace place,
      ChainKeys keys,
      boolean signBatches,
      Duration reconnect,
      Consumer<Notice> onNotice,
      Executor executor) {
    this.calls = calls;
    this.opener = opener;
    this.place = place;
    this.keys = keys;
    this.signBatches = signBatches;
    this.reconnect = reconnect;
    this.onNotice = onNotice;
    this.executor = executor;
    this.pipeline = new SharedPipeline(executor);
  }

  /**
   * Has events appended. Waits while too much is under way; the order is that of the calls, also
   * then. What is given completes when they are durable.
   */
  public CompletableFuture<Committed> append(Built built) {
    Pending append = new Pending(built);
    turn.lock();
    try {
      pipeline.when(
          one -> one.waitingBytes() < QUEUE_BYTES_MAX || isClosing,
          0,
          one -> {
            take(one, append);
            return null;
          });
    } finally {
      turn.unlock();
    }
    return append.result;
  }

  private void take(Pipeline one, Pending append) {
    if (isClosing) {
      throw new AtedbException(
          Reason.REQUEST_INVALID, "the chain " + calls.chainKey() + " was closed. Open it again");
    }
    isBlind |= opener.genesis() == null && !append.built.isRuled();
    one.add(append);
    if (!isRunning) {
      isRunning = true;
      executor.execute(this::run);
    }
  }

  /** Has the chain there, created if it wasn't. */
  public void create() {
    try {
      place.take(keys.writing(), List.of());
    } catch (LocalFailure failure) {
      throw failure.error;
    }
  }

  /** Waits for what is under way, and frees the writer's slot. */
  public void close() {
    isClosing = true;
    pipeline.with(one -> null);
    pipeline.when(one -> !isRunning, 0, one -> null);
    place.close();
  }

  private void run() {
    while (pipeline.with(this::hasWork)) {
      try {
        connection();
      } catch (AtedbException error) {
        afterLoss(error);
      } catch (LocalFailure failure) {
        giveUp(failure.error, failure.error, false);
      } catch (RuntimeException error) {
        AtedbException defect =
            new AtedbException(Reason.INTERNAL, "the client has failed: " + error, Map.of(), error);
        giveUp(defect, defect, false);
      }
    }
  }

  private boolean hasWork(Pipeline one) {
    // Losses count from the first one that somebody waits through.
    if (!one.isBusy()) {
      lostSince = 0;
      isRunning = false;
    }
    return one.isBusy();
  }

  /** Does everything from opening the chain to the end of one stream. */
  private void connection() {
    KeyPair own;
    try {
      own = keys.writing();
    } catch (AtedbException error) {
      // What a group's keys are asked for with may be a server that is away.
      if (Statuses.PASSING.contains(error.reason())) {
        throw error;
      }
      throw new LocalFailure(error);
    }
    List<Bytes> unanswered =
        pipeline.with(one -> one.batches().stream().map(Pipeline.Sealed::hash).toList());
    Placed placed = place.take(own, unanswered);
    checkBlind(placed.genesis());
    Genesis genesis = placed.genesis();
    boolean isRoot = AuthAnswer.namesOf(genesis.roots()).contains(own.fingerprint());
    // A key that the chain doesn't know yet can't be proven to it.
    boolean isStranger = !isRoot && placed.slot().state().counter() == 0;
    boolean signs = signBatches || isStranger || genesis.trustMode() == TrustMode.DISTRIBUTED;
    try (AppendStream stream = new AppendStream(calls, pipeline, () -> isClosing)) {
      if (!signs) {
        stream.prove(own, placed);
      }
      Pipeline.Outlet outlet =
          new Pipeline.Outlet(
              placed.slot(),
              genesis.chainId(),
              own,
              signs,
              isStranger,
              keys.right(),
              opener::known);
      pipeline.with(
          one -> {
            one.attach(outlet);
            return null;
          });
      stream.startSending(executor, signs);
      stream.readAnswers(
          () -> {
            lostSince = 0;
            delayMs = DELAY_MS;
          });
    }
    if (pipeline.isBusy()) {
      throw lost("has ended the stream", null);
    }
  }

  /**
   * Refuses to send what was built for a chain that was not there, where somebody has created one
   * that seals its data. Raises READ_RULE_MISMATCH; then it was not sent.
   */
  private void checkBlind(Genesis genesis) {
    boolean wasBlind =
        pipeline.with(
            one -> {
              boolean was = isBlind;
              isBlind = false;
              return was;
            });
    if (wasBlind && genesis.isConfidential()) {
      throw new AtedbException(
          Reason.READ_RULE_MISMATCH,
          "the chain "
              + calls.chainKey()
              + " was not there, and somebody else has created it as a confidential one: nothing was sent to it in clear."
              + " Append again, and it is sealed",
          Map.of("chain_key", calls.chainKey()));
    }
  }

  /** Decides what a failure means for what waits. */
  private void afterLoss(AtedbException error) {
    // A stream that is lost while nobody waits for it is opened again when somebody does.
    if (!pipeline.isBusy()) {
      return;
    }
    boolean isFork = Outcomes.FORKS.contains(error.reason());
    if (isFork) {
      goOnAnew(error);
      if (!pipeline.isBusy()) {
        return;
      }
    } else if (!Statuses.PASSING.contains(error.reason())
        && !Outcomes.RETRIED.contains(error.reason())) {
      giveUp(error, error, Outcomes.ALARMS.contains(error.reason()));
      return;
    }
    long now = System.nanoTime();
    lostSince = lostSince == 0 ? now : lostSince;
    if (now - lostSince >= reconnect.toNanos() || Thread.currentThread().isInterrupted()) {
      giveUp(error, lost("could not be reached again in time", error), false);
      return;
    }
    long delay = delayMs;
    delayMs = Math.min(DELAY_MS_MAX, delayMs * 2);
    if (!isFork) {
      onNotice.accept(
          new Notice(
              Notice.Kind.RECONNECTING,
              error.getMessage() + "; trying again in " + delay + " ms",
              error));
    }
    // Not when nobody waits for it any more.
    pipeline.when(one -> !one.isBusy(), TimeUnit.MILLISECONDS.toNanos(delay), one -> null);
  }

  private void goOnAnew(AtedbException cause) {
    place.renew();
    pipeline.with(
        one -> {
          one.fork(cause);
          return null;
        });
    onNotice.accept(
        new Notice(
            Notice.Kind.NEW_WRITER,
            "goes on as a new writer of " + calls.chainKey() + ": " + cause.getMessage(),
            cause));
  }

  /** Tells all who wait. `isKnown`: it says more than that an outcome is unknown. */
  private void giveUp(AtedbException cause, AtedbException unsent, boolean isKnown) {
    // What was sent may be stored all the same.
    place.loseTrack();
    lostSince = 0;
    pipeline.with(
        one -> {
          one.fail(append -> append.wasSent && !isKnown ? Outcomes.unknown(cause, append) : unsent);
          return null;
        });
  }

  /** Number of the newest commit that was acknowledged; -1: none. */
  public long acknowledged() {
    return pipeline.with(Pipeline::acknowledged);
  }

  /** Whether a failure says that the server isn't what it was. */
  public static boolean isAlarm(Reason reason) {
    return Outcomes.ALARMS.contains(reason);
  }

  private AtedbException lost(String what, AtedbException cause) {
    String why = cause == null ? "" : ": " + cause.getMessage();
    return new AtedbException(
        Reason.CONNECTION_FAILED,
        calls.server() + " " + what + why,
        Map.of("server", calls.server()),
        cause);
  }
}
