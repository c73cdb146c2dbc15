package io.atedb.internal.rpc;

import io.atedb.Bytes;

/** What a client reads of a call that has failed, for tests of hostile bytes. */
public final class HostileStatus {
  private HostileStatus() {}

  public static void read(Bytes details) {
    Statuses.ownDetails(details, "it has failed");
    Statuses.of(13, "it has failed", details, "a server", null);
  }
}
