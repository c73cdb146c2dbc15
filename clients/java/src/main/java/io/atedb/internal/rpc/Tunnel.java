package io.atedb.internal.rpc;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Encryption;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.wire.ClientHandshake;
import io.atedb.internal.wire.ClientSession;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What is agreed on with one server: a session that all calls share, and after it the next.
 *
 * <p>Whether there is encryption is left to nobody on the way, as far as that can be. A handshake
 * comes first, always. Calls go in clear only where the user doesn't insist on encryption, the
 * server isn't known to encrypt, and it answers that it requires none. That answer isn't protected.
 */
public final class Tunnel {
  private static final String HANDSHAKE = "/atedb.v1.WireService/Handshake";
  private static final long TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(60);
  private static final int TRIES_MAX = 6;
  private static final Set<Reason> SAYS_NONE =
      EnumSet.of(Reason.UNSUPPORTED, Reason.WIRE_NOT_REQUIRED);
  private static final Set<Reason> OF_HANDSHAKES =
      EnumSet.of(
          Reason.WIRE_HANDSHAKE_FAILED,
          Reason.WIRE_SHARE_MISSING,
          Reason.WIRE_NOT_REQUIRED,
          Reason.TOO_MANY_HANDSHAKES,
          Reason.UNSUPPORTED,
          Reason.CONNECTION_FAILED,
          Reason.DEADLINE_EXCEEDED,
          Reason.TLS_FAILED,
          Reason.TLS_REQUIRED);

  private final Transport transport;
  private final Encryption encryption;
  private final IdentityJudge judge;
  private final ReentrantLock agreeing = new ReentrantLock();
  private volatile ClientSession session;
  private volatile boolean hasAgreed;
  private boolean hasEncrypted;
  private boolean wantsLargest;

  Tunnel(Transport transport, Encryption encryption, IdentityJudge judge) {
    this.transport = transport;
    this.encryption = encryption;
    this.judge = judge;
  }

  /** The identity that the server has proven last; null before, and without encryption. */
  public PublicKey provenIdentity() {
    ClientSession current = session;
    return current == null ? null : current.identity();
  }

  /**
   * The session that a call begins in now; null: it goes in clear.
   *
   * @param isRefused whether the server has refused a call in `refused`: another is agreed on,
   *     unless that was done since
   */
  ClientSession choose(boolean isRefused, ClientSession refused) {
    if (encryption == Encryption.PLAIN) {
      return null;
    }
    agreeing.lock();
    try {
      boolean isCurrent = hasAgreed && !(isRefused && session == refused);
      boolean mayGoOn = session == null || session.isUsable() && !session.isDue();
      if (!isCurrent || !mayGoOn) {
        session = negotiate();
        hasAgreed = true;
      }
      return session;
    } finally {
      agreeing.unlock();
    }
  }

  /** Whether no call goes in clear from now on. */
  public boolean isAlwaysUsed() {
    agreeing.lock();
    try {
      boolean isInsisted = encryption != Encryption.PLAIN && encryption != Encryption.AUTO;
      return isInsisted || encryption == Encryption.AUTO && hasEncrypted;
    } finally {
      agreeing.unlock();
    }
  }

  /** Forgets all keys, but for those of calls under way. */
  void close() {
    agreeing.lock();
    try {
      if (session != null) {
        session.end();
      }
      session = null;
      hasAgreed = false;
    } finally {
      agreeing.unlock();
    }
  }

  private ClientSession negotiate() {
    boolean onlyIfRequired = encryption == Encryption.AUTO && !hasEncrypted && !judge.mustEncrypt();
    for (int attempt = 0; ; attempt++) {
      try {
        ClientSession made = shakeHands(onlyIfRequired);
        hasEncrypted = true;
        return made;
      } catch (AtedbException error) {
        if (SAYS_NONE.contains(error.reason())) {
          if (onlyIfRequired) {
            return null;
          }
          throw missing(error);
        }
        if (error.reason() == Reason.WIRE_SHARE_MISSING && !wantsLargest) {
          // Whoever has said so: what comes of it is never less than was asked for.
          wantsLargest = true;
          continue;
        }
        if (error.reason() != Reason.TOO_MANY_HANDSHAKES || attempt == TRIES_MAX - 1) {
          throw error;
        }
        Pause.millis(50L << attempt);
      }
    }
  }

  /** The server has proven its identity, and that was accepted, before anything else is sent. */
  private ClientSession shakeHands(boolean onlyIfRequired) {
    int keyBits = encryption.keyBits();
    ClientHandshake handshake = new ClientHandshake(keyBits, wantsLargest ? 256 : keyBits);
    Stream stream = transport.plain(HANDSHAKE, Map.of(), TIMEOUT_NANOS);
    try {
      stream.write(new FieldWriter().bytes(1, handshake.hello()).bool(3, onlyIfRequired).finish());
      ClientHandshake.Finished finished = handshake.finish(due(stream, 1));
      judge.accept(finished.identity(), finished.rotations());
      stream.write(new FieldWriter().bytes(2, finished.finished()).finish());
      stream.halfClose();
      due(stream, 2);
      return finished.session();
    } finally {
      stream.cancel();
    }
  }

  private Bytes due(Stream stream, int field) {
    Bytes message;
    try {
      message = stream.read(0);
    } catch (AtedbException error) {
      // Nobody has proven yet who says it, so nothing that it says of chains and keys is handed on.
      boolean isKnown =
          OF_HANDSHAKES.contains(error.reason()) || Statuses.OUTSIDE.contains(error.reason());
      if (isKnown) {
        throw error;
      }
      throw new AtedbException(
          Reason.WIRE_HANDSHAKE_FAILED,
          "the handshake was refused with " + error.reason() + ": " + error.getMessage(),
          Map.of(),
          error);
    }
    if (message == null) {
      throw new AtedbException(
          Reason.CONNECTION_FAILED, transport.server() + " has ended the handshake before its end");
    }
    Parts answer;
    try {
      answer = new Parts(message);
    } catch (AtedbException error) {
      throw ClientHandshake.failed("the server's part of it can't be read");
    }
    if (!answer.has(field)) {
      throw ClientHandshake.failed("the server's part of it is of another kind than is due");
    }
    return answer.bytes(field);
  }

  private AtedbException missing(AtedbException cause) {
    return new AtedbException(
        Reason.WIRE_MISSING,
        transport.server()
            + " does not encrypt, and it was asked for, or it has done so before: somebody may answer in its place. Nothing"
            + " was sent to it. Ask its operator, by another way; only then connect without encryption",
        Map.of("server", transport.server()),
        cause);
  }
}
