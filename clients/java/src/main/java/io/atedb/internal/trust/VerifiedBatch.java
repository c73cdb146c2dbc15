package io.atedb.internal.trust;

import io.atedb.VouchedBy;
import io.atedb.internal.event.Batch;
import io.atedb.internal.event.Commit;

/**
 * A batch that was verified, with its commit.
 *
 * @param batch the batch
 * @param commit the server's acceptance
 * @param vouchedBy who says that it is its writer's
 */
public record VerifiedBatch(Batch batch, Commit commit, VouchedBy vouchedBy) {}
