package io.atedb.internal.trust;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.event.Rotation;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;

/**
 * A server's identity key, and those that it had before (docs/identity.md). Verified: each of them
 * has vouched for the next.
 *
 * @param identity the key that it has
 * @param rotations IdentityRotation messages, oldest first
 * @param fingerprints of all its keys, oldest first; the last is the identity's
 */
public record IdentityLine(PublicKey identity, List<Bytes> rotations, List<Bytes> fingerprints) {

  /** Whether a key is the identity, or one that it had before. */
  public boolean has(Bytes fingerprint) {
    return fingerprints.contains(fingerprint);
  }

  /** Whether a key is one that the identity had before, and not the one that it is. */
  public boolean hasRetired(Bytes fingerprint) {
    return fingerprints.subList(0, fingerprints.size() - 1).contains(fingerprint);
  }

  /**
   * Verifies that rotations lead to an identity: each is signed by the key that it retires and by
   * the one that follows. That it is the right server isn't checked. Raises NON_CANONICAL,
   * REQUEST_INVALID, UNSUPPORTED for bytes that are none, SIGNATURE_INVALID, and
   * VERIFICATION_FAILED where they are too many, have a gap, come back to a key, or lead elsewhere.
   */
  public static IdentityLine verify(PublicKey identity, List<Bytes> rotations) {
    // Before anything is parsed: what a server sends is not to cost more than a real one's.
    if (rotations.size() > Limits.IDENTITY_ROTATIONS_MAX) {
      throw failed(
          "it shows " + rotations.size() + ", and may show " + Limits.IDENTITY_ROTATIONS_MAX);
    }
    List<Rotation> parsed = rotations.stream().map(Rotation::parse).toList();
    List<Bytes> fingerprints = new ArrayList<>();
    for (int at = 0; at < parsed.size(); at++) {
      if (at > 0 && !parsed.get(at - 1).next().equals(parsed.get(at).old())) {
        throw failed("one leads to a key, and the next goes on from another");
      }
      fingerprints.add(parsed.get(at).old().fingerprint());
    }
    if (!parsed.isEmpty() && !parsed.get(parsed.size() - 1).next().equals(identity)) {
      throw failed(
          "they lead to the key "
              + parsed.get(parsed.size() - 1).next().fingerprint()
              + ", and it is another");
    }
    fingerprints.add(identity.fingerprint());
    if (new HashSet<>(fingerprints).size() != fingerprints.size()) {
      throw failed("they come back to a key that was retired");
    }
    parsed.forEach(Rotation::verify);
    return new IdentityLine(identity, List.copyOf(rotations), List.copyOf(fingerprints));
  }

  private static AtedbException failed(String why) {
    return new AtedbException(
        Reason.VERIFICATION_FAILED,
        "the rotations of the server's identity don't lead to it: " + why);
  }
}
