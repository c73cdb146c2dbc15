package io.atedb.internal.trust;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Reason;
import io.atedb.internal.event.AuthAnswer;
import io.atedb.internal.event.Base32;
import io.atedb.internal.event.Batch;
import io.atedb.internal.event.EventView;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.event.Seal;
import io.atedb.internal.event.Signed;
import java.util.List;

/** The batch that begins a chain. */
public final class CheckGenesis {
  private CheckGenesis() {}

  /**
   * Verifies the batch that begins a chain: all that it says of itself, and the signature of every
   * root; where an auth service names the roots, that of the server, and the service's. Raises
   * GENESIS_INVALID, SIGNATURE_INVALID, and as {@link CheckBatch#check}.
   */
  public static Genesis verify(Batch batch) {
    Genesis genesis = CheckBatch.check(batch);
    if (genesis == null) {
      throw invalid("the first batch of a chain is its genesis, and this is not one");
    }
    Signers.verify(batch.seal(), Signers.tableOf(genesis.signers()));
    FromServer.verifyHeld(batch, genesis);
    return genesis;
  }

  static Genesis check(Batch batch) {
    Seal seal = batch.seal();
    EventView event = batch.event(0);
    if (batch.count() != 1) {
      throw Batch.invalid("a genesis is alone in its batch");
    }
    if (!seal.publicKeys().isEmpty() || !seal.delegations().isEmpty()) {
      throw invalid("its seal shows keys, which the genesis names already");
    }
    if (!event.data().isEmpty() || !event.salt().isEmpty() || !event.isPresent()) {
      throw invalid("a genesis has no data");
    }
    if (seal.counter() != 0 || seal.asOf() != null || !seal.preconditions().isEmpty()) {
      throw invalid("nothing comes before a genesis, and its seal says so");
    }
    Genesis genesis = Genesis.parse(event.header());
    if (!genesis.chainId().equals(seal.chainId())) {
      throw invalid("its seal names another chain than the genesis makes");
    }
    List<Bytes> roots = AuthAnswer.namesOf(genesis.roots());
    String pinned = genesis.chainKey().rootsFingerprint();
    if (pinned != null && !Base32.encode(Genesis.rootsFingerprint(roots)).equals(pinned)) {
      throw invalid("its roots are not those that its chain key names");
    }
    // The roots are sorted by fingerprint, and so are signatures.
    List<Bytes> due = AuthAnswer.namesOf(genesis.signers());
    if (!seal.signatures().stream().map(Signed::fingerprint).toList().equals(due)) {
      throw new AtedbException(
          Reason.SIGNATURE_INVALID,
          "a genesis is signed by each of its roots, or where an auth service names them by the server alone, and by no others");
    }
    if (!due.contains(seal.fingerprint())) {
      throw invalid("its writer is not one of its roots, or not its server");
    }
    return genesis;
  }

  private static AtedbException invalid(String why) {
    return new AtedbException(Reason.GENESIS_INVALID, why);
  }
}
