package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.client.Schema.OpenChainResponse;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.trust.CertifiedKeys;
import io.atedb.internal.trust.IdentityLine;
import io.atedb.internal.trust.SignedHead;
import java.util.List;
import java.util.Map;

/**
 * The identities of the server that keeps a chain, as far as it has shown them, and the keys that
 * it signs checkpoints with. Its owner holds a lock around each call.
 */
final class ServerLine {
  private final ChainCalls calls;
  private CertifiedKeys signer;
  private IdentityLine line;

  ServerLine(ChainCalls calls) {
    this.calls = calls;
  }

  /** Fingerprint of the identity that it has shown last; null: none. */
  Bytes known() {
    return line == null ? null : line.identity().fingerprint();
  }

  /**
   * The checkpoint of an opening. Null where the server shows none, of a chain that it says is in
   * trouble. Raises VERIFICATION_FAILED, SERVER_IDENTITY_MISMATCH.
   *
   * @param before the newest checkpoint so far, or null
   */
  SignedHead verifySigned(Parts answer, PublicKey identity, Genesis genesis, SignedHead before) {
    IdentityLine shown =
        Answers.checked(
            "what it has signed does not verify",
            () -> lineOf(identity, answer.all(OpenChainResponse.IDENTITY_ROTATIONS)));
    check(shown, genesis, before);
    Bytes keys = answer.bytes(OpenChainResponse.CHECKPOINT_KEYS);
    if (signer == null || signer.line() != shown || !signer.message().equals(keys)) {
      signer =
          Answers.checked(
              "what it has signed does not verify", () -> CertifiedKeys.verify(keys, shown));
    }
    line = shown;
    if (answer.has(OpenChainResponse.CHECKPOINT)) {
      return verify(answer.text(OpenChainResponse.CHECKPOINT), genesis.chainId());
    }
    if (answer.has(OpenChainResponse.TROUBLE)) {
      return null;
    }
    throw Answers.untrue("it shows no checkpoint of its head");
  }

  private IdentityLine lineOf(PublicKey identity, List<Bytes> rotations) {
    boolean isKnown =
        line != null
            && line.identity().equals(identity)
            && (rotations.isEmpty() || rotations.equals(line.rotations()));
    return isKnown ? line : IdentityLine.verify(identity, rotations);
  }

  /** Verifies a checkpoint. Raises VERIFICATION_FAILED. */
  SignedHead verify(String note, Bytes chainId) {
    if (signer == null) {
      throw Answers.untrue("the keys of its checkpoints were not shown");
    }
    return Answers.checked(
        "what it has signed does not verify", () -> SignedHead.verify(note, chainId, signer));
  }

  /**
   * Refuses a server that isn't the one that the chain is kept by, nor follows from it. Raises
   * SERVER_IDENTITY_MISMATCH.
   *
   * @param genesis of the chain, or null
   * @param before what it has signed before, or null
   */
  void check(IdentityLine shown, Genesis genesis, SignedHead before) {
    if (genesis != null && genesis.serverIdentity() != null) {
      checkFollows(shown, genesis.serverIdentity().fingerprint(), false);
    }
    if (before != null) {
      IdentityLine met = before.signer().line();
      checkFollows(
          shown, met.identity().fingerprint(), met.hasRetired(shown.identity().fingerprint()));
    }
  }

  private void checkFollows(IdentityLine shown, Bytes due, boolean isBack) {
    if (!shown.has(due) || isBack) {
      throw new AtedbException(
          Reason.SERVER_IDENTITY_MISMATCH,
          "the chain "
              + calls.chainKey()
              + " is kept by the server "
              + due
              + ", and "
              + calls.server()
              + " is "
              + shown.identity().fingerprint()
              + ", and no rotation leads from the one to the other, or it was given up",
          Map.of("fingerprint", shown.identity().fingerprint().hex(), "expected", due.hex()));
    }
  }
}
