package io.atedb.internal.client;

import io.atedb.Bytes;
import io.atedb.ChainEvent;
import io.atedb.ChainRules;
import io.atedb.ChildStream;
import io.atedb.ChildrenOptions;
import io.atedb.EventStream;
import io.atedb.ReadOptions;
import io.atedb.TreeHead;
import io.atedb.TrustMode;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.event.EventInput;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.trust.Authority;
import io.atedb.internal.trust.Provenance;
import io.atedb.internal.trust.Replay;
import java.util.List;

/**
 * Reads one chain. What it hands on was verified whole: see {@link Replay}.
 *
 * <p>In distributed and confidential chains all that comes before is read and verified first, since
 * the rules follow from it.
 */
public final class Reader {
  private final ChainCalls calls;
  private final Opener opener;
  private final ReadKeys readKeys;
  private final KeyFinder keyFinder;
  private final VerifiedRules rules = new VerifiedRules(this);
  private final EventGetter getter = new EventGetter(this);
  private final Boolean checkRules;

  /** `checkRules` may be null: where the server isn't trusted with that. */
  public Reader(ChainCalls calls, Opener opener, ChainKeys keys, Boolean checkRules) {
    this.calls = calls;
    this.opener = opener;
    this.readKeys = new ReadKeys(keys);
    this.keyFinder = new KeyFinder(calls);
    this.checkRules = checkRules;
  }

  ChainCalls calls() {
    return calls;
  }

  Opener opener() {
    return opener;
  }

  ReadKeys readKeys() {
    return readKeys;
  }

  KeyFinder keyFinder() {
    return keyFinder;
  }

  VerifiedRules rules() {
    return rules;
  }

  EventGetter getter() {
    return getter;
  }

  Genesis genesis() {
    return opener.genesis();
  }

  /** Who may do what, as was verified so far. */
  Authority authority() {
    return rules.current().authority();
  }

  /** Whose the chain is at its end, which is verified up to there. */
  public ChainRules ownersNow() {
    Authority newest = rules.reach(-1).authority();
    return new ChainRules(
        newest.owner() == null ? null : newest.owner().name(),
        newest.keys().roots(),
        newest.keys().writers(),
        newest.admitted(),
        newest.hasReadRules());
  }

  boolean checksRules() {
    if (checkRules != null) {
      return checkRules;
    }
    return genesis().trustMode() == TrustMode.DISTRIBUTED || genesis().isConfidential();
  }

  /**
   * Begins a replay for a reader of what comes from a sequence on; null: where the server says that
   * it begins.
   */
  Replay beginAt(long from, Provenance provenance) {
    if (from == 0) {
      return new Replay(genesis(), provenance);
    }
    boolean isBehind = rules.current().nextSequence() > from;
    // What is verified already is read once more, by itself, and tied to that.
    return !checksRules() || isBehind ? null : rules.begin(provenance);
  }

  /** Reads a range, as it is now. */
  public EventStream read(ReadOptions options) {
    Reading reading = new Reading(() -> Range.of(this, options));
    return new Events(reading, options.from(), options.end());
  }

  /**
   * Verifies the chain whole, from its first event on, with its rules. Gives the head that it has.
   */
  public TreeHead verify() {
    try (Reading reading = new Reading(() -> Range.whole(this, new Replay(genesis())))) {
      return reading.drain();
    }
  }

  /** Gets the newest event of an object; null for one that nobody has written. */
  public ChainEvent get(Bytes primaryKey) {
    checkKey("primary_key", primaryKey);
    return getter.newestOf(primaryKey);
  }

  /** Gets the event of a sequence. */
  public ChainEvent getAt(long sequence) {
    return getter.at(sequence);
  }

  /** Lists the children of an object, or those at the root of the chain in a collection. */
  public ChildStream children(ChildrenOptions options) {
    checkKey("parent", options.parent());
    checkKey("collection", options.collection());
    checkKey("after_collection", options.afterCollection());
    checkKey("after_key", options.afterKey());
    if (options.parent() == null && options.collection() == null) {
      throw EventInput.invalid("parent", "an object or a collection is required");
    }
    return new Children(this, options);
  }

  /** Loads the data of events that were read without it. */
  public List<ChainEvent> load(List<ChainEvent> events) {
    return new DataLoader(this).load(events);
  }

  static void checkKey(String field, Bytes key) {
    if (key != null && key.size() != Limits.KEY_BYTES) {
      throw EventInput.invalid(
          field, "it is " + key.size() + " bytes, and must be " + Limits.KEY_BYTES);
    }
  }

  /** Forgets read keys. */
  public void close() {
    readKeys.wipe();
  }
}
