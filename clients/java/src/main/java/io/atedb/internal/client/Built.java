package io.atedb.internal.client;

import io.atedb.KeyPair;
import io.atedb.internal.event.EventInput;
import io.atedb.internal.event.Precondition;
import java.util.List;

/**
 * The events of one append, made once.
 *
 * @param events their headers and frames
 * @param bytes as they are sent, without the seal
 * @param preconditions of the batch
 * @param coSigners keys that sign it besides the writer's
 * @param bearsAuthority whether the batch is signed in any case
 * @param isRuled whether it was asked what is to be sealed: for a chain that nobody knows yet it
 *     wasn't
 */
public record Built(
    List<EventInput.Built> events,
    int bytes,
    List<Precondition> preconditions,
    List<KeyPair> coSigners,
    boolean bearsAuthority,
    boolean isRuled) {

  /** Whether it has its batch for itself: conditions are the whole batch's. */
  boolean isAlone() {
    return !preconditions.isEmpty() || bearsAuthority;
  }
}
