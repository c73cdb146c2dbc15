package io.atedb.internal.crypt;

import io.atedb.Bytes;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import org.bouncycastle.crypto.CryptoException;
import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;
import org.bouncycastle.crypto.params.MLDSAPrivateKeyParameters;
import org.bouncycastle.crypto.params.ParametersWithContext;
import org.bouncycastle.crypto.params.ParametersWithRandom;
import org.bouncycastle.crypto.signers.Ed25519Signer;
import org.bouncycastle.crypto.signers.MLDSASigner;

/** Composite signatures: ML-DSA and Ed25519, and both halves must verify. */
public final class Composite {
  public static final int SEED_BYTES = 64;

  private static final String PREFIX = "CompositeAlgorithmSignatures2025";

  private Composite() {}

  /** What both halves sign: the draft's M'. */
  private static byte[] representative(Suite suite, String context, Bytes message) {
    byte[] purpose = context.getBytes(StandardCharsets.US_ASCII);
    if (purpose.length > 255) {
      throw new IllegalArgumentException("a purpose is short");
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(PREFIX.getBytes(StandardCharsets.US_ASCII));
    out.writeBytes(label(suite));
    out.write(purpose.length);
    out.writeBytes(purpose);
    out.writeBytes(Hashes.digest("SHA-512").digest(message.toArray()));
    return out.toByteArray();
  }

  private static byte[] label(Suite suite) {
    return suite.label.getBytes(StandardCharsets.US_ASCII);
  }

  /**
   * Whether both halves of a signature, which may be any bytes, are a key's over a message for a
   * purpose.
   */
  public static boolean verify(
      Suite suite, Bytes publicKey, String context, Bytes message, Bytes signature) {
    if (signature.size() != suite.signatureBytes() || publicKey.size() != suite.publicKeyBytes()) {
      return false;
    }
    byte[] signed = representative(suite, context, message);
    Bytes ed25519Key = publicKey.slice(suite.mldsaKeyBytes, publicKey.size());
    Bytes ed25519 = signature.slice(suite.mldsaSignatureBytes, signature.size());
    return Ed25519.verify(ed25519Key, signed, ed25519)
        && MlDsa.verify(
            suite.parameters,
            publicKey.slice(0, suite.mldsaKeyBytes),
            label(suite),
            signed,
            signature.slice(0, suite.mldsaSignatureBytes));
  }

  /** The secrets of a key, from its seed: ML-DSA's 32 bytes, then Ed25519's. */
  public static final class Secret {
    private final Suite suite;
    private final MLDSAPrivateKeyParameters mldsa;
    private final Ed25519PrivateKeyParameters ed25519;

    public Secret(Suite suite, byte[] seed) {
      this.suite = suite;
      byte[] first = Arrays.copyOf(seed, 32);
      this.mldsa = new MLDSAPrivateKeyParameters(suite.parameters, first);
      this.ed25519 = new Ed25519PrivateKeyParameters(seed, 32);
      Arrays.fill(first, (byte) 0);
    }

    /** The encoded public key that belongs to it. */
    public Bytes publicKey() {
      return Bytes.wrap(mldsa.getPublicKey())
          .plus(Bytes.wrap(ed25519.generatePublicKey().getEncoded()));
    }

    /** Signs with both halves. Two signatures of one message differ. */
    public Bytes sign(String context, Bytes message) {
      byte[] signed = representative(suite, context, message);
      try {
        MLDSASigner first = new MLDSASigner();
        first.init(
            true,
            new ParametersWithContext(
                new ParametersWithRandom(mldsa, new SecureRandom()), label(suite)));
        first.update(signed, 0, signed.length);
        Ed25519Signer second = new Ed25519Signer();
        second.init(true, ed25519);
        second.update(signed, 0, signed.length);
        return Bytes.wrap(first.generateSignature()).plus(Bytes.wrap(second.generateSignature()));
      } catch (CryptoException error) {
        throw new IllegalStateException("a whole key signs", error);
      }
    }

    /** Forgets what the library lets be forgotten. */
    public void destroy() {
      mldsa.destroy();
    }
  }
}
