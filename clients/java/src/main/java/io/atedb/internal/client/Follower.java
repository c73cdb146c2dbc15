package io.atedb.internal.client;

import io.atedb.Bytes;
import io.atedb.TreeHead;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.client.Schema.StartOfHistory;
import io.atedb.internal.crypt.Frontier;
import io.atedb.internal.crypt.Merkle;
import io.atedb.internal.trust.Provenance;
import io.atedb.internal.trust.Replay;
import io.atedb.internal.trust.SignedHead;
import io.atedb.internal.trust.VerifiedBatch;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A replay of what a server sends, compared with every head that is known or was named; moves the
 * known head on.
 */
final class Follower {
  /** Heads that a server has named and not yet sent the history of. */
  private static final int NAMED_MAX = 16;

  private final Reader reader;
  final Replay replay;
  final TreeHead startHead;
  final TreeHead knownBefore;
  private final Map<Long, TreeHead> named = new LinkedHashMap<>();

  /**
   * Sequence up to which a replay without rules is of what was verified with them; -1: it goes as
   * far as it goes.
   */
  private long covered;

  /** Number of the commit that it began with. */
  private final long begunAt;

  private List<VerifiedBatch> pending = List.of();

  private Follower(
      Reader reader, Replay replay, TreeHead startHead, TreeHead knownBefore, long covered) {
    this.reader = reader;
    this.replay = replay;
    this.startHead = startHead;
    this.knownBefore = knownBefore;
    this.covered = covered;
    this.begunAt = replay.nextCommit();
    named.put(startHead.size(), startHead);
  }

  /** A StartOfHistory that is of the chain, and whose frontier is of the tree of its head. */
  private record Start(TreeHead head, long commit, long sequence, Frontier frontier) {
    static Start parse(Reader reader, Bytes message) {
      Parts said = Answers.parts(message);
      TreeHead head = Answers.head(said, StartOfHistory.HEAD);
      if (!said.bytes(StartOfHistory.CHAIN_ID).equals(reader.genesis().chainId())) {
        throw Answers.untrue("the start is of another chain");
      }
      long commit = said.number(StartOfHistory.START_COMMIT);
      List<Bytes> hashes = said.all(StartOfHistory.FRONTIER).stream().map(Bytes::copy).toList();
      Frontier frontier =
          Answers.checked("its frontier is none", () -> new Frontier(commit, hashes));
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
      return new Start(head, commit, said.number(StartOfHistory.START_SEQUENCE), frontier);
    }
  }

  /**
   * Begins where a server says that a stream or a range begins, or goes on there. Raises
   * VERIFICATION_FAILED, HEAD_CONFLICT.
   *
   * @param replay that goes on; null: one begins where the server says
   * @param known the newest head that was known when the server was asked
   * @param asked the first sequence that was asked for
   */
  static Follower begin(
      Reader reader,
      Replay replay,
      Bytes message,
      TreeHead known,
      long asked,
      Provenance provenance) {
    Start start = Start.parse(reader, message);
    Opener opener = reader.opener();
    opener.checkNotBehind(start.head, known, null);
    if (start.sequence > asked) {
      throw Answers.untrue(
          "the start is at sequence " + start.sequence + ", which is after the one asked for");
    }
    if (replay != null) {
      checkGoesOn(reader, replay, start);
      return new Follower(reader, replay, start.head, known, -1);
    }
    opener.tie(start.head, known);
    Replay.Start from = new Replay.Start(start.commit, start.sequence, start.frontier.hashes());
    Replay begun = new Replay(reader.genesis(), from, reader.keyFinder(), provenance);
    if (!reader.checksRules()) {
      return new Follower(reader, begun, start.head, known, -1);
    }
    // What is handed on of what was verified before is of that history.
    Replay rules = reader.rules().current();
    opener.tie(rules.head().size() == 0 ? known : rules.head(), start.head);
    return new Follower(reader, begun, start.head, known, rules.nextSequence());
  }

  private static void checkGoesOn(Reader reader, Replay replay, Start start) {
    if (start.commit != replay.nextCommit()) {
      throw Answers.untrue(
          "it goes on at commit "
              + start.commit
              + ", and "
              + replay.nextCommit()
              + " was asked for");
    }
    Bytes root = start.frontier.root();
    if (!root.equals(replay.head().root())) {
      throw reader
          .opener()
          .conflict(
              "its history is another than the one streamed",
              replay.head(),
              new TreeHead(start.commit, root));
    }
  }

  /** Verifies the next slice, and gives it as {@link #finish} does. */
  List<VerifiedBatch> feed(Bytes slice) {
    pending = replay.verify(slice);
    return finish();
  }

  /** Whether there are batches that have come, and couldn't be given yet. */
  boolean hasPending() {
    return !pending.isEmpty();
  }

  /**
   * Gives what has come, when all else that it needs was checked; after a failure that passes it
   * may be tried again.
   */
  List<VerifiedBatch> finish() {
    List<VerifiedBatch> batches = pending;
    if (replay.checksRules()) {
      reader.readKeys().learn(batches);
    } else if (covered >= 0 && replay.nextSequence() > covered) {
      // Behind what was verified: the rules for it are verified by a replay of their own.
      Replay rules = reader.rules().reach(replay.nextSequence());
      if (rules.nextCommit() < replay.nextCommit()) {
        throw Answers.untrue("it has sent more than the history whose rules it shows");
      }
      reader.opener().tie(rules.head(), replay.head());
      covered = rules.nextSequence();
    }
    compare();
    pending = List.of();
    return batches;
  }

  /** Takes note of a head that the server names in between. Raises HEAD_CONFLICT. */
  void name(TreeHead head) {
    if (head.size() < replay.nextCommit()) {
      return;
    }
    named.put(head.size(), head);
    if (named.size() > NAMED_MAX) {
      named.remove(named.keySet().iterator().next());
    }
    compare();
  }

  /**
   * Compares a checkpoint of what was replayed, and keeps it. Raises VERIFICATION_FAILED,
   * HEAD_CONFLICT.
   */
  void attested(SignedHead signed, SignedHead before) {
    if (signed.head().size() > replay.nextCommit()) {
      throw Answers.untrue(
          "it shows a checkpoint of " + signed.head().size() + " commits, and has sent fewer");
    }
    reader.opener().keepCheckpoint(signed, replay.rootAt(signed.head().size()), before);
  }

  /**
   * Compares the tree with what is known and named, at every size that was passed; then moves the
   * known head on.
   */
  private void compare() {
    for (TreeHead head : new ArrayList<>(named.values())) {
      if (head.size() > replay.nextCommit()) {
        continue;
      }
      named.remove(head.size());
      Bytes root = replay.rootAt(head.size());
      if (root != null && !root.equals(head.root())) {
        throw reader
            .opener()
            .conflict(
                "it names another head than its own history has",
                new TreeHead(head.size(), root),
                head);
      }
    }
    TreeHead newest = reader.opener().known();
    if (newest == null) {
      return;
    }
    Bytes root = replay.rootAt(newest.size());
    if (root == null) {
      if (begunAt < newest.size() && newest.size() < replay.nextCommit()) {
        // It lies within what is gone, so that it was passed without being compared.
        reader.opener().tie(replay.head(), newest);
        reader.opener().advance(newest, replay.head());
      }
      return;
    }
    if (!root.equals(newest.root())) {
      throw reader
          .opener()
          .conflict(
              "its chain has another history than it had",
              newest,
              new TreeHead(newest.size(), root));
    }
    reader.opener().advance(newest, replay.head());
  }
}
