package io.atedb.internal.rpc;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Reason;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A call of gRPC's, with messages as bytes, for threads that wait. What was answered and not read
 * yet is two messages at most, and what was written and not sent yet a few.
 */
final class RawCall {
  private static final int AHEAD = 2;

  static final Metadata.Key<byte[]> DETAILS =
      Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);

  /** How gRPC has failed a call. */
  static final class Failed extends Exception {
    private static final long serialVersionUID = 1L;

    private final int code;
    private final transient Bytes details;

    Failed(Status status, Metadata trailers) {
      super(status.getDescription() == null ? "" : status.getDescription(), status.getCause());
      this.code = status.getCode().value();
      byte[] found = trailers == null ? null : trailers.get(DETAILS);
      this.details = found == null ? Bytes.EMPTY : Bytes.wrap(found);
    }

    int code() {
      return code;
    }

    Bytes details() {
      return details;
    }
  }

  private static final MethodDescriptor.Marshaller<byte[]> RAW =
      new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] value) {
          return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
          try {
            return stream.readAllBytes();
          } catch (IOException error) {
            throw new UncheckedIOException(error);
          }
        }
      };

  private final String server;
  private final ClientCall<byte[], byte[]> call;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Deque<byte[]> answers = new ArrayDeque<>();
  private Status status;
  private Metadata trailers;
  private boolean isCancelled;
  private boolean isHalfClosed;

  RawCall(Channel channel, String server, String path, Metadata headers, long timeoutNanos) {
    this.server = server;
    MethodDescriptor<byte[], byte[]> method =
        MethodDescriptor.newBuilder(RAW, RAW)
            .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
            .setFullMethodName(path.substring(1))
            .build();
    CallOptions options = CallOptions.DEFAULT;
    if (timeoutNanos > 0) {
      options = options.withDeadlineAfter(timeoutNanos, TimeUnit.NANOSECONDS);
    }
    this.call = channel.newCall(method, options);
    call.start(new Listener(), headers);
    call.request(AHEAD);
  }

  private final class Listener extends ClientCall.Listener<byte[]> {
    @Override
    public void onMessage(byte[] message) {
      change(() -> answers.add(message));
    }

    @Override
    public void onClose(Status found, Metadata foundTrailers) {
      change(
          () -> {
            status = found;
            trailers = foundTrailers;
          });
    }

    @Override
    public void onReady() {
      change(() -> {});
    }
  }

  private void change(Runnable act) {
    lock.lock();
    try {
      act.run();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Sends a message, when there is room. Where the call has ended, reading tells how. */
  void write(Bytes message) {
    lock.lock();
    try {
      while (status == null && !isCancelled && !call.isReady() && !isConnecting()) {
        await(0);
      }
      if (status == null && !isCancelled && !isHalfClosed) {
        call.sendMessage(message.toArray());
        hasWritten = true;
      }
    } finally {
      lock.unlock();
    }
  }

  private boolean hasWritten;

  /** Until the connection is there nothing is ready, and gRPC keeps the first message. */
  private boolean isConnecting() {
    return !hasWritten;
  }

  void halfClose() {
    lock.lock();
    try {
      if (status == null && !isCancelled && !isHalfClosed) {
        isHalfClosed = true;
        call.halfClose();
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * The next answer; null after the last.
   *
   * @param timeoutNanos how long to wait; 0: until there is one
   * @throws Failed where gRPC has failed the call
   * @throws AtedbException DEADLINE_EXCEEDED after the time; CONNECTION_FAILED where it was ended
   *     here
   */
  Bytes read(long timeoutNanos) throws Failed {
    long end = timeoutNanos > 0 ? System.nanoTime() + timeoutNanos : 0;
    lock.lock();
    try {
      while (answers.isEmpty() && status == null && !isCancelled) {
        long left = end == 0 ? 0 : end - System.nanoTime();
        if (end != 0 && left <= 0) {
          throw new AtedbException(
              Reason.DEADLINE_EXCEEDED,
              "the deadline passed before " + server + " answered",
              Map.of("server", server),
              new TimeoutException("nothing came in time"));
        }
        await(left);
      }
      if (isCancelled) {
        throw givenUp("was given up here");
      }
      if (!answers.isEmpty()) {
        byte[] answer = answers.remove();
        call.request(1);
        return Bytes.wrap(answer);
      }
      if (status.isOk()) {
        return null;
      }
      throw new Failed(status, trailers);
    } finally {
      lock.unlock();
    }
  }

  private void await(long nanos) {
    try {
      if (nanos > 0) {
        changed.awaitNanos(nanos);
      } else {
        changed.await();
      }
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
      throw givenUp("was given up, since the thread that waited for it was interrupted");
    }
  }

  private AtedbException givenUp(String why) {
    return new AtedbException(
        Reason.CONNECTION_FAILED, "a call of " + server + " " + why, Map.of("server", server));
  }

  /** Ends the call here and now. */
  void cancel() {
    change(() -> isCancelled = true);
    call.cancel("it isn't needed any more", null);
  }
}
