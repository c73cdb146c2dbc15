package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.ChainEvent;
import io.atedb.DataState;
import io.atedb.Reason;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.client.Schema.LoadDataRequest;
import io.atedb.internal.client.Schema.LoadDataResponse;
import io.atedb.internal.crypt.Hashes;
import io.atedb.internal.crypt.Tags;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Loads data that was left out when events were read, and holds it against their headers. */
final class DataLoader {
  /** As many events are named in one request. */
  private static final int EVENTS_MAX = 64;

  private final Reader reader;
  private final EventMaker maker;

  DataLoader(Reader reader) {
    this.reader = reader;
    this.maker = new EventMaker(reader);
  }

  /**
   * Gives the events with their data; others as they are. Of data that is gone by now it is
   * verified that it may be. Raises VERIFICATION_FAILED.
   */
  List<ChainEvent> load(List<ChainEvent> events) {
    List<ChainEvent> loaded = new ArrayList<>();
    for (int at = 0; at < events.size(); at += EVENTS_MAX) {
      loadSome(events.subList(at, Math.min(events.size(), at + EVENTS_MAX)), loaded);
    }
    return loaded;
  }

  private static boolean isOmitted(ChainEvent event) {
    return event.dataState() == DataState.OMITTED;
  }

  private void loadSome(List<ChainEvent> events, List<ChainEvent> loaded) {
    List<ChainEvent> wanted = events.stream().filter(DataLoader::isOmitted).toList();
    if (wanted.isEmpty()) {
      loaded.addAll(events);
      return;
    }
    FieldWriter request =
        new FieldWriter()
            .text(LoadDataRequest.CHAIN_KEY, reader.calls().chainKey())
            .bytes(LoadDataRequest.CHAIN_ID, reader.genesis().chainId());
    for (ChainEvent event : wanted) {
      request.message(
          LoadDataRequest.EVENTS,
          new FieldWriter()
              .varint(Schema.WantedData.SEQUENCE, event.sequence())
              .bytes(Schema.WantedData.EVENT_HASH, Hashes.leaf(event.header())));
    }
    try (ChainCalls.Several answers = reader.calls().several("LoadData", request, 0)) {
      for (ChainEvent event : events) {
        loaded.add(isOmitted(event) ? loaded(event, answers.next(0)) : event);
      }
      if (answers.next(0) != null) {
        throw bad(events.get(events.size() - 1), "something follows it that nobody has asked for");
      }
    }
  }

  private ChainEvent loaded(ChainEvent event, Bytes raw) {
    if (raw == null) {
      throw bad(event, "it does not come");
    }
    Parts answer = Answers.parts(raw);
    if (!answer.bytes(LoadDataResponse.EVENT_HASH).equals(Hashes.leaf(event.header()))) {
      throw bad(event, "it is of another event");
    }
    long state = answer.number(LoadDataResponse.DATA_STATE);
    if (state == 0) {
      return event.with(checked(event, answer));
    }
    boolean isKnown = state == (int) state && state < DataState.values().length;
    if (!isKnown || state == DataState.OMITTED.ordinal()) {
      throw bad(event, "it is left out, or gone for a reason that is not known");
    }
    return gone(event, DataState.values()[(int) state], answer);
  }

  private ChainEvent gone(ChainEvent event, DataState state, Parts answer) {
    if (answer.has(LoadDataResponse.DATA) || answer.has(LoadDataResponse.SALT)) {
      throw bad(event, "it is said to be gone, and some of it is here");
    }
    if ((state == DataState.REDACTED) != answer.has(LoadDataResponse.REDACTION)) {
      throw bad(event, "what has erased it is said where nothing has, or is not said");
    }
    ChainEvent.RedactedBy redactedBy =
        state == DataState.REDACTED
            ? new ChainEvent.RedactedBy(answer.number(LoadDataResponse.REDACTION), null)
            : null;
    ChainEvent without = event.with(EventMaker.gone(event.header(), state, redactedBy));
    return reader.getter().withReason(without, null);
  }

  private ChainEvent.Content checked(ChainEvent event, Parts answer) {
    Bytes data = answer.bytes(LoadDataResponse.DATA);
    Bytes salt = answer.bytesOrNull(LoadDataResponse.SALT);
    boolean isSealed = event.sealed() != null;
    Parts header = new Parts(event.header());
    boolean fits =
        isSealed == (salt == null)
            && data.size() == header.number(31)
            && header
                .bytes(30)
                .equals(
                    isSealed
                        ? Hashes.tagged(Tags.HASH_SEALED_DATA, data)
                        : Hashes.tagged(Tags.HASH_DATA, salt, data));
    if (!fits) {
      throw bad(event, "it does not hash to what the header of the event says");
    }
    return maker.content(event.sequence(), event.header(), data);
  }

  private static AtedbException bad(ChainEvent event, String why) {
    return new AtedbException(
        Reason.VERIFICATION_FAILED,
        "the data that the server sent of the event at sequence "
            + event.sequence()
            + " does not verify: "
            + why
            + ". Nothing of it was used",
        Map.of("sequence", Long.toString(event.sequence())));
  }
}
