package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.KeyPair;
import io.atedb.Notice;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.TreeHead;
import io.atedb.TrustMode;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.crypt.Symmetric;
import io.atedb.internal.crypt.Tags;
import io.atedb.internal.event.ChainKey;
import io.atedb.internal.event.EventInput;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.event.Seal;
import io.atedb.internal.event.Signed;
import io.atedb.internal.event.WriterIdentity;
import io.atedb.internal.home.WriterSlot;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * Where a writer stands in a chain: found out before each stream; a chain that isn't there is
 * created.
 */
final class WriterPlace {
  private static final int OPEN_TRIES_MAX = 4;

  /** A failure of this machine's own, which trying again at the server doesn't help. */
  static final class LocalFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;
    final transient AtedbException error;

    LocalFailure(AtedbException error) {
      super(error);
      this.error = error;
    }
  }

  /** Where the next batch goes. */
  record Placed(WriterSlot slot, Genesis genesis, PublicKey server) {}

  private final ChainCalls calls;
  private final Opener opener;
  private final Expected expected;
  private final Path home;
  private final Consumer<Notice> onNotice;
  private final ScheduledExecutorService timer;
  private final ReentrantLock lock = new ReentrantLock();
  private Bytes slotChain;
  private WriterSlot slot;
  private LazySaver saver;
  private Bytes offer;
  private boolean hasOfferedAnew;

  /** Whether batches may be stored that the slot doesn't know of. */
  private boolean mayBeBehind = true;

  WriterPlace(
      ChainCalls calls,
      Opener opener,
      Expected expected,
      Path home,
      Consumer<Notice> onNotice,
      ScheduledExecutorService timer) {
    this.calls = calls;
    this.opener = opener;
    this.expected = expected;
    this.home = home;
    this.onNotice = onNotice;
    this.timer = timer;
  }

  /** Goes on as another writer: somebody else has used this one's id. */
  void renew() {
    lock.lock();
    try {
      if (slot != null) {
        slot.renew();
      }
    } finally {
      lock.unlock();
    }
  }

  /** What was sent was given up, and may be stored all the same. */
  void loseTrack() {
    lock.lock();
    try {
      mayBeBehind = true;
    } finally {
      lock.unlock();
    }
  }

  /** Saves where the writer stands, and frees its slot. */
  void close() {
    lock.lock();
    try {
      if (slot != null) {
        // Nothing of it is to be saved once somebody else may have the slot.
        saver.flush();
        slot.close();
      }
      slot = null;
      slotChain = null;
    } finally {
      lock.unlock();
    }
  }

  /** The batch, byte for byte, then the chain's key. */
  static Bytes request(Bytes run, String chainKey) {
    return new FieldWriter().append(run).text(Schema.AppendRequest.CHAIN_KEY, chainKey).finish();
  }

  /**
   * Opens the chain, creating it where it isn't, and agrees with the server on where the writer
   * stands. Raises as {@link Opener#open}; WRITER_AHEAD, WRITER_FORKED, CHAIN_READ_ONLY;
   * LocalFailure where the slot can't be had.
   *
   * @param unanswered seal hashes of batches that were sent and have no answer
   */
  Placed take(KeyPair key, List<Bytes> unanswered) {
    lock.lock();
    try {
      return find(key, unanswered);
    } finally {
      lock.unlock();
    }
  }

  private Placed find(KeyPair key, List<Bytes> unanswered) {
    if (opener.genesis() != null) {
      takeSlot(opener.genesis().chainId(), key.fingerprint());
    }
    // To create it, and to learn its id, takes a try each, and once more when somebody else is
    // faster.
    for (int attempt = 0; attempt < OPEN_TRIES_MAX; attempt++) {
      TreeHead before = opener.known();
      Bytes asked = writerId(key.fingerprint());
      Opened opened = opener.open(true, asked);
      if (opened.genesis() == null) {
        create(key, opened);
        continue;
      }
      if (!opened.trouble().isEmpty()) {
        throw new AtedbException(
            Reason.CHAIN_READ_ONLY,
            "the chain "
                + calls.chainKey()
                + " of "
                + calls.server()
                + " can be read only: "
                + opened.trouble(),
            Map.of("chain_key", calls.chainKey()));
      }
      takeSlot(opened.genesis().chainId(), key.fingerprint());
      if (opened.writer() == null || asked == null || !asked.equals(writerId(key.fingerprint()))) {
        continue;
      }
      agree(opened, key.publicKey(), unanswered, before == null ? 0 : before.size());
      return new Placed(slot, opened.genesis(), opened.identity());
    }
    throw new AtedbException(
        Reason.CONNECTION_FAILED,
        calls.server()
            + " doesn't say where this writer stands, or forgets the chain as soon as it is created",
        Map.of("server", calls.server()));
  }

  private void agree(Opened opened, PublicKey key, List<Bytes> unanswered, long knownBefore) {
    Seal seal = checkStanding(opened, key, unanswered);
    mayBeBehind = false;
    if (seal == null) {
      return;
    }
    // Nor may a seal name an older head than the one before it: what it names is known to be the
    // chain's own.
    if (seal.asOf() != null && seal.asOf().size() > knownBefore) {
      opener.extend(seal.asOf());
    }
    if (unanswered.isEmpty()) {
      slot.advance(opened.writer().nextCounter(), seal.hash());
    }
  }

  /**
   * Finds out whether a server and a writer agree on what the writer has written. Gives its last
   * seal there, or null. Raises WRITER_AHEAD where the server has lost batches that it
   * acknowledged; WRITER_FORKED where it has batches of this writer id of which it can't be known
   * that this writer made them; VERIFICATION_FAILED where what it says can't be.
   */
  private Seal checkStanding(Opened opened, PublicKey key, List<Bytes> unanswered) {
    WriterSlot.State state = slot.state();
    long next = opened.writer().nextCounter();
    Map<String, String> metadata =
        Map.of("next_counter", Long.toString(next), "counter", Long.toString(state.counter()));
    if (next < state.counter()) {
      String accept =
          slot.path() == null
              ? ""
              : ". To append to it as it is now, as a new writer, delete " + slot.path();
      throw new AtedbException(
          Reason.WRITER_AHEAD,
          "the server has "
              + next
              + " batches of this writer, and has acknowledged "
              + state.counter()
              + ": it was restored from an older state or repaired. Find out which before trusting it"
              + accept,
          metadata);
    }
    if (next == 0) {
      return null;
    }
    Seal seal = verifyLastSeal(opened, state.salt(), key);
    long news = next - state.counter();
    // A crash may have come before what was acknowledged last was saved.
    if (news > 0 && unanswered.isEmpty() && mayBeBehind) {
      // The server has our own word for it, or none: what it made up itself we must not go on from.
      if (!seal.signatures().isEmpty()) {
        return seal;
      }
      throw new AtedbException(
          Reason.WRITER_FORKED,
          news
              + " batches of this writer are not known here, since a process has ended before their answers were saved, and"
              + " they are not signed. The next ones are a new writer's",
          metadata);
    }
    Bytes due = state.lastSeal();
    if (news > 0) {
      due = news <= unanswered.size() ? unanswered.get((int) news - 1) : null;
    }
    if (seal.hash().equals(due)) {
      return seal;
    }
    throw new AtedbException(
        Reason.WRITER_FORKED,
        "another process has written as this writer: the server's last batch of it, of the counter "
            + seal.counter()
            + ", is another than ours. A home folder is for one machine: don't copy it while it is in use",
        metadata);
  }

  private static Seal verifyLastSeal(Opened opened, Bytes salt, PublicKey key) {
    Genesis genesis = opened.genesis();
    WriterIdentity writer = new WriterIdentity(genesis.chainId(), key.fingerprint(), salt);
    if (opened.writer().lastSeal() == null) {
      throw unbelievable("its last seal is missing");
    }
    Seal seal =
        Answers.checked(
            "its last seal of this writer is none", () -> Seal.parse(opened.writer().lastSeal()));
    // Others may have signed it too; that this writer did is what counts here.
    boolean isOwn = false;
    for (Signed signature : seal.signatures()) {
      if (signature.fingerprint().equals(key.fingerprint())) {
        if (!signature.isBy(key, Tags.CONTEXT_SEAL, seal.header())) {
          throw unbelievable("its last seal does not verify");
        }
        isOwn = true;
      }
    }
    boolean isSigned =
        seal.signatures().isEmpty() ? genesis.trustMode() == TrustMode.CENTRALIZED : isOwn;
    if (!isSigned || !seal.writer().equals(writer) || !seal.writerId().equals(writer.id())) {
      throw unbelievable("its last seal is not this writer's");
    }
    if (seal.counter() != opened.writer().nextCounter() - 1) {
      throw unbelievable("its last seal has the counter " + seal.counter());
    }
    return seal;
  }

  private static AtedbException unbelievable(String why) {
    return Answers.untrue("of this writer, " + why);
  }

  private void create(KeyPair key, Opened server) {
    boolean isCentralized = server.mode() == TrustMode.CENTRALIZED;
    Bytes header =
        offer != null
            ? offer
            : Genesis.build(
                ChainKey.parse(calls.chainKey()),
                server.mode(),
                List.of(key.publicKey()),
                System.currentTimeMillis(),
                Bytes.wrap(Symmetric.random(Limits.KEY_BYTES)),
                isCentralized ? server.identity() : null,
                expected.isPrivate(),
                expected.confidential());
    offer = header;
    Bytes chainId = Genesis.chainIdOf(header);
    takeSlot(chainId, key.fingerprint());
    EventInput.Built event = EventInput.genesis(header);
    Bytes seal =
        Seal.build(
            new WriterIdentity(chainId, key.fingerprint(), slot.state().salt()),
            0,
            null,
            List.of(event.header()),
            null,
            List.of());
    Bytes run = Seal.signRun(List.of(event.frame()), seal, List.of(key), List.of());
    try {
      calls.unary("AppendBatch", new FieldWriter().append(request(run, calls.chainKey())));
    } catch (AtedbException error) {
      // The identity was rotated since the offer was made, which opening again learns. Once: it
      // isn't rotated all the time.
      boolean isStale = error.reason() == Reason.SERVER_IDENTITY_MISMATCH && !hasOfferedAnew;
      // Somebody else was faster: the chain is theirs to define.
      if (error.reason() != Reason.CHAIN_EXISTS && !isStale) {
        throw error;
      }
      hasOfferedAnew |= isStale;
      offer = null;
      return;
    }
    slot.advance(1, Seal.hashOf(seal));
    offer = null;
    onNotice.accept(
        new Notice(
            Notice.Kind.CHAIN_CREATED,
            "created the chain " + calls.chainKey() + ", with the id " + chainId,
            null));
  }

  private Bytes writerId(Bytes fingerprint) {
    return slot == null
        ? null
        : new WriterIdentity(slotChain, fingerprint, slot.state().salt()).id();
  }

  /** Takes the slot of this chain; one of another chain that was to be created is given back. */
  private void takeSlot(Bytes chainId, Bytes fingerprint) {
    if (slot != null && slotChain.equals(chainId)) {
      return;
    }
    close();
    try {
      WriterSlot taken = WriterSlot.acquire(home, chainId, fingerprint, onNotice);
      saver = new LazySaver(timer, taken::save);
      taken.onChange(saver::changed);
      slot = taken;
    } catch (AtedbException error) {
      throw new LocalFailure(error);
    }
    slotChain = chainId;
    mayBeBehind = true;
  }
}
