package io.atedb;

import java.time.Duration;

/** How a chain is opened. Doesn't change: each method gives other options. */
public final class OpenOptions {
  private final String keyName;
  private final KeyPair key;
  private final Bytes chainId;
  private final TrustMode trustMode;
  private final boolean confidential;
  private final boolean isPrivate;
  private final Boolean checkRules;
  private final Writing writing;

  /** How it is written to. */
  private record Writing(boolean forAppend, boolean signs, boolean pads, Duration reconnect) {}

  private OpenOptions(
      String keyName,
      KeyPair key,
      Bytes chainId,
      TrustMode trustMode,
      boolean confidential,
      boolean isPrivate,
      Boolean checkRules,
      Writing writing) {
    this.keyName = keyName;
    this.key = key;
    this.chainId = chainId;
    this.trustMode = trustMode;
    this.confidential = confidential;
    this.isPrivate = isPrivate;
    this.checkRules = checkRules;
    this.writing = writing;
  }

  /**
   * Gives what is usual: the key {@code default} of the home folder, and nothing demanded of the
   * chain.
   *
   * @return the options
   */
  public static OpenOptions defaults() {
    return new OpenOptions(
        null,
        null,
        null,
        null,
        false,
        false,
        null,
        new Writing(false, false, false, Duration.ofSeconds(60)));
  }

  /**
   * Names the key that is written with, that private chains are opened, and sealed data is read
   * with.
   *
   * @param name its name in the home folder
   * @return other options
   */
  public OpenOptions key(String name) {
    return new OpenOptions(
        name, null, chainId, trustMode, confidential, isPrivate, checkRules, writing);
  }

  /**
   * Gives that key.
   *
   * @param pair the key, which the caller closes after the chain
   * @return other options
   */
  public OpenOptions key(KeyPair pair) {
    return new OpenOptions(
        null, pair, chainId, trustMode, confidential, isPrivate, checkRules, writing);
  }

  /**
   * Pins the chain.
   *
   * @param id that it must have, 32 bytes
   * @return other options
   */
  public OpenOptions chainId(Bytes id) {
    return new OpenOptions(
        keyName, key, id, trustMode, confidential, isPrivate, checkRules, writing);
  }

  /**
   * Demands a trust mode.
   *
   * @param mode that it must have
   * @return other options
   */
  public OpenOptions trustMode(TrustMode mode) {
    return new OpenOptions(
        keyName, key, chainId, mode, confidential, isPrivate, checkRules, writing);
  }

  /**
   * Demands that the chain is confidential; one that is created is.
   *
   * @return other options
   */
  public OpenOptions confidential() {
    return new OpenOptions(keyName, key, chainId, trustMode, true, isPrivate, checkRules, writing);
  }

  /**
   * Demands that the chain is private; one that is created is.
   *
   * @return other options
   */
  public OpenOptions privateChain() {
    return new OpenOptions(
        keyName, key, chainId, trustMode, confidential, true, checkRules, writing);
  }

  /**
   * Says whether all that is read is checked to have been allowed, for which all before it is read.
   * Unless this is said, it is where the server isn't trusted with that: in distributed and
   * confidential chains.
   *
   * @param whether it is
   * @return other options
   */
  public OpenOptions checkRules(boolean whether) {
    return new OpenOptions(
        keyName, key, chainId, trustMode, confidential, isPrivate, whether, writing);
  }

  /**
   * Says that it will be appended to: a chain that isn't there is created by the first append.
   *
   * @return other options
   */
  public OpenOptions forAppend() {
    return with(new Writing(true, writing.signs, writing.pads, writing.reconnect));
  }

  /**
   * Has every batch signed, also in a centralized chain, where otherwise the key is proven once a
   * connection.
   *
   * @return other options
   */
  public OpenOptions signBatches() {
    return with(new Writing(writing.forAppend, true, writing.pads, writing.reconnect));
  }

  /**
   * Has the size of sealed data hidden, by padding it by at most 12 % (PADMÉ).
   *
   * @return other options
   */
  public OpenOptions pad() {
    return with(new Writing(writing.forAppend, writing.signs, true, writing.reconnect));
  }

  /**
   * Says how long appends wait for a lost server; a minute unless this is said.
   *
   * @param time how long
   * @return other options
   */
  public OpenOptions reconnect(Duration time) {
    return with(new Writing(writing.forAppend, writing.signs, writing.pads, time));
  }

  private OpenOptions with(Writing other) {
    return new OpenOptions(
        keyName, key, chainId, trustMode, confidential, isPrivate, checkRules, other);
  }

  boolean isForAppend() {
    return writing.forAppend;
  }

  boolean signsBatches() {
    return writing.signs;
  }

  boolean pads() {
    return writing.pads;
  }

  Duration reconnectTime() {
    return writing.reconnect;
  }

  String keyName() {
    return keyName;
  }

  KeyPair key() {
    return key;
  }

  Bytes chainId() {
    return chainId;
  }

  TrustMode trustMode() {
    return trustMode;
  }

  boolean isConfidential() {
    return confidential;
  }

  boolean isPrivate() {
    return isPrivate;
  }

  Boolean checkRules() {
    return checkRules;
  }
}
