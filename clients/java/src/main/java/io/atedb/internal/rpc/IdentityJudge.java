package io.atedb.internal.rpc;

import io.atedb.Bytes;
import io.atedb.PublicKey;
import java.util.List;

/** Judges which server it is, before anything else is sent to it. */
public interface IdentityJudge {
  /** Whether the server is known, so that it has to encrypt. */
  boolean mustEncrypt();

  /**
   * Accepts an identity that was proven, or refuses it: raises VERIFICATION_FAILED,
   * SERVER_IDENTITY_MISMATCH, SERVER_IDENTITY_CHANGED, CONNECTION_FAILED where a look-up failed.
   * Nothing may be sent then.
   */
  void accept(PublicKey identity, List<Bytes> rotations);
}
