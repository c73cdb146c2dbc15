package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.ChainEvent;
import io.atedb.EventStream;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.TreeHead;
import io.atedb.TrustMode;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.client.Schema.GetEventRequest;
import io.atedb.internal.client.Schema.GetEventResponse;
import io.atedb.internal.client.Schema.StartOfHistory;
import io.atedb.internal.crypt.Frontier;
import io.atedb.internal.crypt.Merkle;
import io.atedb.internal.event.Commit;
import io.atedb.internal.event.EventInput;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.trust.Replay;
import io.atedb.internal.trust.VerifiedBatch;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Reads one chain. What it hands on was verified whole: see {@link Replay}.
 *
 * <p>In distributed and confidential chains all that comes before is read and verified first, since
 * the rules follow from it; how far it has come lasts as long as this object.
 */
public final class Reader {
  private final ChainCalls calls;
  private final Opener opener;
  private final ReadKeys readKeys;
  private final Boolean checkRules;
  private final ReentrantLock reaching = new ReentrantLock();

  /** A replay from the first event on, that is not used any more: only copies of it go on. */
  private volatile Replay place;

  /** `checkRules` may be null: where the server isn't trusted with that. */
  public Reader(
      ChainCalls calls,
      Opener opener,
      java.util.function.Supplier<List<io.atedb.KeyPair>> keys,
      Boolean checkRules) {
    this.calls = calls;
    this.opener = opener;
    this.readKeys = new ReadKeys(keys);
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

  Genesis genesis() {
    return opener.genesis();
  }

  boolean checksRules() {
    if (checkRules != null) {
      return checkRules;
    }
    return genesis().trustMode() == TrustMode.DISTRIBUTED || genesis().isConfidential();
  }

  /** What was verified from the chain's first event on. */
  Replay rules() {
    Replay reached = place;
    return reached == null ? new Replay(genesis()) : reached;
  }

  /** Goes on from a replay that nobody uses any more, if it has come further. */
  void keep(Replay replay) {
    reaching.lock();
    try {
      if (replay.checksRules() && (place == null || replay.nextSequence() > place.nextSequence())) {
        place = replay;
      }
    } finally {
      reaching.unlock();
    }
  }

  /**
   * Has the chain verified from its first event up to a sequence, or to its end (-1), if that was
   * not done before.
   */
  Replay reach(long sequence) {
    reaching.lock();
    try {
      Replay reached = place;
      if (reached == null || sequence < 0 || reached.nextSequence() < sequence) {
        try (Range range = new Range(this, begin(), 0, sequence)) {
          while (range.next() != null) {
            // What it verifies is kept.
          }
        }
      }
      return rules();
    } finally {
      reaching.unlock();
    }
  }

  /** Begins a replay where what was verified from the first event on ends. */
  Replay begin() {
    return rules().copy();
  }

  /**
   * Begins a replay for a reader of what comes from a sequence on; null: where the server says that
   * it begins.
   */
  Replay beginAt(long start) {
    if (start == 0) {
      return new Replay(genesis());
    }
    Replay reached = place;
    boolean isBehind = reached != null && reached.nextSequence() > start;
    // What is verified already is read once more, by itself, and tied to that.
    return !checksRules() || isBehind ? null : begin();
  }

  /** Reads a range of sequences, as it is now; an end of -1 is the chain's. */
  public EventStream read(long start, long end) {
    Range range = new Range(this, beginAt(start), start, end);
    return new Events(this, range::next, range::close, start, end);
  }

  /**
   * Verifies the chain whole, from its first event on, with its rules. Gives the head that it has.
   */
  public TreeHead verify() {
    Replay replay = new Replay(genesis());
    try (Range range = new Range(this, replay, 0, -1)) {
      while (range.next() != null) {
        // Nothing of it is handed on.
      }
    }
    return replay.head();
  }

  /**
   * Gets the newest event of an object, or, where that is null, the one of a sequence; null for an
   * object that nobody has written. That no newer event of the object exists is the server's word.
   */
  public ChainEvent get(Bytes primaryKey, long sequence) {
    FieldWriter request =
        new FieldWriter()
            .text(GetEventRequest.CHAIN_KEY, calls.chainKey())
            .bytes(GetEventRequest.CHAIN_ID, genesis().chainId());
    if (primaryKey == null) {
      // The field is one of a oneof: it is there also where it is 0.
      if (sequence == 0) {
        request.append(Bytes.wrap(new byte[] {GetEventRequest.SEQUENCE << 3, 0}));
      } else {
        request.varint(GetEventRequest.SEQUENCE, sequence);
      }
    } else {
      if (primaryKey.size() != Limits.KEY_BYTES) {
        throw EventInput.invalid(
            "primary_key", "it is " + primaryKey.size() + " bytes, and must be 16");
      }
      request.bytes(GetEventRequest.PRIMARY_KEY, primaryKey);
    }
    Bytes raw;
    try {
      raw = calls.unary("GetEvent", request);
    } catch (AtedbException error) {
      if (error.reason() == Reason.EVENT_NOT_FOUND) {
        return null;
      }
      throw error;
    }
    return checkGot(Answers.parts(raw), primaryKey, sequence);
  }

  private ChainEvent checkGot(Parts answer, Bytes primaryKey, long asked) {
    List<Commit.Stored> stored =
        Answers.checked(
            "the event's batch is none",
            () -> Commit.splitSlice(answer.bytes(GetEventResponse.LOG)));
    if (stored.size() != 1) {
      throw Answers.untrue("an event is in one batch");
    }
    VerifiedBatch verified = Replay.verifySingle(genesis(), stored.get(0), this::findKey);
    TreeHead head = Answers.head(answer, GetEventResponse.HEAD);
    Commit commit = stored.get(0).commit();
    boolean isIn =
        Merkle.verifyInclusion(
            commit.leaf(),
            commit.header().commit(),
            head.size(),
            answer.all(GetEventResponse.INCLUSION),
            head.root());
    if (!isIn) {
      throw Answers.untrue("the event's batch is not in the tree of the head that it names");
    }
    long sequence = answer.number(GetEventResponse.SEQUENCE);
    if (checksRules()) {
      opener.tie(reach(sequence + 1).head(), head);
    }
    opener.tie(head, opener.known());
    List<ChainEvent> events = Events.of(verified, sequence, sequence + 1);
    boolean isAsked =
        events.size() == 1
            && (primaryKey == null
                ? sequence == asked
                : primaryKey.equals(events.get(0).primaryKey()));
    if (!isAsked) {
      throw Answers.untrue("the event is not the one that was asked for");
    }
    return Events.opened(this, events.get(0));
  }

  /**
   * Begins where a server says that a stream or a range begins, or goes on there. Raises
   * VERIFICATION_FAILED, HEAD_CONFLICT.
   */
  Follower follow(Replay replay, Bytes start, TreeHead known, long asked) {
    Parts said = Answers.parts(start);
    TreeHead head = Answers.head(said, StartOfHistory.HEAD);
    if (!said.bytes(StartOfHistory.CHAIN_ID).equals(genesis().chainId())) {
      throw Answers.untrue("the start is of another chain");
    }
    opener.checkNotBehind(head, known, null);
    long commit = said.number(StartOfHistory.START_COMMIT);
    long sequence = said.number(StartOfHistory.START_SEQUENCE);
    List<Bytes> hashes = said.all(StartOfHistory.FRONTIER);
    Frontier frontier = Answers.checked("its frontier is none", () -> new Frontier(commit, hashes));
    boolean isOfHead =
        Merkle.verifyConsistency(
            commit,
            head.size(),
            frontier.root(),
            head.root(),
            said.all(StartOfHistory.CONSISTENCY));
    if (!isOfHead) {
      throw Answers.untrue("the frontier of the start is not of the tree of its head");
    }
    if (sequence > asked) {
      throw Answers.untrue(
          "the start is at sequence " + sequence + ", which is after the one asked for");
    }
    if (replay == null) {
      opener.tie(head, known);
      Replay begun =
          new Replay(genesis(), new Replay.Start(commit, sequence, hashes), this::findKey);
      if (!checksRules()) {
        return new Follower(this, begun, head, known, -1);
      }
      // What is handed on of what was verified before is of that history.
      Replay rules = rules();
      opener.tie(rules.head().size() == 0 ? known : rules.head(), head);
      return new Follower(this, begun, head, known, rules.nextSequence());
    }
    if (commit != replay.nextCommit()) {
      throw Answers.untrue(
          "it goes on at commit " + commit + ", and " + replay.nextCommit() + " was asked for");
    }
    if (!frontier.root().equals(replay.head().root())) {
      throw opener.conflict(
          "its history is another than the one streamed",
          replay.head(),
          new TreeHead(commit, frontier.root()));
    }
    return new Follower(this, replay, head, known, -1);
  }

  private PublicKey findKey(Bytes fingerprint) {
    Bytes raw =
        calls.unary(
            "GetKeys",
            new FieldWriter()
                .text(Schema.GetKeysRequest.CHAIN_KEY, calls.chainKey())
                .bytes(Schema.GetKeysRequest.CHAIN_ID, genesis().chainId())
                .message(Schema.GetKeysRequest.FINGERPRINTS, fingerprint));
    for (Bytes one : Answers.parts(raw).all(Schema.GetKeysResponse.KEYS)) {
      PublicKey key = Answers.checked("a key is none", () -> PublicKey.parse(one));
      if (key.fingerprint().equals(fingerprint)) {
        return key;
      }
    }
    return null;
  }

  /** Forgets read keys. */
  public void close() {
    readKeys.wipe();
  }
}
