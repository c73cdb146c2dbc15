package io.atedb.internal.trust;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Reason;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.event.Delegation;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The delegations that a chain knows: whose events count as whose. Each was found good when a seal
 * showed it; what counts is looked at for each event, by the time of its commit.
 */
final class KnownDelegations {
  private record Known(
      Bytes subject,
      Bytes issuer,
      Bytes serial,
      boolean mayWrite,
      long notBeforeUnixMs,
      long expiresUnixMs) {

    static Known of(Delegation one) {
      Delegation.Claim claim = one.claim();
      return new Known(
          one.subjectName(),
          claim.issuer().copy(),
          claim.serial().copy(),
          claim.mayWrite(),
          claim.notBeforeUnixMs(),
          claim.expiresUnixMs());
    }

    boolean countsAt(long timeUnixMs) {
      return notBeforeUnixMs <= timeUnixMs && timeUnixMs < expiresUnixMs;
    }
  }

  /** Of each subject, in the order in which they came. Lists are replaced, never changed. */
  private final Map<Bytes, List<Known>> bySubject = new HashMap<>();

  private int count;

  KnownDelegations copy() {
    KnownDelegations other = new KnownDelegations();
    other.bySubject.putAll(bySubject);
    other.count = count;
    return other;
  }

  /**
   * Knows a path. Those that have expired by the time make room, and those by or to a key that
   * counts no more: whoever filled a chain with delegations can so be ended. Raises
   * TOO_MANY_DELEGATIONS.
   */
  void learn(List<Delegation> path, long timeUnixMs, KeyRing keys, Undo undo) {
    for (Delegation one : path) {
      Known known = Known.of(one);
      if (of(known.subject).stream().anyMatch(other -> isSame(other, known))) {
        continue;
      }
      if (count >= Limits.CHAIN_DELEGATIONS_MAX) {
        makeRoom(timeUnixMs, keys, undo);
      }
      List<Known> after = new ArrayList<>(of(known.subject));
      after.add(known);
      replace(known.subject, after, undo);
    }
  }

  private List<Known> of(Bytes subject) {
    return bySubject.getOrDefault(subject, List.of());
  }

  private static boolean isSame(Known one, Known other) {
    return one.issuer.equals(other.issuer) && one.serial.equals(other.serial);
  }

  private void replace(Bytes subject, List<Known> after, Undo undo) {
    List<Known> before = bySubject.get(subject);
    int countBefore = count;
    count += after.size() - (before == null ? 0 : before.size());
    put(subject, after.isEmpty() ? null : after);
    undo.add(
        () -> {
          count = countBefore;
          put(subject, before);
        });
  }

  private void put(Bytes subject, List<Known> all) {
    if (all == null) {
      bySubject.remove(subject);
    } else {
      bySubject.put(subject, all);
    }
  }

  private void makeRoom(long timeUnixMs, KeyRing keys, Undo undo) {
    for (Bytes subject : List.copyOf(bySubject.keySet())) {
      List<Known> before = of(subject);
      List<Known> left =
          before.stream()
              .filter(
                  one ->
                      one.expiresUnixMs > timeUnixMs
                          && !keys.isChanged(one.subject)
                          && !keys.isChanged(one.issuer))
              .toList();
      if (left.size() < before.size()) {
        replace(subject, left, undo);
      }
    }
    if (count >= Limits.CHAIN_DELEGATIONS_MAX) {
      throw new AtedbException(
          Reason.TOO_MANY_DELEGATIONS,
          "the chain knows "
              + Limits.CHAIN_DELEGATIONS_MAX
              + " delegations that haven't expired or ended, which is the limit; end the key that has given many of them, or"
              + " write with a key that its rules name",
          Map.of("limit_delegations", Integer.toString(Limits.CHAIN_DELEGATIONS_MAX)));
    }
  }

  /** The keys that events of another one count as, by delegations to it that count. */
  Set<Bytes> standsFor(Bytes actor, long timeUnixMs, KeyRing keys) {
    return issuersOf(
        actor, one -> one.mayWrite && one.countsAt(timeUnixMs) && !keys.isChanged(one.issuer));
  }

  /** The keys that have delegated to another one, themselves or by others, whether that counts. */
  Set<Bytes> givenBy(Bytes subject) {
    return issuersOf(subject, one -> true);
  }

  private Set<Bytes> issuersOf(Bytes actor, Predicate<Known> counts) {
    if (count == 0) {
      return Set.of();
    }
    Set<Bytes> found = new LinkedHashSet<>();
    List<Bytes> reached = List.of(actor);
    // Paths may meet and lead in a circle: each key is passed once, by its shortest path.
    for (int step = 0; step < Limits.DELEGATIONS_MAX && !reached.isEmpty(); step++) {
      List<Bytes> next = new ArrayList<>();
      for (Bytes subject : reached) {
        for (Known one : of(subject)) {
          if (counts.test(one) && !one.issuer.equals(actor) && found.add(one.issuer)) {
            next.add(one.issuer);
          }
        }
      }
      reached = next;
    }
    return found;
  }

  /**
   * What an event is refused with that would be allowed if a delegation counted at its time; null:
   * there is another reason.
   */
  AtedbException lateFor(Act act, Predicate<List<Bytes>> allows) {
    if (count == 0 || !act.isDelegable()) {
      return null;
    }
    List<Bytes> subjects = new ArrayList<>();
    for (Bytes actor : act.actors()) {
      subjects.add(actor);
      subjects.addAll(givenBy(actor));
    }
    if (!allows.test(subjects)) {
      return null;
    }
    return subjects.stream()
        .flatMap(subject -> of(subject).stream())
        .filter(one -> one.mayWrite && !one.countsAt(act.timeUnixMs()))
        .findFirst()
        .map(one -> late(one, act))
        .orElse(null);
  }

  private static AtedbException late(Known one, Act act) {
    boolean isEarly = act.timeUnixMs() < one.notBeforeUnixMs;
    String when =
        isEarly
            ? "counts from " + Instant.ofEpochMilli(one.notBeforeUnixMs) + " on only"
            : "has expired at " + Instant.ofEpochMilli(one.expiresUnixMs);
    return act.refused(
        Reason.DELEGATION_EXPIRED,
        "the delegation "
            + one.serial
            + " "
            + when
            + ", and the server's clock is at "
            + Instant.ofEpochMilli(act.timeUnixMs())
            + ". Ask its issuer, "
            + one.issuer
            + ", for another",
        "serial",
        one.serial.hex(),
        "issuer",
        one.issuer.hex(),
        "fingerprint",
        one.subject.hex());
  }
}
