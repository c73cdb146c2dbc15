package io.atedb;

import io.atedb.internal.bytes.AnswerForms;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.bytes.Strict;
import io.atedb.internal.crypt.Symmetric;
import io.atedb.internal.event.Delegation;
import io.atedb.internal.event.DelegationScope;
import io.atedb.internal.event.Right;
import io.atedb.internal.home.PrivateFiles;
import io.atedb.internal.trust.DelegationPath;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/**
 * What a program is given to act by delegations (docs/trust.md, "Delegated keys"): a key pair, and
 * the path that leads to it. Whoever has its text can act by it; only {@link #text} shows that.
 */
public final class Token implements AutoCloseable {
  /** What the text of a token begins with, so that who looks for lost secrets finds it. */
  private static final String MARK = "atedb_token_v1_";

  private final KeyPair key;
  private final Right right;

  Token(KeyPair key, Right right) {
    this.key = key;
    this.right = right;
  }

  /**
   * Reads the text of a token; space around it doesn't matter. The signatures of its delegations
   * are not verified.
   *
   * @param text the text
   * @return the token
   * @throws AtedbException REQUEST_INVALID for what is no token, DELEGATION_INVALID or UNSUPPORTED
   *     for what is in it. No message shows any of the text
   */
  public static Token parse(String text) {
    return parse(text, "the text");
  }

  /**
   * Reads a file with a token, which nobody else may be able to read.
   *
   * @param file its path
   * @return the token
   * @throws AtedbException STORAGE_FAILED, and as {@link #parse}
   */
  public static Token load(Path file) {
    return parse(PrivateFiles.readSecret(file), file.toString());
  }

  /**
   * Reads the token that variables name, as for the {@code atedb} command: {@code ATEDB_TOKEN} has
   * the token itself, {@code ATE_TOKEN} its file or the token.
   *
   * @return the token; null where there is none
   * @throws AtedbException as {@link #load}
   */
  public static Token fromEnvironment() {
    String text = System.getenv("ATEDB_TOKEN");
    if (text != null && !text.isEmpty()) {
      return parse(text, "the variable ATEDB_TOKEN");
    }
    String named = System.getenv("ATE_TOKEN");
    if (named == null || named.isEmpty()) {
      return null;
    }
    return named.startsWith(MARK) ? parse(named, "the variable ATE_TOKEN") : load(Path.of(named));
  }

  private static Token parse(String text, String where) {
    byte[] message = decode(text.strip(), where);
    try {
      return read(Bytes.wrap(message), where);
    } finally {
      Arrays.fill(message, (byte) 0);
    }
  }

  private static byte[] decode(String text, String where) {
    String encoded = text.startsWith(MARK) ? text.substring(MARK.length()) : "";
    try {
      byte[] message = Base64.getUrlDecoder().decode(encoded);
      String again = Base64.getUrlEncoder().withoutPadding().encodeToString(message);
      if (message.length > 0 && again.equals(encoded)) {
        return message;
      }
    } catch (IllegalArgumentException error) {
      // What it says shows some of the text.
    }
    throw noToken(where, "a token begins with \"" + MARK + "\", and is base64url behind it");
  }

  private static Token read(Bytes message, String where) {
    try {
      Strict.check(AnswerForms.TOKEN, message);
    } catch (AtedbException error) {
      // Offsets and names of fields tell nothing of a secret, but nor do they help.
      throw noToken(where, "it is damaged");
    }
    Parts parts = new Parts(message);
    List<Delegation> delegations = parts.all(5).stream().map(Delegation::parse).toList();
    if (parts.has(3) != parts.has(4)) {
      throw noToken(where, "it has half a KEM key");
    }
    KeyPair.Seeds seeds =
        new KeyPair.Seeds(parts.bytes(2).toArray(), parts.has(4) ? parts.bytes(4).toArray() : null);
    KeyPair key = KeyPair.ofSeeds((int) parts.number(1), seeds.seed(), seeds.kemSeed());
    seeds.wipe();
    PublicKey issuer = PublicKey.parse(parts.bytes(6));
    Delegation first = delegations.get(0);
    Delegation last = delegations.get(delegations.size() - 1);
    boolean leadsToIt =
        first.claim().issuer().equals(issuer.fingerprint())
            && last.subjectName().equals(key.fingerprint());
    if (!leadsToIt) {
      throw new AtedbException(
          Reason.DELEGATION_INVALID,
          where
              + ": its delegations lead from the key "
              + first.claim().issuer()
              + " to "
              + last.subjectName()
              + ", and it is of "
              + issuer.fingerprint()
              + " and "
              + key.fingerprint());
    }
    return new Token(key, new Right(issuer, delegations));
  }

  private static AtedbException noToken(String where, String why) {
    return new AtedbException(
        Reason.REQUEST_INVALID,
        where + " is no token that can be used: " + why,
        Map.of("field", "token"));
  }

  /**
   * Makes a token: a new key, and a delegation to it. Nothing is sent: it counts wherever the key
   * counts, until it expires or its key is ended ({@link NewEvent#keyChange}).
   *
   * @param from the key that delegates
   * @param wanted what it gives
   * @return the token, which the caller closes
   * @throws AtedbException DELEGATION_INVALID where it says what can't be; CHAIN_KEY_INVALID;
   *     REQUEST_INVALID
   */
  public static Token create(KeyPair from, TokenGrant wanted) {
    return made(from, from.publicKey(), List.of(), wanted);
  }

  /**
   * Makes a token that gives some of what this one does.
   *
   * @param wanted what it gives
   * @return the token, which the caller closes
   * @throws AtedbException DELEGATION_INVALID where that is more than this one gives, and as {@link
   *     #create}
   */
  public Token narrowed(TokenGrant wanted) {
    return made(key, right.issuer(), right.delegations(), wanted);
  }

  private static Token made(
      KeyPair from, PublicKey issuer, List<Delegation> above, TokenGrant wanted) {
    if (above.size() >= Limits.DELEGATIONS_MAX) {
      throw new AtedbException(
          Reason.REQUEST_INVALID,
          "a token is "
              + Limits.DELEGATIONS_MAX
              + " delegations from the key that has the right by itself, at most; ask for one that"
              + " is nearer",
          Map.of("field", "from"));
    }
    // A narrower one doesn't begin before the one that it is from.
    long begins = wanted.notBefore() == null ? 0 : wanted.notBefore().toEpochMilli();
    long least = above.isEmpty() ? 0 : above.get(above.size() - 1).claim().notBeforeUnixMs();
    long expires = wanted.expires().toEpochMilli();
    if (begins < 0 || expires < 0 || expires > Limits.INTEGER_MAX) {
      throw new AtedbException(
          Reason.REQUEST_INVALID,
          "a time of the token is none from 1970 on",
          Map.of("field", "expires"));
    }
    KeyPair key = KeyPair.generate();
    try {
      Delegation.Claim claim =
          new Delegation.Claim(
              from.fingerprint(),
              key.publicKey(),
              DelegationScope.of(wanted.chains()),
              wanted.mayWrite(),
              wanted.mayRead(),
              Math.max(begins, least),
              expires,
              Bytes.wrap(Symmetric.random(Limits.KEY_BYTES)));
      List<Delegation> path = new ArrayList<>(above);
      path.add(Delegation.sign(claim, from, key));
      DelegationPath.check(path);
      return new Token(key, new Right(issuer, List.copyOf(path)));
    } catch (AtedbException error) {
      key.close();
      throw error;
    }
  }

  /**
   * Gives its key, which signs what is written by it.
   *
   * @return the pair
   */
  public KeyPair key() {
    return key;
  }

  /**
   * Gives the key that it has its right from in the end.
   *
   * @return the issuer of the first delegation
   */
  public PublicKey issuer() {
    return right.issuer();
  }

  /**
   * Gives the delegations that lead to its key.
   *
   * @return messages {@code atedb.v1.Delegation}, in the order of their path
   */
  public List<Bytes> delegations() {
    return right.delegations().stream().map(Delegation::message).toList();
  }

  Right right() {
    return right;
  }

  /**
   * Writes it as text: a secret, by which whoever has it can act.
   *
   * @return the text
   */
  public String text() {
    KeyPair.Seeds seeds = key.exportSeeds();
    try {
      FieldWriter token =
          new FieldWriter().varint(1, key.publicKey().suite()).bytes(2, Bytes.wrap(seeds.seed()));
      if (seeds.kemSeed() != null) {
        token.varint(3, 1).bytes(4, Bytes.wrap(seeds.kemSeed()));
      }
      right.delegations().forEach(one -> token.bytes(5, one.message()));
      byte[] message = token.message(6, right.issuer().message()).finish().toArray();
      byte[] encoded = Base64.getUrlEncoder().withoutPadding().encode(message);
      Arrays.fill(message, (byte) 0);
      return MARK + new String(encoded, StandardCharsets.US_ASCII);
    } finally {
      seeds.wipe();
    }
  }

  /** Wipes its secrets. */
  @Override
  public void close() {
    key.close();
  }

  /** The fingerprint of its key: a token that is printed shows no secret. */
  @Override
  public String toString() {
    return "Token(" + key.fingerprint().hex() + ")";
  }
}
