package io.atedb.internal.trust;

import io.atedb.VouchedBy;
import io.atedb.internal.event.Batch;
import io.atedb.internal.event.Commit;
import io.atedb.internal.event.Gap;

/**
 * A batch that was verified, with its commit.
 *
 * @param gap what is gone of it, or before it; null: nothing is
 * @param batch the batch
 * @param commit the server's acceptance
 * @param vouchedBy who says that it is its writer's
 */
public record VerifiedBatch(Gap gap, Batch batch, Commit commit, VouchedBy vouchedBy) {
  /** Sequence of its first event, or of the first that is gone right before it. */
  public long beginsAt() {
    return commit.header().firstSequence() - (gap == null ? 0 : gap.events());
  }
}
