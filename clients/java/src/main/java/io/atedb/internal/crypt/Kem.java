package io.atedb.internal.crypt;

import io.atedb.Bytes;
import java.math.BigInteger;
import java.util.Set;
import org.bouncycastle.asn1.sec.SECNamedCurves;
import org.bouncycastle.math.ec.ECCurve;

/**
 * The hybrid KEMs of draft-ietf-hpke-pq-04: MLKEM768-X25519, which is X-Wing, and MLKEM1024-P384.
 */
public enum Kem {
  MLKEM768_X25519(0x647A, "mlkem768-x25519", 1184, 1088, 32),
  MLKEM1024_P384(0x0051, "mlkem1024-p384", 1568, 1568, 97);

  public static final int SEED_BYTES = 32;

  private static final int MODULUS = 3329;
  private static final BigInteger X25519_PRIME =
      BigInteger.TWO.pow(255).subtract(BigInteger.valueOf(19));
  private static final Set<Bytes> X25519_SMALL_ORDER =
      Set.of(
          Bytes.fromHex("0000000000000000000000000000000000000000000000000000000000000000"),
          Bytes.fromHex("0100000000000000000000000000000000000000000000000000000000000000"),
          Bytes.fromHex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
          Bytes.fromHex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
          Bytes.fromHex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"));

  /** In HPKE's registry. */
  public final int number;

  /** In key files. */
  public final String text;

  private final int mlkemKeyBytes;
  private final int mlkemCiphertextBytes;
  private final int curveKeyBytes;

  Kem(int number, String text, int mlkemKeyBytes, int mlkemCiphertextBytes, int curveKeyBytes) {
    this.number = number;
    this.text = text;
    this.mlkemKeyBytes = mlkemKeyBytes;
    this.mlkemCiphertextBytes = mlkemCiphertextBytes;
    this.curveKeyBytes = curveKeyBytes;
  }

  /** The KEM of a number; null where it isn't known. */
  public static Kem find(long number) {
    for (Kem kem : values()) {
      if (kem.number == number) {
        return kem;
      }
    }
    return null;
  }

  public int publicKeyBytes() {
    return mlkemKeyBytes + curveKeyBytes;
  }

  /** Bytes of what carries the shared secret: HPKE's {@code enc}. */
  public int encapsulatedBytes() {
    return mlkemCiphertextBytes + curveKeyBytes;
  }

  /**
   * Says why bytes, of the right length, must not be a public key; null where nothing speaks
   * against it.
   */
  public String keyFault(Bytes key) {
    if (!hasReducedCoefficients(key.slice(0, mlkemKeyBytes - 32))) {
      return "has an ML-KEM half with a coefficient above 3,328";
    }
    return curveFault(key.slice(mlkemKeyBytes, key.size()), true);
  }

  /**
   * Says why bytes, of the right length, were made by nobody for a key; null where nothing speaks
   * against it.
   */
  String encapsulatedFault(Bytes encapsulated) {
    return curveFault(encapsulated.slice(mlkemCiphertextBytes, encapsulated.size()), false);
  }

  private String curveFault(Bytes point, boolean isKey) {
    if (this == MLKEM1024_P384) {
      return isP384Point(point) ? null : "has a P-384 half that is none";
    }
    BigInteger u = Ed25519.little(point.toArray());
    if (isKey && u.compareTo(X25519_PRIME) >= 0) {
      return "has an X25519 half that is not canonically encoded";
    }
    return isKey && X25519_SMALL_ORDER.contains(point) ? "has an X25519 half of small order" : null;
  }

  /** The modulus check of FIPS 203, 7.2. */
  private static boolean hasReducedCoefficients(Bytes data) {
    for (int at = 0; at + 2 < data.size(); at += 3) {
      int low = data.at(at) & 0xFF;
      int middle = data.at(at + 1) & 0xFF;
      int high = data.at(at + 2) & 0xFF;
      if ((low | (middle & 0x0F) << 8) >= MODULUS || (middle >> 4 | high << 4) >= MODULUS) {
        return false;
      }
    }
    return true;
  }

  private static boolean isP384Point(Bytes encoded) {
    if (encoded.size() != 97 || encoded.at(0) != 4) {
      return false;
    }
    ECCurve curve = SECNamedCurves.getByName("secp384r1").getCurve();
    BigInteger prime = curve.getField().getCharacteristic();
    BigInteger x = new BigInteger(1, encoded.slice(1, 49).toArray());
    BigInteger y = new BigInteger(1, encoded.slice(49, 97).toArray());
    if (x.compareTo(prime) >= 0 || y.compareTo(prime) >= 0) {
      return false;
    }
    return curve.createPoint(x, y).isValid();
  }
}
