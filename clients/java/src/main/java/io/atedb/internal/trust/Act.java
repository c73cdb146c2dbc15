package io.atedb.internal.trust;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Reason;
import io.atedb.internal.event.EventView;
import io.atedb.internal.event.Said;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * An event, as far as its right is concerned.
 *
 * @param index its place in the batch
 * @param event what it is
 * @param said of rights and keys
 * @param actors the keys that it is from
 * @param acting the keys that its right may come from: the actors, and whom they count as
 * @param timeUnixMs of its commit
 */
record Act(
    int index,
    EventView event,
    Said said,
    List<Bytes> actors,
    List<Bytes> acting,
    long timeUnixMs) {
  private static final Map<String, String> PROBLEMS =
      Map.of(
          "cycle", "its parent would be itself, or below it",
          "gone", "its parent was removed",
          "elsewhere", "the object has another parent. Name that one, or say that the object moves",
          "there", "it says that the object moves to where it is, or it is new",
          "too_deep", "its parent is too far from the root of the chain");

  /** The object; empty: none. */
  Bytes key() {
    return event.primaryKey();
  }

  /** Empty: it names none. */
  Bytes parent() {
    return event.parent();
  }

  /** Whether delegations may count for it, by the time of its commit. */
  boolean isDelegable() {
    return isDelegable(event);
  }

  static boolean isDelegable(EventView event) {
    return event.writesObject() && !event.has(EventView.AUTHORITY);
  }

  List<Bytes> signers() {
    if (said.author() == null) {
      return actors;
    }
    List<Bytes> all = new ArrayList<>(actors);
    all.add(said.author());
    return all;
  }

  AtedbException refused(Reason reason, String why, String... more) {
    return refused(index, reason, why, about(more));
  }

  private Map<String, String> about(String... more) {
    Map<String, String> metadata = new HashMap<>();
    metadata.put("fingerprint", Signers.inMetadata(actors));
    if (!key().isEmpty()) {
      metadata.put("primary_key", key().hex());
    }
    for (int at = 0; at + 1 < more.length; at += 2) {
      metadata.put(more[at], more[at + 1]);
    }
    return metadata;
  }

  /** Makes the refusal of the event of an index. */
  static AtedbException refused(
      int index, Reason reason, String why, Map<String, String> metadata) {
    Map<String, String> all = new HashMap<>(metadata);
    all.put("event_index", Integer.toString(index));
    return new AtedbException(reason, "event " + index + ": " + why, all);
  }

  AtedbException countsNoMore(Bytes fingerprint) {
    return refused(
        Reason.KEY_REVOKED,
        "the key " + fingerprint + " counts no more, or would replace itself, and can't be named",
        "fingerprint",
        fingerprint.hex());
  }

  AtedbException parentInvalid(String problem) {
    return refused(
        Reason.PARENT_INVALID, PROBLEMS.get(problem), "problem", problem, "parent", parent().hex());
  }
}
