package io.atedb.internal.event;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.internal.bytes.Cursor;
import io.atedb.internal.bytes.EventForms;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.crypt.Tags;
import java.util.Map;

/**
 * One identity key is followed by another one (docs/identity.md), as it was read.
 *
 * @param header what both signatures are over
 * @param old the key that is retired
 * @param next the one that follows
 * @param oldSignature of the first
 * @param newSignature of the second
 */
public record Rotation(
    Bytes header, PublicKey old, PublicKey next, Signed oldSignature, Signed newSignature) {

  /**
   * Reads an IdentityRotation message. Its signatures are not verified. Raises NON_CANONICAL, also
   * where it has one key twice; REQUEST_INVALID or UNSUPPORTED for its keys.
   */
  public static Rotation parse(Bytes message) {
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

  /** Verifies that both of its keys have signed it. Raises SIGNATURE_INVALID. */
  public void verify() {
    checkSigned(old, oldSignature, Tags.CONTEXT_IDENTITY_ROTATION);
    checkSigned(next, newSignature, Tags.CONTEXT_IDENTITY_POSSESSION);
  }

  private void checkSigned(PublicKey key, Signed signature, String context) {
    if (!signature.isBy(key, context, header)) {
      throw new AtedbException(
          Reason.SIGNATURE_INVALID,
          "a rotation of a server's identity is not signed by " + key.fingerprint(),
          Map.of("fingerprint", key.fingerprint().hex()));
    }
  }
}
