package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Notice;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.TreeHead;
import io.atedb.TrustMode;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.client.Schema.OpenChainRequest;
import io.atedb.internal.client.Schema.OpenChainResponse;
import io.atedb.internal.crypt.Merkle;
import io.atedb.internal.event.Batch;
import io.atedb.internal.event.Commit;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.home.RememberedChain;
import io.atedb.internal.home.RememberedChain.Remembered;
import io.atedb.internal.trust.CertifiedKeys;
import io.atedb.internal.trust.CheckBatch;
import io.atedb.internal.trust.IdentityLine;
import io.atedb.internal.trust.SignedHead;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * Opens one chain, as often as needed, and believes nothing: every head is proven to extend the one
 * known before.
 */
public final class Opener {
  private record Checked(Genesis genesis, Bytes leaf) {}

  private final ChainCalls calls;
  private final Expected expected;
  private final RememberedChain remembered;
  private final Consumer<Notice> onNotice;
  private final LazySaver saver;

  /** Held while the chain is opened, and whatever of here is read or changed. */
  private final ReentrantLock lock = new ReentrantLock();

  private volatile Genesis genesis;
  private volatile TreeHead known;
  private volatile SignedHead checkpoint;
  private CertifiedKeys signer;
  private IdentityLine line;

  public Opener(
      ChainCalls calls,
      Expected expected,
      RememberedChain remembered,
      Consumer<Notice> onNotice,
      ScheduledExecutorService timer) {
    this.calls = calls;
    this.expected = expected;
    this.remembered = remembered;
    this.onNotice = onNotice;
    this.saver = new LazySaver(timer, this::save);
  }

  /** What the chain is; null: it wasn't there when it was opened last. */
  public Genesis genesis() {
    return genesis;
  }

  /**
   * The newest head that was verified, each one as an extension of the one before; null before the
   * first opening.
   */
  public TreeHead known() {
    return known;
  }

  /** The newest checkpoint that is known to be of the verified history; null: none was shown. */
  public SignedHead checkpoint() {
    return checkpoint;
  }

  /** Opens the chain; for appending it need not be there. */
  public void open(boolean forAppend) {
    open(forAppend, null);
  }

  /** Opens the chain, and gives the sequence that the next event gets, in the server's words. */
  public long openForNextSequence() {
    return open(false, null).nextSequence();
  }

  /**
   * Opens the chain. Raises CHAIN_NOT_FOUND; CHAIN_ID_MISMATCH, TRUST_MODE_MISMATCH,
   * SERVER_IDENTITY_MISMATCH and others where it is not what is expected; HEAD_CONFLICT,
   * VERIFICATION_FAILED where the server can't be believed.
   *
   * @param writerId the writer to be told of, or null
   */
  Opened open(boolean forAppend, Bytes writerId) {
    lock.lock();
    try {
      TreeHead before = known;
      Remembered found = before == null ? remembered.load() : null;
      TreeHead base = found == null ? before : found.head();
      if (found != null && found.checkpoint() != null) {
        keep(found.checkpoint());
      }
      SignedHead signedBefore = checkpoint;
      Parts answer = ask(base, forAppend, writerId);
      PublicKey identity = identityOf(answer);
      TrustMode mode =
          answer.number(OpenChainResponse.TRUST_MODE) == 1
              ? TrustMode.CENTRALIZED
              : TrustMode.DISTRIBUTED;
      if (!answer.has(OpenChainResponse.GENESIS)) {
        if (base != null) {
          throw conflict("the chain is not there any more", base, null);
        }
        checkCreation(mode, forAppend);
        return new Opened(identity, mode, null, null, 0, "", null);
      }
      Checked checked = checkGenesis(answer, found);
      TreeHead head = Answers.head(answer, OpenChainResponse.HEAD);
      SignedHead signed = verifySigned(answer, identity, checked.genesis, signedBefore);
      // Every tree of the chain extends that of its genesis alone.
      checkHead(
          head,
          base == null ? new TreeHead(1, checked.leaf) : base,
          answer.all(OpenChainResponse.CONSISTENCY),
          signed);
      genesis = genesis == null ? checked.genesis : genesis;
      if (signed != null) {
        List<Bytes> proof = answer.all(OpenChainResponse.CHECKPOINT_CONSISTENCY);
        if (!extendsTree(head, signed.head(), proof)) {
          throw conflict(
              "it has signed another history than the one it serves",
              signed.head(),
              head,
              List.of(),
              signed);
        }
        checkNotOlder(signed, signedBefore);
      }
      advance(before, head);
      if (signed != null) {
        keep(signed);
      }
      Opened.WriterStanding writer = null;
      if (answer.has(OpenChainResponse.WRITER)) {
        Parts state = Answers.parts(answer.bytes(OpenChainResponse.WRITER));
        writer =
            new Opened.WriterStanding(
                state.number(Schema.WriterState.NEXT_COUNTER),
                state.bytesOrNull(Schema.WriterState.LAST_SEAL));
      }
      return new Opened(
          identity,
          mode,
          genesis,
          head,
          answer.number(OpenChainResponse.NEXT_SEQUENCE),
          answer.text(OpenChainResponse.TROUBLE),
          writer);
    } finally {
      lock.unlock();
    }
  }

  private PublicKey identityOf(Parts answer) {
    PublicKey identity =
        Answers.checked(
            "its identity is no key",
            () -> PublicKey.parse(answer.bytes(OpenChainResponse.SERVER_IDENTITY)));
    calls.transport().checkProven(identity);
    return identity;
  }

  /**
   * Moves on to a head that extends `before`. If that isn't the newest now, the two were never
   * compared: nothing happens.
   */
  void advance(TreeHead before, TreeHead head) {
    lock.lock();
    try {
      boolean isNewest = known == null ? before == null : known.equals(before);
      if (isNewest && (before == null || head.size() > before.size())) {
        known = head;
        saver.changed();
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Has it proven that the chain as it is now extends a head. Gives the head that it has now.
   * Raises HEAD_CONFLICT where it doesn't.
   */
  TreeHead extend(TreeHead head) {
    Parts answer = ask(head, false, null);
    if (!answer.has(OpenChainResponse.GENESIS)) {
      throw conflict("the chain is not there any more", head, null);
    }
    TreeHead served = Answers.head(answer, OpenChainResponse.HEAD);
    checkHead(served, head, answer.all(OpenChainResponse.CONSISTENCY), null);
    return served;
  }

  /**
   * Compares a head that was served with another one of the chain, whichever is the newer. Raises
   * HEAD_CONFLICT.
   */
  void tie(TreeHead one, TreeHead other) {
    TreeHead older = one.size() <= other.size() ? one : other;
    TreeHead newer = one.size() <= other.size() ? other : one;
    checkNotBehind(newer, older, null);
    if (newer.size() == older.size()) {
      return;
    }
    Bytes raw =
        calls.unary(
            "GetProof",
            new FieldWriter()
                .text(Schema.GetProofRequest.CHAIN_KEY, calls.chainKey())
                .varint(Schema.GetProofRequest.FROM_SIZE, older.size())
                .varint(Schema.GetProofRequest.SIZE, newer.size()));
    checkHead(newer, older, Answers.parts(raw).all(Schema.GetProofResponse.CONSISTENCY), null);
  }

  /**
   * Refuses a served head that is older than the known one, or of its size and another. Raises
   * HEAD_CONFLICT.
   */
  void checkNotBehind(TreeHead served, TreeHead base, SignedHead signed) {
    if (served.size() < base.size()) {
      throw conflict("its chain is shorter than it was", base, served, List.of(), signed);
    }
    if (served.size() == base.size() && !served.root().equals(base.root())) {
      throw conflict("its chain has another history than it had", base, served, List.of(), signed);
    }
  }

  /**
   * Verifies a checkpoint of the chain, which was opened before. Raises VERIFICATION_FAILED. The
   * server may have been started anew with another identity, which the one before vouches for: an
   * opening shows that.
   */
  SignedHead verifyCheckpoint(String note) {
    lock.lock();
    try {
      try {
        return verifiedNote(note, genesis.chainId());
      } catch (AtedbException error) {
        open(false, null);
        return verifiedNote(note, genesis.chainId());
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Compares a checkpoint with the tree that was replayed, and with the one before; keeps it.
   * Raises HEAD_CONFLICT.
   *
   * @param root that the tree had at its size, as far as that is known; or null
   * @param before the checkpoint before, or null
   */
  void keepCheckpoint(SignedHead signed, Bytes root, SignedHead before) {
    if (root != null && !root.equals(signed.head().root())) {
      throw conflict(
          "it has signed another history than the one it has sent",
          new TreeHead(signed.head().size(), root),
          signed.head(),
          List.of(),
          signed);
    }
    checkNotOlder(signed, before);
    TreeHead newest = known;
    if (root == null && newest != null) {
      tie(signed.head(), newest);
    }
    keep(signed);
  }

  AtedbException conflict(String why, TreeHead base, TreeHead served) {
    return conflict(why, base, served, List.of(), null);
  }

  /** Keeps evidence of two heads that can't both be true, and makes the error that says so. */
  AtedbException conflict(
      String why, TreeHead base, TreeHead served, List<Bytes> consistency, SignedHead signed) {
    Path evidence =
        remembered.keepEvidence(
            why,
            genesis == null ? null : genesis.header(),
            base,
            served,
            consistency,
            checkpoint,
            signed);
    Map<String, String> metadata = new HashMap<>();
    metadata.put("chain_key", calls.chainKey());
    metadata.put("known_size", Long.toString(base.size()));
    metadata.put("known_root", base.root().hex());
    if (served != null) {
      metadata.put("served_size", Long.toString(served.size()));
      metadata.put("served_root", served.root().hex());
    }
    if (evidence != null) {
      metadata.put("evidence", evidence.toString());
    }
    String forget =
        remembered.path() == null ? "" : ". To accept it as it is now, delete " + remembered.path();
    return new AtedbException(
        Reason.HEAD_CONFLICT,
        calls.server()
            + " contradicts what was verified before of "
            + calls.chainKey()
            + ": "
            + why
            + ". It was restored or repaired, or its history was rewritten: find out which before trusting it"
            + forget,
        metadata);
  }

  /**
   * Refuses to prove a key for another chain or server than is known. Raises CHAIN_ID_MISMATCH,
   * SERVER_IDENTITY_MISMATCH.
   */
  public void checkChallenge(Bytes chainId, IdentityLine shown) {
    Remembered found = remembered.load();
    checkChainId(chainId, found);
    checkIdentity(shown, genesis, found == null ? null : found.checkpoint());
  }

  /** Saves what isn't saved. */
  public void close() {
    saver.flush();
  }

  private Parts ask(TreeHead base, boolean forAppend, Bytes writerId) {
    FieldWriter request =
        new FieldWriter()
            .text(OpenChainRequest.CHAIN_KEY, calls.chainKey())
            .varint(OpenChainRequest.KNOWN_SIZE, base == null ? 1 : base.size())
            .bool(OpenChainRequest.FOR_APPEND, forAppend)
            .bytes(OpenChainRequest.WRITER_ID, writerId)
            .bytes(
                OpenChainRequest.KNOWN_IDENTITY,
                line == null ? null : line.identity().fingerprint());
    try {
      return Answers.parts(calls.unary("OpenChain", request));
    } catch (AtedbException error) {
      if (base == null) {
        throw error;
      }
      if (error.reason() == Reason.SEQUENCE_OUT_OF_RANGE) {
        throw shorter(base);
      }
      if (error.reason() != Reason.CHAIN_NOT_FOUND) {
        throw error;
      }
      throw conflict("the chain is not there any more", base, null);
    }
  }

  /**
   * Says what is wrong with a chain that is shorter than what was verified: or it is another chain
   * altogether.
   */
  private AtedbException shorter(TreeHead base) {
    Parts answer = ask(null, false, null);
    Checked checked = checkGenesis(answer, remembered.load());
    TreeHead head = Answers.head(answer, OpenChainResponse.HEAD);
    for (Bytes damage : answer.all(OpenChainResponse.DAMAGES)) {
      Parts parts = Answers.parts(damage);
      if (parts.has(Schema.ChainDamage.FIRST_SEQUENCE)) {
        return new AtedbException(
            Reason.CHAIN_DAMAGED,
            calls.server()
                + " says that its chain "
                + calls.chainKey()
                + " is damaged, and no longer has all that was verified of it here: "
                + base.size()
                + " commits were, and "
                + head.size()
                + " can be read",
            Map.of(
                "known_size", Long.toString(base.size()),
                "served_size", Long.toString(head.size()),
                "file", parts.text(Schema.ChainDamage.FILE)));
      }
    }
    SignedHead signed = verifySigned(answer, identityOf(answer), checked.genesis, checkpoint);
    return conflict("its chain is shorter than it was", base, head, List.of(), signed);
  }

  private Checked checkGenesis(Parts answer, Remembered found) {
    return checkGenesis(answer.bytes(OpenChainResponse.GENESIS), found);
  }

  private Checked checkGenesis(Bytes slice, Remembered found) {
    Checked checked =
        Answers.checked(
            "its genesis does not verify",
            () -> {
              List<Commit.Stored> stored = Commit.splitSlice(slice);
              if (stored.size() != 1) {
                throw Answers.untrue("its genesis is " + stored.size() + " batches");
              }
              Commit commit = stored.get(0).commit();
              Batch batch = Batch.parse(stored.get(0).run());
              Genesis said = CheckBatch.verifyGenesis(batch);
              Commit.Header header = commit.header();
              boolean isFirst =
                  header.commit() == 0
                      && header.firstSequence() == 0
                      && header.events() == 1
                      && header.sealHash().equals(batch.seal().hash());
              if (!isFirst) {
                throw Answers.untrue("its genesis has another batch's commit");
              }
              return new Checked(said, commit.leaf());
            });
    if (!checked.genesis.chainKey().text().equals(calls.chainKey())) {
      throw Answers.untrue("its genesis is of the chain " + checked.genesis.chainKey().text());
    }
    checkChainId(checked.genesis.chainId(), found);
    expected.check(checked.genesis);
    return checked;
  }

  private void checkChainId(Bytes chainId, Remembered found) {
    Bytes before = genesis != null ? genesis.chainId() : found != null ? found.chainId() : null;
    checkSameId(chainId, expected.chainId(), "pinned");
    checkSameId(chainId, before, "remembered");
  }

  private void checkSameId(Bytes chainId, Bytes due, String how) {
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

  private void checkCreation(TrustMode mode, boolean forAppend) {
    // Servers refuse this call then; one that doesn't must not pass for one with an empty chain.
    if (!forAppend || expected.chainId() != null) {
      throw new AtedbException(
          Reason.CHAIN_NOT_FOUND,
          "there is no chain " + calls.chainKey() + " on " + calls.server(),
          Map.of("chain_key", calls.chainKey()));
    }
    expected.checkMode(calls.chainKey(), mode);
  }

  /**
   * The checkpoint of an opening. Null where the server shows none, of a chain that it says is in
   * trouble.
   */
  private SignedHead verifySigned(
      Parts answer, PublicKey identity, Genesis said, SignedHead before) {
    IdentityLine shown =
        Answers.checked(
            "what it has signed does not verify",
            () -> lineOf(identity, answer.all(OpenChainResponse.IDENTITY_ROTATIONS)));
    checkIdentity(shown, said, before);
    Bytes keys = answer.bytes(OpenChainResponse.CHECKPOINT_KEYS);
    if (signer == null || signer.line() != shown || !signer.message().equals(keys)) {
      signer =
          Answers.checked(
              "what it has signed does not verify", () -> CertifiedKeys.verify(keys, shown));
    }
    line = shown;
    if (answer.has(OpenChainResponse.CHECKPOINT)) {
      return verifiedNote(answer.text(OpenChainResponse.CHECKPOINT), said.chainId());
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

  /** Refuses a server that isn't the one that the chain is kept by, nor follows from it. */
  private void checkIdentity(IdentityLine shown, Genesis said, SignedHead before) {
    if (said != null && said.serverIdentity() != null) {
      checkFollows(shown, said.serverIdentity().fingerprint(), false);
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

  private SignedHead verifiedNote(String note, Bytes chainId) {
    if (signer == null) {
      throw Answers.untrue("the keys of its checkpoints were not shown");
    }
    return Answers.checked(
        "what it has signed does not verify", () -> SignedHead.verify(note, chainId, signer));
  }

  private static boolean extendsTree(TreeHead head, TreeHead base, List<Bytes> proof) {
    return Merkle.verifyConsistency(base.size(), head.size(), base.root(), head.root(), proof);
  }

  private void checkHead(TreeHead head, TreeHead base, List<Bytes> proof, SignedHead signed) {
    checkNotBehind(head, base, signed);
    if (!extendsTree(head, base, proof)) {
      throw conflict(
          "its head does not extend the one that was verified before", base, head, proof, signed);
    }
  }

  private void checkNotOlder(SignedHead signed, SignedHead before) {
    if (before != null && signed.head().size() < before.head().size()) {
      throw conflict(
          "it shows an older checkpoint than one it had signed",
          before.head(),
          signed.head(),
          List.of(),
          signed);
    }
  }

  private void keep(SignedHead signed) {
    lock.lock();
    try {
      TreeHead newest = known;
      // What is kept is never beyond what is known, which later heads are compared with.
      if (newest != null && signed.head().size() > newest.size()) {
        return;
      }
      if (signed.isNewerThan(checkpoint)) {
        checkpoint = signed;
        if (newest != null) {
          saver.changed();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private void save() {
    TreeHead head = known;
    Genesis said = genesis;
    if (head == null || said == null) {
      return;
    }
    try {
      remembered.note(new Remembered(said.chainId(), head, checkpoint));
    } catch (AtedbException error) {
      onNotice.accept(
          new Notice(
              Notice.Kind.NOT_SAVED,
              "what was verified could not be saved: " + error.getMessage(),
              error));
    }
  }
}
