package io.atedb;

import io.atedb.internal.bytes.Limits;
import io.atedb.internal.client.ChainCalls;
import io.atedb.internal.client.Expected;
import io.atedb.internal.client.Opener;
import io.atedb.internal.client.Reader;
import io.atedb.internal.client.Sealer;
import io.atedb.internal.client.Subscription;
import io.atedb.internal.client.Writer;
import io.atedb.internal.crypt.Padding;
import io.atedb.internal.event.ChainKey;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.home.RememberedChain;
import io.atedb.internal.rpc.Transport;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * An open chain. Make one with {@link AtedbClient#open}; for use by any number of threads.
 *
 * <p>Everything read was verified: hashes, signatures, the chain of each writer's seals, the tree,
 * and that the server shows the history that it has shown before. Methods that ask the server block
 * the calling thread, which may be a virtual one.
 */
public final class Chain implements AutoCloseable {
  private final ChainKey key;
  private final Opener opener;
  private final Reader reader;
  private final Executor executor;
  private final Writer writer;
  private final Sealer sealer;
  private final Supplier<KeyPair> ownKey;
  private final boolean isForAppend;
  private volatile boolean isClosed;

  Chain(
      Transport transport,
      ChainKey key,
      OpenOptions options,
      Path home,
      Supplier<List<KeyPair>> keys,
      Supplier<KeyPair> ownKey,
      Consumer<Notice> onNotice,
      ScheduledExecutorService timer,
      Executor executor) {
    this.key = key;
    this.executor = executor;
    ChainCalls calls = new ChainCalls(transport, key, keys, this::checkChallenge);
    Expected expected =
        new Expected(
            options.chainId(), options.trustMode(), options.isConfidential(), options.isPrivate());
    RememberedChain remembered = new RememberedChain(home, transport.server(), key);
    this.opener = new Opener(calls, expected, remembered, onNotice, timer);
    this.reader = new Reader(calls, opener, keys, options.checkRules());
    this.ownKey = ownKey;
    this.isForAppend = options.isForAppend();
    this.writer =
        new Writer(
            calls,
            opener,
            expected,
            home,
            ownKey,
            options.signsBatches(),
            options.reconnectTime(),
            onNotice,
            timer,
            executor);
    this.sealer =
        new Sealer(
            reader,
            writer,
            ownKey,
            options.isConfidential(),
            options.pads() ? Padding.PADME : Padding.MARK,
            executor);
  }

  private void checkChallenge(Bytes chainId, io.atedb.internal.trust.IdentityLine line) {
    opener.checkChallenge(chainId, line);
  }

  Chain opened() {
    opener.open(isForAppend);
    return this;
  }

  /** What the chain is; one that wasn't there when it was opened may be there now. */
  private Genesis genesis() {
    if (opener.genesis() == null) {
      opener.open(false);
    }
    return opener.genesis();
  }

  /**
   * Gives the chain key.
   *
   * @return {@code domain/name/db} or {@code group/db}
   */
  public String key() {
    return key.text();
  }

  /**
   * Gives the chain's id.
   *
   * @return 32 bytes, the hash of what the chain is
   */
  public Bytes chainId() {
    return genesis().chainId();
  }

  /**
   * Says how its keys are trusted.
   *
   * @return its mode
   */
  public TrustMode trustMode() {
    return genesis().trustMode();
  }

  /**
   * Says whether its data is sealed unless a rule says otherwise.
   *
   * @return whether it is confidential
   */
  public boolean isConfidential() {
    return genesis().isConfidential();
  }

  /**
   * Says whether strangers are kept out.
   *
   * @return whether it is private
   */
  public boolean isPrivate() {
    return genesis().isPrivate();
  }

  /**
   * Gives the first root keys, as its genesis names them.
   *
   * @return sorted by fingerprint
   */
  public List<PublicKey> roots() {
    return genesis().roots();
  }

  /**
   * Gives the newest head that was verified.
   *
   * @return so many commits, and their root; null: the chain wasn't there yet
   */
  public TreeHead head() {
    return opener.known();
  }

  /**
   * Gives the newest head that the server has signed, as the C2SP note that was verified.
   *
   * @return the note; null where the server shows none, of a chain that it says is damaged
   */
  public String checkpoint() {
    return opener.checkpoint() == null ? null : opener.checkpoint().note();
  }

  /**
   * Gives the key that is written with; the default one is made where there is none.
   *
   * @return its public half
   */
  public PublicKey ownKey() {
    return ownKey.get().publicKey();
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
    return sealer.append(
        events.stream().map(NewEvent::source).toList(), conditions.preconditions());
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
    return sealer.setReaders(
        readers, (rule, wrapped, keys) -> NewEvent.readers(rule, wrapped, keys).source());
  }

  /**
   * Reads the whole chain, as it is now.
   *
   * @return its events, whose iteration throws CHAIN_DAMAGED, VERIFICATION_FAILED, HEAD_CONFLICT,
   *     CONNECTION_FAILED and others
   */
  public EventStream read() {
    checkThere();
    return reader.read(0, -1);
  }

  /**
   * Reads a range of sequences, as it is now. In distributed and confidential chains all that comes
   * before is verified first.
   *
   * @param from the first that is wanted
   * @param end the first that isn't wanted any more; beyond the chain's end: all that there is
   * @return their events, as {@link #read()}; SEQUENCE_OUT_OF_RANGE where the first is beyond the
   *     end
   * @throws AtedbException REQUEST_INVALID for what is no range
   */
  public EventStream read(long from, long end) {
    checkThere();
    if (from < 0 || end < from || end > Limits.INTEGER_MAX) {
      throw new AtedbException(
          Reason.REQUEST_INVALID,
          "a range begins at a sequence from 0 on, and ends there or later");
    }
    return from == end ? NoEvents.INSTANCE : reader.read(from, end);
  }

  /**
   * Follows the chain: history from a sequence on, then what is appended, each event once, in
   * order. Goes on by itself after a lost connection; ends when it is closed.
   *
   * @param options where it begins, and what is told
   * @return its events
   */
  public EventStream subscribe(SubscribeOptions options) {
    checkThere();
    long from =
        options.from() == SubscribeOptions.NOW ? opener.openForNextSequence() : options.from();
    return new Subscription(
            reader, from, options.heartbeat(), options.reconnect(), options.onSignal())
        .events();
  }

  /**
   * Gets the newest event of an object, which may be its tombstone. That no newer one exists is the
   * server's word.
   *
   * @param primaryKey the object, 16 bytes; {@link PrimaryKeys} makes keys of names
   * @return the event, verified and proven to be in the chain; null for an object that nobody has
   *     written
   * @throws AtedbException VERIFICATION_FAILED, HEAD_CONFLICT, CONNECTION_FAILED and others
   */
  public ChainEvent get(Bytes primaryKey) {
    checkThere();
    return reader.get(primaryKey, 0);
  }

  /**
   * Gets the newest event of the object of a name.
   *
   * @param name the name
   * @return as {@link #get(Bytes)}
   */
  public ChainEvent get(String name) {
    return get(PrimaryKeys.ofName(name));
  }

  /**
   * Gets the event of a sequence.
   *
   * @param sequence which
   * @return the event, verified and proven to be in the chain
   * @throws AtedbException SEQUENCE_OUT_OF_RANGE, and as {@link #get(Bytes)}
   */
  public ChainEvent getAt(long sequence) {
    checkThere();
    if (sequence < 0 || sequence > Limits.INTEGER_MAX) {
      throw new AtedbException(Reason.REQUEST_INVALID, "a sequence is a number from 0 on");
    }
    return reader.get(null, sequence);
  }

  /**
   * Does what {@link #get(Bytes)} does on another thread.
   *
   * @param primaryKey the object
   * @return the event, or null; fails with an {@link AtedbException}
   */
  public CompletableFuture<ChainEvent> getAsync(Bytes primaryKey) {
    return CompletableFuture.supplyAsync(() -> get(primaryKey), executor);
  }

  /**
   * Verifies the chain whole, from its first event on, with its rules.
   *
   * @return the head that it has
   * @throws AtedbException VERIFICATION_FAILED, HEAD_CONFLICT, CHAIN_DAMAGED, CONNECTION_FAILED and
   *     others
   */
  public TreeHead verify() {
    checkThere();
    return reader.verify();
  }

  /**
   * Does what {@link #verify} does on another thread.
   *
   * @return the head; fails with an {@link AtedbException}
   */
  public CompletableFuture<TreeHead> verifyAsync() {
    return CompletableFuture.supplyAsync(this::verify, executor);
  }

  private void checkThere() {
    checkOpen();
    genesis();
  }

  private void checkOpen() {
    if (isClosed) {
      throw new AtedbException(
          Reason.REQUEST_INVALID, "the chain " + key.text() + " was closed. Open it again");
    }
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
    if (isClosed) {
      return;
    }
    isClosed = true;
    try {
      writer.close();
      knowAcknowledged();
    } finally {
      opener.close();
      reader.close();
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

  @Override
  public String toString() {
    return "Chain(" + key.text() + ")";
  }
}
