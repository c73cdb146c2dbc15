package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.ChainObject;
import io.atedb.Committed;
import io.atedb.KeyPair;
import io.atedb.PublicKey;
import io.atedb.ReadRule;
import io.atedb.Reason;
import io.atedb.internal.account.OpenedGroup;
import io.atedb.internal.crypt.DataKey;
import io.atedb.internal.crypt.Padding;
import io.atedb.internal.event.Precondition;
import io.atedb.internal.event.SealedData;
import io.atedb.internal.trust.Authority;
import io.atedb.internal.trust.Placement;
import io.atedb.internal.trust.Replay;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * Builds appends, and seals their data as the rules say: those that are verified up to the chain's
 * end, and as this client's own appends on their way have them.
 */
public final class Sealer {
  /** A rule for reading may change while an append is on its way; so often it is sealed anew. */
  private static final int TRIES_MAX = 3;

  /** Others may write meanwhile; so often a change of readers is made anew. */
  private static final int CHANGE_TRIES_MAX = 20;

  /** Where events of one append put objects; the commit is -1 while it is on its way. */
  private static final class Own {
    private final List<Placement> placements = new ArrayList<>();
    private volatile long commit = -1;
  }

  private final Reader reader;
  private final Writer writer;
  private final ChainKeys keys;
  private final boolean isConfidential;
  private final Padding padding;
  private final ReaderChanges changes;
  private final Executor executor;

  /** Held while an append is sealed and queued: what comes behind it is sealed as is due there. */
  private final ReentrantLock turn = new ReentrantLock();

  /**
   * Of this client's own appends, in order, those that the verified rules may not have yet. Guarded
   * by itself.
   */
  private final List<Own> owns = new ArrayList<>();

  /** Ids of read keys that were made here, and not yet seen handed out in the chain's history. */
  private final Set<Bytes> unseen = new HashSet<>();

  /** Whether data is known to be sealed, though that was not verified yet. */
  private volatile boolean isSealing;

  /** The version of the group for whose keys the read key was seen to; -1: for none. */
  private long renewedFor = -1;

  public Sealer(
      Reader reader,
      Writer writer,
      ChainKeys keys,
      boolean isConfidential,
      Padding padding,
      EventSource.OfReaders ofReaders,
      Executor executor) {
    this.reader = reader;
    this.writer = writer;
    this.keys = keys;
    this.isConfidential = isConfidential;
    this.padding = padding;
    this.changes = new ReaderChanges(reader, ofReaders);
    this.executor = executor;
  }

  /**
   * Whether it is known that data of the chain is sealed. Never in clear where a rule can't be
   * known.
   */
  private boolean seals() {
    return isConfidential
        || isSealing
        || reader.genesis() != null
            && (reader.genesis().isConfidential() || reader.authority().hasReadRules());
  }

  /** Appends events. What is given completes when they are durable. */
  public CompletableFuture<Committed> append(
      List<? extends EventSource> events, List<Precondition> conditions, List<KeyPair> coSigners) {
    if (seals()) {
      return again(sealed(events, conditions, coSigners), events, conditions, coSigners, 1);
    }
    // In clear, unless a rule that isn't known here has it sealed: the server refuses that.
    Built built = built(events, conditions, null, coSigners);
    return again(writer.append(built), events, conditions, coSigners, 1);
  }

  /** Seals anew where the rules have changed meanwhile, or weren't known. */
  private CompletableFuture<Committed> again(
      CompletableFuture<Committed> last,
      List<? extends EventSource> events,
      List<Precondition> conditions,
      List<KeyPair> coSigners,
      int tries) {
    return last.exceptionallyCompose(
        error -> {
          boolean isOfRule =
              causeOf(error) instanceof AtedbException known
                  && known.reason() == Reason.READ_RULE_MISMATCH;
          if (!isOfRule || tries == TRIES_MAX) {
            return CompletableFuture.failedFuture(causeOf(error));
          }
          isSealing = true;
          return CompletableFuture.supplyAsync(
                  () -> sealed(events, conditions, coSigners), executor)
              .thenCompose(next -> again(next, events, conditions, coSigners, tries + 1));
        });
  }

  private static Throwable causeOf(Throwable error) {
    return error instanceof CompletionException && error.getCause() != null
        ? error.getCause()
        : error;
  }

  private CompletableFuture<Committed> sealed(
      List<? extends EventSource> events, List<Precondition> conditions, List<KeyPair> coSigners) {
    if (reader.genesis() == null) {
      writer.create();
    }
    turn.lock();
    try {
      renew();
      Authority authority = reached().authority();
      List<Own> before = underWay();
      boolean isOwnCopy = !before.isEmpty();
      if (isOwnCopy) {
        authority = authority.copy();
        for (Own own : before) {
          own.placements.forEach(authority::assume);
        }
      }
      Own own = new Own();
      List<SealedData.Sealing> sealings = new ArrayList<>();
      for (EventSource event : events) {
        Placement placement = event.placement();
        sealings.add(event.hasData() ? sealingOf(authority, placement) : null);
        if (placement != null && authority.isChangedBy(placement)) {
          authority = isOwnCopy ? authority : authority.copy();
          isOwnCopy = true;
          authority.assume(placement);
          own.placements.add(placement);
        }
      }
      CompletableFuture<Committed> appending =
          writer.append(built(events, conditions, sealings, coSigners));
      return own.placements.isEmpty() ? appending : noted(appending, own);
    } finally {
      turn.unlock();
    }
  }

  private List<Own> underWay() {
    synchronized (owns) {
      return List.copyOf(owns);
    }
  }

  /** Has what comes behind an append sealed as if it were there, unless it has failed. */
  private CompletableFuture<Committed> noted(CompletableFuture<Committed> appending, Own own) {
    synchronized (owns) {
      owns.add(own);
    }
    return appending.whenComplete(
        (committed, error) -> {
          if (error == null) {
            own.commit = committed.commit();
            return;
          }
          synchronized (owns) {
            owns.remove(own);
          }
        });
  }

  /** Has the rules verified up to the chain's end, with what this client has appended to them. */
  private Replay reached() {
    List<Bytes> due = List.copyOf(unseen);
    Replay reached = reader.rules().reach(-1);
    for (Bytes keyId : due) {
      if (reader.readKeys().holdersOf(keyId).isEmpty()) {
        throw Answers.untrue(
            "it has acknowledged that the read key "
                + keyId
                + " was handed out, and the history that it sends doesn't have that. Nothing was sealed: it would be for the readers of before");
      }
      unseen.remove(keyId);
    }
    synchronized (owns) {
      owns.removeIf(own -> own.commit >= 0 && own.commit < reached.nextCommit());
    }
    return reached;
  }

  /**
   * How the data of an event is sealed; null: in clear. Raises READ_RULE_MISMATCH,
   * READ_KEY_MISSING.
   */
  private SealedData.Sealing sealingOf(Authority authority, Placement event) {
    ReadRule own = event.read();
    boolean isRuledHere = own != null && own.kind() != ReadRule.Kind.INHERIT;
    ReadRule rule =
        isRuledHere ? own : authority.readRuleFor(event.primaryKey(), event.parent(), own != null);
    if (rule == null) {
      throw new AtedbException(
          Reason.READ_RULE_MISMATCH,
          "the chain is confidential, and nobody has said yet who may read it: set its readers first");
    }
    if (rule.kind() == ReadRule.Kind.EVERYONE) {
      return null;
    }
    byte[] readKey = changes.readKey(rule.readKeyId());
    return SealedData.under(readKey, reader.genesis().chainId(), padding);
  }

  private Built built(
      List<? extends EventSource> events,
      List<Precondition> conditions,
      List<SealedData.Sealing> sealings,
      List<KeyPair> coSigners) {
    return BuildEvents.of(events, conditions, sealings, keys.author(), coSigners, keys.right());
  }

  /** Gives an object other readers. Waits until that is durable. */
  public Committed setReaders(ChainObject object, List<PublicKey> readers) {
    return change(authority -> changes.set(authority, object, own(), readers));
  }

  /** Hands out the read key that an object has now. Waits until that is durable. */
  public Committed addReaders(ChainObject object, List<PublicKey> readers) {
    return change(authority -> changes.add(authority, object, readers));
  }

  /** Gives an object a new read key, for its readers without some. Waits until that is durable. */
  public Committed removeReaders(ChainObject object, List<Bytes> removed) {
    return change(authority -> changes.remove(authority, object, own(), removed));
  }

  private PublicKey own() {
    return keys.writing().publicKey();
  }

  /**
   * Changes who reads. Who is to read is said anew each time, all of them: so it counts only if
   * nobody has changed the chain since what it was made from, or whoever was taken off meanwhile
   * would be back.
   */
  private Committed change(Function<Authority, ReaderChanges.Change> make) {
    // Also if that fails: whoever says who reads must not go on in clear.
    isSealing = true;
    if (reader.genesis() == null) {
      writer.create();
    }
    turn.lock();
    try {
      for (int tries = 1; ; tries++) {
        try {
          return changeOnce(make);
        } catch (AtedbException error) {
          if (error.reason() != Reason.PRECONDITION_FAILED || tries == CHANGE_TRIES_MAX) {
            throw error;
          }
        }
      }
    } finally {
      turn.unlock();
    }
  }

  private Committed changeOnce(Function<Authority, ReaderChanges.Change> make) {
    Replay reached = reached();
    ReaderChanges.Change change = make.apply(reached.authority());
    try {
      Precondition unchanged =
          new Precondition(Precondition.Kind.CHAIN_UNCHANGED, reached.nextSequence(), Bytes.EMPTY);
      List<SealedData.Sealing> none = Collections.nCopies(change.events().size(), null);
      Committed committed =
          waitFor(writer.append(built(change.events(), List.of(unchanged), none, List.of())));
      if (change.readKey() != null) {
        reader.readKeys().know(change.readKey());
        unseen.add(DataKey.readKeyId(change.readKey()));
      }
      return committed;
    } finally {
      if (change.readKey() != null) {
        Arrays.fill(change.readKey(), (byte) 0);
      }
    }
  }

  /**
   * Hands out a new read key where roles of the chain's group have other keys than those that it
   * was handed out to. What the roles' keys are, the group's acts say, and never the server's
   * answers in the chain, which anybody who has the server could have it sign.
   */
  private void renew() {
    OpenedGroup group = keys.group();
    if (group == null || renewedFor == group.group().version()) {
      return;
    }
    if (changes.isRenewalDue(reached().authority(), group.group())) {
      try {
        change(authority -> changes.renew(authority, own(), group.group()));
      } catch (AtedbException error) {
        // Somebody else may have been faster.
        if (changes.isRenewalDue(reached().authority(), group.group())) {
          throw error;
        }
      }
    }
    renewedFor = group.group().version();
  }

  private static Committed waitFor(CompletableFuture<Committed> pending) {
    try {
      return pending.join();
    } catch (CompletionException error) {
      if (error.getCause() instanceof AtedbException known) {
        throw known;
      }
      throw error;
    }
  }
}
