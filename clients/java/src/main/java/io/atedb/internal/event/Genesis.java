package io.atedb.internal.event;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.TrustMode;
import io.atedb.internal.bytes.Cursor;
import io.atedb.internal.bytes.EventForms;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Magics;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.bytes.Strict;
import io.atedb.internal.crypt.Hashes;
import io.atedb.internal.crypt.Tags;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * What a chain is, said once by its first event. Its id is the hash of the header that says it, so
 * nothing of it can ever change.
 *
 * @param chainKey its key
 * @param trustMode how keys are trusted
 * @param roots who owns it, sorted by fingerprint
 * @param createdUnixMs when it was made, by its maker's clock
 * @param salt random
 * @param serverIdentity of a centralized chain, else null
 * @param isPrivate whether strangers are kept out
 * @param isConfidential whether data is sealed unless a rule says otherwise
 * @param answer what an auth service said of its owner when it was made, and so of its roots; null:
 *     none says that. Its signature isn't verified in reading it
 * @param header the bytes that say it
 * @param chainId 32 bytes
 */
public record Genesis(
    ChainKey chainKey,
    TrustMode trustMode,
    List<PublicKey> roots,
    long createdUnixMs,
    Bytes salt,
    PublicKey serverIdentity,
    boolean isPrivate,
    boolean isConfidential,
    AuthAnswer answer,
    Bytes header,
    Bytes chainId) {

  /** The id of the chain that these header bytes of a genesis event begin. */
  public static Bytes chainIdOf(Bytes header) {
    return Hashes.tagged(Tags.HASH_CHAIN, header);
  }

  /** The fingerprint that a chain key may carry of the roots that have signed its genesis. */
  public static Bytes rootsFingerprint(List<Bytes> fingerprints) {
    return Hashes.tagged(Tags.HASH_ROOTS, fingerprints.stream().sorted().toArray(Bytes[]::new));
  }

  /** Makes the header bytes of a genesis event. Nothing is checked that a reader checks. */
  public static Bytes build(
      ChainKey chainKey,
      TrustMode trustMode,
      List<PublicKey> roots,
      long createdUnixMs,
      Bytes salt,
      PublicKey serverIdentity,
      boolean isPrivate,
      boolean isConfidential) {
    FieldWriter genesis =
        new FieldWriter()
            .text(1, chainKey.text())
            .varint(2, trustMode == TrustMode.CENTRALIZED ? 1 : 2);
    roots.stream()
        .sorted(Comparator.comparing(PublicKey::fingerprint))
        .forEach(root -> genesis.message(3, root.message()));
    genesis.varint(4, createdUnixMs).bytes(5, salt);
    if (serverIdentity != null) {
      genesis.message(6, serverIdentity.message());
    }
    genesis.bool(7, isPrivate).bool(8, isConfidential);
    return new FieldWriter()
        .fixed32(1, Magics.EVENT_HEADER)
        .varint(2, 1)
        .message(15, genesis)
        .finish();
  }

  /**
   * Reads the genesis out of the header bytes of a chain's first event. Raises NON_CANONICAL,
   * GENESIS_INVALID, CHAIN_KEY_INVALID. Signatures are not checked here, they are over the seal.
   */
  public static Genesis parse(Bytes header) {
    Strict.check(EventForms.EVENT_HEADER, header);
    Bytes inner = null;
    Cursor cursor = new Cursor(header);
    while (cursor.next()) {
      switch (cursor.number()) {
        case 1 -> {}
        case 2 -> {
          if (cursor.value() != 1) {
            throw invalid("its event is of another kind");
          }
        }
        case 15 -> inner = cursor.content();
        default -> throw invalid("its event has fields beside the genesis");
      }
    }
    if (inner == null) {
      throw invalid("its event holds no genesis");
    }
    Parts parts = new Parts(inner);
    List<PublicKey> roots = new ArrayList<>();
    for (Bytes one : parts.all(3)) {
      roots.add(keyOf("one of its roots", one));
    }
    for (int at = 1; at < roots.size(); at++) {
      if (roots.get(at - 1).fingerprint().compareTo(roots.get(at).fingerprint()) >= 0) {
        throw invalid("its roots are not sorted by fingerprint, once each");
      }
    }
    TrustMode mode = parts.number(2) == 1 ? TrustMode.CENTRALIZED : TrustMode.DISTRIBUTED;
    PublicKey server = parts.has(6) ? keyOf("the server's identity", parts.bytes(6)) : null;
    if ((mode == TrustMode.CENTRALIZED) != (server != null)) {
      throw invalid(
          "a " + mode.text() + " chain's names " + (server == null ? "a" : "no") + " server");
    }
    ChainKey chainKey = ChainKey.parse(parts.text(1));
    AuthAnswer answer = answerOf(chainKey, mode, parts);
    if (answer == null == roots.isEmpty()) {
      throw invalid(
          answer == null
              ? "it names no roots"
              : "it names roots, which the answer of its auth service does");
    }
    return new Genesis(
        chainKey,
        mode,
        answer == null ? List.copyOf(roots) : answer.roots(),
        parts.number(4),
        parts.bytes(5),
        server,
        parts.flag(7),
        parts.flag(8),
        answer,
        header,
        chainIdOf(header));
  }

  private static AuthAnswer answerOf(ChainKey chainKey, TrustMode mode, Parts parts) {
    if (!parts.has(9) && !parts.has(10)) {
      return null;
    }
    if (!parts.has(9) || !parts.has(10)) {
      throw invalid("an auth service is named with what it says, and one of these is missing");
    }
    if (mode != TrustMode.CENTRALIZED) {
      throw invalid("a distributed chain has no auth service, and it names one's identity");
    }
    PublicKey identity = keyOf("the auth service's identity", parts.bytes(9));
    AuthAnswer answer;
    try {
      answer = AuthAnswer.parse(parts.bytes(10));
    } catch (AtedbException error) {
      throw invalid(error.getMessage());
    }
    String owner = Owner.of(chainKey).text();
    if (!answer.owner().text().equals(owner)) {
      throw invalid(
          "its auth service speaks of "
              + answer.owner().text()
              + ", and the chain is "
              + owner
              + "'s");
    }
    if (!answer.identity().equals(identity)) {
      throw invalid("what its auth service says is signed by another one than it names");
    }
    if (!answer.rotations().isEmpty() || !answer.changed().isEmpty()) {
      throw invalid("what its auth service says tells of what was before, and nothing was");
    }
    if (answer.isRemoved()) {
      throw invalid("the account " + owner + " was removed");
    }
    return answer;
  }

  /** The keys that sign it: its roots, or where an auth service names them the server alone. */
  public List<PublicKey> signers() {
    return answer == null ? roots : List.of(serverIdentity);
  }

  private static PublicKey keyOf(String what, Bytes message) {
    try {
      return PublicKey.parse(message);
    } catch (AtedbException error) {
      throw invalid(what + " is no key: " + error.getMessage());
    }
  }

  private static AtedbException invalid(String why) {
    return new AtedbException(Reason.GENESIS_INVALID, "the genesis is not valid: " + why);
  }
}
