package io.atedb.internal.home;

import io.atedb.AtedbException;
import io.atedb.Reason;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Who is logged in on this machine, as the {@code atedb} command has it.
 *
 * @param account {@code name@domain}
 * @param server the {@code host:port} of the auth service
 * @param key name of the user's key in the home folder
 * @param formerKeys names of those before it, the newest first
 */
public record StoredLogin(String account, String server, String key, List<String> formerKeys) {
  private static final String FORMAT = "atedb-login-2";

  /**
   * Reads that; null: nobody is. Raises REQUEST_INVALID for a file that doesn't say it,
   * STORAGE_FAILED.
   */
  public static StoredLogin read(Path home) {
    Path path = home.resolve("login.json");
    String text = PrivateFiles.read(path);
    if (text == null) {
      return null;
    }
    JsonFields fields = JsonFields.parse(text);
    String key = fields == null ? null : fields.text("key");
    if (key == null || !FORMAT.equals(fields.text("format"))) {
      throw new AtedbException(
          Reason.REQUEST_INVALID,
          path
              + " does not say who is logged in as this version reads it. Delete it, and log in again",
          Map.of("path", path.toString()));
    }
    List<String> former = fields.texts("formerKeys");
    return new StoredLogin(
        fields.text("account"), fields.text("server"), key, former == null ? List.of() : former);
  }
}
