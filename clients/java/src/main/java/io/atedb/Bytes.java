package io.atedb;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * Bytes that don't change: ids, hashes, keys of objects, data of events.
 *
 * <p>Compared by value, ordered as unsigned numbers. They may be cut from a larger array, which
 * they keep in memory: {@linkplain #copy() copy} what is kept for long. Not for secrets, which are
 * arrays, since those can be wiped.
 */
public final class Bytes implements Comparable<Bytes> {
  /** None. */
  public static final Bytes EMPTY = new Bytes(new byte[0], 0, 0);

  private final byte[] array;
  private final int start;
  private final int size;
  private int hash;

  private Bytes(byte[] array, int start, int size) {
    this.array = array;
    this.start = start;
    this.size = size;
  }

  /**
   * Takes a copy of an array.
   *
   * @param array the bytes
   * @return the same
   */
  public static Bytes copyOf(byte[] array) {
    return array.length == 0 ? EMPTY : new Bytes(array.clone(), 0, array.length);
  }

  /**
   * Takes an array without copying it.
   *
   * @param array the bytes, which the caller must not change from then on
   * @return the same
   */
  public static Bytes wrap(byte[] array) {
    return array.length == 0 ? EMPTY : new Bytes(array, 0, array.length);
  }

  /**
   * Encodes text in UTF-8.
   *
   * @param text the text
   * @return its bytes
   */
  public static Bytes ofText(String text) {
    return wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Reads hexadecimal.
   *
   * @param digits the digits, an even number of them
   * @return the bytes
   * @throws AtedbException REQUEST_INVALID where they are none
   */
  public static Bytes fromHex(String digits) {
    try {
      return wrap(HexFormat.of().parseHex(digits));
    } catch (IllegalArgumentException error) {
      throw new AtedbException(Reason.REQUEST_INVALID, "it is not in hexadecimal");
    }
  }

  /**
   * Says how many they are.
   *
   * @return the number of bytes
   */
  public int size() {
    return size;
  }

  /**
   * Says whether there are none.
   *
   * @return whether the size is 0
   */
  public boolean isEmpty() {
    return size == 0;
  }

  /**
   * Gives one of them.
   *
   * @param index its place, from 0 on
   * @return the byte
   */
  public byte at(int index) {
    if (index < 0 || index >= size) {
      throw new IndexOutOfBoundsException(index);
    }
    return array[start + index];
  }

  /**
   * Gives some of them, without copying.
   *
   * @param from the place of the first
   * @param to the place after the last
   * @return those
   */
  public Bytes slice(int from, int to) {
    if (from < 0 || to < from || to > size) {
      throw new IndexOutOfBoundsException(from + " to " + to + " of " + size);
    }
    return from == to ? EMPTY : new Bytes(array, start + from, to - from);
  }

  /**
   * Gives the same in an array of their own, so that they keep nothing else in memory.
   *
   * @return the same
   */
  public Bytes copy() {
    return size == array.length ? this : wrap(toArray());
  }

  /**
   * Copies them.
   *
   * @return a new array
   */
  public byte[] toArray() {
    return Arrays.copyOfRange(array, start, start + size);
  }

  /**
   * Puts them into an array.
   *
   * @param target where they go
   * @param at the place of the first there
   */
  public void copyTo(byte[] target, int at) {
    System.arraycopy(array, start, target, at, size);
  }

  /**
   * Hands them to a digest.
   *
   * @param digest which
   */
  public void update(java.security.MessageDigest digest) {
    digest.update(array, start, size);
  }

  /**
   * Adds others behind them.
   *
   * @param more those
   * @return all in one
   */
  public Bytes plus(Bytes... more) {
    int all = size;
    for (Bytes one : more) {
      all += one.size;
    }
    byte[] joined = new byte[all];
    copyTo(joined, 0);
    int at = size;
    for (Bytes one : more) {
      one.copyTo(joined, at);
      at += one.size;
    }
    return wrap(joined);
  }

  /**
   * Writes them in hexadecimal.
   *
   * @return the digits, in lower case
   */
  public String hex() {
    return HexFormat.of().formatHex(array, start, start + size);
  }

  /**
   * Reads them as UTF-8. What isn't becomes U+FFFD.
   *
   * @return the text
   */
  public String text() {
    return new String(array, start, size, StandardCharsets.UTF_8);
  }

  @Override
  public int compareTo(Bytes other) {
    return Arrays.compareUnsigned(
        array, start, start + size, other.array, other.start, other.start + other.size);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Bytes that
        && Arrays.equals(
            array, start, start + size, that.array, that.start, that.start + that.size);
  }

  @Override
  public int hashCode() {
    if (hash == 0) {
      int value = 1;
      for (int at = start; at < start + size; at++) {
        value = 31 * value + array[at];
      }
      hash = value;
    }
    return hash;
  }

  @Override
  public String toString() {
    return size <= 64 ? hex() : slice(0, 16).hex() + "… (" + size + " bytes)";
  }
}
