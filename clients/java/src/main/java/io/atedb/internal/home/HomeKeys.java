package io.atedb.internal.home;

import io.atedb.KeyPair;
import io.atedb.Notice;
import io.atedb.internal.event.EventInput;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * Keys in a user's home folder, which the {@code atedb} command and clients in all languages share.
 */
public final class HomeKeys {
  public static final String DEFAULT = "default";

  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,63}");

  private HomeKeys() {}

  /** The home folder: ATE_HOME, else ~/.ate. */
  public static Path defaultHome() {
    String named = System.getenv("ATE_HOME");
    return named == null || named.isEmpty()
        ? Path.of(System.getProperty("user.home"), ".ate")
        : Path.of(named);
  }

  private static Path pathOf(Path home, String name) {
    if (!NAME.matcher(name).matches()) {
      throw EventInput.invalid(
          "key",
          "'" + name + "' is no name of a key: lower-case letters, digits, '.', '_' and '-'");
    }
    return home.resolve("keys").resolve(name + ".key");
  }

  /**
   * Loads a key; null where there is none. Raises REQUEST_INVALID where others may read its file,
   * or it is none, or the passphrase, which may be null, isn't right.
   */
  public static KeyPair load(Path home, String name, char[] passphrase) {
    Path path = pathOf(home, name);
    PrivateFiles.checkClosedToOthers(path);
    String text = PrivateFiles.read(path);
    return text == null ? null : KeyFile.parse(text, path.toString(), passphrase);
  }

  /** Loads the default key, which is made where there is none. */
  public static KeyPair loadOrMakeDefault(Path home, char[] passphrase, Consumer<Notice> onNotice) {
    KeyPair key = load(home, DEFAULT, passphrase);
    if (key != null) {
      return key;
    }
    Path path = pathOf(home, DEFAULT);
    KeyPair made = KeyPair.generate();
    PrivateFiles.makeFolder(path.getParent());
    if (!PrivateFiles.write(path, KeyFile.format(made), false)) {
      // Another process has made it meanwhile.
      made.close();
      return load(home, DEFAULT, passphrase);
    }
    onNotice.accept(
        new Notice(
            Notice.Kind.KEY_CREATED,
            "made the key \"default\", with the fingerprint "
                + made.fingerprint()
                + ", in "
                + path
                + ". Keep a copy",
            null));
    return made;
  }
}
