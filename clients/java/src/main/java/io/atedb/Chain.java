package io.atedb;

import io.atedb.internal.client.ChainKeys;
import io.atedb.internal.client.EventSource;
import io.atedb.internal.client.Opener;
import io.atedb.internal.client.Reader;
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
  private final ChainKeys keys;
  private final boolean isForAppend;

  Chain(ChainParts parts) {
    super(parts.key(), parts.opener(), parts.reader(), parts.executor());
    this.opener = parts.opener();
    this.reader = parts.reader();
    this.writer = parts.writer();
    this.sealer = parts.sealer();
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
    checkOpen();
    if (!isForAppend) {
      throw new AtedbException(
          Reason.REQUEST_INVALID, "the chain was opened for reading: open it with forAppend()");
    }
    List<EventSource> sources = events.stream().map(NewEvent::source).toList();
    CompletableFuture<Committed> appended = sealer.append(sources, conditions.preconditions());
    // What is under conditions was made by something that was read, and not only by the head.
    return conditions.preconditions().isEmpty()
        ? appended.exceptionallyComposeAsync(error -> appendAgain(sources, error), executor)
        : appended;
  }

  /** What was made by a head from before a snapshot may be made by a newer one. */
  private CompletableFuture<Committed> appendAgain(List<EventSource> sources, Throwable error) {
    Throwable cause = error instanceof CompletionException ? error.getCause() : error;
    boolean isStale = cause instanceof AtedbException known && known.reason() == Reason.STALE;
    if (!isStale) {
      return CompletableFuture.failedFuture(cause);
    }
    opener.open(isForAppend);
    return sealer.append(sources, List.of());
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
    checkOpen();
    if (!isForAppend) {
      throw new AtedbException(
          Reason.REQUEST_INVALID, "the chain was opened for reading: open it with forAppend()");
    }
    return sealer.setReaders(readers);
  }

  /**
   * Waits for appends that are under way, saves what is to be remembered, and forgets read keys.
   * Streams that are open are to be closed by themselves.
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
      writer.close();
      knowAcknowledged();
    } finally {
      opener.close();
      reader.close();
      keys.wipe();
    }
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
