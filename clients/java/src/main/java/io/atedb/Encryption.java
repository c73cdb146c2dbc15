package io.atedb;

/** Whether calls go through the server's encrypted tunnel, and with which keys at least. */
public enum Encryption {
  /** As the server requires; always where it is known to encrypt, or its identity is pinned. */
  AUTO(128),
  /** None: refused with {@link Reason#WIRE_REQUIRED} where the server requires it. */
  PLAIN(0),
  /** Keys of at least 128 bits. */
  BITS_128(128),
  /** Keys of at least 192 bits. */
  BITS_192(192),
  /** Keys of at least 256 bits. */
  BITS_256(256);

  private final int keyBits;

  Encryption(int keyBits) {
    this.keyBits = keyBits;
  }

  /**
   * Gives the smallest size of keys that is taken.
   *
   * @return bits; 0 without encryption
   */
  public int keyBits() {
    return keyBits;
  }
}
