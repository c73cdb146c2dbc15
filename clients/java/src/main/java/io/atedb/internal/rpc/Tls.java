package io.atedb.internal.rpc;

import io.atedb.AtedbException;
import io.atedb.Reason;
import io.atedb.TlsOptions;
import io.atedb.internal.event.Address;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import javax.net.ssl.SSLException;

/** TLS below the calls. */
final class Tls {
  private static final int PROBE_MS = 5_000;

  /**
   * The first record of a TLS server to a hello that it can't read is an alert, and this is its
   * type.
   */
  private static final int ALERT = 21;

  private Tls() {}

  /** Raises REQUEST_INVALID for certificates and keys that can't be used. */
  static void use(NettyChannelBuilder builder, TlsOptions tls, Address address) {
    try {
      SslContextBuilder context = GrpcSslContexts.forClient().protocols("TLSv1.3");
      if (tls.ca() != null) {
        context.trustManager(stream(tls.ca()));
      }
      if (tls.certificate() != null) {
        context.keyManager(stream(tls.certificate()), stream(tls.key()));
      }
      builder.sslContext(context.build());
      if (tls.serverName() != null) {
        builder.overrideAuthority(tls.serverName() + ":" + address.port());
      }
    } catch (SSLException | IllegalArgumentException error) {
      throw new AtedbException(
          Reason.REQUEST_INVALID,
          "tls: what was given can't be used as certificates and keys in PEM",
          Map.of("field", "tls"),
          error);
    }
  }

  private static InputStream stream(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII));
  }

  /**
   * Whether a connection could not be made since TLS failed, or is missing; null: it is something
   * else.
   */
  static AtedbException failureBehind(Throwable error, Address address, boolean isTls) {
    boolean isRefused = false;
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (isTls && cause instanceof SSLException) {
        return new AtedbException(
            Reason.TLS_FAILED,
            address.server()
                + " could not be spoken to over TLS: "
                + cause.getMessage()
                + ". Trying again doesn't help",
            Map.of("server", address.server()),
            error);
      }
      isRefused |= cause instanceof ConnectException;
    }
    if (!isTls && !isRefused && speaksTls(address)) {
      return new AtedbException(
          Reason.TLS_REQUIRED,
          address.server() + " speaks TLS, and was spoken to without. Connect with TLS",
          Map.of("server", address.server()),
          error);
    }
    return null;
  }

  /**
   * Whether a server answers what is no hello with an alert, as servers that speak TLS do. gRPC
   * tells only that the connection has failed; so one connection more is made, and no more than a
   * few bytes of no meaning are sent on it.
   */
  private static boolean speaksTls(Address address) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(address.host(), address.port()), PROBE_MS);
      socket.setSoTimeout(PROBE_MS);
      socket.getOutputStream().write(new byte[] {22, 3, 1, 0, 1, 0});
      socket.shutdownOutput();
      return socket.getInputStream().read() == ALERT;
    } catch (IOException error) {
      return false;
    }
  }
}
