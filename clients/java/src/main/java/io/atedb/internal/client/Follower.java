package io.atedb.internal.client;

import io.atedb.Bytes;
import io.atedb.TreeHead;
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

  private List<VerifiedBatch> pending = List.of();

  Follower(Reader reader, Replay replay, TreeHead startHead, TreeHead knownBefore, long covered) {
    this.reader = reader;
    this.replay = replay;
    this.startHead = startHead;
    this.knownBefore = knownBefore;
    this.covered = covered;
    named.put(startHead.size(), startHead);
  }

  /** Verifies the next slice. */
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
      Replay rules = reader.reach(replay.nextSequence());
      covered = rules.nextSequence();
      reader.opener().tie(rules.head(), replay.head());
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
    Bytes root = newest == null ? null : replay.rootAt(newest.size());
    if (root == null) {
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
