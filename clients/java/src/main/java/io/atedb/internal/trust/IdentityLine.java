package io.atedb.internal.trust;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.internal.bytes.Cursor;
import io.atedb.internal.bytes.EventForms;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.crypt.Tags;
import io.atedb.internal.event.Signed;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

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

  private record Rotation(
      Bytes header, PublicKey old, PublicKey next, Signed oldSignature, Signed newSignature) {

    static Rotation parse(Bytes message) {
      Parts outer = Parts.strict(EventForms.IDENTITY_ROTATION, message);
      Parts header = Parts.strict(EventForms.IDENTITY_ROTATION_HEADER, outer.bytes(1));
      Rotation rotation =
          new Rotation(
              outer.bytes(1),
              PublicKey.parse(header.bytes(2)),
              PublicKey.parse(header.bytes(3)),
              Signed.parse(outer.bytes(2)),
              Signed.parse(outer.bytes(3)));
      if (rotation.old.equals(rotation.next)) {
        throw Cursor.nonCanonical(
            "IdentityRotation",
            0,
            "it leads from the key " + rotation.old.fingerprint() + " to itself");
      }
      return rotation;
    }
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
      if (at > 0 && !parsed.get(at - 1).next.equals(parsed.get(at).old)) {
        throw failed("one leads to a key, and the next goes on from another");
      }
      fingerprints.add(parsed.get(at).old.fingerprint());
    }
    if (!parsed.isEmpty() && !parsed.get(parsed.size() - 1).next.equals(identity)) {
      throw failed(
          "they lead to the key "
              + parsed.get(parsed.size() - 1).next.fingerprint()
              + ", and it is another");
    }
    fingerprints.add(identity.fingerprint());
    if (new HashSet<>(fingerprints).size() != fingerprints.size()) {
      throw failed("they come back to a key that was retired");
    }
    for (Rotation rotation : parsed) {
      checkSigned(rotation, rotation.old, rotation.oldSignature, Tags.CONTEXT_IDENTITY_ROTATION);
      checkSigned(rotation, rotation.next, rotation.newSignature, Tags.CONTEXT_IDENTITY_POSSESSION);
    }
    return new IdentityLine(identity, List.copyOf(rotations), List.copyOf(fingerprints));
  }

  private static void checkSigned(
      Rotation rotation, PublicKey key, Signed signature, String context) {
    if (!signature.isBy(key, context, rotation.header)) {
      throw new AtedbException(
          Reason.SIGNATURE_INVALID,
          "a rotation of a server's identity is not signed by " + key.fingerprint(),
          Map.of("fingerprint", key.fingerprint().hex()));
    }
  }

  private static AtedbException failed(String why) {
    return new AtedbException(
        Reason.VERIFICATION_FAILED,
        "the rotations of the server's identity don't lead to it: " + why);
  }
}
