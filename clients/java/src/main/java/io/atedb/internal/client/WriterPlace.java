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
import io.atedb.internal.event.ChainKey;
import io.atedb.internal.event.EventInput;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.event.Seal;
import io.atedb.internal.event.WriterIdentity;
import io.atedb.internal.home.WriterSlot;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * Where a writer stands in a chain: found out before each stream; a chain that isn't there is
 * created.
 */
public final class WriterPlace {
  private static final int OPEN_TRIES_MAX = 4;

  private static final Set<Reason> OVERTAKEN =
      EnumSet.of(Reason.CHAIN_EXISTS, Reason.AUTH_ANSWER_INVALID, Reason.SERVER_IDENTITY_MISMATCH);

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
  private final NameClaim claim;
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

  public WriterPlace(
      ChainCalls calls,
      Opener opener,
      Expected expected,
      NameClaim claim,
      Path home,
      Consumer<Notice> onNotice,
      ScheduledExecutorService timer) {
    this.calls = calls;
    this.opener = opener;
    this.expected = expected;
    this.claim = claim;
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
      Opened opened = open(key, asked);
      if (opened.genesis() == null) {
        if (opened.offer() == null) {
          create(key, opened);
        } else {
          takeOffer(key, opened);
        }
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

  /** Where nobody has the name of the chain's owner, that is claimed first, if that is wanted. */
  private Opened open(KeyPair key, Bytes writerId) {
    try {
      return opener.open(true, true, writerId);
    } catch (AtedbException error) {
      if (!claim.isDue(error)) {
        throw error;
      }
    }
    claim.make(key);
    return opener.open(true, true, writerId);
  }

  private void agree(Opened opened, PublicKey key, List<Bytes> unanswered, long knownBefore) {
    Seal seal = new WriterStandingCheck(opened, slot, key).check(unanswered, mayBeBehind);
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
    Bytes run = Seal.signRun(List.of(event.frame()), seal, List.of(key), List.of(), List.of());
    try {
      appendBatch(run);
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
    tellCreated(chainId);
  }

  private void appendBatch(Bytes run) {
    calls.unary("AppendBatch", new FieldWriter().append(request(run, calls.chainKey())));
  }

  private void tellCreated(Bytes chainId) {
    onNotice.accept(
        new Notice(
            Notice.Kind.CHAIN_CREATED,
            "created the chain " + calls.chainKey() + ", with the id " + chainId,
            null));
  }

  /**
   * Creates the chain by the genesis that the server offers, which is the first batch of the server
   * and not of this writer.
   */
  private void takeOffer(KeyPair key, Opened server) {
    Genesis genesis =
        opener.geneses().checkOffer(server.offer(), server.identity(), key.publicKey());
    try {
      appendBatch(server.offer());
    } catch (AtedbException error) {
      // Somebody was faster, or what was offered a moment ago isn't taken and another one may be:
      // opening again tells.
      if (!OVERTAKEN.contains(error.reason())) {
        throw error;
      }
      return;
    }
    tellCreated(genesis.chainId());
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
