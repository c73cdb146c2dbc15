package io.atedb.internal.client;

import io.atedb.Bytes;
import io.atedb.ChainEvent;
import io.atedb.DataState;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.client.Schema.LoadDataRequest;
import io.atedb.internal.crypt.Hashes;
import java.util.ArrayList;
import java.util.List;

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
        throw LoadedData.bad(
            events.get(events.size() - 1).sequence(),
            "something follows it that nobody has asked for");
      }
    }
  }

  private ChainEvent loaded(ChainEvent event, Bytes raw) {
    LoadedData data = LoadedData.of(event.sequence(), event.header(), raw);
    if (data.state() == DataState.PRESENT) {
      return event.with(maker.content(event.sequence(), event.header(), data.data()));
    }
    ChainEvent.RedactedBy redactedBy =
        data.state() == DataState.REDACTED
            ? new ChainEvent.RedactedBy(data.redaction(), null)
            : null;
    ChainEvent.Content content = EventMaker.gone(event.header(), data.state(), redactedBy);
    return reader.getter().withReason(event.with(content), null);
  }
}
