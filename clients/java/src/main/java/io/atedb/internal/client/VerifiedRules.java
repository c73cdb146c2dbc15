package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Reason;
import io.atedb.TreeHead;
import io.atedb.internal.trust.Provenance;
import io.atedb.internal.trust.Replay;
import io.atedb.internal.trust.RetentionFloor.EventPlace;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * How far a chain was verified from its first event on, with its rules. It lasts as long as this
 * object.
 */
final class VerifiedRules {
  private final Reader reader;
  private final ReentrantLock reaching = new ReentrantLock();

  /** A replay from the first event on, that is not used any more: only copies of it go on. */
  private volatile Replay place;

  VerifiedRules(Reader reader) {
    this.reader = reader;
  }

  /** What was verified; nobody may have it go on. */
  Replay current() {
    Replay reached = place;
    return reached == null ? new Replay(reader.genesis()) : reached;
  }

  /** A replay that goes on where that ends. */
  Replay begin(Provenance provenance) {
    return current().anew(provenance);
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
        Provenance provenance = Provenance.upTo(0);
        try (Reading reading =
            new Reading(() -> Range.forRules(reader, begin(provenance), sequence))) {
          reading.drain();
        }
      }
      return current();
    } finally {
      reaching.unlock();
    }
  }

  /**
   * Checks that what a server has shown by itself is part of the history whose rules were verified:
   * so it was allowed. Nothing is checked where the server's word is taken for that. Raises
   * VERIFICATION_FAILED where the server doesn't send the history as far as that; HEAD_CONFLICT.
   *
   * @param sequence of its last event
   * @param commit number of its last commit
   * @param head of a tree that it was shown to be part of
   */
  void checkAllowed(long sequence, long commit, TreeHead head) {
    if (!reader.checksRules()) {
      return;
    }
    Replay reached = reach(sequence + 1);
    // A history that ends before it says nothing of it, however well that fits.
    if (reached.nextCommit() <= commit) {
      throw new AtedbException(
          Reason.VERIFICATION_FAILED,
          "commit "
              + commit
              + " does not verify: the server doesn't send the history as far as that, so that nothing shows that it was allowed."
              + " Nothing of it was used",
          Map.of("commit", Long.toString(commit)));
    }
    reader.opener().tie(reached.head(), head);
  }

  /**
   * Whether the chain's rules for retention have let go the data of an event. Which rules those
   * were follows from its history, so that is verified, also by who takes the server's word for who
   * may do what: a server could else withhold whatever it likes.
   */
  boolean hasExpired(EventPlace event) {
    return current().retained().isAbove(event) || reach(-1).retained().isAbove(event);
  }

  /** Sees whether what a replay was told to have expired has, where it can't know by itself. */
  void settleExpired(Replay replay) {
    EventPlace expired = replay.owed().expired();
    // One from the first event on knows the rules.
    if (expired == null || replay.checksRules() || !hasExpired(expired)) {
      return;
    }
    Replay reached = current();
    reader.opener().tie(reached.head(), replay.head());
    replay.owed().settleBelow(reached.retained());
  }
}
