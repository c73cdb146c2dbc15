package io.atedb.internal.event;

import io.atedb.Bytes;

/** Base32 (RFC 4648), in lower case, without padding. */
public final class Base32 {
  private static final String DIGITS = "abcdefghijklmnopqrstuvwxyz234567";

  private Base32() {}

  public static String encode(Bytes data) {
    StringBuilder text = new StringBuilder();
    int bits = 0;
    int held = 0;
    for (int at = 0; at < data.size(); at++) {
      held = held << 8 | data.at(at) & 0xFF;
      bits += 8;
      while (bits >= 5) {
        bits -= 5;
        text.append(DIGITS.charAt(held >>> bits & 31));
      }
      held &= (1 << bits) - 1;
    }
    if (bits > 0) {
      text.append(DIGITS.charAt(held << 5 - bits & 31));
    }
    return text.toString();
  }
}
