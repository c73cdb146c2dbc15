package io.atedb.internal.crypt;

import io.atedb.Bytes;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/** HMAC, HKDF (RFC 5869) with SHA-256 and AES-GCM, by the JDK. */
public final class Symmetric {
  public static final int TAG_BYTES = 16;
  public static final int NONCE_BYTES = 12;

  private static final SecureRandom RANDOM = new SecureRandom();

  private Symmetric() {}

  /** Random bytes of the machine's. */
  public static byte[] random(int size) {
    byte[] bytes = new byte[size];
    RANDOM.nextBytes(bytes);
    return bytes;
  }

  public static byte[] hmac(byte[] key, byte[]... parts) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key.length == 0 ? new byte[32] : key, "HmacSHA256"));
      for (byte[] part : parts) {
        mac.update(part);
      }
      return mac.doFinal();
    } catch (GeneralSecurityException error) {
      throw new IllegalStateException("every JDK has HMAC-SHA256", error);
    }
  }

  public static byte[] hkdfExtract(byte[] salt, byte[] keyMaterial) {
    return hmac(salt, keyMaterial);
  }

  public static byte[] hkdfExpand(byte[] key, byte[] info, int length) {
    byte[] output = new byte[length];
    byte[] block = new byte[0];
    for (int at = 0, count = 1; at < length; at += 32, count++) {
      byte[] next = hmac(key, block, info, new byte[] {(byte) count});
      Arrays.fill(block, (byte) 0);
      block = next;
      System.arraycopy(block, 0, output, at, Math.min(32, length - at));
    }
    Arrays.fill(block, (byte) 0);
    return output;
  }

  /** Seals: ciphertext, then tag. A nonce is used once with a key. */
  public static Bytes seal(byte[] key, byte[] nonce, byte[] aad, byte[] plaintext) {
    try {
      return Bytes.wrap(cipher(Cipher.ENCRYPT_MODE, key, nonce, aad).doFinal(plaintext));
    } catch (GeneralSecurityException error) {
      throw new IllegalStateException("sealing doesn't fail", error);
    }
  }

  /** Opens ciphertext and tag; null for what was not sealed so. */
  public static byte[] open(byte[] key, byte[] nonce, byte[] aad, Bytes sealed) {
    if (sealed.size() < TAG_BYTES) {
      return null;
    }
    try {
      return cipher(Cipher.DECRYPT_MODE, key, nonce, aad).doFinal(sealed.toArray());
    } catch (AEADBadTagException error) {
      return null;
    } catch (GeneralSecurityException error) {
      throw new IllegalStateException("opening fails by its tag only", error);
    }
  }

  private static Cipher cipher(int mode, byte[] key, byte[] nonce, byte[] aad)
      throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, new SecretKeySpec(key, "AES"), new GCMParameterSpec(8 * TAG_BYTES, nonce));
    cipher.updateAAD(aad);
    return cipher;
  }
}
