package io.atedb;

import io.atedb.internal.bytes.Limits;
import io.atedb.internal.client.Opener;
import io.atedb.internal.client.Reader;
import io.atedb.internal.client.Subscription;
import io.atedb.internal.event.ChainKey;
import io.atedb.internal.event.Genesis;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * What of an open {@link Chain} can be read.
 *
 * <p>Everything read was verified: hashes, signatures, the chain of each writer's seals, the tree,
 * and that the server shows the history that it has shown before. Methods that ask the server block
 * the calling thread, which may be a virtual one.
 */
public abstract class ChainReader {
  private final ChainKey key;
  private final Opener opener;
  private final Reader reader;
  final Executor executor;
  private volatile boolean isClosed;

  ChainReader(ChainKey key, Opener opener, Reader reader, Executor executor) {
    this.key = key;
    this.opener = opener;
    this.reader = reader;
    this.executor = executor;
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
   * Reads the whole chain, as it is now.
   *
   * @return its events, whose iteration throws CHAIN_DAMAGED, VERIFICATION_FAILED, HEAD_CONFLICT,
   *     CONNECTION_FAILED and others
   */
  public EventStream read() {
    return read(ReadOptions.ALL);
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
    return read(ReadOptions.ALL.range(from, end));
  }

  /**
   * Reads what options say, as it is now, as {@link #read()}.
   *
   * <p>Of data that is gone it is verified that it may be, where the chain is read to its end; a
   * range that ends earlier tells {@link ReadOptions#onUnchecked} of what its own events don't
   * show.
   *
   * @param options which events, and how much data of them
   * @return their events, as {@link #read(long, long)}
   */
  public EventStream read(ReadOptions options) {
    checkThere();
    return options.from() == options.end() ? NoEvents.INSTANCE : reader.read(options);
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
    return new Subscription(reader, from, options).events();
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
    return reader.get(primaryKey);
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
    return reader.getAt(sequence);
  }

  /**
   * Lists the children of an object, or those that are at the root of the chain in a collection: of
   * each its newest event, in the order of their collections (those in none first) and then of
   * their primary keys. Each is verified, and proven to be in the chain; that none is left out, and
   * that there is nothing newer, is the server's word.
   *
   * @param options whose, and which
   * @return them, whose iteration throws as that of {@link #read()}
   * @throws AtedbException REQUEST_INVALID where neither an object nor a collection is named
   */
  public ChildStream children(ChildrenOptions options) {
    checkThere();
    return reader.children(options);
  }

  /**
   * Loads the data of events that were read without it ({@link DataState#OMITTED}), and holds it
   * against their headers. Of data that is gone by now it is verified that it may be.
   *
   * @param events which
   * @return the same events in their order, with their data; others as they are
   * @throws AtedbException VERIFICATION_FAILED, HEAD_CONFLICT, CONNECTION_FAILED and others
   */
  public List<ChainEvent> load(List<ChainEvent> events) {
    checkThere();
    return reader.load(events);
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

  /**
   * Says whose the chain is, and who is let in, from all of the chain as it is now, which is
   * verified from its first event on.
   *
   * @return that
   * @throws AtedbException as {@link #verify}
   */
  public ChainRules rules() {
    checkThere();
    return reader.ownersNow();
  }

  void checkThere() {
    checkOpen();
    genesis();
  }

  void checkOpen() {
    if (isClosed) {
      throw new AtedbException(
          Reason.REQUEST_INVALID, "the chain " + key.text() + " was closed. Open it again");
    }
  }

  /** Whether it was closed: it does nothing any more. */
  boolean isClosed() {
    return isClosed;
  }

  /** Says that it is closed; false where it was before. */
  boolean endUse() {
    boolean wasOpen = !isClosed;
    isClosed = true;
    return wasOpen;
  }

  @Override
  public String toString() {
    return "Chain(" + key.text() + ")";
  }
}
