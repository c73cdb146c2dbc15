package io.atedb.internal.event;

import io.atedb.AtedbException;
import io.atedb.Reason;
import io.atedb.internal.bytes.Limits;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * Who owns chains: a user {@code name@domain}, or a group.
 *
 * @param text its one spelling
 * @param isGroup whether it is a group
 */
public record Owner(String text, boolean isGroup) {
  /** The owner that a chain key names. */
  public static Owner of(ChainKey key) {
    return key.group() == null
        ? new Owner(key.name() + "@" + key.domain(), false)
        : new Owner(key.group(), true);
  }

  /** Reads an owner: what chain keys can name, and nothing else. Raises REQUEST_INVALID. */
  public static Owner parse(String text) {
    if (text.getBytes(StandardCharsets.UTF_8).length > Limits.OWNER_BYTES_MAX) {
      throw bad(text, "it is longer than " + Limits.OWNER_BYTES_MAX + " bytes");
    }
    if (text.contains("/")) {
      throw bad(text, "it has a \"/\"");
    }
    int at = text.indexOf('@');
    String path = at < 0 ? text : text.substring(at + 1) + "/" + text.substring(0, at);
    try {
      return of(ChainKey.parse(path + "/db"));
    } catch (AtedbException error) {
      // Its words are about a chain key, of which the owner is but a part.
      throw bad(
          text,
          at < 0
              ? "it is not the name of a group"
              : "it is not the name of a user and a domain in lower-case ASCII");
    }
  }

  private static AtedbException bad(String text, String why) {
    String shown = text.length() > 64 ? text.substring(0, 64) + "…" : text;
    return new AtedbException(
        Reason.REQUEST_INVALID,
        "'"
            + shown
            + "' is no owner of chains: "
            + why
            + ". An owner is a user name@domain (as me@example.com) or a group (as team), lower case only",
        Map.of("owner", shown));
  }
}
