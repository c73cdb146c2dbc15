package io.atedb.internal.trust;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.TreeHead;
import io.atedb.VouchedBy;
import io.atedb.internal.crypt.Frontier;
import io.atedb.internal.event.Batch;
import io.atedb.internal.event.Commit;
import io.atedb.internal.event.EventView;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.event.Precondition;
import io.atedb.internal.event.Seal;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Verifies slices of the log, in order, trusting nobody: the strict form, hashes, the chain of
 * seals, counters, signatures, rights, conditions, sequences, times and the tree.
 *
 * <p>A replay that starts in the middle takes each writer's first batch there as it comes, and
 * leaves it to the server that events are allowed; the tree ties it to the history before, which is
 * the caller's to check.
 */
public final class Replay {
  private static final int ROOTS_KEPT_MAX = 65_536;

  /** Finds a public key of the chain by its fingerprint; null where there is none. */
  public interface FindKey {
    PublicKey find(Bytes fingerprint);
  }

  /**
   * Where a replay starts: the tree of the commits before.
   *
   * @param commit number of its first commit
   * @param sequence of its first event
   * @param frontier of the commits before
   */
  public record Start(long commit, long sequence, List<Bytes> frontier) {}

  private record Writer(long nextCounter, Bytes lastSealHash, TreeHead asOf) {}

  /** What is wrong with a commit, before it is known which one. */
  private static final class Violation extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Violation(String why) {
      super(why, null, false, false);
    }
  }

  private record Signed(Commit commit, Seal seal, Map<Bytes, PublicKey> keys) {}

  private final Genesis genesis;
  private final FindKey findKey;
  private final boolean isWhole;
  private Authority authority;
  private Frontier frontier;
  private Map<Long, Bytes> roots = new HashMap<>();
  private Deque<Long> rootSizes = new ArrayDeque<>();
  private Map<Bytes, Writer> writers = new HashMap<>();
  private Recent recent = new Recent();
  private long nextSequence;
  private long timeUnixMs;

  /** A replay from the first event on. */
  public Replay(Genesis genesis) {
    this(genesis, new Start(0, 0, List.of()), null);
  }

  /**
   * A replay from somewhere on; `findKey` is asked for keys that were shown before. Raises
   * NON_CANONICAL.
   */
  public Replay(Genesis genesis, Start start, FindKey findKey) {
    this.genesis = genesis;
    this.findKey = findKey;
    this.isWhole = start.commit == 0;
    this.authority = Authority.of(genesis);
    this.frontier = new Frontier(start.commit, start.frontier);
    this.nextSequence = start.sequence;
    roots.put(start.commit, frontier.root());
    rootSizes.add(start.commit);
  }

  private Replay(Replay other) {
    this.genesis = other.genesis;
    this.findKey = other.findKey;
    this.isWhole = other.isWhole;
    this.authority = other.authority.copy();
    this.frontier = other.frontier.copy();
    this.roots = new HashMap<>(other.roots);
    this.rootSizes = new ArrayDeque<>(other.rootSizes);
    this.writers = new HashMap<>(other.writers);
    this.recent = other.recent.copy();
    this.nextSequence = other.nextSequence;
    this.timeUnixMs = other.timeUnixMs;
  }

  /** One that goes on from here by itself. */
  public Replay copy() {
    return new Replay(this);
  }

  public Genesis genesis() {
    return genesis;
  }

  public long nextCommit() {
    return frontier.size();
  }

  public long nextSequence() {
    return nextSequence;
  }

  /** Whether it is checked that events are allowed: from the chain's first batch on. */
  public boolean checksRules() {
    return isWhole;
  }

  /**
   * Who may do what after all that was verified; of a replay from the middle only the keys that
   * were shown.
   */
  public Authority authority() {
    return authority;
  }

  public TreeHead head() {
    return new TreeHead(frontier.size(), frontier.root());
  }

  /**
   * The root that the tree had at a size; null for one before the start, to come, or too long ago.
   */
  public Bytes rootAt(long size) {
    return roots.get(size);
  }

  /**
   * Verifies the next slice: whole batches with their commits. Nothing is given of one that doesn't
   * verify whole. Raises VERIFICATION_FAILED, saying which commit and what is wrong with it;
   * UNSUPPORTED for what this client can't verify yet. The replay isn't to be used after either.
   */
  public List<VerifiedBatch> verify(Bytes slice) {
    List<Commit.Stored> stored;
    try {
      stored = Commit.splitSlice(slice);
    } catch (AtedbException error) {
      if (error.reason() == Reason.UNSUPPORTED) {
        throw error;
      }
      throw new AtedbException(
          Reason.VERIFICATION_FAILED,
          "a slice of the log is not valid: " + error.getMessage() + ". Nothing of it was used",
          Map.of(),
          error);
    }
    // Before anything is changed: whoever asks for keys may fail, and is then asked for the same
    // slice again.
    List<Batch> parsed = new ArrayList<>();
    if (!isWhole && findKey != null) {
      for (Commit.Stored one : stored) {
        parsed.add(
            at(
                one.commit(),
                () -> {
                  Batch batch = parse(one);
                  learnStrangers(batch);
                  return batch;
                }));
      }
    }
    List<VerifiedBatch> verified = new ArrayList<>();
    // A writer's signature covers all its batches before, through the chain of seals: its last one
    // here is enough.
    Map<Bytes, Signed> lastSigned = new LinkedHashMap<>();
    int place = 0;
    for (Commit.Stored one : stored) {
      Batch known = parsed.isEmpty() ? null : parsed.get(place);
      verified.add(
          at(one.commit(), () -> verifyOne(known == null ? parse(one) : known, one, lastSigned)));
      place++;
    }
    for (Signed last : lastSigned.values()) {
      at(
          last.commit,
          () -> {
            Signers.verify(last.seal, last.keys);
            return null;
          });
    }
    return verified;
  }

  private VerifiedBatch verifyOne(
      Batch batch, Commit.Stored stored, Map<Bytes, Signed> lastSigned) {
    VouchedBy voucher = Signers.vouchedBy(batch, genesis.trustMode());
    Map<Bytes, PublicKey> keys = step(batch, stored.commit());
    int signatures = batch.seal().signatures().size();
    if (signatures > 1) {
      Signers.verify(batch.seal(), keys);
    }
    if (signatures > 0) {
      lastSigned.put(batch.seal().writerId(), new Signed(stored.commit(), batch.seal(), keys));
    }
    return new VerifiedBatch(batch, stored.commit(), voucher);
  }

  private static Batch parse(Commit.Stored stored) {
    Batch batch = Batch.parse(stored.run());
    int index = 0;
    for (EventView event : batch.events()) {
      if (event.dataState() != 0) {
        throw new AtedbException(
            Reason.UNSUPPORTED,
            "event "
                + index
                + " has no data any more: it was dropped by a compaction or redacted, which this client can't verify"
                + " yet: use the atedb command or the TypeScript client");
      }
      index++;
    }
    CheckBatch.check(batch);
    return batch;
  }

  /**
   * Asks for the keys of signers, where it isn't known what came before; their fingerprints tell
   * that they are right.
   */
  private void learnStrangers(Batch batch) {
    if (batch.isGenesis()) {
      return;
    }
    for (Bytes signer : Signers.of(batch)) {
      if (authority.keys().find(signer) == null) {
        PublicKey key = findKey.find(signer);
        if (key != null && key.fingerprint().equals(signer)) {
          authority.keys().add(key, new Undo());
        }
      }
    }
  }

  /** Decides what a batch is in this chain; its signatures are still to be verified. */
  private Map<Bytes, PublicKey> step(Batch batch, Commit commit) {
    Map<Bytes, PublicKey> keys;
    if (batch.isGenesis()) {
      keys = CheckBatch.rootsOf(genesis);
    } else if (isWhole) {
      keys = authority.keysOf(batch);
    } else {
      keys = Signers.keysOf(batch, Signers.of(batch), authority.keys());
    }
    Seal seal = batch.seal();
    checkPlace(batch, commit);
    checkWriter(seal);
    Commit.Header header = commit.header();
    for (Precondition condition : seal.preconditions()) {
      long end = header.firstSequence() + header.events();
      if (!recent.holds(condition, seal.writerId(), end)) {
        throw new Violation(
            "its condition " + condition.kind() + " of " + condition.number() + " does not hold");
      }
    }
    if (isWhole && !batch.isGenesis()) {
      authority.decide(batch);
    }
    appendLeaf(commit);
    writers.put(
        seal.writerId().copy(), new Writer(seal.counter() + 1, seal.hash(), copyOf(seal.asOf())));
    nextSequence = header.firstSequence() + header.events();
    recent.add(batch, header.firstSequence());
    timeUnixMs = header.timeUnixMs();
    return keys;
  }

  private static TreeHead copyOf(TreeHead head) {
    return head == null ? null : new TreeHead(head.size(), head.root().copy());
  }

  private void checkPlace(Batch batch, Commit commit) {
    Commit.Header header = commit.header();
    due("number", header.commit(), frontier.size());
    due("first sequence", header.firstSequence(), nextSequence);
    due("count of events", header.events(), batch.seal().events());
    if (header.timeUnixMs() < timeUnixMs) {
      throw new Violation("its time is before the last one");
    }
    if (!header.sealHash().equals(batch.seal().hash())) {
      throw new Violation("it is of another seal");
    }
    if (!batch.seal().chainId().equals(genesis.chainId())) {
      throw new Violation("its batch is sealed for another chain");
    }
    if (batch.isGenesis() != (header.commit() == 0)) {
      throw new Violation("a genesis is the first batch of a chain, and the first only");
    }
  }

  private static void due(String what, long found, long due) {
    if (found != due) {
      throw new Violation("its " + what + " is " + found + ", and " + due + " was due");
    }
  }

  private void checkWriter(Seal seal) {
    Writer writer = writers.get(seal.writerId());
    if (writer == null) {
      if (isWhole && seal.counter() != 0) {
        throw new Violation("its writer starts at counter " + seal.counter());
      }
    } else if (seal.counter() != writer.nextCounter
        || !writer.lastSealHash.equals(seal.previous())) {
      throw new Violation(
          "counter " + seal.counter() + " doesn't continue its writer's chain of seals");
    }
    TreeHead before = writer == null ? null : writer.asOf;
    long size = seal.asOf() == null ? 0 : seal.asOf().size();
    if (size < (before == null ? 0 : before.size())) {
      throw new Violation("its writer names an older head than before");
    }
    if (size > frontier.size()) {
      throw new Violation("its writer names a head that is to come");
    }
    if (seal.asOf() == null) {
      return;
    }
    // The server need not have said its root: so a history that leaves out what a writer has seen
    // doesn't fit what that
    // writer signed.
    Bytes known = before != null && before.size() == size ? before.root() : rootAt(size);
    if (known != null && !known.equals(seal.asOf().root())) {
      throw new Violation("its writer has seen another head of " + size + " commits");
    }
  }

  private void appendLeaf(Commit commit) {
    frontier.append(commit.leaf());
    Bytes root = frontier.root();
    if (commit.treeRoot() != null && !commit.treeRoot().equals(root)) {
      throw new Violation("its tree root is another than computed");
    }
    roots.put(frontier.size(), root);
    rootSizes.add(frontier.size());
    if (rootSizes.size() > ROOTS_KEPT_MAX) {
      roots.remove(rootSizes.remove());
    }
  }

  private interface Step<T> {
    T take();
  }

  private static <T> T at(Commit commit, Step<T> step) {
    try {
      return step.take();
    } catch (Violation | AtedbException error) {
      if (error instanceof AtedbException known && isToldAsItIs(known.reason())) {
        throw known;
      }
      throw new AtedbException(
          Reason.VERIFICATION_FAILED,
          "commit "
              + commit.header().commit()
              + " does not verify: "
              + error.getMessage()
              + ". Nothing of it was used; the server, or its copy of the chain, can't be trusted",
          Map.of("commit", Long.toString(commit.header().commit())),
          error);
    }
  }

  /**
   * What this client can't verify is no lie; and what a call has failed with, that asks for a key,
   * says nothing of the batch.
   */
  private static boolean isToldAsItIs(Reason reason) {
    return switch (reason) {
      case UNSUPPORTED,
          CONNECTION_FAILED,
          DEADLINE_EXCEEDED,
          SERVER_DRAINING,
          CHAIN_PRIVATE,
          WIRE_TRUNCATED,
          WIRE_FRAME_INVALID,
          WIRE_SESSION_UNKNOWN,
          WIRE_CALL_REPLAYED ->
          true;
      default -> false;
    };
  }

  /**
   * Verifies one batch by itself: form, hashes, who vouches for it, and that its commit is of it.
   * Its place, which an inclusion proof shows, its writer's other batches, and that it is allowed
   * are not checked. Raises VERIFICATION_FAILED.
   */
  public static VerifiedBatch verifySingle(Genesis genesis, Commit.Stored stored, FindKey findKey) {
    return at(
        stored.commit(),
        () -> {
          Batch batch = parse(stored);
          VouchedBy voucher = Signers.vouchedBy(batch, genesis.trustMode());
          Map<Bytes, PublicKey> keys;
          if (batch.isGenesis()) {
            keys = CheckBatch.rootsOf(genesis);
          } else {
            // Any start but the chain's: so that keys are asked for.
            Replay replay =
                new Replay(genesis, new Start(1, 1, List.of(stored.commit().leaf())), findKey);
            replay.learnStrangers(batch);
            keys = Signers.keysOf(batch, Signers.of(batch), replay.authority.keys());
          }
          Signers.verify(batch.seal(), keys);
          Commit.Header header = stored.commit().header();
          boolean fits =
              header.sealHash().equals(batch.seal().hash())
                  && header.events() == batch.events().size()
                  && batch.isGenesis() == (header.commit() == 0)
                  && batch.seal().chainId().equals(genesis.chainId());
          if (!fits) {
            throw new Violation("its commit or its chain is another");
          }
          return new VerifiedBatch(batch, stored.commit(), voucher);
        });
  }
}
