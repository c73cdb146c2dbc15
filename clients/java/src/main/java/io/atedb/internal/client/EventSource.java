package io.atedb.internal.client;

import io.atedb.Bytes;
import io.atedb.ChainObject;
import io.atedb.PublicKey;
import io.atedb.ReadRule;
import io.atedb.internal.event.EventInput;
import io.atedb.internal.event.Said;
import io.atedb.internal.event.SealedData;
import io.atedb.internal.trust.Placement;
import java.util.List;

/** An event that is to be appended, as far as sealing and signing it are concerned. */
public interface EventSource {
  /** Whether it has data, which may be to be sealed. */
  boolean hasData();

  /** Whether it changes what anybody may do, or which keys are known, or is somebody else's. */
  boolean bearsAuthority();

  /** Where it puts its object, and who reads that; null for one that is about keys. */
  Placement placement();

  /** Bytes of its data. */
  int dataBytes();

  /**
   * Builds it. Raises REQUEST_INVALID.
   *
   * @param sealing how its data is sealed, or null
   * @param signWith keys that sign besides the writer's, sorted, once each
   * @param author the key that it is by, if it doesn't say so itself; or null
   */
  EventInput.Built build(SealedData.Sealing sealing, List<Bytes> signWith, Bytes author);

  /** Makes events that say who reads. */
  interface OfReaders {
    /** Hands out a read key of an object; without a rule it is the one that the object has. */
    EventSource handOut(
        ChainObject object, ReadRule rule, List<Said.WrappedKey> wrapped, List<PublicKey> keys);

    /** Lets keys into a private chain: these and no others. */
    EventSource admit(List<Bytes> fingerprints);
  }
}
