package io.atedb.internal.client;

import io.atedb.Committed;
import java.util.concurrent.CompletableFuture;

/** One append under way: its events, and whoever waits for them. */
final class Pending {
  final Built built;
  final CompletableFuture<Committed> result = new CompletableFuture<>();

  /** Set once it is in a batch that may have reached the server. */
  boolean wasSent;

  Pending(Built built) {
    this.built = built;
  }

  int events() {
    return built.events().size();
  }
}
