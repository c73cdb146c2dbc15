package io.atedb.internal.crypt;

import io.atedb.Bytes;
import java.util.Arrays;
import org.bouncycastle.crypto.AsymmetricCipherKeyPair;
import org.bouncycastle.crypto.InvalidCipherTextException;
import org.bouncycastle.crypto.hpke.HPKE;
import org.bouncycastle.crypto.hpke.HPKEContextWithEncapsulation;

/**
 * HPKE (RFC 9180) in base mode with HKDF-SHA256 and AES-256-GCM, one message a context, by Bouncy
 * Castle.
 */
public final class Hpke {
  private static final int TAG_BYTES = 16;

  private Hpke() {}

  private static HPKE suite(Kem kem) {
    return new HPKE(HPKE.mode_base, (short) kem.number, HPKE.kdf_HKDF_SHA256, HPKE.aead_AES_GCM256);
  }

  /**
   * Encrypts to a key in which {@link Kem#keyFault} has found no fault: {@code enc}, ciphertext,
   * tag.
   */
  public static Bytes seal(Kem kem, Bytes publicKey, Bytes info, Bytes aad, byte[] plaintext) {
    HPKE hpke = suite(kem);
    try {
      HPKEContextWithEncapsulation context =
          hpke.setupBaseS(hpke.deserializePublicKey(publicKey.toArray()), info.toArray());
      byte[] sealed = context.seal(aad.toArray(), plaintext);
      return Bytes.wrap(context.getEncapsulation()).plus(Bytes.wrap(sealed));
    } catch (InvalidCipherTextException error) {
      throw new IllegalStateException("sealing doesn't fail", error);
    }
  }

  /** The secret half of a key that others encrypt to, from its seed of 32 bytes. */
  public static final class Secret {
    private final Kem kem;
    private final HPKE hpke;
    private final AsymmetricCipherKeyPair pair;

    /** The public key that belongs to it. */
    public final Bytes publicKey;

    /** Throws IllegalArgumentException for the seed, one in 2^190, that makes no key of P-384. */
    public Secret(Kem kem, byte[] seed) {
      this.kem = kem;
      this.hpke = suite(kem);
      byte[] own = seed.clone();
      this.pair = hpke.deserializePrivateKey(own, null);
      this.publicKey = Bytes.wrap(hpke.serializePublicKey(pair.getPublic()));
      Arrays.fill(own, (byte) 0);
    }

    /** Decrypts; null for what was made for another key or purpose, or was changed. */
    public byte[] open(Bytes info, Bytes aad, Bytes sealed) {
      int middle = kem.encapsulatedBytes();
      if (sealed.size() < middle + TAG_BYTES) {
        return null;
      }
      Bytes encapsulated = sealed.slice(0, middle);
      if (kem.encapsulatedFault(encapsulated) != null) {
        return null;
      }
      try {
        return hpke.setupBaseR(encapsulated.toArray(), pair, info.toArray())
            .open(aad.toArray(), sealed.slice(middle, sealed.size()).toArray());
      } catch (InvalidCipherTextException | RuntimeException error) {
        // Of small order, changed, or for another.
        return null;
      }
    }
  }
}
