package io.atedb.internal.event;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.internal.bytes.AnswerForms;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.crypt.Tags;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Whose keys count in the chains of an owner: an auth service's word (docs/trust.md, "Owners"), as
 * it was read. Times are in milliseconds since 1970-01-01 UTC.
 *
 * @param header what the signature is over
 * @param owner whom it is about
 * @param version how often the account was changed, up to what it tells of
 * @param issuedUnixMs when it was given
 * @param expiresUnixMs from then on it counts no more
 * @param roots 1 to 16, sorted by fingerprint
 * @param writers at most 16, sorted; none is a root
 * @param admitted fingerprints of those who may open private chains besides, sorted
 * @param changed keys that count no more, in the order in which they were changed
 * @param isUnverified whether nobody has checked that the name is the account's
 * @param isRemoved whether the account was removed
 * @param identity of the auth service
 * @param signature of that
 * @param rotations IdentityRotation messages, oldest first
 */
public record AuthAnswer(
    Bytes header,
    Owner owner,
    long version,
    long issuedUnixMs,
    long expiresUnixMs,
    List<PublicKey> roots,
    List<PublicKey> writers,
    List<Bytes> admitted,
    List<Change> changed,
    boolean isUnverified,
    boolean isRemoved,
    PublicKey identity,
    Signed signature,
    List<Bytes> rotations) {

  /**
   * A key of an owner that counts no more.
   *
   * @param fingerprint of the key
   * @param successor has its place in every rule; null: none has
   */
  public record Change(Bytes fingerprint, Bytes successor) {}

  /**
   * Reads an AuthAnswer message. Its signature and its rotations are not verified. Raises
   * NON_CANONICAL for its bytes, AUTH_ANSWER_INVALID for what it says.
   */
  public static AuthAnswer parse(Bytes message) {
    Parts outer = Parts.strict(AnswerForms.AUTH_ANSWER, message.copy());
    Bytes header = outer.bytes(1);
    Parts parts = Parts.strict(AnswerForms.AUTH_ANSWER_HEADER, header);
    AuthAnswer answer =
        new AuthAnswer(
            header,
            ownerOf(parts.text(2)),
            parts.number(3),
            parts.number(4),
            parts.number(5),
            keysOf("one of its roots", parts.all(6)),
            keysOf("one of its writers", parts.all(7)),
            parts.all(8),
            parts.all(9).stream().map(AuthAnswer::changeOf).toList(),
            parts.flag(10),
            parts.flag(11),
            keysOf("its identity", parts.all(12)).get(0),
            Signed.parse(outer.bytes(2)),
            outer.all(3));
    answer.check();
    return answer;
  }

  private static Owner ownerOf(String text) {
    try {
      return Owner.parse(text);
    } catch (AtedbException error) {
      throw invalid("its owner is none: " + error.getMessage());
    }
  }

  private static List<PublicKey> keysOf(String what, List<Bytes> messages) {
    List<PublicKey> keys = new ArrayList<>();
    for (Bytes one : messages) {
      try {
        keys.add(PublicKey.parse(one));
      } catch (AtedbException error) {
        throw invalid(what + " is no key: " + error.getMessage());
      }
    }
    return List.copyOf(keys);
  }

  private static Change changeOf(Bytes message) {
    Parts parts = new Parts(message);
    return new Change(parts.bytes(1), parts.bytesOrNull(2));
  }

  /** Checks what the strict form doesn't say: every implementation refuses the same. */
  private void check() {
    if (expiresUnixMs <= issuedUnixMs) {
      throw invalid("it expires before it is given");
    }
    List<Bytes> rootNames = namesOf(roots);
    List<Bytes> writerNames = namesOf(writers);
    checkSorted("roots", rootNames);
    checkSorted("writers", writerNames);
    checkSorted("admitted keys", admitted);
    if (rootNames.stream().anyMatch(writerNames::contains)) {
      throw invalid("one of its roots is among its writers");
    }
    Set<Bytes> retired = new HashSet<>();
    for (Change one : changed) {
      if (!retired.add(one.fingerprint)) {
        throw invalid("it changes the key " + one.fingerprint + " twice");
      }
    }
    for (Change one : changed) {
      if (one.successor != null && retired.contains(one.successor)) {
        throw invalid(
            "it has the key "
                + one.fingerprint
                + " followed by one that counts no more, or by itself");
      }
    }
    Stream.of(admitted, rootNames, writerNames)
        .flatMap(List::stream)
        .filter(retired::contains)
        .findFirst()
        .ifPresent(
            name -> {
              throw invalid("it names the key " + name + ", which it says to count no more");
            });
  }

  private static void checkSorted(String what, List<Bytes> fingerprints) {
    for (int at = 1; at < fingerprints.size(); at++) {
      if (fingerprints.get(at - 1).compareTo(fingerprints.get(at)) >= 0) {
        throw invalid("its " + what + " are not sorted by fingerprint, once each");
      }
    }
  }

  /** The fingerprints of keys, in their order. */
  public static List<Bytes> namesOf(List<PublicKey> keys) {
    return keys.stream().map(PublicKey::fingerprint).toList();
  }

  private static AtedbException invalid(String why) {
    return new AtedbException(
        Reason.AUTH_ANSWER_INVALID, "the auth service's answer is not valid: " + why);
  }

  /**
   * Verifies that it is signed by the identity that it names. That this is the auth service's isn't
   * checked. Raises SIGNATURE_INVALID.
   */
  public void verify() {
    if (!signature.isBy(identity, Tags.CONTEXT_AUTH_ANSWER, header)) {
      throw new AtedbException(
          Reason.SIGNATURE_INVALID,
          "the auth service's answer about "
              + owner.text()
              + " is not signed by its identity "
              + identity.fingerprint(),
          Map.of("fingerprint", identity.fingerprint().hex(), "owner", owner.text()));
    }
  }

  /** Header and signature as chains hold them, without rotations. */
  public Bytes held() {
    return new FieldWriter().bytes(1, header).message(2, signature.message()).finish();
  }
}
