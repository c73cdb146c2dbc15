package io.atedb.internal.account;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.bytes.Strict;
import io.atedb.internal.crypt.Hashes;
import io.atedb.internal.crypt.Tags;
import io.atedb.internal.event.Owner;
import io.atedb.internal.event.Signed;
import java.util.ArrayList;
import java.util.List;

/**
 * An act as it was read. What it changes of users is not looked at here.
 *
 * @param account whose it is
 * @param version from 0 on
 * @param previous hash of the one before it; null for the first
 * @param header what the signatures are over
 * @param hash names the act
 * @param signatures sorted by fingerprint, once each
 * @param size of the whole message, in bytes
 * @param kind number of the field that holds what it changes
 * @param roles what it changes of roles
 * @param revoked the key that it takes back, or null
 */
public record GroupAct(
    Owner account,
    long version,
    Bytes previous,
    Bytes header,
    Bytes hash,
    List<Signed> signatures,
    int size,
    int kind,
    List<RoleChange> roles,
    Bytes revoked) {

  private static final int[] KINDS = {
    ActForms.USER_CREATION, 11, 12, ActForms.DELEGATION_REVOCATION, 14, 30, 31, 32
  };

  /**
   * Somebody who has a role.
   *
   * @param key what the role's secret is wrapped for
   * @param sudoKey what an owner signs acts with; null: the key
   */
  record Member(PublicKey key, PublicKey sudoKey) {
    PublicKey actKey() {
      return sudoKey == null ? key : sudoKey;
    }

    static Member parse(Bytes message) {
      Parts parts = new Parts(message);
      return new Member(
          PublicKey.parse(parts.bytes(2)), parts.has(3) ? PublicKey.parse(parts.bytes(3)) : null);
    }
  }

  /** The secret of a role's key, sealed for one who is to have it. */
  record Wrap(Bytes recipient, Bytes wrapped) {
    static Wrap parse(Bytes message) {
      Parts parts = new Parts(message);
      return new Wrap(parts.bytes(1), parts.bytes(2));
    }
  }

  /** What is changed of one role; its key is null where it stays. */
  record RoleChange(
      String name, PublicKey key, List<Member> added, List<Bytes> removed, List<Wrap> wraps) {
    static RoleChange parse(Bytes message) {
      Parts parts = new Parts(message);
      return new RoleChange(
          parts.text(1),
          parts.has(2) ? PublicKey.parse(parts.bytes(2)) : null,
          parts.all(3).stream().map(Member::parse).toList(),
          parts.all(4),
          parts.all(5).stream().map(Wrap::parse).toList());
    }
  }

  static AtedbException invalid(String why) {
    return new AtedbException(Reason.ACT_INVALID, "an act is not valid: " + why);
  }

  /**
   * Reads an Act message. Its signatures are not verified, and whether its account takes it isn't
   * decided. Raises NON_CANONICAL, ACT_INVALID, REQUEST_INVALID, UNSUPPORTED.
   */
  public static GroupAct parse(Bytes message) {
    Bytes own = message.copy();
    Strict.check(ActForms.ACT, own);
    Parts parts = new Parts(own);
    List<Signed> signatures = new ArrayList<>();
    for (Bytes one : parts.all(2)) {
      Signed next = Signed.parse(one);
      int last = signatures.size() - 1;
      if (last >= 0 && signatures.get(last).fingerprint().compareTo(next.fingerprint()) >= 0) {
        throw invalid("its signatures are not sorted by fingerprint, once each");
      }
      signatures.add(next);
    }
    Bytes header = parts.bytes(1);
    Strict.check(ActForms.HEADER, header);
    Parts said = new Parts(header);
    int kind = 0;
    for (int one : KINDS) {
      kind = said.has(one) ? one : kind;
    }
    Parts change = said.message(kind);
    boolean hasRoles = kind == ActForms.GROUP_CREATION || kind == ActForms.GROUP_CHANGE;
    GroupAct act =
        new GroupAct(
            Owner.parse(said.text(2)),
            said.number(3),
            said.bytesOrNull(4),
            header,
            Hashes.tagged(Tags.HASH_ACT, header),
            List.copyOf(signatures),
            own.size(),
            kind,
            hasRoles ? change.all(1).stream().map(RoleChange::parse).toList() : List.of(),
            kind == ActForms.DELEGATION_REVOCATION ? change.bytes(1) : null);
    if ((act.version > 0) != (act.previous != null)) {
      throw invalid("it names the one before it, unless its version is 0");
    }
    return act;
  }
}
