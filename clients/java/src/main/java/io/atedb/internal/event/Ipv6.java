package io.atedb.internal.event;

import java.util.StringJoiner;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Spells IPv6 addresses as browsers do (RFC 5952, an IPv4 address in them in hexadecimal). */
final class Ipv6 {
  private static final Pattern IPV4 =
      Pattern.compile("(.*:)(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})");

  private Ipv6() {}

  /** The shortest spelling; null for what is no address. */
  static String shortest(String text) {
    int[] groups = parse(text);
    if (groups == null) {
      return null;
    }
    int best = -1;
    int bestLength = 1;
    for (int at = 0; at < 8; at++) {
      int end = at;
      while (end < 8 && groups[end] == 0) {
        end++;
      }
      if (end - at > bestLength) {
        best = at;
        bestLength = end - at;
      }
    }
    if (best < 0) {
      return joined(groups, 0, 8);
    }
    return joined(groups, 0, best) + "::" + joined(groups, best + bestLength, 8);
  }

  private static String joined(int[] groups, int from, int to) {
    StringJoiner joiner = new StringJoiner(":");
    for (int at = from; at < to; at++) {
      joiner.add(Integer.toHexString(groups[at]));
    }
    return joiner.toString();
  }

  private static int[] parse(String text) {
    String all = text;
    Matcher mixed = IPV4.matcher(text);
    if (mixed.matches()) {
      int[] octets = new int[4];
      for (int at = 0; at < 4; at++) {
        octets[at] = Integer.parseInt(mixed.group(at + 2));
        boolean isLong = mixed.group(at + 2).length() > 1 && mixed.group(at + 2).startsWith("0");
        if (octets[at] > 255 || isLong) {
          return null;
        }
      }
      all =
          mixed.group(1)
              + Integer.toHexString(octets[0] << 8 | octets[1])
              + ":"
              + Integer.toHexString(octets[2] << 8 | octets[3]);
    } else if (text.contains(".")) {
      return null;
    }
    String[] halves = all.split("::", -1);
    if (halves.length > 2) {
      return null;
    }
    int[] first = groups(halves[0]);
    int[] second = halves.length == 2 ? groups(halves[1]) : new int[0];
    if (first == null || second == null) {
      return null;
    }
    int count = first.length + second.length;
    if (halves.length == 2 ? count > 7 : count != 8) {
      return null;
    }
    int[] result = new int[8];
    System.arraycopy(first, 0, result, 0, first.length);
    System.arraycopy(second, 0, result, 8 - second.length, second.length);
    return result;
  }

  private static int[] groups(String text) {
    if (text.isEmpty()) {
      return new int[0];
    }
    String[] parts = text.split(":", -1);
    int[] result = new int[parts.length];
    for (int at = 0; at < parts.length; at++) {
      if (!parts[at].matches("[0-9a-fA-F]{1,4}")) {
        return null;
      }
      result[at] = Integer.parseInt(parts[at], 16);
    }
    return result.length > 8 ? null : result;
  }
}
