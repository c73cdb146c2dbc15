package io.atedb.internal.event;

import io.atedb.AtedbException;
import io.atedb.Reason;
import io.atedb.internal.bytes.Limits;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A chain key, taken apart: of a user, {@code domain/name/db}, or of a group, {@code group/db}.
 *
 * @param text all of it
 * @param domain of a user, else null
 * @param name of a user, else null
 * @param group the group, else null
 * @param db the database
 * @param rootsFingerprint in base32: of the roots that have signed its genesis; or null
 */
public record ChainKey(
    String text, String domain, String name, String group, String db, String rootsFingerprint) {
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9._+-]{0,62}");
  private static final Pattern LABEL = Pattern.compile("[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?");
  private static final Pattern DB = Pattern.compile("([a-z0-9_]{1,64})(?:@([a-z2-7]{52}))?");

  /** Parses a chain key. Raises CHAIN_KEY_INVALID. Whether a domain exists is not checked. */
  public static ChainKey parse(String text) {
    if (text.getBytes(StandardCharsets.UTF_8).length > Limits.CHAIN_KEY_BYTES_MAX) {
      throw bad(text, "it is longer than " + Limits.CHAIN_KEY_BYTES_MAX + " bytes");
    }
    String[] parts = text.split("/", -1);
    if (parts.length < 2 || parts.length > 3) {
      throw bad(text, "it has " + parts.length + " part" + (parts.length == 1 ? "" : "s"));
    }
    Matcher db = DB.matcher(parts[parts.length - 1]);
    if (!db.matches()) {
      throw bad(text, "its last part is not a database name");
    }
    if (parts.length == 2) {
      if (!NAME.matcher(parts[0]).matches()) {
        throw bad(text, "its first part is not a group name");
      }
      return new ChainKey(text, null, null, parts[0], db.group(1), db.group(2));
    }
    if (!isDomain(parts[0])) {
      throw bad(text, "its first part is not a domain name in lower-case ASCII, nor 'localhost'");
    }
    // The folder of a user so named would be, or become, that of the group chain beside it.
    boolean isFolder = parts[1].endsWith(".chain") || parts[1].endsWith(".chain.new");
    if (!NAME.matcher(parts[1]).matches() || isFolder) {
      throw bad(text, "its second part is not a user name");
    }
    return new ChainKey(text, parts[0], parts[1], null, db.group(1), db.group(2));
  }

  private static boolean isDomain(String text) {
    if (text.equals("localhost")) {
      return true;
    }
    String[] labels = text.split("\\.", -1);
    if (text.length() > 253 || labels.length < 2) {
      return false;
    }
    for (String label : labels) {
      if (!LABEL.matcher(label).matches()) {
        return false;
      }
    }
    return true;
  }

  private static AtedbException bad(String text, String why) {
    String shown = text.length() > 64 ? text.substring(0, 64) + "…" : text;
    return new AtedbException(
        Reason.CHAIN_KEY_INVALID,
        "'"
            + shown
            + "' is not a chain key: "
            + why
            + ". A chain key is domain/name/db (as example.com/me/mydb) or group/db (as team/mydb), lower case only.",
        Map.of("chain_key", text));
  }
}
