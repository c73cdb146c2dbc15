package io.atedb.internal.trust;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.internal.crypt.Hashes;
import io.atedb.internal.crypt.Tags;
import io.atedb.internal.event.Batch;
import io.atedb.internal.event.Delegation;
import io.atedb.internal.event.EventView;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.event.Seal;
import io.atedb.internal.event.Signed;
import java.util.List;
import java.util.Map;

/** What a batch says about itself: counts, ids, hashes, the Merkle root, which keys signed. */
public final class CheckBatch {
  private CheckBatch() {}

  /** Checks a batch that is appended, as {@link #check(Batch, Provenance)}. */
  public static Genesis check(Batch batch) {
    return check(batch, Provenance.APPENDED);
  }

  /**
   * Checks a batch by itself. Whether its signatures verify is {@link Signers#verify}. Gives the
   * genesis, where it is one, else null. Raises BATCH_INVALID, HASH_MISMATCH, GENESIS_INVALID,
   * CHAIN_KEY_INVALID, SIGNATURE_INVALID, DELEGATION_INVALID, UNSUPPORTED.
   */
  public static Genesis check(Batch batch, Provenance provenance) {
    Seal seal = batch.seal();
    if (seal.events() != batch.count()) {
      throw Batch.invalid(
          "its seal counts " + seal.events() + " events, and it has " + batch.count());
    }
    if (!seal.writer().id().equals(seal.writerId())) {
      throw Batch.invalid("its writer id is not the hash of chain id, fingerprint and salt");
    }
    Genesis genesis = null;
    if (batch.isGenesis()) {
      genesis = CheckGenesis.check(batch);
    } else {
      checkContents(batch, provenance);
    }
    if (!batch.eventsRoot().equals(seal.eventsRoot())) {
      throw new AtedbException(
          Reason.HASH_MISMATCH, "the events' headers do not hash to the seal's root");
    }
    return genesis;
  }

  private static void checkContents(Batch batch, Provenance provenance) {
    if (!provenance.isStored() && !batch.gone().isEmpty()) {
      int index = batch.gone().get(0).index();
      throw Batch.invalid(index, "a writer sends its events, and nothing that stands for some");
    }
    for (EventView event : batch.events()) {
      CheckEvents.check(batch, event, provenance);
    }
    Seal seal = batch.seal();
    // Whether it may have none is for `vouchedBy` to say.
    if (!seal.signatures().isEmpty()) {
      checkSigners(batch);
    }
    if (!seal.publicKeys().isEmpty()) {
      checkShown(batch);
    }
    if (!seal.delegations().isEmpty()) {
      DelegationPath.checkShown(batch, Signers.of(batch));
    }
    checkData(batch);
  }

  /** A batch is signed by those that it is from, and by no others. */
  private static void checkSigners(Batch batch) {
    List<Bytes> due = Signers.of(batch);
    List<Bytes> found = batch.seal().signatures().stream().map(Signed::fingerprint).toList();
    if (!found.equals(due)) {
      throw new AtedbException(
          Reason.SIGNATURE_INVALID,
          "the batch is to be signed by "
              + Signers.inWords(due)
              + " and no others, in this order, and is by "
              + Signers.inWords(found));
    }
  }

  /**
   * A seal shows keys of its signers and of who has delegated to them, and no others, so that it
   * can't make a chain know any number of keys.
   */
  private static void checkShown(Batch batch) {
    List<Bytes> signers = Signers.of(batch);
    List<Delegation> path = batch.delegations();
    Bytes issuer = path.isEmpty() ? Bytes.EMPTY : path.get(0).claim().issuer();
    Bytes last = Bytes.EMPTY;
    for (PublicKey key : batch.sealKeys()) {
      Bytes name = key.fingerprint();
      if (!signers.contains(name) && !name.equals(issuer)) {
        throw Batch.invalid(
            "its seal shows the key "
                + name
                + ", which is not one of its signers', nor of who has delegated to them");
      }
      if (name.compareTo(last) <= 0) {
        throw Batch.invalid("its seal shows keys in another order, or twice");
      }
      last = name;
    }
  }

  private static void checkData(Batch batch) {
    for (EventView event : batch.events()) {
      // What is gone is looked at by whoever reads on: see OwedData.
      if (event.isPresent()
          && !hashOf(event, event.data(), event.salt()).equals(event.dataHash())) {
        throw new AtedbException(
            Reason.HASH_MISMATCH,
            "event " + event.index() + ": its data does not hash to what its header says",
            Map.of("event_index", Integer.toString(event.index())));
      }
    }
  }

  private static Bytes hashOf(EventView event, Bytes data, Bytes salt) {
    return event.isSealed()
        ? Hashes.tagged(Tags.HASH_SEALED_DATA, data)
        : Hashes.tagged(Tags.HASH_DATA, salt, data);
  }
}
