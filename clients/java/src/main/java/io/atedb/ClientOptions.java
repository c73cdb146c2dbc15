package io.atedb;

import io.atedb.internal.event.Address;
import io.atedb.internal.home.HomeKeys;
import java.nio.file.Path;
import java.util.function.Consumer;

/** How a server is connected to. Doesn't change: each method gives other options. */
public final class ClientOptions {
  private final Path home;
  private final char[] passphrase;
  private final Encryption encryption;
  private final TlsOptions tls;
  private final IdentityLookUp lookUp;
  private final Auth auth;
  private final Consumer<Notice> onNotice;

  /** Another server that keeps accounts. */
  record Auth(Address address, TlsOptions tls) {}

  private ClientOptions(
      Path home,
      char[] passphrase,
      Encryption encryption,
      TlsOptions tls,
      IdentityLookUp lookUp,
      Auth auth,
      Consumer<Notice> onNotice) {
    this.home = home;
    this.passphrase = passphrase;
    this.encryption = encryption;
    this.tls = tls;
    this.lookUp = lookUp;
    this.auth = auth;
    this.onNotice = onNotice;
  }

  /**
   * Gives what is usual: the home folder ATE_HOME, else ~/.ate; encryption as the server requires;
   * no TLS.
   *
   * @return the options
   */
  public static ClientOptions defaults() {
    return new ClientOptions(
        HomeKeys.defaultHome(), null, Encryption.AUTO, null, null, null, notice -> {});
  }

  /**
   * Has keys, known servers and what was verified kept elsewhere.
   *
   * @param folder the home folder; null: nothing is kept, and the key lasts as long as the client
   * @return other options
   */
  public ClientOptions home(Path folder) {
    return new ClientOptions(folder, passphrase, encryption, tls, lookUp, auth, onNotice);
  }

  /**
   * Says the passphrase of keys that are sealed.
   *
   * @param secret the passphrase, which is copied; wipe it
   * @return other options
   */
  public ClientOptions passphrase(char[] secret) {
    return new ClientOptions(home, secret.clone(), encryption, tls, lookUp, auth, onNotice);
  }

  /**
   * Says whether calls go through the tunnel.
   *
   * @param wanted what is wanted
   * @return other options
   */
  public ClientOptions encryption(Encryption wanted) {
    return new ClientOptions(home, passphrase, wanted, tls, lookUp, auth, onNotice);
  }

  /**
   * Has TLS spoken.
   *
   * @param options how; null: not at all
   * @return other options
   */
  public ClientOptions tls(TlsOptions options) {
    return new ClientOptions(home, passphrase, encryption, options, lookUp, auth, onNotice);
  }

  /**
   * Says how the identity of a server that was never met is looked up.
   *
   * @param how it is done
   * @return other options
   */
  public ClientOptions lookUpIdentity(IdentityLookUp how) {
    return new ClientOptions(home, passphrase, encryption, tls, how, auth, onNotice);
  }

  /**
   * Has somebody told what is no failure.
   *
   * @param listener who is told, on any thread
   * @return other options
   */
  public ClientOptions onNotice(Consumer<Notice> listener) {
    return new ClientOptions(home, passphrase, encryption, tls, lookUp, auth, listener);
  }

  /**
   * Names another server that keeps accounts and groups, where the client's own doesn't. It is
   * spoken to encrypted only.
   *
   * @param address {@code host[:port]} or {@code ate://host[:port]}, and {@code
   *     #sha256:<fingerprint>} to pin its identity; the port is 5001 unless named
   * @param options how TLS is spoken to it; null: not at all
   * @return other options
   * @throws AtedbException REQUEST_INVALID
   */
  public ClientOptions authServer(String address, TlsOptions options) {
    Auth named = new Auth(Address.parseAuth(address), options);
    return new ClientOptions(home, passphrase, encryption, tls, lookUp, named, onNotice);
  }

  Path home() {
    return home;
  }

  char[] passphrase() {
    return passphrase;
  }

  Encryption encryption() {
    return encryption;
  }

  TlsOptions tls() {
    return tls;
  }

  IdentityLookUp lookUp() {
    return lookUp;
  }

  Auth auth() {
    return auth;
  }

  Consumer<Notice> onNotice() {
    return onNotice;
  }

  @Override
  public String toString() {
    return "ClientOptions(home=" + home + ", encryption=" + encryption + ")";
  }
}
