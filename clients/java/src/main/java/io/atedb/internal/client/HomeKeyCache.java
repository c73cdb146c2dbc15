package io.atedb.internal.client;

import io.atedb.KeyPair;
import io.atedb.Notice;
import io.atedb.internal.home.HomeKeys;
import io.atedb.internal.home.StoredLogin;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;

/** Keys of a home folder, each loaded once; without one, a default key that lasts as long. */
public final class HomeKeyCache implements AutoCloseable {
  private final Path home;
  private final Consumer<Notice> onNotice;
  private final Map<String, KeyPair> keys = new HashMap<>();
  private char[] passphrase;

  /** `home` and `passphrase`, which is copied, may be null. */
  public HomeKeyCache(Path home, char[] passphrase, Consumer<Notice> onNotice) {
    this.home = home;
    this.passphrase = passphrase == null ? null : passphrase.clone();
    this.onNotice = onNotice;
  }

  /** Finds a key; null where there is none. */
  synchronized KeyPair find(String name) {
    KeyPair known = keys.get(name);
    if (known == null && home != null) {
      known = HomeKeys.load(home, name, passphrase);
      if (known != null) {
        keys.put(name, known);
      }
    }
    return known;
  }

  /** Gives the default key, which is made where there is none. */
  synchronized KeyPair makeDefault() {
    KeyPair known = find(HomeKeys.DEFAULT);
    if (known == null) {
      known =
          home == null
              ? KeyPair.generate()
              : HomeKeys.loadOrMakeDefault(home, passphrase, onNotice);
      keys.put(HomeKeys.DEFAULT, known);
    }
    return known;
  }

  /** Who is logged in; null: nobody. */
  public StoredLogin login() {
    return home == null ? null : StoredLogin.read(home);
  }

  /** Wipes them. */
  @Override
  public synchronized void close() {
    keys.values().forEach(KeyPair::close);
    keys.clear();
    if (passphrase != null) {
      Arrays.fill(passphrase, '\0');
      passphrase = null;
    }
  }
}
