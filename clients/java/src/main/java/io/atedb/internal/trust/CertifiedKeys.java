package io.atedb.internal.trust;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Reason;
import io.atedb.internal.crypt.Tags;
import io.atedb.internal.event.Checkpoint;
import java.util.Map;

/**
 * The keys that a server signs checkpoints with, and its identity's word for them.
 *
 * @param keys the keys
 * @param line whose they are
 * @param message the CheckpointKeys message
 */
public record CertifiedKeys(Checkpoint.Keys keys, IdentityLine line, Bytes message) {
  /**
   * Verifies an identity's word for the keys of its checkpoints. Whether it is the right identity
   * is not checked. Raises NON_CANONICAL, REQUEST_INVALID for bytes that aren't one,
   * SIGNATURE_INVALID.
   */
  public static CertifiedKeys verify(Bytes message, IdentityLine line) {
    Checkpoint.Keys keys = Checkpoint.Keys.parse(message);
    boolean isGood =
        Checkpoint.Keys.signatureOf(message)
            .isBy(line.identity(), Tags.CONTEXT_CHECKPOINT_KEYS, keys.claim());
    if (!isGood) {
      String name = line.identity().fingerprint().hex();
      throw new AtedbException(
          Reason.SIGNATURE_INVALID,
          "the checkpoint keys are not signed by the server's identity " + name,
          Map.of("fingerprint", name));
    }
    return new CertifiedKeys(keys, line, message.copy());
  }
}
