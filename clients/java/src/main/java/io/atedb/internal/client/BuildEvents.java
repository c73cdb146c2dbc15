package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.KeyPair;
import io.atedb.Reason;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.event.Delegation;
import io.atedb.internal.event.EventInput;
import io.atedb.internal.event.Precondition;
import io.atedb.internal.event.Right;
import io.atedb.internal.event.SealedData;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Makes the events of one append, once. */
final class BuildEvents {
  /** Room for a signature and the key that made it. */
  private static final int SIGNER_BYTES_MAX = 8_192;

  /** Room for a seal beside the events: its header and conditions take less than this. */
  private static final int SEAL_BYTES_MAX = 1_024 + 32 * Limits.PRECONDITIONS_MAX;

  private static final int FIELD_HEAD_BYTES_MAX = 8;

  private BuildEvents() {}

  /**
   * Builds events. Raises TOO_MANY_EVENTS, DATA_TOO_LARGE, naming the limit; REQUEST_INVALID.
   *
   * @param sealings of each event, if it was asked what is to be sealed; else null
   * @param author the member's own key, where another one is written with: events name it as their
   *     author, and it signs besides; or null
   * @param coSigners keys that sign besides
   * @param right what the writer's key has by delegations, which the batch may have to show; or
   *     null
   */
  static Built of(
      List<? extends EventSource> events,
      List<Precondition> conditions,
      List<SealedData.Sealing> sealings,
      KeyPair author,
      List<KeyPair> coSigners,
      Right right) {
    if (events.isEmpty()) {
      throw EventInput.invalid("events", "there are none");
    }
    if (events.size() > Limits.BATCH_EVENTS_MAX) {
      throw new AtedbException(
          Reason.TOO_MANY_EVENTS,
          events.size()
              + " events are too many for one append, which is one batch: "
              + Limits.BATCH_EVENTS_MAX
              + " is the limit. Append them in several calls",
          Map.of("limit_events", Integer.toString(Limits.BATCH_EVENTS_MAX)));
    }
    List<KeyPair> besides = besides(author, coSigners);
    List<Bytes> signWith = besides.stream().map(KeyPair::fingerprint).sorted().toList();
    Bytes by = author == null ? null : author.fingerprint();
    int most = roomWith(besides.size(), right);
    List<EventInput.Built> made = new ArrayList<>();
    long bytes = 0;
    boolean bearsAuthority = !besides.isEmpty();
    for (int index = 0; index < events.size(); index++) {
      EventSource event = events.get(index);
      checkSize(bytes + event.dataBytes(), most);
      EventInput.Built one =
          event.build(sealings == null ? null : sealings.get(index), signWith, by);
      made.add(one);
      bytes += one.frame().size();
      bearsAuthority |= event.bearsAuthority();
      checkSize(bytes, most);
    }
    return new Built(made, (int) bytes, conditions, besides, bearsAuthority, sealings != null);
  }

  private static List<KeyPair> besides(KeyPair author, List<KeyPair> coSigners) {
    Map<Bytes, KeyPair> once = new LinkedHashMap<>();
    coSigners.forEach(one -> once.putIfAbsent(one.fingerprint(), one));
    if (author != null) {
      once.putIfAbsent(author.fingerprint(), author);
    }
    if (once.size() >= Limits.SIGNERS_MAX) {
      throw EventInput.invalid(
          "co_signers",
          "there are " + once.size() + ", and " + (Limits.SIGNERS_MAX - 1) + " is the limit");
    }
    return List.copyOf(once.values());
  }

  /** Bytes of events that a batch has room for, beside its seal and what that shows. */
  private static int roomWith(int coSigners, Right right) {
    int most = Limits.RUN_BYTES_MAX - SEAL_BYTES_MAX - (coSigners + 1) * SIGNER_BYTES_MAX;
    if (right == null) {
      return most;
    }
    for (Delegation one : right.delegations()) {
      most -= one.message().size() + FIELD_HEAD_BYTES_MAX;
    }
    return most - SIGNER_BYTES_MAX;
  }

  private static void checkSize(long bytes, int most) {
    if (bytes > most) {
      throw new AtedbException(
          Reason.DATA_TOO_LARGE,
          "the events are too large for one batch, at "
              + bytes
              + " bytes or more: "
              + most
              + " is the limit. Append them in several calls, or store one as several",
          Map.of("limit_bytes", Integer.toString(most)));
    }
  }
}
