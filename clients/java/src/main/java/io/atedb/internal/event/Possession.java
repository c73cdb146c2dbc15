package io.atedb.internal.event;

import io.atedb.Bytes;
import io.atedb.TreeHead;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What a proof that a caller has a key is tied to, so that it counts nowhere else (docs/format.md,
 * "Proofs"). 32 bytes each, so that none can pass for another.
 *
 * @param exporter of the tunnel that the stream is in; zeros where there is none
 * @param serverFingerprint the server's identity
 * @param chainId the chain
 * @param conversationId made for this stream alone
 * @param fingerprint of the key
 */
public record Possession(
    Bytes exporter,
    Bytes serverFingerprint,
    Bytes chainId,
    Bytes conversationId,
    Bytes fingerprint) {

  /** The exporter where there is no tunnel. */
  public static final Bytes NO_EXPORTER = Bytes.wrap(new byte[32]);

  /** What is signed to append without signatures. */
  public Bytes append() {
    for (Bytes part :
        new Bytes[] {exporter, serverFingerprint, chainId, conversationId, fingerprint}) {
      if (part.size() != 32) {
        throw new IllegalArgumentException("each part of a proof is 32 bytes");
      }
    }
    return exporter.plus(serverFingerprint, chainId, conversationId, fingerprint);
  }

  /** What is signed to lock an object. */
  public Bytes lock(Bytes primaryKey) {
    if (primaryKey.size() != 16) {
      throw new IllegalArgumentException("an object has a key of 16 bytes");
    }
    return append().plus(primaryKey);
  }

  /**
   * What is signed to be let into a private chain. The chain id is the server's word then: the
   * chain key keeps a server from having the proof made for another chain.
   */
  public Bytes ticket(String chainKey) {
    return append().plus(Bytes.ofText(chainKey));
  }

  /** What is signed to delete the chain, whose newest verified head is named. */
  public Bytes deletion(TreeHead head) {
    byte[] size =
        ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(head.size()).array();
    return append().plus(Bytes.wrap(size), head.root());
  }
}
