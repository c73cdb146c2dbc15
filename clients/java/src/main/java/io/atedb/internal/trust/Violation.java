package io.atedb.internal.trust;

import io.atedb.AtedbException;
import io.atedb.Reason;
import io.atedb.internal.event.Commit;
import java.util.Map;

/** What is wrong with a commit, before it is known which one. */
final class Violation extends RuntimeException {
  private static final long serialVersionUID = 1L;

  Violation(String why) {
    super(why, null, false, false);
  }

  /** A step of verifying one commit. */
  interface Step<T> {
    T take();
  }

  /**
   * Takes a step, and says which commit it is that doesn't verify. Raises VERIFICATION_FAILED; what
   * this client can't verify is no lie, and stays UNSUPPORTED.
   */
  static <T> T at(Commit commit, Step<T> step) {
    try {
      return step.take();
    } catch (Violation | AtedbException error) {
      if (error instanceof AtedbException known && known.reason() == Reason.UNSUPPORTED) {
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
