package io.atedb;

/**
 * Something that a user may want to know, and that is no failure.
 *
 * @param kind what it is about
 * @param message the same for people
 * @param cause what has led to it, or null
 */
public record Notice(Kind kind, String message, AtedbException cause) {
  /** What notices are about. */
  public enum Kind {
    /** A key was made, which only this home folder has. */
    KEY_CREATED,
    /** A chain was made. */
    CHAIN_CREATED,
    /** A name was claimed, and nobody has checked whose it is. */
    NAME_CLAIMED,
    /** Who is in a chain's group is known elsewhere, so that the user's own key is used. */
    GROUP_ELSEWHERE,
    /** The writer goes on as a new one. */
    NEW_WRITER,
    /** A lost server is tried again. */
    RECONNECTING,
    /** A server was met for the first time, and is known by its identity from now on. */
    SERVER_MET,
    /** A server has another identity, for which the one before vouches. */
    SERVER_ROTATED,
    /** What was verified could not be saved. */
    NOT_SAVED
  }
}
