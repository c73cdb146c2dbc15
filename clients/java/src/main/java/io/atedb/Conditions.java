package io.atedb;

import io.atedb.internal.bytes.Limits;
import io.atedb.internal.event.Precondition;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Conditions under which alone an append is accepted; else it is {@link
 * Reason#PRECONDITION_FAILED}. Events of the same writer never count, only those of others.
 *
 * @param unchangedSince no other writer has appended at or above this sequence; null: not asked
 * @param landsBefore every event gets a sequence below this; null: not asked
 * @param objectsUnchangedSince of each of these objects no other writer has appended an event at or
 *     above the sequence; 0: none has written it at all
 * @param lease that is held, as the server knows; null: none has to be
 */
public record Conditions(
    Long unchangedSince, Long landsBefore, Map<Bytes, Long> objectsUnchangedSince, Lease lease) {
  /** None. */
  public static final Conditions NONE = new Conditions(null, null, Map.of(), null);

  /**
   * Takes a copy of the map.
   *
   * @param unchangedSince of the chain, or null
   * @param landsBefore of the events, or null
   * @param objectsUnchangedSince of objects
   * @param lease that is held, or null
   */
  public Conditions {
    objectsUnchangedSince = Map.copyOf(objectsUnchangedSince);
  }

  /**
   * Demands that the chain is unchanged.
   *
   * @param sequence the first that must not be another writer's
   * @return the condition
   */
  public static Conditions unchangedSince(long sequence) {
    return new Conditions(sequence, null, Map.of(), null);
  }

  /**
   * Demands that an object is unchanged.
   *
   * @param primaryKey the object
   * @param sequence the first that must not be another writer's
   * @return the condition
   */
  public static Conditions objectUnchangedSince(Bytes primaryKey, long sequence) {
    return new Conditions(null, null, Map.of(primaryKey, sequence), null);
  }

  /**
   * Demands that a lease is held: else it is {@link Reason#LEASE_LOST}. One that is known here to
   * be lost is refused here.
   *
   * @param held the lease
   * @return the condition
   */
  public static Conditions lease(Lease held) {
    return new Conditions(null, null, Map.of(), held);
  }

  List<Precondition> preconditions() {
    List<Precondition> made = new ArrayList<>();
    if (unchangedSince != null) {
      made.add(
          new Precondition(
              Precondition.Kind.CHAIN_UNCHANGED, counted(unchangedSince, 0), Bytes.EMPTY));
    }
    if (landsBefore != null) {
      made.add(
          new Precondition(Precondition.Kind.LANDS_BEFORE, counted(landsBefore, 1), Bytes.EMPTY));
    }
    objectsUnchangedSince.forEach(
        (key, sequence) -> {
          if (key.size() != Limits.KEY_BYTES) {
            throw new AtedbException(Reason.REQUEST_INVALID, "an object has a key of 16 bytes");
          }
          made.add(new Precondition(Precondition.Kind.KEY_UNCHANGED, counted(sequence, 0), key));
        });
    if (lease != null) {
      lease.checkHeld();
      made.add(new Precondition(Precondition.Kind.FENCE, lease.token(), lease.primaryKey()));
    }
    if (made.size() > Limits.PRECONDITIONS_MAX) {
      throw new AtedbException(
          Reason.REQUEST_INVALID,
          "a batch has " + Limits.PRECONDITIONS_MAX + " conditions at most");
    }
    return made;
  }

  private static long counted(long value, long least) {
    if (value < least || value > Limits.INTEGER_MAX) {
      throw new AtedbException(
          Reason.REQUEST_INVALID, "a condition is about a sequence from " + least + " to 2^53 - 1");
    }
    return value;
  }
}
