package io.atedb.internal.trust;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.EventKind;
import io.atedb.PrimaryKeys;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.internal.crypt.Hashes;
import io.atedb.internal.crypt.Merkle;
import io.atedb.internal.crypt.Tags;
import io.atedb.internal.event.Batch;
import io.atedb.internal.event.EventView;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.event.Said;
import io.atedb.internal.event.Seal;
import io.atedb.internal.event.Signed;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What a batch says about itself: counts, ids, hashes, the Merkle root, which keys signed. */
public final class CheckBatch {
  private static final Set<EventKind> CARRIED_OUT =
      EnumSet.of(
          EventKind.DATA,
          EventKind.TOMBSTONE,
          EventKind.RULES,
          EventKind.ROOTS,
          EventKind.KEY_CHANGE);

  /** Sealed data holds the delimiter of its padding, and the tag of the seal. */
  private static final int SEALED_BYTES_MIN = 17;

  private static final String BASE32 = "abcdefghijklmnopqrstuvwxyz234567";

  private CheckBatch() {}

  /**
   * Checks a batch by itself. Whether its signatures verify is {@link Signers#verify}. Gives the
   * genesis, where it is one, else null. Raises BATCH_INVALID, HASH_MISMATCH, GENESIS_INVALID,
   * CHAIN_KEY_INVALID, SIGNATURE_INVALID, UNSUPPORTED.
   */
  public static Genesis check(Batch batch) {
    Seal seal = batch.seal();
    if (seal.events() != batch.events().size()) {
      throw Batch.invalid(
          "its seal counts " + seal.events() + " events, and it has " + batch.events().size());
    }
    if (!seal.writer().id().equals(seal.writerId())) {
      throw Batch.invalid("its writer id is not the hash of chain id, fingerprint and salt");
    }
    Genesis genesis = null;
    if (batch.isGenesis()) {
      genesis = checkGenesis(batch);
    } else {
      for (int index = 0; index < batch.events().size(); index++) {
        checkEvent(batch, index);
      }
      if (seal.hasDelegations()) {
        throw unsupported("its seal shows delegated keys, which this client can't verify yet");
      }
      // Whether it may have none is for `vouchedBy` to say.
      if (!seal.signatures().isEmpty()) {
        checkSigners(batch);
      }
      if (!seal.publicKeys().isEmpty()) {
        checkShown(batch);
      }
      checkData(batch);
    }
    List<Bytes> headers = batch.events().stream().map(EventView::header).toList();
    if (!Merkle.root(headers).equals(seal.eventsRoot())) {
      throw new AtedbException(
          Reason.HASH_MISMATCH, "the events' headers do not hash to the seal's root");
    }
    return genesis;
  }

  /**
   * Verifies the batch that begins a chain: all that it says of itself, and the signature of every
   * root.
   */
  public static Genesis verifyGenesis(Batch batch) {
    Genesis genesis = check(batch);
    if (genesis == null) {
      throw new AtedbException(
          Reason.GENESIS_INVALID, "the first batch of a chain is its genesis, and this is not one");
    }
    Signers.verify(batch.seal(), rootsOf(genesis));
    return genesis;
  }

  static Map<Bytes, PublicKey> rootsOf(Genesis genesis) {
    Map<Bytes, PublicKey> roots = new HashMap<>();
    genesis.roots().forEach(root -> roots.put(root.fingerprint(), root));
    return roots;
  }

  private static AtedbException unsupported(String why) {
    return new AtedbException(
        Reason.UNSUPPORTED, why + ": use the atedb command or the TypeScript client");
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
   * A seal shows keys of its signers and no others, so that it can't make a chain know any number
   * of keys.
   */
  private static void checkShown(Batch batch) {
    List<Bytes> signers = Signers.of(batch);
    Bytes last = Bytes.EMPTY;
    for (PublicKey key : batch.sealKeys()) {
      if (!signers.contains(key.fingerprint())) {
        throw Batch.invalid(
            "its seal shows the key " + key.fingerprint() + ", which is not a signer's");
      }
      if (key.fingerprint().compareTo(last) <= 0) {
        throw Batch.invalid("its seal shows keys in another order, or twice");
      }
      last = key.fingerprint();
    }
  }

  private static void checkEvent(Batch batch, int index) {
    EventView event = batch.events().get(index);
    EventKind kind = event.kind();
    if (kind == EventKind.GENESIS) {
      throw Batch.invalid(index, "a genesis is alone in its batch");
    }
    if (!CARRIED_OUT.contains(kind)) {
      throw new AtedbException(
          Reason.UNSUPPORTED,
          "event "
              + index
              + ": events of kind "
              + kind.text()
              + " are not carried out by this client yet: use the atedb command or the TypeScript client",
          Map.of("event_index", Integer.toString(index), "kind", kind.text()));
    }
    boolean isSealed = event.isSealed();
    if (event.hasGenesis()) {
      throw Batch.invalid(index, "only a genesis says what the chain is");
    }
    if (event.has(EventView.OTHER)) {
      throw Batch.invalid(index, "it says what only events of another kind say");
    }
    if (event.primaryKey().isEmpty() && (kind == EventKind.DATA || kind == EventKind.TOMBSTONE)) {
      throw Batch.invalid(index, "it has no primary key");
    }
    if (event.dataState() != 0) {
      throw Batch.invalid(index, "only a server may say that data is not here");
    }
    if (event.salt().isEmpty() != isSealed) {
      throw Batch.invalid(index, isSealed ? "sealed data has no salt" : "its salt is missing");
    }
    if (event.dataBytes() != event.data().size()) {
      throw Batch.invalid(
          index,
          "its header counts "
              + event.dataBytes()
              + " bytes of data, and it has "
              + event.data().size());
    }
    if (kind != EventKind.DATA && (!event.data().isEmpty() || isSealed)) {
      throw Batch.invalid(index, "an event of kind " + kind.text() + " has no data");
    }
    if (isSealed && event.data().size() < SEALED_BYTES_MIN) {
      throw Batch.invalid(index, "its data is not sealed");
    }
    if (kind != EventKind.DATA || (event.marks() & ~EventView.SEALED) != 0) {
      checkSaid(batch, index, event);
    }
  }

  /** An event says of rights and keys what its kind may say. */
  private static void checkSaid(Batch batch, int index, EventView event) {
    Said said = batch.said(index);
    EventKind kind = event.kind();
    boolean hasKey = !event.primaryKey().isEmpty();
    boolean isOfObject = kind == EventKind.DATA || kind == EventKind.RULES && hasKey;
    if (!isOfObject) {
      refuse(index, kind, !event.parent().isEmpty() || event.hasCollection(), "names no parent");
      refuse(index, kind, said.moves(), "moves nothing");
      refuse(index, kind, said.label() != null, "has no label");
      refuse(index, kind, said.rules() != null && kind != EventKind.RULES, "sets no rules");
    }
    boolean admits = said.rules() != null && said.rules().admit() != null;
    refuse(index, kind, admits && hasKey, "says who may open the chain, for an object");
    boolean retains = said.rules() != null && said.rules().retain() != null;
    refuse(index, kind, retains && hasKey, "says how long data is kept, for an object");
    refuse(
        index,
        kind,
        hasKey && (kind == EventKind.ROOTS || kind == EventKind.KEY_CHANGE),
        "names no object");
    refuse(
        index,
        kind,
        said.roots() != null != (kind == EventKind.ROOTS),
        "says which roots, and no other event does");
    refuse(
        index,
        kind,
        said.keyChange() != null != (kind == EventKind.KEY_CHANGE),
        "says which key, and no other event does");
    refuse(
        index, kind, kind == EventKind.RULES && !event.has(EventView.AUTHORITY), "sets some rules");
    if (said.label() != null && hasKey) {
      Bytes parent = event.parent().isEmpty() ? null : event.parent();
      if (!PrimaryKeys.ofChild(parent, said.label()).equals(event.primaryKey())) {
        throw Batch.invalid(index, "its primary key is not made from its parent and its label");
      }
    }
  }

  private static void refuse(int index, EventKind kind, boolean isSaid, String what) {
    if (isSaid) {
      throw Batch.invalid(index, "an event of kind " + kind.text() + " " + what);
    }
  }

  private static void checkData(Batch batch) {
    int index = 0;
    for (EventView event : batch.events()) {
      Bytes hash =
          event.isSealed()
              ? Hashes.tagged(Tags.HASH_SEALED_DATA, event.data())
              : Hashes.tagged(Tags.HASH_DATA, event.salt(), event.data());
      if (!hash.equals(event.dataHash())) {
        throw new AtedbException(
            Reason.HASH_MISMATCH,
            "event " + index + ": its data does not hash to what its header says",
            Map.of("event_index", Integer.toString(index)));
      }
      index++;
    }
  }

  private static AtedbException invalidGenesis(String why) {
    return new AtedbException(Reason.GENESIS_INVALID, why);
  }

  private static Genesis checkGenesis(Batch batch) {
    Seal seal = batch.seal();
    EventView event = batch.events().get(0);
    if (batch.events().size() != 1) {
      throw Batch.invalid("a genesis is alone in its batch");
    }
    if (!seal.publicKeys().isEmpty() || seal.hasDelegations()) {
      throw invalidGenesis("its seal shows keys, which the genesis names already");
    }
    if (!event.data().isEmpty() || !event.salt().isEmpty() || event.dataState() != 0) {
      throw invalidGenesis("a genesis has no data");
    }
    if (seal.counter() != 0 || seal.asOf() != null || !seal.preconditions().isEmpty()) {
      throw invalidGenesis("nothing comes before a genesis, and its seal says so");
    }
    Genesis genesis = Genesis.parse(event.header());
    if (genesis.hasAuthService()) {
      throw unsupported(
          "an auth service says who owns the chain "
              + genesis.chainKey().text()
              + ", which this client can't verify yet (chains that a server makes with --no-auth, and distributed ones,"
              + " it can)");
    }
    if (genesis.roots().isEmpty()) {
      throw invalidGenesis("it names no roots");
    }
    if (!genesis.chainId().equals(seal.chainId())) {
      throw invalidGenesis("its seal names another chain than the genesis makes");
    }
    List<Bytes> roots = genesis.roots().stream().map(PublicKey::fingerprint).toList();
    String pinned = genesis.chainKey().rootsFingerprint();
    if (pinned != null && !base32(Genesis.rootsFingerprint(roots)).equals(pinned)) {
      throw invalidGenesis("its roots are not those that its chain key names");
    }
    // The roots are sorted by fingerprint, and so are signatures.
    if (!seal.signatures().stream().map(Signed::fingerprint).toList().equals(roots)) {
      throw new AtedbException(
          Reason.SIGNATURE_INVALID, "a genesis is signed by each of its roots, no others");
    }
    if (!roots.contains(seal.fingerprint())) {
      throw invalidGenesis("its writer is not one of its roots");
    }
    return genesis;
  }

  /** Base32 (RFC 4648), lower case, without padding. */
  public static String base32(Bytes data) {
    StringBuilder text = new StringBuilder();
    int bits = 0;
    int held = 0;
    for (int at = 0; at < data.size(); at++) {
      held = held << 8 | data.at(at) & 0xFF;
      bits += 8;
      while (bits >= 5) {
        bits -= 5;
        text.append(BASE32.charAt(held >>> bits & 31));
      }
      held &= (1 << bits) - 1;
    }
    if (bits > 0) {
      text.append(BASE32.charAt(held << 5 - bits & 31));
    }
    return text.toString();
  }
}
