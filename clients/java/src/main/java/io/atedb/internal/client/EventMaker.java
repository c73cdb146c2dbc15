package io.atedb.internal.client;

import io.atedb.Bytes;
import io.atedb.ChainEvent;
import io.atedb.ChainEvent.Content;
import io.atedb.ChainEvent.Sealed;
import io.atedb.DataState;
import io.atedb.EventKind;
import io.atedb.Redaction;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.event.Commit;
import io.atedb.internal.event.EventView;
import io.atedb.internal.event.Said;
import io.atedb.internal.event.SealedData;
import io.atedb.internal.trust.VerifiedBatch;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Makes events of batches that were verified, and opens what is sealed. For one reading. */
final class EventMaker {
  private final Reader reader;

  /** Read keys that were looked for up to the chain's end, and not found. */
  private final Set<Bytes> looked = new HashSet<>();

  EventMaker(Reader reader) {
    this.reader = reader;
  }

  /** Makes the event of a place in a batch. Raises as reading does, and may be tried again then. */
  ChainEvent make(VerifiedBatch verified, int index) {
    EventView event = verified.batch().event(index);
    Commit.Header header = verified.commit().header();
    long sequence = header.firstSequence() + index;
    Parts said = new Parts(event.header());
    Redaction redaction =
        event.kind() == EventKind.REDACTION ? verified.batch().said(index).redaction() : null;
    return new ChainEvent(
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
        contentOf(event, sequence),
        redaction,
        event.header(),
        verified.batch().seal().writerId(),
        verified.batch().seal().fingerprint(),
        said.bytesOrNull(11),
        verified.vouchedBy());
  }

  private static Bytes orNull(Bytes key) {
    return key.isEmpty() ? null : key;
  }

  private Content contentOf(EventView event, long sequence) {
    if (event.isPresent()) {
      return content(sequence, event.header(), event.data());
    }
    ChainEvent.RedactedBy redactedBy =
        event.dataState() == DataState.REDACTED
            ? new ChainEvent.RedactedBy(event.redactedBy(), null)
            : null;
    return gone(event.header(), event.dataState(), redactedBy);
  }

  /** What is told of an event whose data isn't here. */
  static Content gone(Bytes header, DataState state, ChainEvent.RedactedBy redactedBy) {
    Said.Confidentiality said = Said.readConfidentiality(header);
    Sealed sealed = said == null ? null : sealed(said, Sealed.State.GONE, List.of());
    return new Content(Bytes.EMPTY, state, sealed, redactedBy);
  }

  /**
   * Opens the data of an event as it is stored, which its header was compared with, where one of
   * the client's keys was given the read key.
   */
  Content content(long sequence, Bytes header, Bytes data) {
    Said.Confidentiality said = Said.readConfidentiality(header);
    if (said == null) {
      return new Content(data, DataState.PRESENT, null, null);
    }
    byte[] readKey = findKey(said.readKeyId(), sequence);
    if (readKey == null) {
      List<Bytes> holders = reader.readKeys().holdersOf(said.readKeyId());
      return present(Bytes.EMPTY, sealed(said, Sealed.State.NO_KEY, holders));
    }
    Bytes text = SealedData.open(readKey, reader.genesis().chainId(), header, said, data);
    return text == null
        ? present(Bytes.EMPTY, sealed(said, Sealed.State.INVALID, List.of()))
        : present(text, sealed(said, Sealed.State.OPEN, List.of()));
  }

  private static Content present(Bytes data, Sealed sealed) {
    return new Content(data, DataState.PRESENT, sealed, null);
  }

  private static Sealed sealed(Said.Confidentiality said, Sealed.State state, List<Bytes> holders) {
    return new Sealed(said.readKeyId(), state, holders);
  }

  private byte[] findKey(Bytes keyId, long sequence) {
    Bytes chainId = reader.genesis().chainId();
    byte[] readKey = reader.readKeys().find(keyId, chainId);
    if (readKey == null) {
      // It may have been handed out in what this client has not read.
      reader.rules().reach(sequence + 1);
      readKey = reader.readKeys().find(keyId, chainId);
    }
    if (readKey == null && !looked.contains(keyId)) {
      // Or later, to a reader who joined late.
      reader.rules().reach(-1);
      looked.add(keyId.copy());
      readKey = reader.readKeys().find(keyId, chainId);
    }
    return readKey;
  }
}
