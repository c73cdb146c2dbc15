package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.TrustMode;
import io.atedb.internal.event.AuthAnswer;
import io.atedb.internal.event.Batch;
import io.atedb.internal.event.Commit;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.trust.CheckGenesis;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Verifies what a server shows as the beginning of a chain, or offers as one. */
final class GenesisCheck {
  /** A genesis that was verified, with the leaf of its commit. */
  record Checked(Genesis genesis, Bytes leaf) {}

  private final ChainCalls calls;
  private final Expected expected;

  GenesisCheck(ChainCalls calls, Expected expected) {
    this.calls = calls;
    this.expected = expected;
  }

  /**
   * Verifies the genesis of a chain that is there. Raises VERIFICATION_FAILED, CHAIN_ID_MISMATCH,
   * TRUST_MODE_MISMATCH, READ_RULE_MISMATCH, CHAIN_NOT_PRIVATE.
   *
   * @param remembered the id that it had; null: nothing is remembered
   */
  Checked check(Bytes slice, Bytes remembered) {
    Checked checked = Answers.checked("its genesis does not verify", () -> parse(slice));
    if (!checked.genesis.chainKey().text().equals(calls.chainKey())) {
      throw Answers.untrue("its genesis is of the chain " + checked.genesis.chainKey().text());
    }
    checkId(checked.genesis.chainId(), remembered);
    expected.check(checked.genesis);
    return checked;
  }

  private static Checked parse(Bytes slice) {
    List<Commit.Stored> stored = Commit.splitSlice(slice);
    if (stored.size() != 1) {
      throw Answers.untrue("its genesis is " + stored.size() + " batches");
    }
    Commit commit = stored.get(0).commit();
    Batch batch = Batch.parse(stored.get(0).run().copy());
    Genesis genesis = CheckGenesis.verify(batch);
    Commit.Header header = commit.header();
    boolean isFirst =
        header.commit() == 0
            && header.firstSequence() == 0
            && header.events() == 1
            && header.sealHash().equals(batch.seal().hash());
    if (!isFirst) {
      throw Answers.untrue("its genesis has another batch's commit");
    }
    return new Checked(genesis, commit.leaf());
  }

  /** Refuses another chain than the one that is pinned or remembered. Raises CHAIN_ID_MISMATCH. */
  void checkId(Bytes chainId, Bytes remembered) {
    checkSame(chainId, expected.chainId(), "pinned");
    checkSame(chainId, remembered, "remembered");
  }

  private void checkSame(Bytes chainId, Bytes due, String how) {
    if (due != null && !due.equals(chainId)) {
      throw new AtedbException(
          Reason.CHAIN_ID_MISMATCH,
          "the chain "
              + calls.chainKey()
              + " of "
              + calls.server()
              + " has the id "
              + chainId
              + ", and "
              + due
              + " is "
              + how
              + ": it was deleted and made anew, or somebody answers in its place",
          Map.of("chain_id", chainId.hex(), "expected", due.hex()));
    }
  }

  /** Refuses to go on where there is no chain, and none may be made. Raises CHAIN_NOT_FOUND. */
  void checkCreation(TrustMode mode, boolean forAppend) {
    // Servers refuse this call then; one that doesn't must not pass for one with an empty chain.
    if (!forAppend || expected.chainId() != null || expected.byToken()) {
      throw new AtedbException(
          Reason.CHAIN_NOT_FOUND,
          "there is no chain "
              + calls.chainKey()
              + " on "
              + calls.server()
              + (expected.byToken() ? ", and a token makes none. Have its issuer make it" : ""),
          Map.of("chain_key", calls.chainKey()));
    }
    expected.checkMode(calls.chainKey(), mode);
  }

  /**
   * Verifies the genesis that a server offers, before it is appended: that an auth service has
   * signed who owns the chain, that the server has signed it with the identity that it has, and
   * that it is what was wished for. Raises VERIFICATION_FAILED, or KEY_NOT_ALLOWED where the key
   * that is to write isn't one of the owner's.
   */
  Genesis checkOffer(Bytes offer, PublicKey server, PublicKey writer) {
    Genesis genesis;
    try {
      genesis = CheckGenesis.verify(Batch.parse(offer.copy()));
    } catch (AtedbException error) {
      throw badOffer(error.getMessage());
    }
    if (!genesis.chainKey().text().equals(calls.chainKey())) {
      throw badOffer("it is for the chain " + genesis.chainKey().text());
    }
    if (genesis.answer() == null) {
      throw badOffer("it holds no word of an auth service");
    }
    if (!genesis.serverIdentity().equals(server)) {
      throw badOffer("it names another server");
    }
    boolean isAsWished =
        genesis.isPrivate() == expected.isPrivate()
            && genesis.isConfidential() == expected.confidential();
    if (!isAsWished) {
      throw badOffer("it is private or confidential, or not, other than was wished for");
    }
    List<Bytes> owners = new ArrayList<>(AuthAnswer.namesOf(genesis.roots()));
    owners.addAll(AuthAnswer.namesOf(genesis.answer().writers()));
    if (!owners.contains(writer.fingerprint())) {
      throw notAnOwner(genesis, owners, writer);
    }
    return genesis;
  }

  private AtedbException notAnOwner(Genesis genesis, List<Bytes> owners, PublicKey writer) {
    String owner = genesis.answer().owner().text();
    String allowed = owners.stream().map(Bytes::hex).collect(Collectors.joining(","));
    return new AtedbException(
        Reason.KEY_NOT_ALLOWED,
        "the chain "
            + calls.chainKey()
            + " isn't there yet, and "
            + owner
            + " alone may create it: by the auth service of "
            + calls.server()
            + " that is "
            + allowed
            + ", and the key is "
            + writer.fingerprint()
            + ". Log in as "
            + owner
            + ", or ask them",
        Map.of("fingerprint", writer.fingerprint().hex(), "allowed", allowed, "owner", owner));
  }

  private static AtedbException badOffer(String why) {
    return new AtedbException(
        Reason.VERIFICATION_FAILED,
        "the genesis that the server offers can't be taken: " + why + ". Nothing was created");
  }
}
