package io.atedb.internal.trust;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.TreeHead;
import io.atedb.VouchedBy;
import io.atedb.internal.event.Batch;
import io.atedb.internal.event.Commit;
import io.atedb.internal.event.Gap;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.event.Precondition;
import io.atedb.internal.event.Seal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Verifies slices of the log, in order, trusting nobody: the strict form, hashes, the chain of
 * seals, counters, signatures, rights, conditions, sequences, times and the tree; and that what
 * allows data to be gone has come, as far as it has.
 *
 * <p>A replay that starts in the middle takes each writer's first batch there as it comes, and
 * leaves it to the server that events are allowed; the tree ties it to the history before, which is
 * the caller's to check.
 */
public final class Replay {
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

  /** A batch that is verified but for what it is signed with. */
  private record Step(
      VerifiedBatch verified, Map<Bytes, PublicKey> keys, PublicKey issuer, boolean coversLast) {
    void verifySignatures() {
      Violation.at(
          verified.commit(),
          () -> {
            Signers.verifyAll(verified.batch(), keys, issuer);
            return null;
          });
    }

    /** What is said of keys is covered by no later seal. */
    boolean isByItself() {
      return verified.batch().seal().signatures().size() > 1 || issuer != null;
    }
  }

  private final Genesis genesis;
  private final FindKey findKey;
  private final boolean isWhole;
  private final Provenance provenance;
  private final Authority authority;
  private final ReplayedTree tree;
  private final ReplayedWriters writers;
  private final Recent recent;
  private final OwedData owed;
  private RetentionFloor retained = RetentionFloor.NONE;
  private long nextSequence;
  private long timeUnixMs;

  /** A replay from the first event on, of all data. */
  public Replay(Genesis genesis) {
    this(genesis, Provenance.STORED);
  }

  /** A replay from the first event on. */
  public Replay(Genesis genesis, Provenance provenance) {
    this(genesis, new Start(0, 0, List.of()), null, provenance);
  }

  /**
   * A replay from somewhere on; `findKey` is asked for keys that were shown before. Raises
   * NON_CANONICAL.
   */
  public Replay(Genesis genesis, Start start, FindKey findKey, Provenance provenance) {
    this.genesis = genesis;
    this.findKey = findKey;
    this.isWhole = start.commit == 0;
    this.provenance = provenance;
    this.authority = Authority.of(genesis);
    this.tree = new ReplayedTree(start.commit, start.frontier);
    this.writers = new ReplayedWriters();
    this.recent = new Recent();
    this.owed = new OwedData(new Forgotten(start.sequence, 0));
    this.nextSequence = start.sequence;
  }

  private Replay(Replay other, OwedData owed, Provenance provenance) {
    this.genesis = other.genesis;
    this.findKey = other.findKey;
    this.isWhole = other.isWhole;
    this.provenance = provenance;
    this.authority = other.authority.copy();
    this.tree = other.tree.copy();
    this.writers = other.writers.copy();
    this.recent = other.recent.copy();
    this.owed = owed;
    this.retained = other.retained;
    this.nextSequence = other.nextSequence;
    this.timeUnixMs = other.timeUnixMs;
  }

  /** One that goes on from here by itself. */
  public Replay copy(Provenance of) {
    return new Replay(this, owed.copy(), of);
  }

  /**
   * The same for a reading that begins where this one stands: nothing is asked any more of what
   * this one was owed.
   */
  public Replay anew(Provenance of) {
    Forgotten forgotten = new Forgotten(nextSequence, owed.forgotten.missingBelow());
    return new Replay(this, new OwedData(forgotten), of);
  }

  public Genesis genesis() {
    return genesis;
  }

  public long nextCommit() {
    return tree.size();
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

  /** What is still to come, since data is gone. Who comes to the head with some was lied to. */
  public OwedData owed() {
    return owed;
  }

  /** What rules for retention have let go so far, where it is known who may do what. */
  public RetentionFloor retained() {
    return retained;
  }

  public TreeHead head() {
    return tree.head();
  }

  /**
   * The root that the tree had at a size; null for one before the start, to come, or too long ago.
   */
  public Bytes rootAt(long size) {
    return tree.rootAt(size);
  }

  /**
   * Verifies the next slice: whole batches with their commits. Nothing is given of one that doesn't
   * verify whole. Raises VERIFICATION_FAILED, saying which commit is wrong, or which sequence where
   * nothing allows its data to be gone; HISTORY_COMPACTED where the chain was compacted since the
   * reading began, so that it can't be gone on with; UNSUPPORTED for what this client can't verify.
   * The replay isn't to be used after any of them. What asking for keys fails with is raised as it
   * is, and then nothing has changed: the same slice may be verified again.
   */
  public List<VerifiedBatch> verify(Bytes slice) {
    List<Commit.Stored> stored = split(slice);
    List<Batch> parsed = new ArrayList<>();
    if (!isWhole) {
      for (Commit.Stored one : stored) {
        Batch batch = parse(one);
        learnStrangers(one, batch);
        parsed.add(batch);
      }
    }
    List<VerifiedBatch> verified = new ArrayList<>();
    // A writer's signature covers all its batches before, through the chain of seals: its last one
    // here is enough.
    Map<Bytes, Step> lastSigned = new LinkedHashMap<>();
    for (int place = 0; place < stored.size(); place++) {
      Commit.Stored one = stored.get(place);
      Batch batch = isWhole ? parse(one) : parsed.get(place);
      Step step = Violation.at(one.commit(), () -> step(one.gap(), batch, one.commit()));
      Step last = step.coversLast ? null : lastSigned.remove(batch.seal().writerId());
      if (last != null) {
        last.verifySignatures();
      }
      if (step.isByItself()) {
        step.verifySignatures();
      } else if (!batch.seal().signatures().isEmpty()) {
        lastSigned.put(batch.seal().writerId(), step);
      }
      verified.add(step.verified);
    }
    lastSigned.values().forEach(Step::verifySignatures);
    owed.refuseMet();
    return verified;
  }

  private static List<Commit.Stored> split(Bytes slice) {
    try {
      return Commit.splitSlice(slice);
    } catch (AtedbException error) {
      String why = "a slice of the log is not valid: " + error.getMessage();
      throw new AtedbException(
          Reason.VERIFICATION_FAILED, why + ". Nothing of it was used", Map.of(), error);
    }
  }

  private Batch parse(Commit.Stored stored) {
    return Violation.at(
        stored.commit(),
        () -> {
          Batch batch = Batch.parse(stored.run());
          CheckBatch.check(batch, provenance);
          return batch;
        });
  }

  /**
   * Asks for the keys of signers, where it isn't known what came before; their fingerprints tell
   * that they are right.
   */
  private void learnStrangers(Commit.Stored stored, Batch batch) {
    if (batch.isGenesis() || FromServer.is(batch) || findKey == null) {
      return;
    }
    for (Bytes signer : Violation.at(stored.commit(), () -> Signers.of(batch))) {
      if (authority.keys().find(signer) == null) {
        PublicKey key = findKey.find(signer);
        if (key != null && key.fingerprint().equals(signer)) {
          Violation.at(
              stored.commit(),
              () -> {
                authority.keys().add(key, new Undo());
                return null;
              });
        }
      }
    }
  }

  private Map<Bytes, PublicKey> keysOf(Batch batch) {
    if (batch.isGenesis()) {
      return Signers.tableOf(genesis.signers());
    }
    if (isWhole) {
      return authority.keysOf(batch);
    }
    // Of the server's own, where it isn't known what came before, it is the one that it claims to
    // have.
    return FromServer.is(batch)
        ? Signers.tableOf(List.of(FromServer.claimedServer(batch, genesis)))
        : Signers.keysOf(batch, Signers.of(batch), authority.keys());
  }

  /** Decides what a batch is in this chain; its seal's signatures are still to be verified. */
  private Step step(Gap gap, Batch batch, Commit commit) {
    if (gap != null) {
      pass(gap);
    }
    VouchedBy voucher = Signers.vouchedBy(batch, genesis.trustMode());
    Map<Bytes, PublicKey> keys = keysOf(batch);
    // Where it isn't known who may do what, what was delegated is not looked at either.
    PublicKey issuer = isWhole ? DelegationPath.issuerOf(batch, authority.keys()) : null;
    Seal seal = batch.seal();
    checkPlace(batch, commit);
    Commit.Header header = commit.header();
    owed.forgotten.note(gap, batch, header.firstSequence());
    boolean mayMiss = owed.forgotten.missingBelow() > tree.size();
    boolean coversLast = writers.check(seal, tree, isWhole, mayMiss);
    if (isWhole && !batch.isGenesis()) {
      authority.checkFresh(batch);
    }
    checkConditions(seal, header);
    CheckEvents.checkRedactions(batch, header.firstSequence());
    FromServer.verifyHeld(batch, genesis);
    if (isWhole && batch.isGenesis()) {
      authority.checkTakes(header.timeUnixMs());
    } else if (isWhole) {
      String chainKey = genesis.chainKey().text();
      authority.decide(batch, new Place(header.timeUnixMs(), header.firstSequence(), chainKey));
    }
    tree.append(commit);
    writers.wrote(seal);
    nextSequence = header.firstSequence() + header.events();
    recent.add(batch, header.firstSequence());
    timeUnixMs = header.timeUnixMs();
    owed.add(batch, header.firstSequence(), timeUnixMs);
    if (isWhole) {
      retained = retained.raised(authority.retention(), nextSequence, timeUnixMs);
      owed.settleBelow(retained);
    }
    noteReached();
    return new Step(new VerifiedBatch(gap, batch, commit, voucher), keys, issuer, coversLast);
  }

  /** Goes on behind commits that are gone, or before a batch of which events are. */
  private void pass(Gap gap) {
    owed.forgotten.gap(gap, tree.size(), nextSequence);
    tree.pass(gap.subtrees(tree.size()));
    nextSequence += gap.events();
    if (gap.commits() > 0) {
      noteReached();
    }
  }

  /** It has come to a place between two commits. */
  private void noteReached() {
    owed.forgotten.reached(
        tree::head, tree.size(), nextSequence, timeUnixMs, () -> isWhole ? writers.seals() : null);
  }

  private void checkPlace(Batch batch, Commit commit) {
    Commit.Header header = commit.header();
    due("number", header.commit(), tree.size());
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

  private void checkConditions(Seal seal, Commit.Header header) {
    for (Precondition condition : seal.preconditions()) {
      long end = header.firstSequence() + header.events();
      if (!recent.holds(condition, seal.writerId(), end)) {
        throw new Violation(
            "its condition " + condition.kind() + " of " + condition.number() + " does not hold");
      }
    }
  }

  /**
   * Verifies one batch by itself: form, hashes, who vouches for it, and that its commit is of it.
   * Its place, which an inclusion proof shows, its writer's other batches, and that it is allowed
   * are not checked, nor what allows data of it to be gone. Raises VERIFICATION_FAILED.
   */
  public static VerifiedBatch verifySingle(
      Genesis genesis, Commit.Stored stored, FindKey findKey, Provenance provenance) {
    // Any start but the chain's: so that keys are asked for.
    Start start = new Start(1, 1, List.of(stored.commit().leaf()));
    Replay replay = new Replay(genesis, start, findKey, provenance);
    Batch batch = replay.parse(stored);
    replay.learnStrangers(stored, batch);
    return Violation.at(stored.commit(), () -> replay.single(stored.gap(), batch, stored.commit()));
  }

  private VerifiedBatch single(Gap gap, Batch batch, Commit commit) {
    Commit.Header header = commit.header();
    CheckEvents.checkRedactions(batch, header.firstSequence());
    VouchedBy voucher = Signers.vouchedBy(batch, genesis.trustMode());
    Signers.verify(batch.seal(), keysOf(batch));
    FromServer.verifyHeld(batch, genesis);
    boolean fits =
        header.sealHash().equals(batch.seal().hash())
            && header.events() == batch.count()
            && batch.isGenesis() == (header.commit() == 0)
            && batch.seal().chainId().equals(genesis.chainId());
    if (!fits) {
      throw new Violation("its commit or its chain is another");
    }
    return new VerifiedBatch(gap, batch, commit, voucher);
  }
}
