package io.atedb;

import java.util.Collections;
import java.util.List;

/**
 * Which earlier events of its object a redaction erases the data of.
 *
 * @param sequences those, ascending, at most 4,096; empty: all before a sequence
 * @param before that sequence, where none are named; else 0
 */
public record Redaction(List<Long> sequences, long before) {
  /**
   * Takes a copy of the list.
   *
   * @param sequences of the events
   * @param before the sequence that they are all below
   */
  public Redaction {
    sequences = List.copyOf(sequences);
  }

  /**
   * Erases the data of some events.
   *
   * @param sequences theirs, in any order
   * @return the redaction
   */
  public static Redaction of(List<Long> sequences) {
    return new Redaction(sequences.stream().sorted().distinct().toList(), 0);
  }

  /**
   * Erases the data of all events of the object before a sequence.
   *
   * @param sequence the first whose data stays
   * @return the redaction
   */
  public static Redaction before(long sequence) {
    return new Redaction(List.of(), sequence);
  }

  /**
   * Gives the sequence after the last one that it names.
   *
   * @return a sequence that is not above that of the redaction's batch
   */
  public long end() {
    return sequences.isEmpty() ? before : sequences.get(sequences.size() - 1) + 1;
  }

  /**
   * Says whether it names the event of a sequence.
   *
   * @param sequence the event's
   * @return whether it does
   */
  public boolean names(long sequence) {
    return sequences.isEmpty()
        ? sequence < before
        : Collections.binarySearch(sequences, sequence) >= 0;
  }
}
