package io.atedb.internal.trust;

/**
 * Where a batch is taken, as far as that decides what counts.
 *
 * @param timeUnixMs of its commit, by which delegations and answers of auth services count
 * @param firstSequence of the batch
 * @param chainKey the chain's, which delegations must name
 */
public record Place(long timeUnixMs, long firstSequence, String chainKey) {}
