package io.atedb.internal.event;

import io.atedb.Bytes;
import io.atedb.internal.crypt.Hashes;
import io.atedb.internal.crypt.Tags;

/**
 * Hashes which events are gone, by their sequences, run by run: so that nothing has to be kept of
 * what is there (docs/format.md, "What is gone under a snapshot").
 */
public final class GoneRuns {
  /** Before the first run. */
  public static final Bytes NOTHING = Bytes.wrap(new byte[32]);

  /**
   * A run of events that are gone, and has ended.
   *
   * @param before the hash of those that ended before it
   * @param first sequence of its first event
   * @param end sequence behind its last one
   */
  public record Run(Bytes before, long first, long end) {}

  /**
   * How far the events that are gone were hashed.
   *
   * @param last the run that has ended last, or null; what the hash is follows from it
   * @param from sequence of the first event of the run that may go on; -1: none does
   */
  public record State(Run last, long from) {
    /** Whether as much is gone by this as by another. */
    public boolean isSame(State other) {
      return from == other.from && endOf() == other.endOf() && hash().equals(other.hash());
    }

    private long endOf() {
      return last == null ? -1 : last.end;
    }

    /** The hash of the runs that have ended. */
    private Bytes hash() {
      return last == null
          ? NOTHING
          : Hashes.tagged(
              Tags.HASH_GONE,
              last.before,
              Snapshot.bigEndian(last.first),
              Snapshot.bigEndian(last.end));
    }
  }

  private State state;
  private long end;

  /** Before the first event that is gone. */
  public GoneRuns() {
    this(new State(null, -1), 0);
  }

  /** Goes on from a state that says what is gone up to before a sequence. */
  public GoneRuns(State state, long end) {
    this.state = state;
    this.end = end;
  }

  /** One that goes on from here by itself. */
  public GoneRuns copy() {
    return new GoneRuns(state, end);
  }

  /** The events from `first` up to before `until` are gone. They come in order. */
  public void add(long first, long until) {
    if (first == until) {
      return;
    }
    if (state.from < 0 || first != end) {
      close();
      state = new State(state.last, first);
    }
    end = until;
  }

  /** How far it is before a sequence, where none is gone between the last ones and that. */
  public State stateAt(long sequence) {
    if (end != sequence) {
      close();
    }
    return state;
  }

  /** The hash of all: nothing comes any more. */
  public Bytes finish() {
    close();
    return state.hash();
  }

  private void close() {
    if (state.from >= 0) {
      state = new State(new Run(state.hash(), state.from, end), -1);
    }
  }
}
