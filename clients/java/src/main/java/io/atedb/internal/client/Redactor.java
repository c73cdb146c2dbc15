package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.ChainEvent;
import io.atedb.DataState;
import io.atedb.EventKind;
import io.atedb.Reason;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.event.EventInput;
import io.atedb.internal.rpc.Pause;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Finds out what a redaction is about, and waits until the server has carried it out. */
public final class Redactor {
  private static final long POLL_MS = 50;
  private static final long POLL_MS_MAX = 1_000;

  /**
   * What is to be erased.
   *
   * @param byObject sequences by the keys of their objects, at most 4,096 each
   * @param goneBefore those whose data has gone already
   */
  public record Found(List<Map.Entry<Bytes, List<Long>>> byObject, List<Long> goneBefore) {}

  private final Reader reader;

  public Redactor(Reader reader) {
    this.reader = reader;
  }

  /**
   * Looks at events, verified. Raises REDACTION_INVALID for one that has no data;
   * SEQUENCE_OUT_OF_RANGE; DATA_GONE where that of all of them is gone already.
   */
  public Found find(List<Long> sequences) {
    List<Long> ordered = sequences.stream().sorted().distinct().toList();
    if (ordered.isEmpty()) {
      throw EventInput.invalid("sequences", "there are none");
    }
    Map<Bytes, List<Long>> byObject = new LinkedHashMap<>();
    List<Long> goneBefore = new ArrayList<>();
    for (long sequence : ordered) {
      ChainEvent event = reader.getAt(sequence);
      if (event.kind() != EventKind.DATA) {
        throw new AtedbException(
            Reason.REDACTION_INVALID,
            "event "
                + sequence
                + " can't be redacted: it is of kind "
                + event.kind()
                + ", which has no data",
            Map.of("sequence", Long.toString(sequence)));
      }
      if (event.dataState() == DataState.PRESENT) {
        byObject.computeIfAbsent(event.primaryKey(), none -> new ArrayList<>()).add(sequence);
      } else {
        goneBefore.add(sequence);
      }
    }
    if (byObject.isEmpty()) {
      throw new AtedbException(
          Reason.DATA_GONE,
          "the data of event "
              + goneBefore.stream().map(String::valueOf).collect(Collectors.joining(", "))
              + " is gone already",
          Map.of("sequence", goneBefore.get(0).toString()));
    }
    List<Map.Entry<Bytes, List<Long>>> parts = new ArrayList<>();
    byObject.forEach(
        (key, named) -> {
          for (int at = 0; at < named.size(); at += Limits.REDACTED_SEQUENCES_MAX) {
            int end = Math.min(named.size(), at + Limits.REDACTED_SEQUENCES_MAX);
            parts.add(Map.entry(key, named.subList(at, end)));
          }
        });
    return new Found(parts, goneBefore);
  }

  /** The sequence before which all data of an object is. Raises EVENT_NOT_FOUND. */
  public long endOf(Bytes primaryKey) {
    if (reader.get(primaryKey) == null) {
      throw new AtedbException(
          Reason.EVENT_NOT_FOUND,
          "no event is about the object "
              + primaryKey
              + ", so there is nothing to erase. Check its name or its key",
          Map.of("primary_key", primaryKey.hex()));
    }
    return reader.opener().openForNextSequence();
  }

  /** Waits until the server says that it has erased all that was to be. */
  public void await() {
    FieldWriter request =
        new FieldWriter().text(Schema.DescribeChainRequest.CHAIN_KEY, reader.calls().chainKey());
    long delay = POLL_MS;
    while (Answers.parts(reader.calls().unary("DescribeChain", request))
        .flag(Schema.DescribeChainResponse.ERASING)) {
      Pause.millis(delay);
      delay = Math.min(POLL_MS_MAX, delay * 2);
    }
  }

  /** Looks at what the server has said. Raises VERIFICATION_FAILED where data is still there. */
  public void check(List<Long> sequences) {
    for (long sequence : sequences) {
      if (reader.getAt(sequence).dataState() == DataState.PRESENT) {
        throw new AtedbException(
            Reason.VERIFICATION_FAILED,
            "the server says that it has erased what was to be erased, and still has the data of event "
                + sequence,
            Map.of("sequence", Long.toString(sequence)));
      }
    }
  }
}
