package io.atedb.live;

import io.atedb.Bytes;
import io.atedb.internal.bytes.Cursor;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.event.Commit;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.HandlerRegistry;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerMethodDefinition;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Stands between a client and a server, and changes what the server sends. */
final class Liar implements AutoCloseable {
  /** Changes the messages of one call. */
  interface Lie {
    /** What is sent instead of a message: none, it, another, several. */
    List<Bytes> instead(Bytes message);

    /** How the call ends instead, after what was just sent; null: it goes on. */
    default Status ending() {
      return null;
    }
  }

  /** Where a message of a method has a slice of the log. */
  private static final Map<String, Integer> SLICES =
      Map.of("ReadEvents", 2, "Subscribe", 2, "GetEvent", 1, "ListChildren", 3);

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

  private final ManagedChannel honest;
  private final Server server;
  private final Function<String, Lie> lies;

  /** `lies` gives what is done with a call of a method; null: nothing. */
  Liar(String address, Function<String, Lie> lies) throws IOException {
    this.lies = lies;
    this.honest = NettyChannelBuilder.forTarget(address).usePlaintext().build();
    this.server =
        NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
            .fallbackHandlerRegistry(
                new HandlerRegistry() {
                  @Override
                  public ServerMethodDefinition<?, ?> lookupMethod(String name, String authority) {
                    return ServerMethodDefinition.create(
                        method(name), (call, headers) -> pass(name, call));
                  }
                })
            .build()
            .start();
  }

  private static MethodDescriptor<byte[], byte[]> method(String name) {
    return MethodDescriptor.newBuilder(RAW, RAW)
        .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
        .setFullMethodName(name)
        .build();
  }

  String address() {
    return "127.0.0.1:" + server.getPort();
  }

  private ServerCall.Listener<byte[]> pass(String name, ServerCall<byte[], byte[]> call) {
    ClientCall<byte[], byte[]> out = honest.newCall(method(name), CallOptions.DEFAULT);
    Lie lie = lies.apply(name.substring(name.lastIndexOf('/') + 1));
    call.sendHeaders(new Metadata());
    out.start(new Answers(call, out, lie), new Metadata());
    out.request(Integer.MAX_VALUE);
    call.request(Integer.MAX_VALUE);
    return new ServerCall.Listener<>() {
      @Override
      public void onMessage(byte[] message) {
        out.sendMessage(message);
      }

      @Override
      public void onHalfClose() {
        out.halfClose();
      }

      @Override
      public void onCancel() {
        out.cancel("the caller has gone", null);
      }
    };
  }

  /** The answers of one call, on one thread. */
  private static final class Answers extends ClientCall.Listener<byte[]> {
    private final ServerCall<byte[], byte[]> call;
    private final ClientCall<byte[], byte[]> out;
    private final Lie lie;
    private boolean isOver;

    Answers(ServerCall<byte[], byte[]> call, ClientCall<byte[], byte[]> out, Lie lie) {
      this.call = call;
      this.out = out;
      this.lie = lie;
    }

    @Override
    public void onMessage(byte[] message) {
      if (isOver || call.isCancelled()) {
        return;
      }
      if (lie == null) {
        call.sendMessage(message);
        return;
      }
      List<Bytes> instead;
      try {
        instead = lie.instead(Bytes.wrap(message));
      } catch (RuntimeException error) {
        // The fault of a test, which would look like one of the connection.
        error.printStackTrace();
        throw error;
      }
      instead.forEach(one -> call.sendMessage(one.toArray()));
      Status ending = lie.ending();
      if (ending != null) {
        out.cancel("it is over", null);
        end(ending, new Metadata());
      }
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      end(status, trailers);
    }

    private void end(Status status, Metadata trailers) {
      if (!isOver && !call.isCancelled()) {
        call.close(status, trailers);
      }
      isOver = true;
    }
  }

  /** A lie about single messages. */
  static Lie about(Function<Bytes, List<Bytes>> change) {
    return change::apply;
  }

  /** A message with another slice, where it has one. */
  static Bytes withSlice(String method, Bytes message, Function<Bytes, Bytes> change) {
    int field = SLICES.getOrDefault(method, 0);
    FieldWriter made = new FieldWriter();
    Cursor cursor = new Cursor(message);
    while (cursor.next()) {
      if (cursor.isBytes()) {
        Bytes content = cursor.content();
        made.message(cursor.number(), cursor.number() == field ? change.apply(content) : content);
      } else {
        made.present(cursor.number(), cursor.value());
      }
    }
    return made.finish();
  }

  /** Whether a message of a stream or a range is a slice of the log. */
  static boolean isSlice(Bytes message) {
    return !Cursor.all(message, 2).isEmpty();
  }

  /** The batches of a message of a stream or a range, a message each; else the message alone. */
  static List<Bytes> apart(Bytes message) {
    if (!isSlice(message)) {
      return List.of(message);
    }
    Bytes slice = Cursor.all(message, 2).get(0);
    List<Bytes> parts = new ArrayList<>();
    int start = 0;
    Cursor cursor = new Cursor(slice);
    while (cursor.next()) {
      if (cursor.number() == Commit.FIELD) {
        Bytes batch = slice.slice(start, cursor.end());
        parts.add(new FieldWriter().message(2, batch).finish());
        start = cursor.end();
      }
    }
    return parts;
  }

  @Override
  public void close() {
    server.shutdownNow();
    honest.shutdownNow();
  }
}
