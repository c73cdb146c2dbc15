package io.atedb.internal.trust;

import io.atedb.AtedbException;
import io.atedb.Reason;
import io.atedb.internal.event.Commit;
import java.util.Map;
import java.util.Set;

/** What is wrong with a commit, before it is known which one. */
final class Violation extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private static final Set<Reason> KEPT = Set.of(Reason.UNSUPPORTED, Reason.HISTORY_COMPACTED);

  Violation(String why) {
    super(why, null, false, false);
  }

  /** A step of verifying one commit. */
  interface Step<T> {
    T take();
  }

  /**
   * Takes a step, and says which commit it is that doesn't verify. Raises VERIFICATION_FAILED; but
   * what is no lie as it is: UNSUPPORTED, HISTORY_COMPACTED.
   */
  static <T> T at(Commit commit, Step<T> step) {
    try {
      return step.take();
    } catch (Violation | AtedbException error) {
      if (error instanceof AtedbException known && KEPT.contains(known.reason())) {
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
}
