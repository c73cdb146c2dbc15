package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Reason;
import io.atedb.TrustMode;
import io.atedb.internal.event.Genesis;
import java.util.Map;

/**
 * What a caller demands of a chain, beside what is remembered of it.
 *
 * @param chainId its id, or null
 * @param trustMode its mode, or null
 * @param confidential whether it must be
 * @param isPrivate whether it must be
 * @param byToken whether it is used by a token, which makes none
 */
public record Expected(
    Bytes chainId, TrustMode trustMode, boolean confidential, boolean isPrivate, boolean byToken) {

  /**
   * Refuses a chain that isn't as it is to be. Raises TRUST_MODE_MISMATCH, READ_RULE_MISMATCH,
   * CHAIN_NOT_PRIVATE.
   */
  void check(Genesis genesis) {
    String key = genesis.chainKey().text();
    checkMode(key, genesis.trustMode());
    if (confidential && !genesis.isConfidential()) {
      throw new AtedbException(
          Reason.READ_RULE_MISMATCH, "the chain " + key + " is there, and is not confidential");
    }
    if (isPrivate && !genesis.isPrivate()) {
      throw new AtedbException(
          Reason.CHAIN_NOT_PRIVATE, "the chain " + key + " is there, and is not private");
    }
  }

  /** Refuses a chain that is, or would be, of another mode. */
  void checkMode(String key, TrustMode mode) {
    if (trustMode != null && trustMode != mode) {
      throw new AtedbException(
          Reason.TRUST_MODE_MISMATCH,
          "the chain "
              + key
              + " is, or would be, "
              + mode.text()
              + ", and "
              + trustMode.text()
              + " was expected",
          Map.of("trust_mode", mode.text()));
    }
  }
}
