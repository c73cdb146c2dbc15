package io.atedb.internal.crypt;

import io.atedb.AtedbException;
import io.atedb.Reason;
import java.util.Map;
import org.bouncycastle.crypto.params.MLDSAParameters;

/**
 * The algorithms of a key and its signatures: composites of draft-ietf-lamps-pq-composite-sigs-19.
 */
public enum Suite {
  MLDSA65_ED25519(
      1,
      "mldsa65-ed25519",
      "COMPSIG-MLDSA65-Ed25519-SHA512",
      1952,
      3309,
      MLDSAParameters.ml_dsa_65),
  MLDSA44_ED25519(
      2,
      "mldsa44-ed25519",
      "COMPSIG-MLDSA44-Ed25519-SHA512",
      1312,
      2420,
      MLDSAParameters.ml_dsa_44);

  /** In {@code atedb.v1.SignatureSuite}. */
  public final int number;

  /** In key files. */
  public final String text;

  /** Part of what is signed, and the context of the ML-DSA half. */
  final String label;

  /** Bytes of ML-DSA's part of a public key, which comes first. */
  public final int mldsaKeyBytes;

  /** Bytes of ML-DSA's part of a signature, which comes first. */
  public final int mldsaSignatureBytes;

  final MLDSAParameters parameters;

  Suite(
      int number,
      String text,
      String label,
      int mldsaKeyBytes,
      int mldsaSignatureBytes,
      MLDSAParameters parameters) {
    this.number = number;
    this.text = text;
    this.label = label;
    this.mldsaKeyBytes = mldsaKeyBytes;
    this.mldsaSignatureBytes = mldsaSignatureBytes;
    this.parameters = parameters;
  }

  public int publicKeyBytes() {
    return mldsaKeyBytes + 32;
  }

  public int signatureBytes() {
    return mldsaSignatureBytes + 64;
  }

  /** Finds a suite by its number. Raises UNSUPPORTED. */
  public static Suite of(long number) {
    for (Suite suite : values()) {
      if (suite.number == number) {
        return suite;
      }
    }
    throw new AtedbException(
        Reason.UNSUPPORTED,
        "signature suite " + number + " is not known here; a newer client may know it",
        Map.of("suite", Long.toString(number)));
  }
}
