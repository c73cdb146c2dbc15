package io.atedb.internal.crypt;

import io.atedb.Bytes;
import java.security.MessageDigest;
import java.util.Arrays;

/**
 * The key of one datum, which seals once, and the commitment to it, which all may know
 * (docs/format.md, "How data is sealed").
 */
public final class DataKey {
  public static final int READ_KEY_BYTES = 32;

  private final byte[] key;
  private final Bytes commitment;
  private boolean isUsed;

  public DataKey(byte[] readKey, Bytes random, Bytes context) {
    byte[] extracted = Symmetric.hkdfExtract(random.toArray(), readKey);
    byte[] output =
        Symmetric.hkdfExpand(
            extracted, Hashes.prefixOf(Tags.INFO_DATA_KEY).plus(context).toArray(), 64);
    this.key = Arrays.copyOf(output, 32);
    this.commitment = Bytes.copyOf(Arrays.copyOfRange(output, 32, 64));
    Arrays.fill(extracted, (byte) 0);
    Arrays.fill(output, (byte) 0);
  }

  /** Names a read key, and tells nothing of it. */
  public static Bytes readKeyId(byte[] readKey) {
    return Hashes.tagged(Tags.HASH_READ_KEY, Bytes.wrap(readKey));
  }

  /** A key that was wiped must never be used: whatever it sealed anybody could open. */
  private synchronized void use() {
    if (isUsed) {
      throw new IllegalStateException("a key of data is used once");
    }
    isUsed = true;
  }

  public Bytes commitment() {
    return commitment;
  }

  /**
   * Seals, with a key that seals nothing else, ever: AES-256-GCM with the nonce zero. Wipes the
   * key.
   */
  public Bytes sealOnce(Bytes aad, byte[] plaintext) {
    use();
    try {
      return Symmetric.seal(key, new byte[Symmetric.NONCE_BYTES], aad.toArray(), plaintext);
    } finally {
      Arrays.fill(key, (byte) 0);
    }
  }

  /**
   * Opens; null for anything that wasn't sealed so. The commitment is compared before: AES-GCM by
   * itself opens one ciphertext under two keys, if somebody has made it so. Wipes the key.
   */
  public byte[] open(Bytes committed, Bytes aad, Bytes sealed) {
    use();
    try {
      if (!MessageDigest.isEqual(committed.toArray(), commitment.toArray())) {
        return null;
      }
      return Symmetric.open(key, new byte[Symmetric.NONCE_BYTES], aad.toArray(), sealed);
    } finally {
      Arrays.fill(key, (byte) 0);
    }
  }
}
