package io.atedb;

import java.util.List;

/**
 * What became of a redaction.
 *
 * @param committed the batch of the redactions: one for each object, or for each 4,096 sequences of
 *     one
 * @param goneBefore sequences of events that were named, and whose data had gone before
 */
public record Redacted(Committed committed, List<Long> goneBefore) {
  /**
   * Takes a copy of the list.
   *
   * @param committed where the redactions are
   * @param goneBefore what had gone before
   */
  public Redacted {
    goneBefore = List.copyOf(goneBefore);
  }
}
