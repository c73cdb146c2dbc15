package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Committed;
import io.atedb.KeyPair;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.TreeHead;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.event.Commit;
import io.atedb.internal.event.Delegation;
import io.atedb.internal.event.EventInput;
import io.atedb.internal.event.Right;
import io.atedb.internal.event.Seal;
import io.atedb.internal.event.WriterIdentity;
import io.atedb.internal.home.WriterSlot;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * From appends to batches to answers: keeps the order and the writer's chain of seals, and what has
 * no answer yet, to be sent again byte for byte on the next stream. It knows nothing of
 * connections. Its owner holds a lock around each call.
 */
final class Pipeline {
  private static final int EVENTS_MAX = 1_000;
  private static final int BYTES_MAX = 1024 * 1024;

  /** Batches in flight that could have taken more. The rest waits to share a batch. */
  private static final int INCOMPLETE_IN_FLIGHT_MAX = 2;

  /** A server that calls the same batch a rejected one's successor so often has a defect. */
  private static final int PREDECESSORS_REJECTED_MAX = 3;

  /**
   * Whom the pipeline writes as; `asOf` gives the newest head that was verified, and `right`, null
   * for none, is what the key has by delegations.
   */
  record Outlet(
      WriterSlot slot,
      Bytes chainId,
      KeyPair key,
      boolean signs,
      boolean isStranger,
      Right right,
      Supplier<TreeHead> asOf) {}

  /** One batch of the writer: its appends and its seal. */
  static final class Sealed {
    private final List<Pending> appends;
    private final boolean isComplete;
    private long counter;
    private Bytes hash;
    private Bytes run;
    private int predecessorsRejected;

    private Sealed(List<Pending> appends, boolean isComplete) {
      this.appends = appends;
      this.isComplete = isComplete;
    }

    Bytes hash() {
      return hash;
    }

    private int events() {
      return appends.stream().mapToInt(Pending::events).sum();
    }

    private boolean wasSent() {
      return appends.stream().anyMatch(one -> one.wasSent);
    }
  }

  /** What an answer is due to; the batch is null where its seal was made void since. */
  private static final class Due {
    private final Bytes hash;
    private Sealed batch;

    private Due(Sealed batch) {
      this.hash = batch.hash;
      this.batch = batch;
    }
  }

  private List<Sealed> batches = new ArrayList<>();
  private final Deque<Pending> queue = new ArrayDeque<>();
  private final Deque<Due> due = new ArrayDeque<>();
  private final List<Runnable> deliveries = new ArrayList<>();
  private long acknowledged = -1;
  private long waitingBytes;
  private int sent;
  private Outlet outlet;

  /** Those without an answer, in order. */
  List<Sealed> batches() {
    return batches;
  }

  /** Number of the newest commit that was acknowledged; -1: none. */
  long acknowledged() {
    return acknowledged;
  }

  /** Bytes of events that wait, to be sent or for an answer. */
  long waitingBytes() {
    return waitingBytes;
  }

  boolean isBusy() {
    return !batches.isEmpty() || !queue.isEmpty();
  }

  void add(Pending append) {
    waitingBytes += append.built.bytes();
    queue.add(append);
  }

  /** Goes on over a stream: what has no answer is sent again, then what waits. */
  void attach(Outlet next) {
    outlet = next;
    sent = 0;
    due.clear();
  }

  /** The stream is gone. */
  void detach() {
    outlet = null;
  }

  /** Whether something is to be sent now. */
  boolean hasNext() {
    if (outlet == null || due.size() >= Limits.WRITER_BATCHES_IN_FLIGHT_MAX) {
      return false;
    }
    return sent < batches.size() || maySeal();
  }

  /** What is to be sent next, when there is something. */
  Bytes nextRun() {
    if (sent == batches.size()) {
      boolean isComplete = isNextComplete();
      Sealed batch = new Sealed(takeAppends(), isComplete);
      seal(batch, batches.isEmpty() ? null : batches.get(batches.size() - 1));
      batches.add(batch);
    }
    Sealed batch = batches.get(sent);
    batch.appends.forEach(one -> one.wasSent = true);
    due.add(new Due(batch));
    sent++;
    return batch.run;
  }

  /**
   * Takes the server's next answer. Raises VERIFICATION_FAILED for an answer that can't be; the
   * reason of a rejection that is about the writer, not about the batch, and so ends the stream.
   */
  void answer(Parts answer) {
    if (due.isEmpty()) {
      throw Answers.untrue("it answers a batch that was not sent");
    }
    Due next = due.remove();
    Bytes hash = answer.bytes(Schema.AppendResponse.SEAL_HASH);
    boolean isCommitted = answer.has(Schema.AppendResponse.COMMITTED);
    if (!hash.equals(next.hash) && (isCommitted || !hash.isEmpty())) {
      throw Answers.untrue("it answers another batch than the next one");
    }
    if (isCommitted) {
      committed(next.batch, Answers.parts(answer.bytes(Schema.AppendResponse.COMMITTED)));
    } else if (answer.has(Schema.AppendResponse.REJECTED)) {
      if (next.batch != null) {
        rejected(next.batch, Outcomes.rejection(answer.bytes(Schema.AppendResponse.REJECTED)));
      }
    } else {
      throw Answers.untrue("it is neither committed nor rejected");
    }
  }

  /**
   * Goes on as another writer. What was sent as the old one may be stored or not, and isn't sent
   * again.
   */
  void fork(AtedbException cause) {
    List<Sealed> before = batches;
    batches = new ArrayList<>();
    for (int at = before.size() - 1; at >= 0; at--) {
      List<Pending> appends = before.get(at).appends;
      if (before.get(at).wasSent()) {
        failAll(appends, append -> Outcomes.unknown(cause, append));
      } else {
        // Sealed anew when there is a stream: the slot is another writer's then.
        for (int place = appends.size() - 1; place >= 0; place--) {
          queue.addFirst(appends.get(place));
        }
      }
    }
  }

  /** Gives everything up. */
  void fail(Function<Pending, AtedbException> errorFor) {
    List<Pending> all = new ArrayList<>();
    batches.forEach(batch -> all.addAll(batch.appends));
    all.addAll(queue);
    batches = new ArrayList<>();
    queue.clear();
    failAll(all, errorFor);
  }

  private void failAll(List<Pending> appends, Function<Pending, AtedbException> errorFor) {
    for (Pending append : appends) {
      waitingBytes -= append.built.bytes();
      tell(append, errorFor.apply(append));
    }
  }

  private void tell(Pending append, AtedbException error) {
    deliveries.add(() -> append.result.completeExceptionally(error));
  }

  /** Takes what is to be told to whoever waits: to be run without the lock. */
  List<Runnable> deliveries() {
    List<Runnable> taken = List.copyOf(deliveries);
    deliveries.clear();
    return taken;
  }

  private boolean maySeal() {
    if (queue.isEmpty() || batches.size() >= Limits.WRITER_BATCHES_IN_FLIGHT_MAX) {
      return false;
    }
    return isNextComplete()
        || batches.stream().filter(batch -> !batch.isComplete).count() < INCOMPLETE_IN_FLIGHT_MAX;
  }

  /** Whether the next batch could not take more. */
  private boolean isNextComplete() {
    long events = 0;
    long bytes = 0;
    for (Pending append : queue) {
      events += append.events();
      bytes += append.built.bytes();
      if (append.built.isAlone() || events >= EVENTS_MAX || bytes >= BYTES_MAX) {
        return true;
      }
    }
    return false;
  }

  private List<Pending> takeAppends() {
    List<Pending> taken = new ArrayList<>();
    long events = 0;
    long bytes = 0;
    while (!queue.isEmpty()) {
      Pending append = queue.peek();
      events += append.events();
      bytes += append.built.bytes();
      boolean fits = events <= EVENTS_MAX && bytes <= BYTES_MAX;
      if (!taken.isEmpty() && (!fits || append.built.isAlone())) {
        break;
      }
      taken.add(queue.remove());
      if (append.built.isAlone()) {
        break;
      }
    }
    return taken;
  }

  /** Closes a batch at its place; doing so again, at another, makes the former seal void. */
  private void seal(Sealed batch, Sealed before) {
    WriterSlot.State state = outlet.slot.state();
    batch.counter = before == null ? state.counter() : before.counter + 1;
    Built first = batch.appends.get(0).built;
    List<EventInput.Built> events =
        batch.appends.stream().flatMap(one -> one.built.events().stream()).toList();
    Bytes header =
        Seal.build(
            new WriterIdentity(outlet.chainId, outlet.key.fingerprint(), state.salt()),
            batch.counter,
            before == null ? state.lastSeal() : before.hash,
            events.stream().map(EventInput.Built::header).toList(),
            outlet.asOf.get(),
            first.preconditions());
    batch.hash = Seal.hashOf(header);
    batch.run = signedRun(events, header, first, state.counter() == 0);
  }

  private Bytes signedRun(
      List<EventInput.Built> events, Bytes header, Built first, boolean isWritersFirst) {
    List<KeyPair> signers = new ArrayList<>();
    if (outlet.signs || first.bearsAuthority()) {
      signers.add(outlet.key);
      signers.addAll(first.coSigners());
    }
    List<PublicKey> shown = new ArrayList<>();
    List<Bytes> delegations = List.of();
    // Known for good once a batch is acknowledged.
    if (outlet.isStranger && isWritersFirst) {
      shown.add(outlet.key.publicKey());
      if (outlet.right != null) {
        shown.add(outlet.right.issuer());
        delegations = outlet.right.delegations().stream().map(Delegation::message).toList();
      }
    }
    // Those who sign besides may be new to it at any time.
    first.coSigners().forEach(one -> shown.add(one.publicKey()));
    return Seal.signRun(
        events.stream().map(EventInput.Built::frame).toList(), header, signers, shown, delegations);
  }

  private void committed(Sealed batch, Parts said) {
    if (batch == null) {
      throw Answers.untrue("it accepts a batch after one that it rejected");
    }
    Commit.Header header =
        Answers.checked(
            "its commit can't be read",
            () -> Commit.Header.parse(said.bytes(Schema.Committed.COMMIT_HEADER)));
    TreeHead head = Answers.head(said, Schema.Committed.HEAD);
    boolean fits = header.sealHash().equals(batch.hash) && header.events() == batch.events();
    if (!fits || head.size() <= header.commit()) {
      throw Answers.untrue("its commit is not of the batch that it answers");
    }
    if (outlet != null) {
      outlet.slot.advance(batch.counter + 1, batch.hash);
    }
    acknowledged = Math.max(acknowledged, header.commit());
    drop(batch);
    long sequence = header.firstSequence();
    for (Pending append : batch.appends) {
      long last = sequence + append.events() - 1;
      Committed committed = new Committed(sequence, last, header.commit(), header.timeUnixMs());
      deliveries.add(() -> append.result.complete(committed));
      sequence = last + 1;
    }
  }

  private void rejected(Sealed batch, AtedbException error) {
    if (Outcomes.OF_WRITER.contains(error.reason())) {
      throw error;
    }
    boolean isFollower = error.reason() == Reason.PREDECESSOR_REJECTED;
    batch.predecessorsRejected += isFollower ? 1 : 0;
    if (!isFollower || batch.predecessorsRejected > PREDECESSORS_REJECTED_MAX) {
      drop(batch);
      batch.appends.forEach(append -> tell(append, error));
    }
    sealAgain();
  }

  /**
   * Those behind a rejected batch name it as the one before, so none of them can ever be stored:
   * they are sealed anew, in their order.
   */
  private void sealAgain() {
    if (outlet == null) {
      return;
    }
    for (Due one : due) {
      if (one.batch != null) {
        one.batch.appends.forEach(append -> append.wasSent = false);
      }
      one.batch = null;
    }
    sent = 0;
    Sealed before = null;
    for (Sealed batch : batches) {
      seal(batch, before);
      before = batch;
    }
  }

  private void drop(Sealed batch) {
    int place = batches.indexOf(batch);
    batches.remove(place);
    if (place < sent) {
      sent--;
    }
    batch.appends.forEach(append -> waitingBytes -= append.built.bytes());
  }
}
