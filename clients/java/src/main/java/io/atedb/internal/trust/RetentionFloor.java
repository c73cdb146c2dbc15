package io.atedb.internal.trust;

import io.atedb.internal.event.Said;

/**
 * What a chain's rules for retention have let go so far (docs/trust.md, "How long data is kept").
 * Sequences and times of commits never decrease, so it is all up to some place, and it never
 * becomes less: a rule that is changed later takes back nothing.
 *
 * @param sequence the data of events below it may be gone
 * @param timeUnixMs so may that of events that were committed then or before; 0: no such time
 */
public record RetentionFloor(long sequence, long timeUnixMs) {
  /** Nothing may be gone. */
  public static final RetentionFloor NONE = new RetentionFloor(0, 0);

  /**
   * Where an event is in its chain.
   *
   * @param sequence its own
   * @param timeUnixMs of its commit
   */
  public record EventPlace(long sequence, long timeUnixMs) {}

  /**
   * What may be gone once a chain goes so far, by the rule that it has there, which may be null.
   * Time is that of the newest commit, and not anybody's clock: so everybody who has the same
   * history decides alike, for ever.
   */
  public RetentionFloor raised(Said.Retention rule, long nextSequence, long newestUnixMs) {
    if (rule == null) {
      return this;
    }
    long below = rule.count() == 0 ? 0 : nextSequence - rule.count();
    long until = rule.ageMs() == 0 ? 0 : newestUnixMs - rule.ageMs();
    return below <= sequence && until <= timeUnixMs
        ? this
        : new RetentionFloor(Math.max(sequence, below), Math.max(timeUnixMs, until));
  }

  /** Whether the data of an event may be gone, so that its header alone is left. */
  public boolean isAbove(EventPlace event) {
    return event.sequence < sequence || timeUnixMs > 0 && event.timeUnixMs <= timeUnixMs;
  }
}
