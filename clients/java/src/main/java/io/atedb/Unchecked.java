package io.atedb;

import java.util.List;

/**
 * Events of a range whose data is gone, where nothing in the range shows that this is allowed: what
 * does is behind its end.
 *
 * @param count how many there are at least
 * @param sequences of the lowest of them, at most 100
 */
public record Unchecked(int count, List<Long> sequences) {}
