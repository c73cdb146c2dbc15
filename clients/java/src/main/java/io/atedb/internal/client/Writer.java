package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Committed;
import io.atedb.KeyPair;
import io.atedb.Notice;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.TrustMode;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.client.Schema.AppendResponse;
import io.atedb.internal.client.WriterPlace.LocalFailure;
import io.atedb.internal.client.WriterPlace.Placed;
import io.atedb.internal.crypt.Tags;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.event.Possession;
import io.atedb.internal.event.Signed;
import io.atedb.internal.rpc.Call;
import io.atedb.internal.rpc.Statuses;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * One writer of one chain: takes appends, and sees them through lost connections and restarts of
 * the server, each exactly once.
 */
public final class Writer {
  /** So much may wait before appending does. */
  private static final long QUEUE_BYTES_MAX = 16L * 1024 * 1024;

  private static final long DELAY_MS = 50;
  private static final long DELAY_MS_MAX = 5_000;
  private static final long CLOSE_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** Somebody else writes as this writer. */
  private static final Set<Reason> FORKS =
      EnumSet.of(Reason.WRITER_FORKED, Reason.WRITER_TAKEN_OVER);

  /** Opening again and sending the same batches again may help, and can do no harm. */
  private static final Set<Reason> RETRIED =
      EnumSet.of(
          Reason.STORAGE_FAILED,
          Reason.INTERNAL,
          Reason.DEADLINE_EXCEEDED,
          Reason.COUNTER_GAP,
          // A ticket that was too old just then; who isn't let in any more is told when the chain
          // is opened again.
          Reason.CHAIN_PRIVATE);

  /** The server isn't what it was: these say more than that an outcome is unknown. */
  private static final Set<Reason> ALARMS =
      EnumSet.of(
          Reason.WRITER_AHEAD,
          Reason.HEAD_CONFLICT,
          Reason.CHAIN_ID_MISMATCH,
          Reason.SERVER_IDENTITY_MISMATCH,
          Reason.SERVER_IDENTITY_CHANGED,
          Reason.VERIFICATION_FAILED);

  private final ChainCalls calls;
  private final Opener opener;
  private final WriterPlace place;
  private final Supplier<KeyPair> key;
  private final boolean signBatches;
  private final Duration reconnect;
  private final Consumer<Notice> onNotice;
  private final Executor executor;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ReentrantLock turn = new ReentrantLock(true);
  private final Pipeline pipeline = new Pipeline();
  private boolean isRunning;
  private boolean isClosing;

  /**
   * Whether anything was appended without asking what is to be sealed, since a connection was made
   * last.
   */
  private boolean isBlind;

  private Call current;
  private long lostSince;
  private long delayMs = DELAY_MS;

  /** `key` makes the default one where there is none. */
  public Writer(
      ChainCalls calls,
      Opener opener,
      Expected expected,
      Path home,
      Supplier<KeyPair> key,
      boolean signBatches,
      Duration reconnect,
      Consumer<Notice> onNotice,
      ScheduledExecutorService timer,
      Executor executor) {
    this.calls = calls;
    this.opener = opener;
    this.place = new WriterPlace(calls, opener, expected, home, onNotice, timer);
    this.key = key;
    this.signBatches = signBatches;
    this.reconnect = reconnect;
    this.onNotice = onNotice;
    this.executor = executor;
  }

  /**
   * Has events appended. Waits while too much is under way; the order is that of the calls, also
   * then. What is given completes when they are durable.
   */
  public CompletableFuture<Committed> append(Built built) {
    Pending append = new Pending(built);
    turn.lock();
    try {
      lock.lock();
      try {
        until(() -> pipeline.waitingBytes() < QUEUE_BYTES_MAX || isClosing, 0);
        if (isClosing) {
          throw new AtedbException(
              Reason.REQUEST_INVALID,
              "the chain " + calls.chainKey() + " was closed. Open it again");
        }
        isBlind |= opener.genesis() == null && !built.isRuled();
        pipeline.add(append);
        changed.signalAll();
        if (!isRunning) {
          isRunning = true;
          executor.execute(this::run);
        }
      } finally {
        lock.unlock();
      }
    } finally {
      turn.unlock();
    }
    return append.result;
  }

  /** Has the chain there, created if it wasn't. */
  public void create() {
    try {
      place.take(key.get(), List.of());
    } catch (LocalFailure failure) {
      throw failure.error;
    }
  }

  /** Waits for what is under way, and frees the writer's slot. */
  public void close() {
    lock.lock();
    try {
      isClosing = true;
      changed.signalAll();
      until(() -> !isRunning, 0);
    } finally {
      lock.unlock();
    }
    place.close();
  }

  /**
   * Waits for something to be so, no longer than a time; 0: as long as it takes. With the lock
   * held.
   */
  private void until(BooleanSupplier condition, long nanos) {
    long left = nanos;
    while (!condition.getAsBoolean()) {
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

  private <T> T locked(Supplier<T> act) {
    lock.lock();
    try {
      T result = act.get();
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

  private void run() {
    while (true) {
      boolean hasWork =
          locked(
              () -> {
                // Losses count from the first one that somebody waits through.
                if (!pipeline.isBusy()) {
                  lostSince = 0;
                  isRunning = false;
                  return false;
                }
                return true;
              });
      if (!hasWork) {
        return;
      }
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

  /** Does everything from opening the chain to the end of one stream. */
  private void connection() {
    KeyPair own;
    try {
      own = key.get();
    } catch (AtedbException error) {
      throw new LocalFailure(error);
    }
    List<Bytes> unanswered =
        locked(() -> pipeline.batches().stream().map(Pipeline.Sealed::hash).toList());
    Placed placed = place.take(own, unanswered);
    checkBlind(placed.genesis());
    Genesis genesis = placed.genesis();
    boolean isRoot =
        genesis.roots().stream().map(PublicKey::fingerprint).anyMatch(own.fingerprint()::equals);
    // A key that the chain doesn't know yet can't be proven to it.
    boolean isStranger = !isRoot && placed.slot().state().counter() == 0;
    boolean signs = signBatches || isStranger || genesis.trustMode() == TrustMode.DISTRIBUTED;
    FutureTask<Void> sending = null;
    try (Call call = calls.begin("Append", 0)) {
      if (!signs) {
        prove(call, own, placed);
      }
      locked(
          () -> {
            current = call;
            pipeline.attach(
                new Pipeline.Outlet(
                    placed.slot(), genesis.chainId(), own, signs, isStranger, opener::known));
            return null;
          });
      sending = new FutureTask<>(() -> send(call, signs), null);
      executor.execute(sending);
      readAnswers(call);
    } finally {
      locked(
          () -> {
            current = null;
            pipeline.detach();
            return null;
          });
      finish(sending);
    }
    if (locked(pipeline::isBusy)) {
      throw lost("has ended the stream", null);
    }
  }

  private static void finish(Future<Void> sending) {
    if (sending == null) {
      return;
    }
    try {
      sending.get();
    } catch (java.util.concurrent.ExecutionException error) {
      // Where the call has ended, reading has told how.
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
    }
  }

  private void readAnswers(Call call) {
    while (true) {
      Bytes message;
      try {
        message = call.read(CLOSE_NANOS);
      } catch (AtedbException error) {
        if (!Statuses.isSilence(error)) {
          throw error;
        }
        // Nothing is due, and nobody appends any more: the stream is given up.
        if (locked(() -> isClosing && !pipeline.isBusy())) {
          return;
        }
        continue;
      }
      if (message == null) {
        return;
      }
      Parts answer = Answers.parts(message);
      locked(
          () -> {
            pipeline.answer(answer);
            lostSince = 0;
            delayMs = DELAY_MS;
            return null;
          });
    }
  }

  /** Sends batches as they come to be, no faster than the connection takes them. */
  private void send(Call call, boolean namesChain) {
    boolean isFirst = namesChain;
    while (true) {
      Bytes run;
      lock.lock();
      try {
        until(() -> current != call || pipeline.hasNext() || isClosing && !pipeline.isBusy(), 0);
        if (current != call) {
          return;
        }
        run = pipeline.hasNext() ? pipeline.nextRun() : null;
      } finally {
        lock.unlock();
      }
      if (run == null) {
        call.halfClose();
        return;
      }
      call.write(isFirst ? WriterPlace.request(run, calls.chainKey()) : run);
      isFirst = false;
    }
  }

  /**
   * Proves the key to the server of a centralized chain: batches need no signature from then on.
   * The proof names the server's key of now, and counts at no other.
   */
  private void prove(Call call, KeyPair own, Placed placed) {
    call.write(WriterPlace.request(Bytes.EMPTY, calls.chainKey()));
    Bytes conversation =
        due(call, AppendResponse.CONVERSATION).bytes(Schema.Conversation.CONVERSATION_ID);
    if (conversation.size() != 32) {
      throw Answers.untrue("the id of its conversation is not 32 bytes");
    }
    Possession claim =
        new Possession(
            call.exporter() == null ? Possession.NO_EXPORTER : call.exporter(),
            placed.server().fingerprint(),
            placed.genesis().chainId(),
            conversation,
            own.fingerprint());
    Signed signature = Signed.by(own, Tags.CONTEXT_PROOF, claim.append());
    FieldWriter proof = new FieldWriter().message(Schema.KeyProof.SIGNATURE, signature.message());
    call.write(new FieldWriter().message(Schema.AppendRequest.PROOF, proof).finish());
    Bytes proven = due(call, AppendResponse.PROVEN).bytes(Schema.Proven.FINGERPRINT);
    if (!proven.equals(own.fingerprint())) {
      throw Answers.untrue("it says that another key was proven");
    }
  }

  private static Parts due(Call call, int kind) {
    Bytes message = call.read();
    if (message == null) {
      throw new AtedbException(
          Reason.CONNECTION_FAILED, "the server has ended the stream before its answer");
    }
    Parts answer = Answers.parts(message);
    if (answer.has(AppendResponse.REJECTED)) {
      throw Pipeline.rejection(answer.bytes(AppendResponse.REJECTED));
    }
    if (!answer.has(kind)) {
      throw Answers.untrue("another answer was due to who proves a key");
    }
    return Answers.parts(answer.bytes(kind));
  }

  /**
   * Refuses to send what was built for a chain that was not there, where somebody has created one
   * that seals its data. Raises READ_RULE_MISMATCH; then it was not sent.
   */
  private void checkBlind(Genesis genesis) {
    boolean wasBlind =
        locked(
            () -> {
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
    if (!locked(pipeline::isBusy)) {
      return;
    }
    if (FORKS.contains(error.reason())) {
      place.renew();
      locked(
          () -> {
            pipeline.fork(error);
            return null;
          });
      onNotice.accept(
          new Notice(
              Notice.Kind.NEW_WRITER,
              "goes on as a new writer of " + calls.chainKey() + ": " + error.getMessage(),
              error));
      if (!locked(pipeline::isBusy)) {
        return;
      }
    } else if (!Statuses.PASSING.contains(error.reason()) && !RETRIED.contains(error.reason())) {
      giveUp(error, error, ALARMS.contains(error.reason()));
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
    if (!FORKS.contains(error.reason())) {
      onNotice.accept(
          new Notice(
              Notice.Kind.RECONNECTING,
              error.getMessage() + "; trying again in " + delay + " ms",
              error));
    }
    lock.lock();
    try {
      // Not when nobody waits for it any more.
      until(() -> !pipeline.isBusy(), TimeUnit.MILLISECONDS.toNanos(delay));
    } finally {
      lock.unlock();
    }
  }

  /** Tells all who wait. `isKnown`: it says more than that an outcome is unknown. */
  private void giveUp(AtedbException cause, AtedbException unsent, boolean isKnown) {
    // What was sent may be stored all the same.
    place.loseTrack();
    locked(
        () -> {
          lostSince = 0;
          pipeline.fail(
              append ->
                  append.wasSent && !isKnown ? Pipeline.outcomeUnknown(cause, append) : unsent);
          return null;
        });
  }

  /** Number of the newest commit that was acknowledged; -1: none. */
  public long acknowledged() {
    return locked(pipeline::acknowledged);
  }

  /** Whether a failure says that the server isn't what it was. */
  public static boolean isAlarm(Reason reason) {
    return ALARMS.contains(reason);
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
