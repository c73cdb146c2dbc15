package io.atedb.internal.event;

import io.atedb.Bytes;
import io.atedb.KeyPair;
import io.atedb.PublicKey;
import io.atedb.internal.bytes.EventForms;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Parts;

/**
 * A Signature message.
 *
 * @param suite its algorithms
 * @param fingerprint of the key that made it
 * @param signature as its suite encodes it
 */
public record Signed(int suite, Bytes fingerprint, Bytes signature) {

  public Bytes message() {
    return new FieldWriter().varint(1, suite).bytes(2, fingerprint).bytes(3, signature).finish();
  }

  /** Reads it. Raises NON_CANONICAL. */
  public static Signed parse(Bytes message) {
    Parts parts = Parts.strict(EventForms.SIGNATURE, message);
    return new Signed((int) parts.number(1), parts.bytes(2), parts.bytes(3));
  }

  /** Signs. */
  public static Signed by(KeyPair key, String context, Bytes message) {
    return new Signed(key.publicKey().suite(), key.fingerprint(), key.sign(context, message));
  }

  /** Whether it names a key, and is that one's over a message for a purpose. */
  public boolean isBy(PublicKey key, String context, Bytes message) {
    return suite == key.suite()
        && fingerprint.equals(key.fingerprint())
        && key.verify(context, message, signature);
  }
}
