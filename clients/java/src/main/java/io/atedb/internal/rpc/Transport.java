package io.atedb.internal.rpc;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Encryption;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.TlsOptions;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.event.Address;
import io.atedb.internal.wire.CallCrypto;
import io.atedb.internal.wire.ClientSession;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The connection to one server, which is made at the first call, and again by itself after a loss.
 */
public final class Transport implements AutoCloseable {
  private static final String WIRE_CALL = "/atedb.v1.WireService/Call";

  private final Address address;
  private final TlsOptions tls;
  private final Tunnel tunnel;
  private final ReentrantLock connecting = new ReentrantLock();
  private ManagedChannel channel;
  private boolean isClosed;

  /**
   * Raises REQUEST_INVALID where the address names an identity and there is to be no encryption.
   */
  public Transport(Address address, Encryption encryption, TlsOptions tls, IdentityJudge judge) {
    if (address.pinned() != null && encryption == Encryption.PLAIN) {
      throw new AtedbException(
          Reason.REQUEST_INVALID,
          "encryption: the address of "
              + address.server()
              + " names an identity, which only an encrypted connection proves",
          Map.of("field", "encryption"));
    }
    this.address = address;
    this.tls = tls;
    this.tunnel = new Tunnel(this, encryption, judge);
  }

  /** {@code host:port}. */
  public String server() {
    return address.server();
  }

  public Tunnel tunnel() {
    return tunnel;
  }

  /** Begins a call of any method. A timeout of 0 is none. */
  public Call call(String path, Map<String, Bytes> metadata, long timeoutNanos) {
    return new Call(this, path, metadata, timeoutNanos);
  }

  Stream plain(String path, Map<String, Bytes> metadata, long timeoutNanos) {
    Metadata headers = new Metadata();
    metadata.forEach(
        (name, value) ->
            headers.put(Metadata.Key.of(name, Metadata.BINARY_BYTE_MARSHALLER), value.toArray()));
    return new Stream.Plain(this, raw(path, headers, timeoutNanos));
  }

  Stream sealed(
      ClientSession session, String path, Map<String, Bytes> metadata, long timeoutNanos) {
    CallCrypto crypto = session.openCall();
    RawCall call = raw(WIRE_CALL, new Metadata(), timeoutNanos);
    return new Stream.Sealed(this, crypto, call, path, metadata, timeoutNanos);
  }

  private RawCall raw(String path, Metadata headers, long timeoutNanos) {
    connecting.lock();
    try {
      if (isClosed) {
        throw new AtedbException(Reason.REQUEST_INVALID, "the client was closed. Connect again");
      }
      if (channel == null) {
        channel = connect();
      }
      // A server that was away is tried again at once: what waits between tries is the caller's.
      channel.resetConnectBackoff();
      return new RawCall(channel, server(), path, headers, timeoutNanos);
    } finally {
      connecting.unlock();
    }
  }

  private ManagedChannel connect() {
    NettyChannelBuilder builder =
        NettyChannelBuilder.forAddress(address.host(), address.port())
            .maxInboundMessageSize(Limits.GRPC_MESSAGE_BYTES_MAX + 65_536)
            // A connection that is half dead, whose other end is gone without a word, is noticed
            // so.
            .keepAliveTime(20, TimeUnit.SECONDS)
            .keepAliveTimeout(10, TimeUnit.SECONDS)
            .disableRetry()
            // Listeners only put what comes into a queue.
            .directExecutor();
    if (tls == null) {
      builder.usePlaintext();
    } else {
      Tls.use(builder, tls, address);
    }
    return builder.build();
  }

  /** Says what a failed call means. */
  AtedbException failed(RawCall.Failed error) {
    AtedbException found =
        Statuses.of(error.code(), error.getMessage(), error.details(), server(), error);
    if (found.reason() != Reason.CONNECTION_FAILED) {
      return found;
    }
    AtedbException ofTls = Tls.failureBehind(error, address, tls != null);
    return ofTls == null ? found : ofTls;
  }

  /**
   * Refuses a server that says another identity than it has proven. Raises
   * SERVER_IDENTITY_MISMATCH.
   */
  public void checkProven(PublicKey identity) {
    PublicKey proven = tunnel.provenIdentity();
    if (proven != null && !proven.equals(identity)) {
      throw new AtedbException(
          Reason.SERVER_IDENTITY_MISMATCH,
          server()
              + " has proven the identity "
              + proven.fingerprint()
              + ", and says that it has another",
          Map.of(
              "fingerprint", identity.fingerprint().hex(),
              "expected", proven.fingerprint().hex()));
    }
  }

  /** Makes another connection for the calls to come: the one that there is may be half dead. */
  public void renew() {
    connecting.lock();
    try {
      if (channel != null) {
        channel.shutdownNow();
      }
      channel = null;
    } finally {
      connecting.unlock();
    }
  }

  /** Ends the connection, and forgets all keys. */
  @Override
  public void close() {
    connecting.lock();
    try {
      isClosed = true;
    } finally {
      connecting.unlock();
    }
    tunnel.close();
    renew();
  }
}
