package io.atedb;

import java.time.Duration;
import java.util.List;

/** How a chain is opened. Doesn't change: each method gives other options. */
public final class OpenOptions {
  private final Who who;
  private final Bytes chainId;
  private final TrustMode trustMode;
  private final boolean confidential;
  private final boolean isPrivate;
  private final Boolean checkRules;
  private final Writing writing;

  /** Whose keys it is used with; null where nothing is said. */
  private record Who(String keyName, KeyPair key, List<KeyPair> former, Token token) {}

  /** How it is written to. */
  private record Writing(
      boolean forAppend,
      boolean signs,
      boolean pads,
      boolean claims,
      boolean asRole,
      Duration reconnect) {}

  private OpenOptions(
      Who who,
      Bytes chainId,
      TrustMode trustMode,
      boolean confidential,
      boolean isPrivate,
      Boolean checkRules,
      Writing writing) {
    this.who = who;
    this.chainId = chainId;
    this.trustMode = trustMode;
    this.confidential = confidential;
    this.isPrivate = isPrivate;
    this.checkRules = checkRules;
    this.writing = writing;
  }

  /**
   * Gives what is usual: the key of whoever is logged in in the home folder, else its key {@code
   * default}; and nothing demanded of the chain.
   *
   * @return the options
   */
  public static OpenOptions defaults() {
    return new OpenOptions(
        new Who(null, null, List.of(), null),
        null,
        null,
        false,
        false,
        null,
        new Writing(false, false, false, false, false, Duration.ofSeconds(60)));
  }

  /**
   * Names the key that is written with, that private chains are opened, and sealed data is read
   * with.
   *
   * @param name its name in the home folder
   * @return other options
   */
  public OpenOptions key(String name) {
    return by(new Who(name, null, List.of(), null));
  }

  /**
   * Gives that key, and those that its owner had before: they open what was sealed for them.
   *
   * @param pair the key, which the caller closes after the chain
   * @param former the keys before it, the newest first
   * @return other options
   */
  public OpenOptions key(KeyPair pair, KeyPair... former) {
    return by(new Who(null, pair, List.of(former), null));
  }

  /**
   * Acts by a token instead: what is written counts as its issuer's, in the chains and for the time
   * that it is for. It writes data and removes objects; it changes no rules and makes no chain.
   *
   * @param by the token, which the caller closes after the chain
   * @return other options
   */
  public OpenOptions token(Token by) {
    return by(new Who(null, null, List.of(), by));
  }

  private OpenOptions by(Who other) {
    return new OpenOptions(other, chainId, trustMode, confidential, isPrivate, checkRules, writing);
  }

  /**
   * Pins the chain.
   *
   * @param id that it must have, 32 bytes
   * @return other options
   */
  public OpenOptions chainId(Bytes id) {
    return new OpenOptions(who, id, trustMode, confidential, isPrivate, checkRules, writing);
  }

  /**
   * Demands a trust mode.
   *
   * @param mode that it must have
   * @return other options
   */
  public OpenOptions trustMode(TrustMode mode) {
    return new OpenOptions(who, chainId, mode, confidential, isPrivate, checkRules, writing);
  }

  /**
   * Demands that the chain is confidential; one that is created is.
   *
   * @return other options
   */
  public OpenOptions confidential() {
    return new OpenOptions(who, chainId, trustMode, true, isPrivate, checkRules, writing);
  }

  /**
   * Demands that the chain is private; one that is created is.
   *
   * @return other options
   */
  public OpenOptions privateChain() {
    return new OpenOptions(who, chainId, trustMode, confidential, true, checkRules, writing);
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
    return new OpenOptions(who, chainId, trustMode, confidential, isPrivate, whether, writing);
  }

  /**
   * Says that it will be appended to: a chain that isn't there is created by the first append.
   *
   * @return other options
   */
  public OpenOptions forAppend() {
    return with(
        new Writing(
            true, writing.signs, writing.pads, writing.claims, writing.asRole, writing.reconnect));
  }

  /**
   * Has every batch signed, also in a centralized chain, where otherwise the key is proven once a
   * connection.
   *
   * @return other options
   */
  public OpenOptions signBatches() {
    return with(
        new Writing(
            writing.forAppend,
            true,
            writing.pads,
            writing.claims,
            writing.asRole,
            writing.reconnect));
  }

  /**
   * Has the size of sealed data hidden, by padding it by at most 12 % (PADMÉ).
   *
   * @return other options
   */
  public OpenOptions pad() {
    return with(
        new Writing(
            writing.forAppend,
            writing.signs,
            true,
            writing.claims,
            writing.asRole,
            writing.reconnect));
  }

  /**
   * Says how long appends wait for a lost server; a minute unless this is said.
   *
   * @param time how long
   * @return other options
   */
  public OpenOptions reconnect(Duration time) {
    return with(
        new Writing(
            writing.forAppend, writing.signs, writing.pads, writing.claims, writing.asRole, time));
  }

  /**
   * Claims the name of the chain's owner for the key, if nobody has it: on the server's own
   * machine, at a server with an auth service of its own that sends no mail. Nobody has checked
   * then whose the name is.
   *
   * @return other options
   */
  public OpenOptions claim() {
    return with(
        new Writing(
            writing.forAppend,
            writing.signs,
            writing.pads,
            true,
            writing.asRole,
            writing.reconnect));
  }

  /**
   * Has what is written with the key of a group's role not name the member's own key as its author.
   *
   * @return other options
   */
  public OpenOptions asRole() {
    return with(
        new Writing(
            writing.forAppend,
            writing.signs,
            writing.pads,
            writing.claims,
            true,
            writing.reconnect));
  }

  private OpenOptions with(Writing other) {
    return new OpenOptions(who, chainId, trustMode, confidential, isPrivate, checkRules, other);
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

  boolean claims() {
    return writing.claims;
  }

  boolean namesNoAuthor() {
    return writing.asRole;
  }

  String keyName() {
    return who.keyName;
  }

  KeyPair key() {
    return who.key;
  }

  List<KeyPair> formerKeys() {
    return who.former;
  }

  Token token() {
    return who.token;
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
