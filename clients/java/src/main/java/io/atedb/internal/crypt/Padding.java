package io.atedb.internal.crypt;

import io.atedb.Bytes;
import java.util.Arrays;

/** Padding of ISO/IEC 7816-4: a byte 80, then zeros. */
public enum Padding {
  /** The byte 80 alone. */
  MARK,
  /** To a length that many others share: PADMÉ (Nikitin et al., 2019), at most 12 % longer. */
  PADME;

  /** The length that PADMÉ makes of one. */
  public static long padmeLength(long length) {
    if (length < 2) {
      return length;
    }
    int exponent = 63 - Long.numberOfLeadingZeros(length);
    int digits = 32 - Integer.numberOfLeadingZeros(exponent);
    long step = 1L << Math.max(0, exponent - digits);
    return (length + step - 1) / step * step;
  }

  public byte[] add(Bytes text) {
    int length = text.size() + 1;
    byte[] padded = new byte[this == PADME ? Math.toIntExact(padmeLength(length)) : length];
    text.copyTo(padded, 0);
    padded[text.size()] = (byte) 0x80;
    return padded;
  }

  /** Gives the text; null where there is no padding. */
  public static Bytes remove(byte[] padded) {
    int at = padded.length - 1;
    while (at >= 0 && padded[at] == 0) {
      at--;
    }
    return at < 0 || padded[at] != (byte) 0x80 ? null : Bytes.wrap(Arrays.copyOf(padded, at));
  }
}
