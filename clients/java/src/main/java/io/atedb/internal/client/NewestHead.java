package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Notice;
import io.atedb.TreeHead;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.home.RememberedChain;
import io.atedb.internal.home.RememberedChain.Remembered;
import io.atedb.internal.trust.SignedHead;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** The newest head of a chain that was verified, and the newest checkpoint; both are saved. */
final class NewestHead {
  private final RememberedChain remembered;
  private final Supplier<Genesis> genesis;
  private final Consumer<Notice> onNotice;
  private final LazySaver saver;
  private final ReentrantLock lock = new ReentrantLock();
  private volatile TreeHead known;
  private volatile SignedHead checkpoint;

  /** `genesis` may give null as long as the chain isn't there. */
  NewestHead(
      RememberedChain remembered,
      Supplier<Genesis> genesis,
      Consumer<Notice> onNotice,
      ScheduledExecutorService timer) {
    this.remembered = remembered;
    this.genesis = genesis;
    this.onNotice = onNotice;
    this.saver = new LazySaver(timer, this::save);
  }

  /** Each one was verified as an extension of the one before; null before the first opening. */
  TreeHead known() {
    return known;
  }

  /** Of the verified history; null: none was shown. */
  SignedHead checkpoint() {
    return checkpoint;
  }

  /**
   * Moves on to a head that extends `before`. If that isn't the newest now, the two were never
   * compared: nothing happens.
   */
  void advance(TreeHead before, TreeHead head) {
    lock.lock();
    try {
      boolean isNewest = known == null ? before == null : known.equals(before);
      if (isNewest && (before == null || head.size() > before.size())) {
        known = head;
        saver.changed();
      }
    } finally {
      lock.unlock();
    }
  }

  void keep(SignedHead signed) {
    lock.lock();
    try {
      // What is kept is never beyond what is known, which later heads are compared with.
      boolean isAhead = known != null && signed.head().size() > known.size();
      if (!isAhead && signed.isNewerThan(checkpoint)) {
        checkpoint = signed;
        if (known != null) {
          saver.changed();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** Saves what isn't saved. */
  void flush() {
    saver.flush();
  }

  private void save() {
    TreeHead head = known;
    Genesis said = genesis.get();
    if (head == null || said == null) {
      return;
    }
    try {
      remembered.note(new Remembered(said.chainId(), head, checkpoint));
    } catch (AtedbException error) {
      onNotice.accept(
          new Notice(
              Notice.Kind.NOT_SAVED,
              "what was verified could not be saved: " + error.getMessage(),
              error));
    }
  }
}
