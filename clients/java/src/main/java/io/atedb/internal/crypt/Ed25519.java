package io.atedb.internal.crypt;

import io.atedb.Bytes;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.EdECPoint;
import java.security.spec.EdECPublicKeySpec;
import java.security.spec.NamedParameterSpec;
import java.util.HexFormat;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Ed25519 in the strict, cofactorless form, verified by the JDK's provider. What that leaves to its
 * callers is looked at here: points of small order, which verify signatures that nobody made, and
 * second encodings, which would be second fingerprints of one key.
 */
public final class Ed25519 {
  private static final BigInteger PRIME = BigInteger.TWO.pow(255).subtract(BigInteger.valueOf(19));
  private static final BigInteger ORDER =
      BigInteger.TWO.pow(252).add(new BigInteger("27742317777372353535851937790883648493"));

  /** The y coordinates of the eight points of order 1, 2, 4 and 8. */
  private static final Set<BigInteger> SMALL_ORDER =
      Stream.of(
              "0100000000000000000000000000000000000000000000000000000000000000",
              "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
              "0000000000000000000000000000000000000000000000000000000000000000",
              "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
              "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
          .map(digits -> little(HexFormat.of().parseHex(digits)))
          .collect(Collectors.toUnmodifiableSet());

  private Ed25519() {}

  static BigInteger little(byte[] encoded) {
    byte[] big = new byte[encoded.length];
    for (int at = 0; at < big.length; at++) {
      big[at] = encoded[encoded.length - 1 - at];
    }
    return new BigInteger(1, big);
  }

  private static BigInteger yOf(Bytes encoded) {
    return little(encoded.toArray()).clearBit(255);
  }

  /**
   * Says why the encoding of a point must not be a key or an R; null where nothing speaks against
   * it. Bytes that are no point at all pass, and verify nothing.
   */
  public static String pointFault(Bytes encoded) {
    BigInteger y = yOf(encoded);
    if (y.compareTo(PRIME) >= 0) {
      return "is not canonically encoded";
    }
    return SMALL_ORDER.contains(y) ? "is a point of small order" : null;
  }

  /** Whether a signature, which may be any bytes, is a key's over a message. */
  public static boolean verify(Bytes publicKey, byte[] message, Bytes signature) {
    if (publicKey.size() != 32
        || signature.size() != 64
        || pointFault(publicKey) != null
        || pointFault(signature.slice(0, 32)) != null
        || little(signature.slice(32, 64).toArray()).compareTo(ORDER) >= 0) {
      return false;
    }
    try {
      EdECPoint point = new EdECPoint(publicKey.at(31) < 0, yOf(publicKey));
      Signature verifier = Signature.getInstance("Ed25519");
      verifier.initVerify(
          KeyFactory.getInstance("Ed25519")
              .generatePublic(new EdECPublicKeySpec(NamedParameterSpec.ED25519, point)));
      verifier.update(message);
      return verifier.verify(signature.toArray());
    } catch (GeneralSecurityException error) {
      return false;
    }
  }
}
