package io.atedb.internal.event;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.KeyPair;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.internal.bytes.AnswerForms;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Magics;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.crypt.Tags;
import java.util.List;

/**
 * A key lets another one do some of what it may itself (docs/trust.md, "Delegated keys"), as it was
 * read.
 *
 * @param claim what both keys sign
 * @param message the whole
 * @param header the claim's bytes
 * @param signature of the issuer
 * @param possession of the subject
 */
public record Delegation(
    Claim claim, Bytes message, Bytes header, Signed signature, Signed possession) {

  /**
   * Which key may do what of what another may. Times are in milliseconds since 1970-01-01 UTC.
   *
   * @param issuer fingerprint of the key that delegates
   * @param subject the key that it delegates to
   * @param chains chain keys, and {@code owner/*} for all chains of an owner; sorted, 1 to 16
   * @param mayWrite whether it may write
   * @param mayRead whether it may open private chains
   * @param notBeforeUnixMs before that it doesn't count
   * @param expiresUnixMs from then on it doesn't
   * @param serial 16 random bytes
   */
  public record Claim(
      Bytes issuer,
      PublicKey subject,
      List<String> chains,
      boolean mayWrite,
      boolean mayRead,
      long notBeforeUnixMs,
      long expiresUnixMs,
      Bytes serial) {

    private Bytes header() {
      FieldWriter header =
          new FieldWriter()
              .fixed32(1, Magics.DELEGATION_HEADER)
              .bytes(2, issuer)
              .message(3, subject.message());
      for (String entry : chains) {
        header.message(4, Bytes.ofText(entry));
      }
      return header
          .bool(5, mayWrite)
          .bool(6, mayRead)
          .varint(7, notBeforeUnixMs)
          .varint(8, expiresUnixMs)
          .bytes(9, serial)
          .finish();
    }

    private static Claim read(Bytes header) {
      Parts parts = Parts.strict(AnswerForms.DELEGATION_HEADER, header);
      return new Claim(
          parts.bytes(2),
          PublicKey.parse(parts.bytes(3)),
          parts.all(4).stream().map(Bytes::text).toList(),
          parts.flag(5),
          parts.flag(6),
          parts.number(7),
          parts.number(8),
          parts.bytes(9));
    }

    private String fault() {
      for (int at = 0; at < chains.size(); at++) {
        DelegationScope.checkEntry(chains.get(at));
        if (at > 0 && chains.get(at - 1).compareTo(chains.get(at)) >= 0) {
          return "it names its chains sorted, once each, and "
              + chains.get(at)
              + " is out of place";
        }
      }
      if (subject.fingerprint().equals(issuer)) {
        return "it delegates from the key " + issuer + " to itself";
      }
      if (!mayWrite && !mayRead) {
        return "it lets its subject neither write nor read";
      }
      return expiresUnixMs <= notBeforeUnixMs ? "it expires before it counts" : null;
    }
  }

  /** Has both keys sign a claim that names them. Raises DELEGATION_INVALID for what can't be. */
  public static Delegation sign(Claim claim, KeyPair issuer, KeyPair subject) {
    Bytes header = claim.header();
    Signed signature = Signed.by(issuer, Tags.CONTEXT_DELEGATION, header);
    Signed possession = Signed.by(subject, Tags.CONTEXT_DELEGATION_POSSESSION, header);
    return parse(
        new FieldWriter()
            .bytes(1, header)
            .message(2, signature.message())
            .message(3, possession.message())
            .finish());
  }

  /**
   * Reads a Delegation message. That it says what can be is checked; its signatures are not. Raises
   * DELEGATION_INVALID.
   */
  public static Delegation parse(Bytes message) {
    try {
      Bytes own = message.copy();
      Parts parts = Parts.strict(AnswerForms.DELEGATION, own);
      Bytes header = parts.bytes(1);
      Claim claim = Claim.read(header);
      String fault = claim.fault();
      if (fault != null) {
        throw invalid(fault);
      }
      return new Delegation(
          claim, own, header, Signed.parse(parts.bytes(2)), Signed.parse(parts.bytes(3)));
    } catch (AtedbException error) {
      if (error.reason() == Reason.DELEGATION_INVALID) {
        throw error;
      }
      throw invalid(error.getMessage());
    }
  }

  private static AtedbException invalid(String why) {
    return new AtedbException(Reason.DELEGATION_INVALID, "a delegation is not valid: " + why);
  }

  /** Fingerprint of the key that it is to. */
  public Bytes subjectName() {
    return claim.subject.fingerprint();
  }
}
