package io.atedb;

/**
 * What a subscription tells beside events.
 *
 * @param kind what has happened
 * @param head the head that the server has named, or null
 * @param cause what the connection was lost with, or null
 */
public record Signal(Kind kind, TreeHead head, AtedbException cause) {
  /** What can happen. */
  public enum Kind {
    /** History has been sent; what follows is live. */
    CAUGHT_UP,
    /** The reader was slower than the writers: what follows is history again. */
    FELL_BEHIND,
    /** Nothing happened for a while. */
    HEARTBEAT,
    /** The server has signed a head, which was verified. */
    CHECKPOINT,
    /** The connection was lost, and another one is tried. */
    RECONNECTING
  }
}
