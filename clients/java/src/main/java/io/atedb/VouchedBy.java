package io.atedb;

/** Who says that an event is its writer's. */
public enum VouchedBy {
  /** A signature of the writer's key is on its batch. */
  WRITER,
  /** The server of a centralized chain alone. */
  SERVER
}
