package io.atedb.internal.client;

import io.atedb.Bytes;
import io.atedb.internal.event.EventInput;
import io.atedb.internal.event.SealedData;

/** An event that is to be appended, as far as sealing it is concerned. */
public interface EventSource {
  /** Whether it has data, which may be to be sealed. */
  boolean hasData();

  /** Whether it changes what anybody may do, or which keys are known. */
  boolean bearsAuthority();

  /** The object; null: a new one. */
  Bytes primaryKeyOrNull();

  /** The object's parent; null: the root of the chain. */
  Bytes parentOrNull();

  /** Bytes of its data. */
  int dataBytes();

  /**
   * Builds it. Raises REQUEST_INVALID.
   *
   * @param sealing how its data is sealed, or null
   * @param author the key that signs besides the writer's, and that it is by; or null
   */
  EventInput.Built build(SealedData.Sealing sealing, Bytes author);

  /**
   * Makes an event that sets the readers of the root of the chain, or that only hands out the read
   * key (without a rule).
   */
  interface OfReaders {
    EventSource make(
        io.atedb.ReadRule rule,
        java.util.List<io.atedb.internal.event.Said.WrappedKey> wrapped,
        java.util.List<io.atedb.PublicKey> keys);
  }
}
