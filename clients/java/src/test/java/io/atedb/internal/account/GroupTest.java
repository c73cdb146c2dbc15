package io.atedb.internal.account;

import static io.atedb.vectors.Vectors.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atedb.Bytes;
import io.atedb.KeyPair;
import io.atedb.PublicKey;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Magics;
import io.atedb.internal.crypt.Argon2id;
import io.atedb.internal.crypt.Symmetric;
import io.atedb.internal.crypt.Tags;
import io.atedb.internal.event.Owner;
import io.atedb.internal.event.Signed;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Groups by their acts, and what follows from passwords. */
class GroupTest {
  private static final Owner TEAM = Owner.parse("team");

  private final KeyPair owner = KeyPair.generate();
  private final KeyPair member = KeyPair.generate();
  private final KeyPair stranger = KeyPair.generate();
  private final GroupAct first = GroupAct.parse(Claims.claim(TEAM, owner, 1));

  private static GroupAct signed(GroupAct before, int kind, FieldWriter change, KeyPair by) {
    Bytes header =
        new FieldWriter()
            .fixed32(1, Magics.ACT_HEADER)
            .text(2, TEAM.text())
            .varint(3, before.version() + 1)
            .bytes(4, before.hash())
            .varint(5, 2)
            .message(kind, change)
            .finish();
    return GroupAct.parse(
        new FieldWriter()
            .bytes(1, header)
            .message(2, Signed.by(by, Tags.CONTEXT_ACT, header).message())
            .finish());
  }

  private static FieldWriter role(
      String name, KeyPair key, KeyPair secret, List<PublicKey> added, PublicKey... recipients) {
    FieldWriter role = new FieldWriter().text(1, name);
    if (key != null) {
      role.message(2, key.publicKey().message());
    }
    added.forEach(one -> role.message(3, new FieldWriter().message(2, one.message())));
    Arrays.stream(recipients)
        .sorted(Comparator.comparing(PublicKey::fingerprint))
        .forEach(
            one ->
                role.message(
                    5,
                    new FieldWriter()
                        .bytes(1, one.fingerprint())
                        .bytes(2, Roles.wrap(secret, TEAM.text(), name, one))));
    return new FieldWriter().message(1, role);
  }

  private static Group team(GroupAct... acts) {
    return Group.verify(TEAM.text(), List.of(acts));
  }

  private KeyPair contributor() {
    return team(first).open(List.of(owner)).all().stream()
        .filter(one -> one.publicKey().equals(team(first).roles().get("contributor").key()))
        .findFirst()
        .orElseThrow();
  }

  private GroupAct joined() {
    PublicKey key = member.publicKey();
    return signed(
        first,
        ActForms.GROUP_CHANGE,
        role("contributor", null, contributor(), List.of(key), key),
        owner);
  }

  @Test
  void anOwnerHasAllRolesAndAMemberThoseBelow() {
    Group group = team(first, joined());
    OpenedGroup all = group.open(List.of(owner));
    assertTrue(all.owns());
    assertEquals(4, all.all().size());
    assertEquals(group.roles().get("owner").key(), all.highest().publicKey());
    OpenedGroup some = group.open(List.of(member));
    assertFalse(some.owns());
    assertEquals(2, some.all().size());
    assertEquals(group.roles().get("contributor").key(), some.highest().publicKey());
    assertNull(group.open(List.of(stranger)).highest());
    assertEquals(first.hash(), group.hash(0));
    assertNull(group.hash(2));
  }

  @Test
  void aKeyThatFollowsAnotherIsKnownAsThat() {
    GroupAct joined = joined();
    KeyPair next = KeyPair.generate();
    PublicKey delegate = team(first).roles().get("delegate").key();
    Bytes before = contributor().fingerprint();
    KeyPair observer =
        team(first).open(List.of(owner)).all().stream()
            .filter(one -> one.publicKey().equals(team(first).roles().get("observer").key()))
            .findFirst()
            .orElseThrow();
    FieldWriter changes =
        new FieldWriter()
            .message(
                1,
                new FieldWriter()
                    .text(1, "contributor")
                    .message(2, next.publicKey().message())
                    .bytes(4, member.fingerprint())
                    .message(5, wrap("contributor", next, delegate)));
    // Who was removed could go on with the key of the role below.
    refused("ACT_INVALID", () -> team(first, joined, signed(joined, 31, changes, owner)));
    KeyPair lower = KeyPair.generate();
    changes.message(
        1,
        new FieldWriter()
            .text(1, "observer")
            .message(2, lower.publicKey().message())
            .message(5, wrap("observer", lower, next.publicKey())));
    Group group = team(first, joined, signed(joined, 31, changes, owner));
    assertEquals(next.publicKey(), group.successorOf(before));
    assertEquals(lower.publicKey(), group.successorOf(observer.fingerprint()));
    assertNull(group.successorOf(next.fingerprint()));
    assertNull(group.open(List.of(member)).highest());
    // What was sealed before it left is the member's still.
    assertEquals(2, group.open(List.of(member)).all().size());
  }

  private static FieldWriter wrap(String name, KeyPair secret, PublicKey recipient) {
    return new FieldWriter()
        .bytes(1, recipient.fingerprint())
        .bytes(2, Roles.wrap(secret, TEAM.text(), name, recipient));
  }

  @Test
  void whatIsNoLineOfAGroupIsRefused() {
    GroupAct removed = signed(first, ActForms.GROUP_REMOVAL, new FieldWriter(), owner);
    refused("ACT_INVALID", () -> team());
    refused("ACT_INVALID", () -> Group.verify("other", List.of(first)));
    refused("ACT_INVALID", () -> team(first, first));
    refused("ACT_INVALID", () -> team(removed));
    refused(
        "ACT_INVALID",
        () ->
            team(
                first, removed, signed(removed, ActForms.GROUP_REMOVAL, new FieldWriter(), owner)));
    refused(
        "ACT_NOT_ALLOWED",
        () -> team(first, signed(first, ActForms.GROUP_REMOVAL, new FieldWriter(), stranger)));
    refused(
        "ACT_INVALID",
        () ->
            team(
                first,
                signed(
                    first,
                    ActForms.DELEGATION_REVOCATION,
                    new FieldWriter().bytes(1, contributor().fingerprint()),
                    owner)));
    GroupAct lie =
        new GroupAct(
            first.account(),
            first.version(),
            first.previous(),
            first.header(),
            first.hash(),
            List.of(
                new Signed(
                    first.signatures().get(0).suite(),
                    first.signatures().get(0).fingerprint(),
                    Signed.by(owner, Tags.CONTEXT_ACT, Bytes.ofText("another")).signature())),
            first.size(),
            first.kind(),
            first.roles(),
            null);
    refused("SIGNATURE_INVALID", () -> team(lie));
  }

  @Test
  void aSecretThatIsNotTheRolesOpensNothing() {
    PublicKey key = member.publicKey();
    GroupAct lie =
        signed(
            first,
            ActForms.GROUP_CHANGE,
            role("contributor", null, stranger, List.of(key), key),
            owner);
    assertNull(team(first, lie).open(List.of(member)).highest());
  }

  @Test
  void aPasswordOpensItsVaultOnly() {
    Bytes salt = Bytes.ofText("0123456789abcdef");
    char[] password = "a password".toCharArray();
    for (Argon2id.Costs costs :
        List.of(
            new Argon2id.Costs(19_455, 2, 1),
            new Argon2id.Costs(19_456, 1, 1),
            new Argon2id.Costs(19_456, 2, 0),
            new Argon2id.Costs(1 << 24, 2, 1))) {
      refused(
          "VERIFICATION_FAILED", () -> PasswordKeys.of(password, "me@example.com", salt, costs));
    }
    Argon2id.Costs costs = new Argon2id.Costs(19_456, 2, 1);
    PasswordKeys keys = PasswordKeys.of(password, "me@example.com", salt, costs);
    PasswordKeys other = PasswordKeys.of(password, "you@example.com", salt, costs);
    assertNotEquals(keys.signer().publicKey(), other.signer().publicKey());
    assertNotNull(keys.signer());
    assertNull(keys.openVault(Bytes.wrap(Symmetric.random(200))));
  }
}
