package io.atedb.internal.crypt;

import io.atedb.Bytes;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** SHA-256 as atedb uses it: tagged, and as the leaves and nodes of RFC 9162's trees. */
public final class Hashes {
  private Hashes() {}

  /** A digest of the JDK's. */
  public static MessageDigest digest(String algorithm) {
    try {
      return MessageDigest.getInstance(algorithm);
    } catch (NoSuchAlgorithmException error) {
      throw new IllegalStateException("every JDK has " + algorithm, error);
    }
  }

  public static Bytes sha256(Bytes... parts) {
    MessageDigest digest = digest("SHA-256");
    for (Bytes part : parts) {
      part.update(digest);
    }
    return Bytes.wrap(digest.digest());
  }

  /** The length of a tag in one byte, then the tag. */
  public static Bytes prefixOf(String tag) {
    byte[] encoded = tag.getBytes(StandardCharsets.US_ASCII);
    return Bytes.wrap(new byte[] {(byte) encoded.length}).plus(Bytes.wrap(encoded));
  }

  /** Hashes parts, one after the other, under a tag. */
  public static Bytes tagged(String tag, Bytes... parts) {
    MessageDigest digest = digest("SHA-256");
    digest.update((byte) tag.length());
    digest.update(tag.getBytes(StandardCharsets.US_ASCII));
    for (Bytes part : parts) {
      part.update(digest);
    }
    return Bytes.wrap(digest.digest());
  }

  /** The hash of a leaf (RFC 9162, 2.1.1). */
  public static Bytes leaf(Bytes data) {
    MessageDigest digest = digest("SHA-256");
    digest.update((byte) 0);
    data.update(digest);
    return Bytes.wrap(digest.digest());
  }

  /** The hash of a node (RFC 9162, 2.1.1). */
  public static Bytes node(Bytes left, Bytes right) {
    MessageDigest digest = digest("SHA-256");
    digest.update((byte) 1);
    left.update(digest);
    right.update(digest);
    return Bytes.wrap(digest.digest());
  }
}
