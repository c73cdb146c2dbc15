package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.ChainObject;
import io.atedb.KeyPair;
import io.atedb.LockOptions;
import io.atedb.Reason;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.crypt.Tags;
import io.atedb.internal.event.EventInput;
import io.atedb.internal.event.Possession;
import io.atedb.internal.event.Right;
import io.atedb.internal.event.Signed;
import io.atedb.internal.rpc.Call;
import io.atedb.internal.rpc.Pause;
import io.atedb.internal.rpc.Statuses;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;

/** Locks objects of one chain (docs/locks.md of atedb). */
public final class Locks {
  private static final long DELAY_MS = 50;
  private static final long DELAY_MS_MAX = 5_000;

  private final ChainCalls calls;
  private final Opener opener;
  private final ChainKeys keys;
  private final Duration reconnect;
  private final Executor executor;

  /** Those that are held, as far as is known. It guards what follows, too. */
  private final List<HeldLock> held = new ArrayList<>();

  /** Streams on which a lock is waited for. */
  private final Set<Call> asking = new HashSet<>();

  private boolean isClosed;

  public Locks(
      ChainCalls calls, Opener opener, ChainKeys keys, Duration reconnect, Executor executor) {
    this.calls = calls;
    this.opener = opener;
    this.keys = keys;
    this.reconnect = reconnect;
    this.executor = executor;
  }

  /**
   * Has the lease on an object. Who waits for it and loses the server asks again: at the end of the
   * line then. Raises CHAIN_NOT_FOUND, KEY_NOT_ALLOWED, KEY_REVOKED; LOCK_HELD where it isn't
   * waited for; TOO_MANY_LOCKS, CONNECTION_FAILED when the server stays lost.
   */
  public HeldLock take(ChainObject object, LockOptions options) {
    if (object.isChain()) {
      throw EventInput.invalid("object", "a lock is on an object: name one");
    }
    Reader.checkKey("primary_key", object.primaryKey());
    Reader.checkKey("parent", object.parent());
    Reader.checkKey("label", object.label());
    Try current = new Try(object, options);
    long lostSince = 0;
    long delay = DELAY_MS;
    while (true) {
      try {
        return keep(current.make());
      } catch (AtedbException error) {
        // Nothing was held yet, so asking again does no harm.
        boolean mayPass =
            Statuses.PASSING.contains(error.reason())
                || error.reason() == Reason.LEASE_LOST
                || error.reason() == Reason.TOO_MANY_LOCKS;
        if (!mayPass || Thread.currentThread().isInterrupted()) {
          throw error;
        }
        checkOpen();
        long now = System.nanoTime();
        if (current.hasHeard) {
          lostSince = 0;
          delay = DELAY_MS;
        }
        lostSince = lostSince == 0 ? now : lostSince;
        if (now - lostSince >= reconnect.toNanos()) {
          throw error;
        }
      }
      current = new Try(object, options);
      Pause.millis(delay);
      delay = Math.min(DELAY_MS_MAX, delay * 2);
    }
  }

  private HeldLock keep(HeldLock lock) {
    boolean isLate;
    synchronized (held) {
      isLate = isClosed;
      if (!isLate) {
        held.removeIf(one -> one.ended().isDone());
        held.add(lock);
      }
    }
    if (isLate) {
      lock.close();
    }
    checkOpen();
    return lock;
  }

  private void checkOpen() {
    synchronized (held) {
      if (isClosed) {
        throw new AtedbException(
            Reason.REQUEST_INVALID, "the chain " + calls.chainKey() + " was closed. Open it again");
      }
    }
  }

  /** Gives all of them up, and waits for no other any more. */
  public void close() {
    List<HeldLock> all;
    List<Call> waiting;
    synchronized (held) {
      isClosed = true;
      all = List.copyOf(held);
      waiting = List.copyOf(asking);
      held.clear();
    }
    waiting.forEach(Call::close);
    all.forEach(HeldLock::close);
  }

  /** One stream, on which the lock is asked for. */
  private final class Try {
    private final ChainObject object;
    private final LockOptions options;

    /** Whether the server has said that the proof is good. */
    private boolean hasHeard;

    Try(ChainObject object, LockOptions options) {
      this.object = object;
      this.options = options;
    }

    HeldLock make() {
      // The stream has the ticket of a private chain, which opening it renews where it is too old.
      Opened opened = opener.open(false, false, null);
      KeyPair key = keys.writing();
      Call call = calls.begin("Lock", 0);
      boolean isKept = false;
      synchronized (held) {
        asking.add(call);
      }
      try {
        checkOpen();
        long asked = System.nanoTime();
        prove(call, opened, key);
        LockStream stream = new LockStream(calls, call, options.ttl().toNanos(), asked);
        while (true) {
          LockStream.News news = stream.next();
          if (news.kind() == LockStream.Kind.OVER) {
            throw new AtedbException(
                Reason.CONNECTION_FAILED, calls.server() + " has ended the stream of a lock");
          }
          hasHeard = true;
          if (news.kind() == LockStream.Kind.GRANTED) {
            HeldLock lock = new HeldLock(object.primaryKey(), news.token(), stream, executor);
            isKept = true;
            return lock;
          }
        }
      } finally {
        synchronized (held) {
          asking.remove(call);
        }
        if (!isKept) {
          call.close();
        }
      }
    }

    private void prove(Call call, Opened opened, KeyPair key) {
      Bytes chainId = opened.genesis().chainId();
      FieldWriter first =
          new FieldWriter()
              .text(Schema.LockRequest.CHAIN_KEY, calls.chainKey())
              .bytes(Schema.LockRequest.CHAIN_ID, chainId)
              .message(Schema.LockRequest.LOCK, wish(key));
      call.write(first.finish());
      Possession claim =
          Conversations.claim(
              call, Schema.LockResponse.CONVERSATION, opened, chainId, key.fingerprint());
      Signed signature = Signed.by(key, Tags.CONTEXT_LOCK, claim.lock(object.primaryKey()));
      FieldWriter proof =
          new FieldWriter().message(Schema.LockProof.SIGNATURE, signature.message());
      call.write(new FieldWriter().message(Schema.LockRequest.PROOF, proof).finish());
    }

    private FieldWriter wish(KeyPair key) {
      // Of an object that is at the root, or whose key says nothing of its parent, its rules alone
      // count.
      boolean isChild = object.label() != null;
      FieldWriter wish =
          new FieldWriter()
              .bytes(Schema.LockObject.PRIMARY_KEY, object.primaryKey())
              .bytes(Schema.LockObject.PARENT, isChild ? object.parent() : null)
              .bytes(Schema.LockObject.LABEL, object.label())
              .message(Schema.LockObject.KEY, key.publicKey().message())
              .varint(Schema.LockObject.TTL_MS, options.ttl().toMillis())
              .bool(Schema.LockObject.NO_WAIT, !options.waits());
      Right right = keys.right();
      if (right != null) {
        right
            .delegations()
            .forEach(one -> wish.message(Schema.LockObject.DELEGATIONS, one.message()));
        wish.message(Schema.LockObject.ISSUER, right.issuer().message());
      }
      return wish;
    }
  }
}
