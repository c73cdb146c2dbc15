package io.atedb.internal.crypt;

import io.atedb.Bytes;
import org.bouncycastle.crypto.CipherParameters;
import org.bouncycastle.crypto.params.MLDSAParameters;
import org.bouncycastle.crypto.params.MLDSAPublicKeyParameters;
import org.bouncycastle.crypto.params.ParametersWithContext;
import org.bouncycastle.crypto.signers.MLDSASigner;

/** ML-DSA (FIPS 204) in its pure form, by Bouncy Castle. */
public final class MlDsa {
  private MlDsa() {}

  /**
   * Whether a signature, which may be any bytes, is a key's over a message, with a context that may
   * be empty.
   */
  static boolean verify(
      MLDSAParameters parameters,
      Bytes publicKey,
      byte[] context,
      byte[] message,
      Bytes signature) {
    try {
      CipherParameters key = new MLDSAPublicKeyParameters(parameters, publicKey.toArray());
      MLDSASigner verifier = new MLDSASigner();
      verifier.init(false, context.length == 0 ? key : new ParametersWithContext(key, context));
      verifier.update(message, 0, message.length);
      return verifier.verifySignature(signature.toArray());
    } catch (RuntimeException error) {
      // What is no key and no signature verifies nothing.
      return false;
    }
  }

  /** The same of ML-DSA-44 with an empty context, as checkpoints have it. */
  public static boolean verify44(Bytes publicKey, byte[] message, Bytes signature) {
    return verify(MLDSAParameters.ml_dsa_44, publicKey, new byte[0], message, signature);
  }
}
