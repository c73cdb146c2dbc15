package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Reason;
import io.atedb.TreeHead;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.home.RememberedChain;
import io.atedb.internal.trust.SignedHead;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Heads of one chain that can't both be true. */
final class Conflicts {
  /**
   * Two of them.
   *
   * @param why they can't be
   * @param known the one that was verified before
   * @param served the one that is shown now; null: there is no chain
   * @param consistency the proof that came with it, and doesn't hold
   * @param signed the checkpoint that came with it, or null
   */
  record Conflict(
      String why, TreeHead known, TreeHead served, List<Bytes> consistency, SignedHead signed) {
    Conflict(String why, TreeHead known, TreeHead served, SignedHead signed) {
      this(why, known, served, List.of(), signed);
    }
  }

  private final ChainCalls calls;
  private final RememberedChain remembered;
  private final Supplier<Genesis> genesis;
  private final NewestHead newest;

  Conflicts(
      ChainCalls calls, RememberedChain remembered, Supplier<Genesis> genesis, NewestHead newest) {
    this.calls = calls;
    this.remembered = remembered;
    this.genesis = genesis;
    this.newest = newest;
  }

  /** Keeps evidence, and makes the HEAD_CONFLICT that says so. */
  AtedbException of(Conflict conflict) {
    Genesis said = genesis.get();
    Path evidence =
        remembered.keepEvidence(
            conflict.why,
            said == null ? null : said.header(),
            conflict.known,
            conflict.served,
            conflict.consistency,
            newest.checkpoint(),
            conflict.signed);
    Map<String, String> metadata = new HashMap<>();
    metadata.put("chain_key", calls.chainKey());
    metadata.put("known_size", Long.toString(conflict.known.size()));
    metadata.put("known_root", conflict.known.root().hex());
    if (conflict.served != null) {
      metadata.put("served_size", Long.toString(conflict.served.size()));
      metadata.put("served_root", conflict.served.root().hex());
    }
    if (evidence != null) {
      metadata.put("evidence", evidence.toString());
    }
    String forget =
        remembered.path() == null ? "" : ". To accept it as it is now, delete " + remembered.path();
    return new AtedbException(
        Reason.HEAD_CONFLICT,
        calls.server()
            + " contradicts what was verified before of "
            + calls.chainKey()
            + ": "
            + conflict.why
            + ". It was restored or repaired, or its history was rewritten: find out which before trusting it"
            + forget,
        metadata);
  }
}
