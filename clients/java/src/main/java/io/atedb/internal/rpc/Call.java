package io.atedb.internal.rpc;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Reason;
import io.atedb.internal.wire.ClientSession;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A call in the form that is agreed on with the server: sealed, or as it is.
 *
 * <p>What is written is kept until the server has answered in this form. If it refuses the form
 * instead (its session is unknown after a restart, or encryption is required from now on), the call
 * is begun again in another, once. Such a refusal may be anybody's: who is on the way can have a
 * call carried out twice so. What changes something is made to be sent twice.
 */
public final class Call implements AutoCloseable {
  /** Stands for the end among what is written; told from messages by which object it is. */
  private static final Bytes HALF_CLOSE = Bytes.copyOf(new byte[] {0});

  private final Transport transport;
  private final String path;
  private final Map<String, Bytes> metadata;
  private final long deadline;
  private final ReentrantLock writing = new ReentrantLock();
  private final List<Bytes> written = new ArrayList<>();
  private volatile Stream stream;
  private volatile boolean isCancelled;
  private ClientSession session;
  private boolean isRenewed;

  Call(Transport transport, String path, Map<String, Bytes> metadata, long timeoutNanos) {
    this.transport = transport;
    this.path = path;
    this.metadata = metadata;
    this.deadline = timeoutNanos == 0 ? 0 : System.nanoTime() + timeoutNanos;
  }

  /**
   * Of the tunnel that the call is in; null where there is none. To be asked once the server has
   * answered.
   */
  public Bytes exporter() {
    return stream == null ? null : stream.exporter();
  }

  /** Sends a message. Where the call has ended, reading tells how. */
  public void write(Bytes message) {
    put(message);
  }

  /** Says that nothing more is sent. */
  public void halfClose() {
    put(HALF_CLOSE);
  }

  private void put(Bytes message) {
    writing.lock();
    try {
      begin();
      if (!stream.hasAnswered()) {
        written.add(message);
      }
      putOn(stream, message);
    } finally {
      writing.unlock();
    }
  }

  private static void putOn(Stream on, Bytes message) {
    if (message == HALF_CLOSE) {
      on.halfClose();
    } else {
      on.write(message);
    }
  }

  /** The next answer; null after the last. Raises what the call has failed with. */
  public Bytes read() {
    return read(0);
  }

  /** The same, waiting no longer than so; DEADLINE_EXCEEDED then. */
  public Bytes read(long timeoutNanos) {
    Stream current;
    writing.lock();
    try {
      begin();
      current = stream;
    } finally {
      writing.unlock();
    }
    try {
      Bytes answer = current.read(timeoutNanos);
      writing.lock();
      try {
        written.clear();
      } finally {
        writing.unlock();
      }
      return answer;
    } catch (AtedbException error) {
      if (current.hasAnswered() || isRenewed || !refusesForm(error)) {
        throw error;
      }
    }
    current.cancel();
    writing.lock();
    try {
      isRenewed = true;
      stream = null;
      begin();
      for (Bytes one : written) {
        putOn(stream, one);
      }
    } finally {
      writing.unlock();
    }
    return read(timeoutNanos);
  }

  private boolean refusesForm(AtedbException error) {
    return session == null
        ? error.reason() == Reason.WIRE_REQUIRED
        : Statuses.OF_SESSION.contains(error.reason());
  }

  private void begin() {
    if (stream != null) {
      return;
    }
    session = transport.tunnel().choose(isRenewed, session);
    long left = deadline == 0 ? 0 : deadline - System.nanoTime();
    if (deadline != 0 && left <= 0) {
      throw new AtedbException(
          Reason.DEADLINE_EXCEEDED,
          "the deadline passed before " + transport.server() + " answered");
    }
    stream =
        session == null
            ? transport.plain(path, metadata, left)
            : transport.sealed(session, path, metadata, left);
    if (isCancelled) {
      stream.cancel();
    }
  }

  /** Ends the call here and now. */
  @Override
  public void close() {
    isCancelled = true;
    Stream current = stream;
    if (current != null) {
      current.cancel();
    }
  }
}
