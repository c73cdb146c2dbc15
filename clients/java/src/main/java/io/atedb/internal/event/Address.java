package io.atedb.internal.event;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Reason;
import java.net.IDN;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a server is, and perhaps a chain of it.
 *
 * @param host a name or an IP address, IPv6 without brackets
 * @param port the port
 * @param server {@code host:port}, IPv6 in brackets: one spelling a server
 * @param pinned fingerprint of the identity key that it must have, in hexadecimal; or null
 * @param chainKey the chain, or null
 */
public record Address(String host, int port, String server, String pinned, ChainKey chainKey) {
  public static final int DEFAULT_PORT = 5000;

  /** Of servers that keep accounts for others. */
  public static final int AUTH_PORT = 5001;

  private static final Pattern OLDER_AUTH = Pattern.compile("ws://([^/]+)/auth/?");
  private static final Pattern ENDS_IN_PORT = Pattern.compile(".*:[0-9]+");
  private static final String MARK = "sha256:";
  private static final Pattern FORM =
      Pattern.compile(
          "(ate|ws)://(\\[[0-9a-fA-F:.]+\\]|[^\\s/:\\[\\]@#?]+)(?::([0-9]{1,5}))?(?:/(.*))?",
          Pattern.DOTALL);
  private static final Pattern DIGITS = Pattern.compile("[0-9a-f]{64}");

  /**
   * Parses {@code ate://host[:port]/chain-key}, or the older {@code ws://host[:port]/db/chain-key}.
   * Raises REQUEST_INVALID, and CHAIN_KEY_INVALID for its chain key.
   */
  public static Address parseChain(String text) {
    Address found = parse(text);
    if (found.chainKey == null) {
      throw bad(text, "it names no chain");
    }
    return found;
  }

  /** Parses {@code ate://host[:port]}, or just {@code host[:port]}. Raises REQUEST_INVALID. */
  public static Address parseServer(String text) {
    String whole = text.contains("://") ? text : "ate://" + text;
    Matcher found = FORM.matcher(whole.split("#", 2)[0]);
    if (found.matches() && found.group(4) != null && !found.group(4).isEmpty()) {
      throw bad(text, "it names a chain too");
    }
    return parse(whole);
  }

  /**
   * Parses the address of a server that keeps accounts: {@code ate://host[:port]}, {@code
   * host[:port]}, or the older {@code ws://host[:port]/auth}. Raises REQUEST_INVALID.
   */
  public static Address parseAuth(String text) {
    String[] halves = text.split("#", 2);
    Matcher older = OLDER_AUTH.matcher(halves[0]);
    String server =
        older.matches()
            ? older.group(1)
            : halves[0].replaceFirst("^ate://", "").replaceFirst("/$", "");
    if (server.endsWith("]") || !ENDS_IN_PORT.matcher(server).matches()) {
      server += ":" + AUTH_PORT;
    }
    return parseServer(halves.length == 2 ? server + "#" + halves[1] : server);
  }

  private static Address parse(String text) {
    String[] halves = text.split("#", 2);
    String pinned = halves.length == 2 ? parsePin(text, halves[1]) : null;
    Matcher found = FORM.matcher(halves[0]);
    if (!found.matches() || found.group(2).codePoints().anyMatch(Address::isUnfit)) {
      throw bad(text, "it is of another form; an IPv6 address stands in brackets, as ate://[::1]");
    }
    int port = found.group(3) == null ? DEFAULT_PORT : Integer.parseInt(found.group(3));
    if (port < 1 || port > 65_535) {
      throw bad(text, found.group(3) + " is not a port from 1 to 65535");
    }
    String path = found.group(4) == null ? "" : found.group(4);
    if (found.group(1).equals("ws")) {
      if (!path.isEmpty() && !path.equals("db") && !path.startsWith("db/")) {
        throw bad(text, "after the host of a ws:// address comes /db/");
      }
      path = path.length() <= 3 ? "" : path.substring(3);
    }
    ChainKey chainKey = path.isEmpty() ? null : ChainKey.parse(path);
    String spelt = found.group(2);
    if (spelt.startsWith("[")) {
      String host = Ipv6.shortest(spelt.substring(1, spelt.length() - 1));
      if (host == null) {
        throw bad(text, spelt + " is no IPv6 address");
      }
      return new Address(host, port, "[" + host + "]:" + port, pinned, chainKey);
    }
    String host = ascii(text, spelt);
    return new Address(host, port, host + ":" + port, pinned, chainKey);
  }

  private static boolean isUnfit(int one) {
    int type = Character.getType(one);
    return type == Character.CONTROL
        || type == Character.FORMAT
        || type == Character.UNASSIGNED
        || type == Character.SURROGATE
        || type == Character.PRIVATE_USE;
  }

  /** A name of another script in A-labels, and all in lower case. */
  private static String ascii(String text, String host) {
    if (host.chars().allMatch(one -> one < 0x80)) {
      return host.toLowerCase(Locale.ROOT);
    }
    try {
      return IDN.toASCII(host, IDN.ALLOW_UNASSIGNED).toLowerCase(Locale.ROOT);
    } catch (IllegalArgumentException error) {
      throw bad(text, "its host is no name");
    }
  }

  private static AtedbException bad(String text, String why) {
    return new AtedbException(
        Reason.REQUEST_INVALID,
        "'"
            + text
            + "' is not an address: "
            + why
            + ". An address is ate://host[:port]/chain-key[#sha256:fingerprint], as ate://localhost/example.com/me/mydb;"
            + " the port is "
            + DEFAULT_PORT
            + " unless named.",
        Map.of("field", "address", "address", text));
  }

  private static String parsePin(String address, String text) {
    String fault = fingerprintFault(text);
    if (fault != null) {
      throw bad(
          address, "what follows the # is the fingerprint of the server's identity: " + fault);
    }
    return text.substring(MARK.length());
  }

  /** Spells a fingerprint as it stands in addresses. */
  public static String fingerprintText(Bytes fingerprint) {
    return MARK + fingerprint.hex();
  }

  /** Says what is wrong with a fingerprint that has its mark; null: nothing. */
  private static String fingerprintFault(String text) {
    if (!text.startsWith(MARK)) {
      return "it begins with " + MARK + ", and other hashes than SHA-256 are not known";
    }
    if (!DIGITS.matcher(text.substring(MARK.length())).matches()) {
      return "after " + MARK + " come 64 hexadecimal digits in lower case, and nothing else";
    }
    return null;
  }

  /** Parses that form, or the bare digits. Raises REQUEST_INVALID. */
  public static Bytes parseFingerprint(String text) {
    String whole = text.contains(":") ? text : MARK + text;
    String fault = fingerprintFault(whole);
    if (fault != null) {
      throw new AtedbException(
          Reason.REQUEST_INVALID,
          "'" + text + "' is no fingerprint of a key: " + fault,
          Map.of("field", "fingerprint"));
    }
    return Bytes.fromHex(whole.substring(MARK.length()));
  }

  /** The whole address of the chain, without the fingerprint. */
  public String text() {
    return "ate://" + server + "/" + (chainKey == null ? "" : chainKey.text());
  }
}
