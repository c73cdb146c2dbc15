package io.atedb.internal.trust;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Reason;
import io.atedb.TreeHead;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.crypt.Ed25519;
import io.atedb.internal.crypt.MlDsa;
import io.atedb.internal.event.Checkpoint;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;

/**
 * A checkpoint that is believed: both of the server's lines verify, by keys that its identity
 * vouches for.
 *
 * @param head what was signed
 * @param timeUnixS when, by the server's clock, in seconds
 * @param note as it came: whoever has it and the keys can verify it again
 * @param signer whose it is
 */
public record SignedHead(TreeHead head, long timeUnixS, String note, CertifiedKeys signer) {
  /**
   * Verifies a checkpoint: both of the server's signatures must be there, once, and verify. Other
   * lines are passed over. Raises NON_CANONICAL, CHAIN_ID_MISMATCH for one of another chain,
   * SIGNATURE_INVALID.
   */
  public static SignedHead verify(String note, Bytes chainId, CertifiedKeys signer) {
    Checkpoint parsed = Checkpoint.parse(note);
    if (!parsed.chainId().equals(chainId)) {
      throw new AtedbException(
          Reason.CHAIN_ID_MISMATCH,
          "the checkpoint is of the chain " + parsed.chainId() + ", and not of " + chainId,
          Map.of("chain_id", parsed.chainId().hex()));
    }
    String origin = parsed.origin();
    Checkpoint.Keys keys = signer.keys();
    Bytes ed25519 = lineOf(parsed, keys.ed25519Id(origin), "Ed25519");
    Bytes cosignature = lineOf(parsed, keys.mldsa44Id(origin), "ML-DSA-44");
    long time =
        cosignature.size() < 8 ? 0 : ByteBuffer.wrap(cosignature.slice(0, 8).toArray()).getLong();
    if (time <= 0 || time > Limits.INTEGER_MAX) {
      throw invalid("its ML-DSA-44 line says no time");
    }
    if (!Ed25519.verify(keys.ed25519(), parsed.text(), ed25519)) {
      throw invalid("its Ed25519 line does not verify");
    }
    Bytes mldsa44 = cosignature.slice(8, cosignature.size());
    if (!MlDsa.verify44(keys.mldsa44(), parsed.cosigned(time), mldsa44)) {
      throw invalid("its ML-DSA-44 line does not verify");
    }
    return new SignedHead(parsed.head(), time, note, signer);
  }

  private static Bytes lineOf(Checkpoint parsed, Bytes keyId, String what) {
    List<Bytes> found =
        parsed.lines().stream()
            .filter(line -> line.name().equals(parsed.origin()) && line.keyId().equals(keyId))
            .map(Checkpoint.Line::signature)
            .toList();
    if (found.size() != 1) {
      throw invalid(
          "it has " + found.size() + " " + what + " lines of the server's key, and one is due");
    }
    return found.get(0);
  }

  private static AtedbException invalid(String why) {
    return new AtedbException(
        Reason.SIGNATURE_INVALID, "the checkpoint is not signed by the server: " + why);
  }

  /**
   * Whether it is to be remembered in place of another, which may be null: of a larger tree, or of
   * one as large by an identity that has followed since.
   */
  public boolean isNewerThan(SignedHead known) {
    if (known == null || head.size() > known.head.size()) {
      return true;
    }
    return head.size() == known.head.size()
        && signer.line().hasRetired(known.signer.line().identity().fingerprint());
  }
}
