package io.atedb.internal.client;

import io.atedb.Bytes;
import io.atedb.ChainEvent;
import io.atedb.EventStream;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.event.Batch;
import io.atedb.internal.event.Commit;
import io.atedb.internal.event.EventView;
import io.atedb.internal.event.Said;
import io.atedb.internal.event.SealedData;
import io.atedb.internal.trust.VerifiedBatch;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** Events of batches, one after the other. */
final class Events implements EventStream {
  private final Supplier<List<VerifiedBatch>> source;
  private final UnaryOperator<ChainEvent> open;
  private final Runnable close;
  private final long start;
  private final long end;
  private final Deque<VerifiedBatch> batches = new ArrayDeque<>();
  private final Deque<ChainEvent> events = new ArrayDeque<>();
  private ChainEvent ready;
  private boolean isDone;

  /** `source` gives the next batches, and null after the last. An end of -1 is none. */
  Events(
      Reader reader, Supplier<List<VerifiedBatch>> source, Runnable close, long start, long end) {
    this(source, event -> opened(reader, event), close, start, end);
  }

  Events(
      Supplier<List<VerifiedBatch>> source,
      UnaryOperator<ChainEvent> open,
      Runnable close,
      long start,
      long end) {
    this.source = source;
    this.open = open;
    this.close = close;
    this.start = start;
    this.end = end;
  }

  @Override
  public boolean hasNext() {
    while (ready == null && !isDone) {
      if (!events.isEmpty()) {
        // It is taken away only when it was opened: so that a loss in between skips none.
        ready = open.apply(events.peek());
        events.remove();
      } else if (!batches.isEmpty()) {
        events.addAll(of(batches.remove(), start, end));
      } else {
        List<VerifiedBatch> next = source.get();
        if (next == null) {
          close();
        } else {
          batches.addAll(next);
        }
      }
    }
    return ready != null;
  }

  @Override
  public ChainEvent next() {
    if (!hasNext()) {
      throw new NoSuchElementException("there are no more events");
    }
    ChainEvent event = ready;
    ready = null;
    return event;
  }

  @Override
  public void close() {
    isDone = true;
    close.run();
  }

  /**
   * The events of a batch whose sequences are from `start` on and before `end`. Sealed data is as
   * it is stored.
   */
  static List<ChainEvent> of(VerifiedBatch verified, long start, long end) {
    Batch batch = verified.batch();
    Commit.Header header = verified.commit().header();
    List<ChainEvent> found = new ArrayList<>();
    for (int index = 0; index < batch.events().size(); index++) {
      long sequence = header.firstSequence() + index;
      if (sequence < start || end >= 0 && sequence >= end) {
        continue;
      }
      EventView event = batch.events().get(index);
      Parts said = new Parts(event.header());
      Said.Confidentiality sealed =
          event.isSealed() ? Said.readConfidentiality(event.header()) : null;
      found.add(
          new ChainEvent(
              sequence,
              header.commit(),
              event.kind(),
              orNull(event.primaryKey()),
              orNull(event.parent()),
              said.bytesOrNull(5),
              said.has(12) ? said.text(12) : null,
              said.bytesOrNull(13),
              said.has(14) ? said.number(14) : -1,
              header.timeUnixMs(),
              event.data(),
              sealed == null
                  ? null
                  : new ChainEvent.Sealed(
                      sealed.readKeyId(), ChainEvent.Sealed.State.NO_KEY, List.of()),
              event.header(),
              batch.seal().writerId(),
              batch.seal().fingerprint(),
              said.bytesOrNull(11),
              verified.vouchedBy()));
    }
    return found;
  }

  private static Bytes orNull(Bytes key) {
    return key.isEmpty() ? null : key;
  }

  /** Opens what is sealed, where one of the client's keys was given the read key. */
  static ChainEvent opened(Reader reader, ChainEvent event) {
    if (event.sealed() == null) {
      return event;
    }
    Bytes keyId = event.sealed().readKeyId();
    Bytes chainId = reader.genesis().chainId();
    byte[] readKey = reader.readKeys().find(keyId, chainId);
    if (readKey == null) {
      // It may have been handed out in what this client has not read; or later, to a reader who
      // joined late.
      reader.reach(event.sequence() + 1);
      readKey = reader.readKeys().find(keyId, chainId);
    }
    if (readKey == null) {
      reader.reach(-1);
      readKey = reader.readKeys().find(keyId, chainId);
    }
    if (readKey == null) {
      return with(
          event, Bytes.EMPTY, ChainEvent.Sealed.State.NO_KEY, reader.readKeys().holdersOf(keyId));
    }
    Bytes text =
        SealedData.open(
            readKey,
            chainId,
            event.header(),
            Said.readConfidentiality(event.header()),
            event.data());
    return text == null
        ? with(event, Bytes.EMPTY, ChainEvent.Sealed.State.INVALID, List.of())
        : with(event, text, ChainEvent.Sealed.State.OPEN, List.of());
  }

  private static ChainEvent with(
      ChainEvent event, Bytes data, ChainEvent.Sealed.State state, List<Bytes> holders) {
    return new ChainEvent(
        event.sequence(),
        event.commit(),
        event.kind(),
        event.primaryKey(),
        event.parent(),
        event.collection(),
        event.type(),
        event.replyTo(),
        event.timeUnixMs(),
        event.committedUnixMs(),
        data,
        new ChainEvent.Sealed(event.sealed().readKeyId(), state, holders),
        event.header(),
        event.writerId(),
        event.fingerprint(),
        event.author(),
        event.vouchedBy());
  }
}
