package io.atedb;

import io.atedb.internal.bytes.EventForms;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.bytes.Strict;
import io.atedb.internal.crypt.Composite;
import io.atedb.internal.crypt.Ed25519;
import io.atedb.internal.crypt.Hashes;
import io.atedb.internal.crypt.Hpke;
import io.atedb.internal.crypt.Kem;
import io.atedb.internal.crypt.Suite;
import io.atedb.internal.crypt.Tags;
import java.util.Base64;
import java.util.Map;

/**
 * A public key: what signatures are verified with, and what secrets are encrypted to. It is named
 * by its fingerprint.
 */
public final class PublicKey {
  private static final String MARK = "atedb-public-key-1";
  private static final int KEM_SUITE = 1;

  private final Suite suite;
  private final Bytes key;
  private final Bytes kemKey;
  private final Bytes fingerprint;

  private PublicKey(Suite suite, Bytes key, Bytes kemKey) {
    this.suite = suite;
    this.key = key;
    this.kemKey = kemKey;
    Bytes number = Bytes.wrap(new byte[] {(byte) suite.number});
    Bytes kem = Bytes.wrap(new byte[] {(byte) (kemKey.isEmpty() ? 0 : KEM_SUITE)});
    this.fingerprint = Hashes.tagged(Tags.HASH_KEY, number, key, kem, kemKey);
  }

  /**
   * Takes the parts of a key.
   *
   * @param suite number of its algorithms: 1 or 2
   * @param key what verifies, as its suite encodes it
   * @param kemSuite how secrets are encrypted to it: 1, or 0 for a key that can only sign
   * @param kemKey what they are encrypted to; empty without a suite
   * @return the key
   * @throws AtedbException UNSUPPORTED for other suites, REQUEST_INVALID for what is no key
   */
  public static PublicKey of(int suite, Bytes key, int kemSuite, Bytes kemKey) {
    Suite known = Suite.of(suite);
    checkLength("public key of the suite " + known.text, key, known.publicKeyBytes());
    String fault = Ed25519.pointFault(key.slice(known.mldsaKeyBytes, key.size()));
    if (fault != null) {
      throw unfit("the Ed25519 half of a public key " + fault);
    }
    if ((kemSuite == 0) != kemKey.isEmpty()) {
      throw unfit("a public key has one of KEM suite and KEM key, and not the other");
    }
    if (kemSuite != 0) {
      if (kemSuite != KEM_SUITE) {
        throw new AtedbException(
            Reason.UNSUPPORTED,
            "KEM suite " + kemSuite + " is not known here; a newer client may know it",
            Map.of("kem_suite", Integer.toString(kemSuite)));
      }
      checkLength("KEM key", kemKey, Kem.MLKEM768_X25519.publicKeyBytes());
      String kemFault = Kem.MLKEM768_X25519.keyFault(kemKey);
      if (kemFault != null) {
        throw unfit("the KEM key of a public key " + kemFault);
      }
    }
    return new PublicKey(known, key.copy(), kemKey.copy());
  }

  /**
   * Reads a serialised {@code atedb.v1.PublicKey}.
   *
   * @param message its bytes
   * @return the key
   * @throws AtedbException as {@link #of}, and NON_CANONICAL for what is no message
   */
  public static PublicKey parse(Bytes message) {
    Parts parts = new Parts(message);
    return of((int) parts.number(1), parts.bytes(2), (int) parts.number(3), parts.bytes(4));
  }

  /**
   * Reads the line of text by which one person hands a public key to another.
   *
   * @param text the line; space around it doesn't matter
   * @return the key
   * @throws AtedbException REQUEST_INVALID for anything else, UNSUPPORTED for a suite that isn't
   *     known
   */
  public static PublicKey parseText(String text) {
    String[] words = text.strip().split("\\s+");
    if (words.length != 3 || !words[0].equals(MARK)) {
      throw noText("it is not a line of " + MARK + ", a fingerprint and a key", null);
    }
    byte[] message = decodeBase64(words[2]);
    if (message == null) {
      throw noText("its key is not in base64", null);
    }
    PublicKey key;
    try {
      Strict.check(EventForms.PUBLIC_KEY, Bytes.wrap(message));
      key = parse(Bytes.wrap(message));
    } catch (AtedbException error) {
      throw noText("its key is damaged, or no key: " + error.getMessage(), error);
    }
    if (!key.fingerprint.hex().equals(words[1])) {
      throw noText(
          "its key has the fingerprint " + key.fingerprint + ", and it says another", null);
    }
    return key;
  }

  private static AtedbException noText(String why, AtedbException cause) {
    boolean isUnsupported = cause != null && cause.reason() == Reason.UNSUPPORTED;
    return new AtedbException(
        isUnsupported ? Reason.UNSUPPORTED : Reason.REQUEST_INVALID,
        "the text is no public key that can be used: " + why,
        Map.of(),
        cause);
  }

  /** Decodes base64 that is as it would be encoded; null for any other. */
  static byte[] decodeBase64(String text) {
    try {
      byte[] data = Base64.getDecoder().decode(text);
      return Base64.getEncoder().encodeToString(data).equals(text) ? data : null;
    } catch (IllegalArgumentException error) {
      return null;
    }
  }

  private static AtedbException unfit(String what) {
    return new AtedbException(
        Reason.REQUEST_INVALID, what + "; use a key pair that was made as its suite says");
  }

  static void checkLength(String what, Bytes data, int length) {
    if (data.size() != length) {
      throw new AtedbException(
          Reason.REQUEST_INVALID,
          "a " + what + " is " + length + " bytes, and this is " + data.size(),
          Map.of("bytes", Integer.toString(data.size()), "length", Integer.toString(length)));
    }
  }

  /**
   * Says which algorithms it is of.
   *
   * @return 1: ML-DSA-65 with Ed25519; 2: ML-DSA-44 with Ed25519
   */
  public int suite() {
    return suite.number;
  }

  /**
   * Gives what verifies.
   *
   * @return its bytes, ML-DSA's first
   */
  public Bytes key() {
    return key;
  }

  /**
   * Gives what secrets are encrypted to.
   *
   * @return its bytes; empty of a key that can only sign
   */
  public Bytes kemKey() {
    return kemKey;
  }

  /**
   * Gives its name.
   *
   * @return a hash of 32 bytes over all of it
   */
  public Bytes fingerprint() {
    return fingerprint;
  }

  /**
   * Serialises it.
   *
   * @return a message {@code atedb.v1.PublicKey}
   */
  public Bytes message() {
    return new FieldWriter()
        .varint(1, suite.number)
        .bytes(2, key)
        .varint(3, kemKey.isEmpty() ? 0 : KEM_SUITE)
        .bytes(4, kemKey)
        .finish();
  }

  /**
   * Writes the line of text by which one person hands it to another.
   *
   * @return the line, without its end
   */
  public String text() {
    return MARK
        + " "
        + fingerprint.hex()
        + " "
        + Base64.getEncoder().encodeToString(message().toArray());
  }

  /**
   * Verifies a signature, which may be any bytes.
   *
   * @param context the purpose that it was made for
   * @param message what was signed
   * @param signature the signature
   * @return whether both its halves are this key's
   */
  public boolean verify(String context, Bytes message, Bytes signature) {
    return Composite.verify(suite, key, context, message, signature);
  }

  /**
   * Encrypts a secret to the key's owner.
   *
   * @param info what it is for
   * @param aad what it is bound to
   * @param plaintext the secret
   * @return what the owner opens
   * @throws AtedbException REQUEST_INVALID for a key that can only sign
   */
  public Bytes sealTo(Bytes info, Bytes aad, byte[] plaintext) {
    if (kemKey.isEmpty()) {
      throw new AtedbException(
          Reason.REQUEST_INVALID,
          "nothing can be encrypted to the key " + fingerprint + ": it can only sign",
          Map.of("fingerprint", fingerprint.hex()));
    }
    return Hpke.seal(Kem.MLKEM768_X25519, kemKey, info, aad, plaintext);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PublicKey that && fingerprint.equals(that.fingerprint);
  }

  @Override
  public int hashCode() {
    return fingerprint.hashCode();
  }

  @Override
  public String toString() {
    return "PublicKey(" + fingerprint.hex() + ")";
  }
}
