package io.atedb;

import io.atedb.internal.client.Accounts;
import io.atedb.internal.client.ChainKeys;
import io.atedb.internal.client.HomeKeyCache;
import io.atedb.internal.client.Judge;
import io.atedb.internal.client.MemberKeys;
import io.atedb.internal.event.Address;
import io.atedb.internal.event.ChainKey;
import io.atedb.internal.event.Owner;
import io.atedb.internal.home.KnownGroups;
import io.atedb.internal.home.KnownHostsFile;
import io.atedb.internal.home.StoredLogin;
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
  private final Accounts accounts;
  private final List<Chain> chains = new ArrayList<>();

  private AtedbClient(Address address, ClientOptions options) {
    this.options = options;
    this.keys = new HomeKeyCache(options.home(), options.passphrase(), options.onNotice());
    KnownHostsFile hosts = new KnownHostsFile(options.home());
    Judge judge = new Judge(address, hosts, options.lookUp(), options.onNotice());
    this.transport = new Transport(address, options.encryption(), options.tls(), judge);
    this.accounts =
        new Accounts(
            transport,
            options.encryption() == Encryption.PLAIN,
            options.tls() != null,
            elsewhere(address, options, hosts),
            encryption -> new Transport(address, encryption, options.tls(), judge),
            options.home(),
            options.onNotice(),
            () -> loggedInAt(address, hosts));
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
   * The connection to another server that keeps accounts; null: none is named, or it is this one.
   */
  private static Transport elsewhere(Address own, ClientOptions options, KnownHostsFile hosts) {
    ClientOptions.Auth named = options.auth();
    boolean isOwn =
        named != null
            && named.address().server().equals(own.server())
            && named.address().pinned() == null;
    if (named == null || isOwn) {
      return null;
    }
    Judge judge = new Judge(named.address(), hosts, options.lookUp(), options.onNotice());
    return new Transport(named.address(), Encryption.BITS_128, named.tls(), judge);
  }

  /** Where whoever is on this machine is logged in; null: nobody is, or it is this server. */
  private Accounts.Place loggedInAt(Address own, KnownHostsFile hosts) {
    StoredLogin login = keys.login();
    if (login == null || login.server() == null) {
      return null;
    }
    Address address = Address.parseServer(login.server());
    if (address.server().equals(own.server())) {
      return null;
    }
    Judge judge = new Judge(address, hosts, options.lookUp(), options.onNotice());
    return new Accounts.Place(
        new Transport(address, Encryption.BITS_128, null, judge),
        new KnownGroups(options.home(), address.server()));
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
        new ChainParts.OfClient(
            transport, accounts, options.home(), options.onNotice(), timer, executor);
    Chain chain = new Chain(ChainParts.of(parts, ChainKey.parse(chainKey), wanted, keysOf(wanted)));
    chain.opened();
    synchronized (chains) {
      // Those that were closed hold what was verified of them.
      chains.removeIf(Chain::isClosed);
      chains.add(chain);
    }
    return chain;
  }

  /**
   * Logs in to an account of the server's auth service. The password stays here: what follows from
   * it (Argon2id) signs a challenge that counts for this call alone. It goes over an encrypted
   * connection only.
   *
   * @param account {@code name@domain}
   * @param password the password, which is not kept; wipe it
   * @return the account's keys, which the caller closes
   * @throws AtedbException LOGIN_FAILED, LOGIN_LOCKED; AUTH_LINK_UNSAFE for a client without
   *     encryption; UNSUPPORTED at a server without accounts; VERIFICATION_FAILED where the answers
   *     can't be true
   */
  public Login login(String account, char[] password) {
    Accounts.Granted granted = accounts.login(account, password);
    List<KeyPair> pairs = granted.keys();
    return new Login(
        pairs.get(0),
        List.copyOf(pairs.subList(1, pairs.size())),
        granted.hasSecondFactor(),
        granted.isUnverified());
  }

  /**
   * Reads a group by the key of whoever is logged in in the home folder, else its key {@code
   * default}.
   *
   * @param name the group's
   * @return the group, with the keys that this opens, which the caller closes
   * @throws AtedbException as {@link #openGroup(String, KeyPair, KeyPair...)}
   */
  public MemberGroup openGroup(String name) {
    return openGroup(name, MemberKeys.of(keys, null).reading());
  }

  /**
   * Reads a group by a member's key. All of its acts are verified, and that they go on from what
   * was seen of it before; else, that it is the group that one means, who its owners are says.
   *
   * @param name the group's
   * @param key the member's
   * @param former the keys before it, the newest first
   * @return the group, with the keys that these open, which the caller closes
   * @throws AtedbException GROUP_DENIED for a key without a role in it; REQUEST_INVALID for a name
   *     that is no group's; AUTH_LINK_UNSAFE, UNSUPPORTED, VERIFICATION_FAILED and others
   */
  public MemberGroup openGroup(String name, KeyPair key, KeyPair... former) {
    List<KeyPair> all = new ArrayList<>(List.of(key));
    all.addAll(List.of(former));
    return openGroup(name, all);
  }

  private MemberGroup openGroup(String name, List<KeyPair> own) {
    if (!Owner.parse(name).isGroup() || own.isEmpty()) {
      throw new AtedbException(
          Reason.REQUEST_INVALID,
          own.isEmpty()
              ? "key: there is none to open the group " + name + " with. Name one"
              : name + " is a user; a group's name has no \"@\"");
    }
    return new MemberGroup(accounts.open(name, own));
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
   * Closes all chains, ends the connection, and wipes keys. What closing a chain has failed with is
   * thrown when all are closed.
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
    AtedbException failed = null;
    try {
      for (Chain chain : open) {
        try {
          chain.close();
        } catch (AtedbException error) {
          failed = failed == null ? error : failed;
        }
      }
    } finally {
      end();
    }
    if (failed != null) {
      throw failed;
    }
  }

  private void end() {
    transport.close();
    accounts.close();
    timer.shutdown();
    executor.shutdown();
    keys.close();
  }

  @Override
  public String toString() {
    return "AtedbClient(" + server() + ")";
  }
}
