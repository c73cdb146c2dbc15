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
import io.atedb.internal.client.Conflicts.Conflict;
import io.atedb.internal.client.GenesisCheck.Checked;
import io.atedb.internal.client.Schema.OpenChainRequest;
import io.atedb.internal.client.Schema.OpenChainResponse;
import io.atedb.internal.crypt.Merkle;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.home.RememberedChain;
import io.atedb.internal.home.RememberedChain.Remembered;
import io.atedb.internal.trust.IdentityLine;
import io.atedb.internal.trust.SignedHead;
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
  private final ChainCalls calls;
  private final Expected expected;
  private final RememberedChain remembered;
  private final GenesisCheck geneses;
  private final ServerLine server;
  private final NewestHead newest;
  private final Conflicts conflicts;

  /** Held while the chain is opened, and whatever of here is read or changed. */
  private final ReentrantLock lock = new ReentrantLock();

  private volatile Genesis genesis;

  public Opener(
      ChainCalls calls,
      Expected expected,
      RememberedChain remembered,
      Consumer<Notice> onNotice,
      ScheduledExecutorService timer) {
    this.calls = calls;
    this.expected = expected;
    this.remembered = remembered;
    this.geneses = new GenesisCheck(calls, expected);
    this.server = new ServerLine(calls);
    this.newest = new NewestHead(remembered, this::genesis, onNotice, timer);
    this.conflicts = new Conflicts(calls, remembered, this::genesis, newest);
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
    return newest.known();
  }

  /** The newest checkpoint that is known to be of the verified history; null: none was shown. */
  public SignedHead checkpoint() {
    return newest.checkpoint();
  }

  GenesisCheck geneses() {
    return geneses;
  }

  /** Opens the chain; for appending it need not be there. */
  public void open(boolean forAppend) {
    open(forAppend, false, null);
  }

  /** Opens the chain, and gives the sequence that the next event gets, in the server's words. */
  public long openForNextSequence() {
    return open(false, false, null).nextSequence();
  }

  /**
   * Opens the chain. Raises CHAIN_NOT_FOUND; CHAIN_ID_MISMATCH, TRUST_MODE_MISMATCH,
   * SERVER_IDENTITY_MISMATCH and others where it is not what is expected; HEAD_CONFLICT,
   * VERIFICATION_FAILED where the server can't be believed.
   *
   * @param wishes whether the server is to offer a genesis, where it makes them and the chain isn't
   *     there
   * @param writerId the writer to be told of, or null
   */
  Opened open(boolean forAppend, boolean wishes, Bytes writerId) {
    lock.lock();
    try {
      TreeHead before = known();
      Remembered found = before == null ? remembered.load() : null;
      TreeHead base = found == null ? before : found.head();
      if (found != null && found.checkpoint() != null) {
        newest.keep(found.checkpoint());
      }
      Parts answer = ask(base, forAppend, wishes, writerId);
      PublicKey identity = identityOf(answer);
      TrustMode mode = modeOf(answer);
      if (!answer.has(OpenChainResponse.GENESIS)) {
        if (base != null) {
          throw gone(base);
        }
        geneses.checkCreation(mode, forAppend);
        Bytes offer = answer.bytesOrNull(OpenChainResponse.OFFER);
        return new Opened(identity, mode, null, null, 0, "", null, offer);
      }
      TreeHead head = take(answer, identity, before, base, found);
      return new Opened(
          identity,
          mode,
          genesis,
          head,
          answer.number(OpenChainResponse.NEXT_SEQUENCE),
          answer.text(OpenChainResponse.TROUBLE),
          Opened.WriterStanding.in(answer),
          null);
    } finally {
      lock.unlock();
    }
  }

  /** Verifies what is said of a chain that is there, and moves on to its head. */
  private TreeHead take(
      Parts answer, PublicKey identity, TreeHead before, TreeHead base, Remembered found) {
    SignedHead signedBefore = checkpoint();
    Checked checked = geneses.check(answer.bytes(OpenChainResponse.GENESIS), idBefore(found));
    TreeHead head = Answers.head(answer, OpenChainResponse.HEAD);
    SignedHead signed = server.verifySigned(answer, identity, checked.genesis(), signedBefore);
    // Every tree of the chain extends that of its genesis alone.
    TreeHead due = base == null ? new TreeHead(1, checked.leaf()) : base;
    checkHead(head, due, answer.all(OpenChainResponse.CONSISTENCY), signed);
    genesis = genesis == null ? checked.genesis() : genesis;
    if (signed != null) {
      List<Bytes> proof = answer.all(OpenChainResponse.CHECKPOINT_CONSISTENCY);
      if (!extendsTree(head, signed.head(), proof)) {
        throw conflicts.of(
            new Conflict(
                "it has signed another history than the one it serves",
                signed.head(),
                head,
                signed));
      }
      checkNotOlder(signed, signedBefore);
    }
    newest.advance(before, head);
    if (signed != null) {
      newest.keep(signed);
    }
    return head;
  }

  private static TrustMode modeOf(Parts answer) {
    return answer.number(OpenChainResponse.TRUST_MODE) == 1
        ? TrustMode.CENTRALIZED
        : TrustMode.DISTRIBUTED;
  }

  private PublicKey identityOf(Parts answer) {
    PublicKey identity =
        Answers.checked(
            "its identity is no key",
            () -> PublicKey.parse(answer.bytes(OpenChainResponse.SERVER_IDENTITY)));
    calls.transport().checkProven(identity);
    return identity;
  }

  private Bytes idBefore(Remembered found) {
    return genesis != null ? genesis.chainId() : found == null ? null : found.chainId();
  }

  /** Moves on to a head that extends `before`, if that is the newest now. */
  void advance(TreeHead before, TreeHead head) {
    newest.advance(before, head);
  }

  /**
   * Has it proven that the chain as it is now extends a head. Gives the head that it has now.
   * Raises HEAD_CONFLICT where it doesn't.
   */
  TreeHead extend(TreeHead head) {
    Parts answer = ask(head, false, false, null);
    if (!answer.has(OpenChainResponse.GENESIS)) {
      throw gone(head);
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
      throw conflicts.of(new Conflict("its chain is shorter than it was", base, served, signed));
    }
    if (served.size() == base.size() && !served.root().equals(base.root())) {
      throw conflicts.of(
          new Conflict("its chain has another history than it had", base, served, signed));
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
        return server.verify(note, genesis.chainId());
      } catch (AtedbException error) {
        open(false, false, null);
        return server.verify(note, genesis.chainId());
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
      throw conflicts.of(
          new Conflict(
              "it has signed another history than the one it has sent",
              new TreeHead(signed.head().size(), root),
              signed.head(),
              signed));
    }
    checkNotOlder(signed, before);
    TreeHead known = known();
    if (root == null && known != null) {
      tie(signed.head(), known);
    }
    newest.keep(signed);
  }

  /** Makes the HEAD_CONFLICT of two heads that can't both be true, and keeps evidence of them. */
  AtedbException conflict(String why, TreeHead base, TreeHead served) {
    return conflicts.of(new Conflict(why, base, served, null));
  }

  private AtedbException gone(TreeHead base) {
    return conflict("the chain is not there any more", base, null);
  }

  /**
   * Refuses to prove a key for another chain or server than is known. Raises CHAIN_ID_MISMATCH,
   * SERVER_IDENTITY_MISMATCH.
   */
  public void checkChallenge(Bytes chainId, IdentityLine shown) {
    Remembered found = remembered.load();
    geneses.checkId(chainId, idBefore(found));
    server.check(shown, genesis, found == null ? null : found.checkpoint());
  }

  /** Saves what isn't saved. */
  public void close() {
    newest.flush();
  }

  /** Forgets the chain, which was deleted. */
  public void forget() {
    newest.flush();
    remembered.forget();
  }

  private Parts ask(TreeHead base, boolean forAppend, boolean wishes, Bytes writerId) {
    FieldWriter request =
        new FieldWriter()
            .text(OpenChainRequest.CHAIN_KEY, calls.chainKey())
            .varint(OpenChainRequest.KNOWN_SIZE, base == null ? 1 : base.size())
            .bool(OpenChainRequest.FOR_APPEND, forAppend)
            .bytes(OpenChainRequest.WRITER_ID, writerId)
            .bytes(OpenChainRequest.KNOWN_IDENTITY, server.known());
    if (wishes) {
      request.message(
          OpenChainRequest.WISHES,
          new FieldWriter()
              .bool(Schema.GenesisWishes.PRIVATE, expected.isPrivate())
              .bool(Schema.GenesisWishes.CONFIDENTIAL, expected.confidential()));
    }
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
      throw gone(base);
    }
  }

  /**
   * Says what is wrong with a chain that is shorter than what was verified: or it is another chain
   * altogether.
   */
  private AtedbException shorter(TreeHead base) {
    Parts answer = ask(null, false, false, null);
    Bytes slice = answer.bytes(OpenChainResponse.GENESIS);
    Genesis said = geneses.check(slice, idBefore(remembered.load())).genesis();
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
    SignedHead signed = server.verifySigned(answer, identityOf(answer), said, checkpoint());
    return conflicts.of(new Conflict("its chain is shorter than it was", base, head, signed));
  }

  private static boolean extendsTree(TreeHead head, TreeHead base, List<Bytes> proof) {
    return Merkle.verifyConsistency(base.size(), head.size(), base.root(), head.root(), proof);
  }

  private void checkHead(TreeHead head, TreeHead base, List<Bytes> proof, SignedHead signed) {
    checkNotBehind(head, base, signed);
    if (!extendsTree(head, base, proof)) {
      throw conflicts.of(
          new Conflict(
              "its head does not extend the one that was verified before",
              base,
              head,
              proof,
              signed));
    }
  }

  private void checkNotOlder(SignedHead signed, SignedHead before) {
    if (before != null && signed.head().size() < before.head().size()) {
      throw conflicts.of(
          new Conflict(
              "it shows an older checkpoint than one it had signed",
              before.head(),
              signed.head(),
              signed));
    }
  }
}
