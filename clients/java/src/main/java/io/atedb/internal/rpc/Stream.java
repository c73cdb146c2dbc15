package io.atedb.internal.rpc;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Reason;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.wire.CallCrypto;
import io.atedb.internal.wire.CallCrypto.FrameType;
import io.grpc.Status;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/** One call of a server in one form: as it is, or sealed by the tunnel. */
interface Stream {
  /** Of the tunnel; null where there is none. */
  Bytes exporter();

  boolean hasAnswered();

  /** Sends a message. Where the call has ended, reading tells how. */
  void write(Bytes message);

  /** Says that nothing more is sent. */
  void halfClose();

  /** The next answer; null after the last. Raises what the call has failed with. */
  Bytes read(long timeoutNanos);

  /** Ends the call here and now. */
  void cancel();

  /** A call as it is. */
  final class Plain implements Stream {
    private final Transport transport;
    private final RawCall call;
    private volatile boolean hasAnswered;

    Plain(Transport transport, RawCall call) {
      this.transport = transport;
      this.call = call;
    }

    @Override
    public Bytes exporter() {
      return null;
    }

    @Override
    public boolean hasAnswered() {
      return hasAnswered;
    }

    @Override
    public void write(Bytes message) {
      call.write(message);
    }

    @Override
    public void halfClose() {
      call.halfClose();
    }

    @Override
    public Bytes read(long timeoutNanos) {
      try {
        Bytes message = call.read(timeoutNanos);
        hasAnswered |= message != null;
        return message;
      } catch (RawCall.Failed error) {
        throw transport.failed(error);
      }
    }

    @Override
    public void cancel() {
      call.cancel();
    }
  }

  /** A call through the tunnel. */
  final class Sealed implements Stream {
    private final Transport transport;
    private final CallCrypto crypto;
    private final RawCall call;
    private final ReentrantLock sending = new ReentrantLock();
    private Bytes opening;
    private AtedbException ended;
    private boolean hasEnded;
    private volatile boolean hasAnswered;

    Sealed(
        Transport transport,
        CallCrypto crypto,
        RawCall call,
        String path,
        Map<String, Bytes> metadata,
        long timeoutNanos) {
      this.transport = transport;
      this.crypto = crypto;
      this.call = call;
      FieldWriter open = new FieldWriter().text(1, path);
      metadata.forEach(
          (name, value) -> open.message(2, new FieldWriter().text(1, name).bytes(2, value)));
      if (timeoutNanos > 0) {
        open.varint(3, Math.max(1, timeoutNanos / 1_000_000));
      }
      this.opening = open.finish();
    }

    @Override
    public Bytes exporter() {
      return crypto.exporter();
    }

    @Override
    public boolean hasAnswered() {
      return hasAnswered;
    }

    /** Frames are counted as they are sealed, and must be sent in that order. */
    private void send(FrameType type, Bytes payload) {
      sending.lock();
      try {
        if (opening != null) {
          Bytes first = opening;
          opening = null;
          call.write(crypto.seal(FrameType.OPEN, first));
        }
        call.write(crypto.seal(type, payload));
        if (type == FrameType.HALF_CLOSE) {
          call.halfClose();
        }
      } finally {
        sending.unlock();
      }
    }

    @Override
    public void write(Bytes message) {
      send(FrameType.MESSAGE, message);
    }

    @Override
    public void halfClose() {
      send(FrameType.HALF_CLOSE, Bytes.EMPTY);
    }

    @Override
    public Bytes read(long timeoutNanos) {
      while (!hasEnded) {
        Bytes message;
        try {
          message = call.read(timeoutNanos);
        } catch (RawCall.Failed error) {
          throw withoutStatus(error);
        }
        if (message == null) {
          throw truncated("was ended before its sealed status");
        }
        CallCrypto.Frame frame = crypto.open(message);
        hasAnswered = true;
        if (frame.type() == FrameType.MESSAGE) {
          return frame.payload();
        }
        if (frame.type() == FrameType.STATUS) {
          end(frame.payload());
          call.cancel();
        }
      }
      if (ended != null) {
        throw ended;
      }
      return null;
    }

    private void end(Bytes payload) {
      Parts status;
      try {
        status = new Parts(payload);
      } catch (AtedbException error) {
        throw truncated("has ended with a status that is none");
      }
      hasEnded = true;
      if (status.number(1) != 0) {
        ended =
            Statuses.of(
                (int) status.number(1), status.text(2), status.bytes(3), transport.server(), null);
      }
    }

    /**
     * What the status of the outer call comes to where a sealed call has none: it is never a
     * success, and nothing that it says of chains and keys is handed on, since the server that
     * there is a session with has not said it.
     */
    private AtedbException withoutStatus(RawCall.Failed error) {
      AtedbException said = Statuses.ownDetails(error.details(), error.getMessage());
      // Whoever has agreed on a session knows the call: that it is unknown says somebody else, and
      // that the server has no accounts or groups would follow from it.
      boolean isUnknown = error.code() == Status.Code.UNIMPLEMENTED.value();
      if (said == null && !isUnknown) {
        return transport.failed(error);
      }
      if (said != null && Statuses.OUTSIDE.contains(said.reason())) {
        return said;
      }
      String why = said == null ? Status.Code.UNIMPLEMENTED.name() : said.reason().name();
      return truncated(
          "was ended outside of the tunnel: " + why + ", which counts for nothing there");
    }

    private AtedbException truncated(String what) {
      return new AtedbException(
          Reason.WIRE_TRUNCATED,
          "the sealed call to "
              + transport.server()
              + " "
              + what
              + ". Its outcome is not known; try again",
          Map.of("server", transport.server()));
    }

    @Override
    public void cancel() {
      call.cancel();
    }
  }
}
