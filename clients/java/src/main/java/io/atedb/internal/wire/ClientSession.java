package io.atedb.internal.wire;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.PublicKey;
import io.atedb.Reason;
import java.util.function.IntFunction;

/**
 * A session of the tunnel: any number of calls at once, on any connections (docs/wire.md,
 * "Sessions").
 */
public final class ClientSession {
  private static final int ID_BYTES = 16;

  /** Of what a session may have: when so much is used it should be renewed. */
  private static final double DUE_SHARE = 0.75;

  /** And when so much is, it must be. */
  private static final double USABLE_SHARE = 0.95;

  /**
   * How long a session lasts.
   *
   * @param lifetimeMs in all
   * @param idleMs without a frame
   * @param bytesMax of frames, both ways
   */
  public record Terms(long lifetimeMs, long idleMs, long bytesMax) {}

  private final Bytes id;
  private final int keyBits;
  private final PublicKey identity;
  private final KeySchedule.Session secrets;
  private final Terms terms;
  private final IntFunction<byte[]> random;
  private final long created = System.nanoTime();
  private long used = created;
  private long bytes;
  private long nextCall;
  private boolean hasEnded;

  ClientSession(
      Bytes id,
      int keyBits,
      PublicKey identity,
      KeySchedule.Session secrets,
      Terms terms,
      IntFunction<byte[]> random) {
    this.id = id;
    this.keyBits = keyBits;
    this.identity = identity;
    this.secrets = secrets;
    this.terms = terms;
    this.random = random;
  }

  public Bytes id() {
    return id;
  }

  public int keyBits() {
    return keyBits;
  }

  /** Of the server, as it has proven it. */
  public PublicKey identity() {
    return identity;
  }

  /** What proofs of keys within this session are tied to. */
  public Bytes exporter() {
    return secrets.exporter;
  }

  /**
   * Whether calls can be opened in it: it has not ended, and won't before the call has reached the
   * server.
   */
  public synchronized boolean isUsable() {
    return !hasEnded && usedShare() < USABLE_SHARE;
  }

  /** Whether it should be replaced by a new one, while calls go on in this one. */
  public synchronized boolean isDue() {
    return hasEnded || usedShare() >= DUE_SHARE;
  }

  /** Begins a call. Raises WIRE_SESSION_UNKNOWN where the session is not usable any more. */
  public synchronized CallCrypto openCall() {
    if (!isUsable()) {
      throw new AtedbException(
          Reason.WIRE_SESSION_UNKNOWN, "the session of the tunnel has ended. Make a new one");
    }
    used = System.nanoTime();
    // A number is never used twice, also for a call that fails.
    return new CallCrypto(
        id, keyBits, nextCall++, Bytes.wrap(random.apply(ID_BYTES)), secrets.copy(), this::count);
  }

  /** Forgets the roots of its keys. Calls that are open have their own. */
  public synchronized void end() {
    hasEnded = true;
    secrets.wipe();
  }

  private synchronized void count(int size) {
    bytes += size;
    used = System.nanoTime();
  }

  private double usedShare() {
    long now = System.nanoTime();
    double lifetime = (now - created) / 1e6 / terms.lifetimeMs;
    double idle = (now - used) / 1e6 / terms.idleMs;
    return Math.max((double) bytes / terms.bytesMax, Math.max(lifetime, idle));
  }
}
