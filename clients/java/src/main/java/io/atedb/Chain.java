package io.atedb;

import io.atedb.internal.client.ChainCalls;
import io.atedb.internal.client.ChainKeys;
import io.atedb.internal.client.Deleter;
import io.atedb.internal.client.EventSource;
import io.atedb.internal.client.Locks;
import io.atedb.internal.client.Opener;
import io.atedb.internal.client.Reader;
import io.atedb.internal.client.Redactor;
import io.atedb.internal.client.Sealer;
import io.atedb.internal.client.Writer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** An open chain. Make one with {@link AtedbClient#open}; for use by any number of threads. */
public final class Chain extends ChainReader implements AutoCloseable {
  private final Opener opener;
  private final Reader reader;
  private final Writer writer;
  private final Sealer sealer;
  private final ChainCalls calls;
  private final Locks locks;
  private final Redactor redactor;
  private final ChainKeys keys;
  private final boolean isForAppend;

  Chain(ChainParts parts) {
    super(parts.key(), parts.opener(), parts.reader(), parts.executor());
    this.opener = parts.opener();
    this.reader = parts.reader();
    this.writer = parts.writer();
    this.sealer = parts.sealer();
    this.calls = parts.calls();
    this.locks = parts.locks();
    this.redactor = new Redactor(parts.reader());
    this.keys = parts.keys();
    this.isForAppend = parts.isForAppend();
  }

  Chain opened() {
    opener.open(isForAppend);
    return this;
  }

  /**
   * Gives the key that is written with; the default one is made where there is none.
   *
   * @return its public half
   */
  public PublicKey ownKey() {
    return keys.writing().publicKey();
  }

  /**
   * Appends events: all of them or none, in their order and without others between them.
   *
   * <p>Small appends share a batch while others are on their way, so they need not be collected; up
   * to 128 batches are. The order is that of the calls. Where more than 16 MiB are under way, and
   * where it must be learned which read key data is sealed with, the call waits. A lost server is
   * waited for, and what had no answer is sent again, byte for byte, so that each event is stored
   * once.
   *
   * @param events 1 to 16,384, of about 3.7 MiB at most
   * @param conditions under which alone they are accepted
   * @return where they are, when they are durable. Fails with an {@link AtedbException}: what the
   *     server refuses; OUTCOME_UNKNOWN where they were sent and never answered, so that they may
   *     be stored; CONNECTION_FAILED where they were not sent; WRITER_AHEAD, HEAD_CONFLICT,
   *     CHAIN_ID_MISMATCH where the server isn't what it was
   * @throws AtedbException REQUEST_INVALID, TOO_MANY_EVENTS, DATA_TOO_LARGE at once;
   *     READ_KEY_MISSING, READ_RULE_MISMATCH
   */
  public CompletableFuture<Committed> append(List<NewEvent> events, Conditions conditions) {
    return append(events, conditions, List.of());
  }

  /**
   * Appends events that other keys sign besides the writer's: what those may, the events may, and
   * {@link NewEvent#author} may name one of them. Such events have a batch for themselves.
   *
   * @param events as {@link #append(List, Conditions)}
   * @param conditions under which alone they are accepted
   * @param coSigners the keys, at most 15, which the caller closes after what is given has
   *     completed
   * @return as {@link #append(List, Conditions)}
   * @throws AtedbException as {@link #append(List, Conditions)}
   */
  public CompletableFuture<Committed> append(
      List<NewEvent> events, Conditions conditions, List<KeyPair> coSigners) {
    checkForAppend();
    List<EventSource> sources = events.stream().map(NewEvent::source).toList();
    CompletableFuture<Committed> appended =
        sealer.append(sources, conditions.preconditions(), coSigners);
    // What is under conditions was made by something that was read, and not only by the head.
    return conditions.preconditions().isEmpty()
        ? appended.exceptionallyComposeAsync(
            error -> appendAgain(sources, coSigners, error), executor)
        : appended;
  }

  /** What was made by a head from before a snapshot may be made by a newer one. */
  private CompletableFuture<Committed> appendAgain(
      List<EventSource> sources, List<KeyPair> coSigners, Throwable error) {
    Throwable cause = error instanceof CompletionException ? error.getCause() : error;
    boolean isStale = cause instanceof AtedbException known && known.reason() == Reason.STALE;
    if (!isStale) {
      return CompletableFuture.failedFuture(cause);
    }
    opener.open(isForAppend);
    return sealer.append(sources, List.of(), coSigners);
  }

  private void checkForAppend() {
    checkOpen();
    if (!isForAppend) {
      throw new AtedbException(
          Reason.REQUEST_INVALID, "the chain was opened for reading: open it with forAppend()");
    }
  }

  /**
   * Appends one event.
   *
   * @param event the event
   * @return as {@link #append(List, Conditions)}
   */
  public CompletableFuture<Committed> append(NewEvent event) {
    return append(List.of(event), Conditions.NONE);
  }

  /**
   * Appends one event with data in UTF-8, about a new object.
   *
   * @param text the data
   * @return as {@link #append(List, Conditions)}
   */
  public CompletableFuture<Committed> append(String text) {
    return append(NewEvent.data(text));
  }

  /**
   * Says who may read the chain, as far as no object of it has a rule of its own: these and the
   * writer's own key are given a new read key, which seals what is written from then on. What was
   * written before those can still read who could. A chain that isn't there is created. Waits until
   * that is durable.
   *
   * @param readers the keys of those who may
   * @return where that is said
   * @throws AtedbException as {@link #append(List, Conditions)}
   */
  public Committed setReaders(List<PublicKey> readers) {
    return setReaders(ChainObject.CHAIN, readers);
  }

  /**
   * Says who may read an object, and what inherits from it: as {@link #setReaders(List)}. In a
   * private chain it lets them in, too, which only a root may.
   *
   * @param object the object, or {@link ChainObject#CHAIN}
   * @param readers the keys of those who may
   * @return where that is said
   * @throws AtedbException as {@link #append(List, Conditions)}
   */
  public Committed setReaders(ChainObject object, List<PublicKey> readers) {
    checkForAppend();
    return sealer.setReaders(object, readers);
  }

  /**
   * Lets more keys read an object: what was written since its readers were set last, and what will
   * be. In a private chain it lets them in, too, which only a root may; where that chain's data is
   * in clear it does nothing else. Waits until that is durable.
   *
   * @param object the object, or {@link ChainObject#CHAIN}
   * @param readers the keys of those who may besides
   * @return where that is said
   * @throws AtedbException as {@link #append(List, Conditions)}; READ_KEY_MISSING where none of the
   *     client's keys may read it; REQUEST_INVALID where its data is in clear
   */
  public Committed addReaders(ChainObject object, List<PublicKey> readers) {
    checkThere();
    checkForAppend();
    return sealer.addReaders(object, readers);
  }

  /**
   * Takes readers off: those who stay are given a new read key, which seals what is written from
   * then on. What was written before those can still read who could. Of the whole of a private
   * chain it keeps them out, too. Waits until that is durable.
   *
   * @param object the object, or {@link ChainObject#CHAIN}
   * @param fingerprints of the keys of those who may no more
   * @return where that is said
   * @throws AtedbException as {@link #append(List, Conditions)}; REQUEST_INVALID where one of them
   *     doesn't read it, or is the own key; KEY_UNKNOWN where the chain doesn't know the key of one
   *     who stays
   */
  public Committed removeReaders(ChainObject object, List<Bytes> fingerprints) {
    checkThere();
    checkForAppend();
    return sealer.removeReaders(object, fingerprints);
  }

  /**
   * Has the data of some events erased from every file of the server, for good; headers stay, and
   * readers are told. Who may write their objects may, and a root. Waits until it is erased.
   *
   * @param sequences of the events
   * @return where that is said
   * @throws AtedbException REDACTION_INVALID for an event that has no data, SEQUENCE_OUT_OF_RANGE,
   *     DATA_GONE where that of all of them is gone already; as {@link #append(List, Conditions)}
   */
  public Redacted redact(List<Long> sequences) {
    checkThere();
    checkForAppend();
    Redactor.Found found = redactor.find(sequences);
    List<NewEvent> events =
        found.byObject().stream()
            .map(one -> NewEvent.redaction(one.getKey(), Redaction.of(one.getValue())))
            .toList();
    Committed committed = waitFor(append(events, Conditions.NONE));
    redactor.await();
    redactor.check(sequences);
    return new Redacted(committed, found.goneBefore());
  }

  /**
   * Has the data of all events of an object up to now erased, as {@link #redact(List)}.
   *
   * @param primaryKey the object, 16 bytes
   * @return where that is said
   * @throws AtedbException EVENT_NOT_FOUND where nobody has written it; as {@link #redact(List)}
   */
  public Redacted redact(Bytes primaryKey) {
    checkThere();
    checkForAppend();
    Redaction all = Redaction.before(redactor.endOf(primaryKey));
    Committed committed = waitFor(append(NewEvent.redaction(primaryKey, all)));
    redactor.await();
    return new Redacted(committed, List.of());
  }

  private static Committed waitFor(CompletableFuture<Committed> pending) {
    try {
      return pending.join();
    } catch (CompletionException error) {
      if (error.getCause() instanceof AtedbException known) {
        throw known;
      }
      throw error;
    }
  }

  /**
   * Has the lease on an object, and waits for it while somebody else holds it, with 15 seconds for
   * which it outlives a connection on which nothing comes.
   *
   * @param object the object, which need not be there yet
   * @return the lease, which ends with the chain at the latest
   * @throws AtedbException as {@link #lock(ChainObject, LockOptions)}
   */
  public Lease lock(ChainObject object) {
    return lock(object, LockOptions.DEFAULTS);
  }

  /**
   * Has the lease on an object, which is given to one at a time. Who waits for it and loses the
   * server asks again, and is at the end of the line then. Of a child that isn't there yet, name
   * the parent and what its key is made from: the right to add to the parent does then.
   *
   * @param object the object, which need not be there yet
   * @param options whether it waits, and how long the lease outlives its connection
   * @return the lease, which ends with the chain at the latest
   * @throws AtedbException LOCK_HELD where it isn't to wait; KEY_NOT_ALLOWED, KEY_REVOKED,
   *     CHAIN_NOT_FOUND; TOO_MANY_LOCKS, CONNECTION_FAILED when that stays so for the time of
   *     {@link OpenOptions#reconnect}
   */
  public Lease lock(ChainObject object, LockOptions options) {
    checkThere();
    return new Lease(locks.take(object, options));
  }

  /**
   * Has the server delete the chain, by the key that it is used with, which must be one of its
   * roots. Then the chain is closed, and the home folder forgets it. What others have read of it
   * they still have.
   *
   * @throws AtedbException KEY_NOT_ALLOWED, HEAD_CONFLICT where the chain isn't what was verified
   *     of it; CONNECTION_FAILED and others, after which it may be deleted
   */
  public void delete() {
    checkThere();
    Deleter.delete(calls, opener, keys);
    if (!endUse()) {
      return;
    }
    try {
      locks.close();
      writer.close();
    } finally {
      end();
      opener.forget();
    }
  }

  /**
   * Waits for appends that are under way, gives up leases, saves what is to be remembered, and
   * forgets read keys. Streams that are open are to be closed by themselves.
   *
   * @throws AtedbException HEAD_CONFLICT, CHAIN_DAMAGED, VERIFICATION_FAILED, CHAIN_ID_MISMATCH and
   *     others where the server doesn't stand by what it has acknowledged
   */
  @Override
  public void close() {
    if (!endUse()) {
      return;
    }
    try {
      // Appends on their way may name leases, which the server looks for when it takes them.
      writer.close();
      locks.close();
      knowAcknowledged();
    } finally {
      locks.close();
      end();
    }
  }

  private void end() {
    opener.close();
    reader.close();
    keys.wipe();
  }

  /**
   * Has it proven that what was acknowledged is in the chain, and remembers that: so whoever opens
   * it next is told if it is gone. A server that can't be asked is asked then.
   */
  private void knowAcknowledged() {
    TreeHead head = opener.known();
    long last = writer.acknowledged();
    if (last < 0 || head != null && head.size() > last) {
      return;
    }
    try {
      opener.open(false);
    } catch (AtedbException error) {
      // Damage has taken what was acknowledged, if it isn't there to be known.
      if (Writer.isAlarm(error.reason()) || error.reason() == Reason.CHAIN_DAMAGED) {
        throw error;
      }
    }
  }
}
