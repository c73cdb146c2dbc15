package io.atedb.internal.trust;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.internal.crypt.Tags;
import io.atedb.internal.event.Batch;
import io.atedb.internal.event.Delegation;
import io.atedb.internal.event.DelegationScope;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Delegations from a key that has a right by itself to one that is to have some of it. */
public final class DelegationPath {
  private DelegationPath() {}

  /**
   * Checks that delegations are one path, in its order: each is by the subject of the one before,
   * and says no more than that. Whether they are signed is {@link #verify}; whether the first
   * issuer has any right is the chain's to say. Raises DELEGATION_INVALID.
   */
  public static void check(List<Delegation> path) {
    Set<Bytes> passed = new HashSet<>();
    for (int at = 0; at < path.size(); at++) {
      Delegation one = path.get(at);
      String fault = at == 0 ? null : faultBehind(one.claim(), path.get(at - 1).claim());
      if (fault != null) {
        throw invalid(one, fault);
      }
      passed.add(one.claim().issuer());
      if (passed.contains(one.subjectName())) {
        throw invalid(one, "it leads back to a key that the path has passed");
      }
    }
  }

  private static String faultBehind(Delegation.Claim claim, Delegation.Claim before) {
    if (!claim.issuer().equals(before.subject().fingerprint())) {
      return "it is by the key "
          + claim.issuer()
          + ", and the one before it is to "
          + before.subject().fingerprint();
    }
    for (String entry : claim.chains()) {
      if (!DelegationScope.covers(before.chains(), entry)) {
        return "it names " + entry + ", which the one before it doesn't";
      }
    }
    if (claim.mayWrite() && !before.mayWrite()) {
      return "it gives the right to write, which its issuer wasn't given";
    }
    if (claim.mayRead() && !before.mayRead()) {
      return "it gives the right to read, which its issuer wasn't given";
    }
    boolean isWithin =
        claim.notBeforeUnixMs() >= before.notBeforeUnixMs()
            && claim.expiresUnixMs() <= before.expiresUnixMs();
    return isWithin ? null : "it counts for longer than the one before it";
  }

  /**
   * Verifies the signatures of a path, one delegation after the other, so that what a stranger
   * makes up costs one of them. Raises DELEGATION_INVALID.
   *
   * @param issuer the key of the first one's
   */
  public static void verify(List<Delegation> path, PublicKey issuer) {
    PublicKey by = issuer;
    for (Delegation one : path) {
      PublicKey subject = one.claim().subject();
      if (!one.signature().isBy(by, Tags.CONTEXT_DELEGATION, one.header())) {
        throw unsigned(one, by);
      }
      if (!one.possession().isBy(subject, Tags.CONTEXT_DELEGATION_POSSESSION, one.header())) {
        throw unsigned(one, subject);
      }
      by = subject;
    }
  }

  private static AtedbException unsigned(Delegation one, PublicKey by) {
    return invalid(
        one, "the signature of the key " + by.fingerprint() + " over it does not verify");
  }

  /** Refuses a path that doesn't count in a chain. Raises DELEGATION_OUT_OF_SCOPE. */
  static void checkScope(List<Delegation> path, String chainKey) {
    for (Delegation one : path) {
      Delegation.Claim claim = one.claim();
      if (!DelegationScope.covers(claim.chains(), chainKey)) {
        throw about(
            one,
            Reason.DELEGATION_OUT_OF_SCOPE,
            "counts in "
                + String.join(", ", claim.chains())
                + ", and not in "
                + chainKey
                + ". Ask its issuer, "
                + claim.issuer()
                + ", for another");
      }
    }
  }

  /**
   * Checks that the delegations that a seal shows are one path, and of its signers: to one of them,
   * or by one, who may so end what is not known yet. So nobody makes a chain know any number of
   * them. Raises DELEGATION_INVALID, BATCH_INVALID.
   */
  static void checkShown(Batch batch, List<Bytes> signers) {
    List<Delegation> path = batch.delegations();
    check(path);
    Bytes last = path.get(path.size() - 1).subjectName();
    boolean isOfSigners =
        signers.contains(last)
            || path.stream().anyMatch(one -> signers.contains(one.claim().issuer()));
    if (!isOfSigners) {
      throw Batch.invalid(
          "its seal shows a delegation to "
              + last
              + ", which is not one of its signers', nor is it by one");
    }
  }

  /**
   * The key that the delegations which a batch shows begin with; null where it shows none. Raises
   * KEY_UNKNOWN.
   */
  static PublicKey issuerOf(Batch batch, KeyRing keys) {
    if (batch.delegations().isEmpty()) {
      return null;
    }
    Bytes name = batch.delegations().get(0).claim().issuer();
    PublicKey known = keys.find(name);
    if (known != null) {
      return known;
    }
    return batch.sealKeys().stream()
        .filter(key -> key.fingerprint().equals(name))
        .findFirst()
        .orElseThrow(() -> Signers.unknown(name));
  }

  private static AtedbException invalid(Delegation one, String why) {
    return about(
        one,
        Reason.DELEGATION_INVALID,
        "to the key " + one.subjectName() + " is not valid: " + why);
  }

  private static AtedbException about(Delegation one, Reason reason, String what) {
    Bytes serial = one.claim().serial();
    return new AtedbException(
        reason,
        "the delegation " + serial + " " + what,
        Map.of(
            "serial", serial.hex(),
            "issuer", one.claim().issuer().hex(),
            "fingerprint", one.subjectName().hex()));
  }
}
