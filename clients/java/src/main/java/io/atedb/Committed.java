package io.atedb;

/**
 * Where the events of an append are, durably.
 *
 * @param firstSequence of the first event
 * @param lastSequence of the last one
 * @param commit number of the batch that they are in, perhaps with those of other appends
 * @param timeUnixMs the server's clock, in milliseconds since 1970-01-01 UTC
 */
public record Committed(long firstSequence, long lastSequence, long commit, long timeUnixMs) {}
