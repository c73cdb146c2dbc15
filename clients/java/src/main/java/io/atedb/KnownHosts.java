package io.atedb;

import io.atedb.internal.event.Address;
import io.atedb.internal.home.HomeKeys;
import io.atedb.internal.home.KnownHostsFile;
import java.nio.file.Path;
import java.util.List;

/**
 * The servers that were met, in a home folder: {@code known_hosts}, which clients in all languages
 * share.
 */
public final class KnownHosts {
  private final KnownHostsFile file;

  /**
   * A server that was met.
   *
   * @param server {@code host:port}
   * @param fingerprint of its identity key
   * @param former those of the keys that it had before, newest first
   */
  public record Host(String server, Bytes fingerprint, List<Bytes> former) {}

  /** Takes the usual home folder: ATE_HOME, else ~/.ate. */
  public KnownHosts() {
    this(HomeKeys.defaultHome());
  }

  /**
   * Takes a home folder.
   *
   * @param home the folder
   */
  public KnownHosts(Path home) {
    this.file = new KnownHostsFile(home);
  }

  /**
   * Lists them.
   *
   * @return all servers
   * @throws AtedbException STORAGE_FAILED where a line can't be read
   */
  public List<Host> list() {
    return file.list().stream()
        .map(one -> new Host(one.server(), one.fingerprint(), one.former()))
        .toList();
  }

  /**
   * Has a server be known by a key, whatever it was known by. Have the fingerprint from its
   * operator, by another way than the connection.
   *
   * @param server {@code host} or {@code host:port}
   * @param fingerprint of its identity key, as {@code sha256:} and digits or the digits alone
   * @throws AtedbException REQUEST_INVALID, STORAGE_FAILED
   */
  public void accept(String server, String fingerprint) {
    file.accept(Address.parseServer(server).server(), Address.parseFingerprint(fingerprint));
  }

  /**
   * Forgets a server: it is met for the first time again.
   *
   * @param server {@code host} or {@code host:port}
   * @throws AtedbException REQUEST_INVALID, STORAGE_FAILED
   */
  public void forget(String server) {
    file.accept(Address.parseServer(server).server(), null);
  }
}
