package io.atedb;

/**
 * A child of an object, as it is now.
 *
 * @param event its newest event with data
 * @param movedBy sequence of the event of rules that has moved it since; -1: the event itself says
 *     where it is
 * @param parent where it is now; null: at the root of the chain
 * @param collection of the parent, or null
 */
public record Child(ChainEvent event, long movedBy, Bytes parent, Bytes collection) {}
