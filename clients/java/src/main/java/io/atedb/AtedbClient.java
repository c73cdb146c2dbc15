package io.atedb;

import io.atedb.internal.client.ChainKeys;
import io.atedb.internal.client.HomeKeyCache;
import io.atedb.internal.client.Judge;
import io.atedb.internal.client.MemberKeys;
import io.atedb.internal.event.Address;
import io.atedb.internal.event.ChainKey;
import io.atedb.internal.home.KnownHostsFile;
import io.atedb.internal.rpc.Transport;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A client of one server. Nothing is sent before it is needed; the connection is made at the first
 * call, and again by itself after a loss. For use by any number of threads.
 */
public final class AtedbClient implements AutoCloseable {
  private static final AtomicInteger THREADS = new AtomicInteger();

  private final ClientOptions options;
  private final Transport transport;
  private final ScheduledExecutorService timer;
  private final ExecutorService executor;
  private final HomeKeyCache keys;
  private final List<Chain> chains = new ArrayList<>();

  private AtedbClient(Address address, ClientOptions options) {
    this.options = options;
    this.keys = new HomeKeyCache(options.home(), options.passphrase(), options.onNotice());
    Judge judge =
        new Judge(
            address, new KnownHostsFile(options.home()), options.lookUp(), options.onNotice());
    this.transport = new Transport(address, options.encryption(), options.tls(), judge);
    ThreadFactory daemons =
        task -> {
          Thread thread = new Thread(task, "atedb-" + THREADS.incrementAndGet());
          thread.setDaemon(true);
          return thread;
        };
    this.timer = Executors.newSingleThreadScheduledExecutor(daemons);
    this.executor = Executors.newCachedThreadPool(daemons);
  }

  /**
   * Makes a client of a server, with what is usual.
   *
   * @param server {@code host[:port]} or {@code ate://host[:port]}, and {@code
   *     #sha256:<fingerprint>} to pin its identity
   * @return the client
   * @throws AtedbException REQUEST_INVALID
   */
  public static AtedbClient connect(String server) {
    return connect(server, ClientOptions.defaults());
  }

  /**
   * Makes a client of a server.
   *
   * @param server as {@link #connect(String)}
   * @param options how it is connected to
   * @return the client
   * @throws AtedbException REQUEST_INVALID
   */
  public static AtedbClient connect(String server, ClientOptions options) {
    return new AtedbClient(Address.parseServer(server), options);
  }

  /**
   * Gives the server's name.
   *
   * @return {@code host:port}
   */
  public String server() {
    return transport.server();
  }

  /**
   * Gives the identity that the server has proven last.
   *
   * @return the key; null before the first call, and without encryption
   */
  public PublicKey serverIdentity() {
    return transport.tunnel().provenIdentity();
  }

  /**
   * Opens a chain, with what is usual.
   *
   * @param chainKey {@code domain/name/db} or {@code group/db}
   * @return the chain
   * @throws AtedbException as {@link #open(String, OpenOptions)}
   */
  public Chain open(String chainKey) {
    return open(chainKey, OpenOptions.defaults());
  }

  /**
   * Opens a chain: verifies its genesis, that it is the one that is expected or was met before,
   * that its head extends the newest that is remembered, and the server's signature of that.
   *
   * @param chainKey {@code domain/name/db} or {@code group/db}
   * @param wanted how
   * @return the chain
   * @throws AtedbException CHAIN_NOT_FOUND, CHAIN_ID_MISMATCH, TRUST_MODE_MISMATCH,
   *     SERVER_IDENTITY_MISMATCH, HEAD_CONFLICT, VERIFICATION_FAILED, CONNECTION_FAILED and others
   */
  public Chain open(String chainKey, OpenOptions wanted) {
    ChainParts.OfClient parts =
        new ChainParts.OfClient(transport, options.home(), options.onNotice(), timer, executor);
    Chain chain = new Chain(ChainParts.of(parts, ChainKey.parse(chainKey), wanted, keysOf(wanted)));
    chain.opened();
    synchronized (chains) {
      chains.add(chain);
    }
    return chain;
  }

  private ChainKeys keysOf(OpenOptions wanted) {
    if (wanted.token() != null) {
      return MemberKeys.of(wanted.token().key(), wanted.token().right());
    }
    return wanted.key() == null
        ? MemberKeys.of(keys, wanted.keyName())
        : MemberKeys.of(wanted.key(), wanted.formerKeys());
  }

  /**
   * Closes all chains, ends the connection, and wipes keys.
   *
   * @throws AtedbException as {@link Chain#close}
   */
  @Override
  public void close() {
    List<Chain> open;
    synchronized (chains) {
      open = List.copyOf(chains);
      chains.clear();
    }
    try {
      open.forEach(Chain::close);
    } finally {
      end();
    }
  }

  private void end() {
    transport.close();
    timer.shutdown();
    executor.shutdown();
    keys.close();
  }

  @Override
  public String toString() {
    return "AtedbClient(" + server() + ")";
  }
}
