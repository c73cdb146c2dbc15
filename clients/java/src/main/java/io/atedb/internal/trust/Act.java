package io.atedb.internal.trust;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Reason;
import io.atedb.internal.event.Said;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * An event, as far as its right is concerned.
 *
 * @param index its place in the batch
 * @param key the object; empty: none
 * @param parent empty: it names none
 * @param said of rights and keys
 * @param actors the keys that its right may come from
 */
record Act(int index, Bytes key, Bytes parent, Said said, List<Bytes> actors) {
  private static final Map<String, String> PROBLEMS =
      Map.of(
          "cycle", "its parent would be itself, or below it",
          "gone", "its parent was removed",
          "elsewhere", "the object has another parent. Name that one, or say that the object moves",
          "there", "it says that the object moves to where it is, or it is new",
          "too_deep", "its parent is too far from the root of the chain");

  List<Bytes> signers() {
    if (said.author() == null) {
      return actors;
    }
    List<Bytes> all = new ArrayList<>(actors);
    all.add(said.author());
    return all;
  }

  AtedbException refused(Reason reason, String why, String... more) {
    Map<String, String> metadata = new HashMap<>();
    metadata.put("event_index", Integer.toString(index));
    metadata.put("fingerprint", Signers.inWords(actors).replace(", ", ","));
    if (!key.isEmpty()) {
      metadata.put("primary_key", key.hex());
    }
    for (int at = 0; at + 1 < more.length; at += 2) {
      metadata.put(more[at], more[at + 1]);
    }
    return new AtedbException(reason, "event " + index + ": " + why, metadata);
  }

  AtedbException countsNoMore(Bytes fingerprint) {
    return refused(
        Reason.KEY_REVOKED,
        "the key " + fingerprint + " counts no more, or would replace itself, and can't be named");
  }

  AtedbException parentInvalid(String problem) {
    return refused(
        Reason.PARENT_INVALID, PROBLEMS.get(problem), "problem", problem, "parent", parent.hex());
  }
}
