package io.atedb.internal.account;

import io.atedb.internal.bytes.EventForms;
import io.atedb.internal.bytes.FieldForm;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.bytes.Magics;
import io.atedb.internal.bytes.MessageForm;

/** The strict forms of acts, and of secrets that accounts keep; and their limits. */
final class ActForms {
  /** Numbers of the fields of an act's header that hold what it changes. */
  static final int USER_CREATION = 10;

  static final int DELEGATION_REVOCATION = 13;
  static final int GROUP_CREATION = 30;
  static final int GROUP_CHANGE = 31;
  static final int GROUP_REMOVAL = 32;

  /** Members of a group in all its roles. */
  static final int MEMBERS_MAX = 200;

  static final int ROLES_MAX = 16;

  /**
   * Whoever reads a group has all of its acts, and is told of all keys that were changed. The last
   * of each is left to owners.
   */
  static final int ACTS_MAX = 10_000;

  static final int ACTS_RESERVE = 1_000;
  static final long ACTS_BYTES_MAX = 128L << 20;
  static final long ACTS_BYTES_RESERVE = 32L << 20;
  static final int CHANGED_KEYS_MAX = 1_024;
  static final int CHANGED_KEYS_RESERVE = 256;

  private static final String CHANGE = "change";
  private static final int HEADER_BYTES_MAX = 1_048_576;
  private static final int SIGNATURES_MAX = 16;
  private static final int ROLE_NAME_BYTES_MAX = 32;
  private static final int ROLE_WRAP_BYTES_MAX = 2_048;

  /** A user's key, that of sudo, and those that the user had before. */
  private static final int VAULT_KEYS_MAX = 7;

  private static final MessageForm MEMBER =
      new MessageForm(
          "GroupMember",
          FieldForm.string(1, "account", Limits.OWNER_BYTES_MAX),
          FieldForm.message(2, "key", EventForms.PUBLIC_KEY).due(),
          FieldForm.message(3, "sudo_key", EventForms.PUBLIC_KEY));

  private static final MessageForm WRAP =
      new MessageForm(
          "RoleWrap",
          FieldForm.hash32(1, "recipient").due(),
          FieldForm.bytes(2, "wrapped").atMost(ROLE_WRAP_BYTES_MAX).due());

  private static final FieldForm ROLES =
      FieldForm.message(
              1,
              "roles",
              new MessageForm(
                  "RoleChange",
                  FieldForm.string(1, "name", ROLE_NAME_BYTES_MAX).due(),
                  FieldForm.message(2, "key", EventForms.PUBLIC_KEY),
                  FieldForm.message(3, "added", MEMBER).many(MEMBERS_MAX),
                  FieldForm.hash32(4, "removed").many(MEMBERS_MAX),
                  // One for each member, and one for the role above.
                  FieldForm.message(5, "wraps", WRAP).many(MEMBERS_MAX + 1)))
          .many(ROLES_MAX)
          .due();

  private static FieldForm change(int number, String name, String form, FieldForm... fields) {
    return FieldForm.oneOf(number, name, new MessageForm(form, fields), CHANGE);
  }

  private static FieldForm key(int number, String name) {
    return FieldForm.message(number, name, EventForms.PUBLIC_KEY);
  }

  static final MessageForm HEADER =
      new MessageForm(
          "ActHeader",
          FieldForm.magic(Magics.ACT_HEADER),
          FieldForm.string(2, "account", Limits.OWNER_BYTES_MAX).due(),
          FieldForm.varint(3, "version"),
          FieldForm.hash32(4, "previous"),
          FieldForm.varint(5, "time_unix_ms").due(),
          change(
              USER_CREATION,
              "user_creation",
              "UserCreation",
              key(1, "key").due(),
              key(2, "sudo_key"),
              key(3, "recovery_key"),
              FieldForm.hash32(4, "secrets_hash")),
          change(11, "secrets_change", "SecretsChange", FieldForm.hash32(1, "secrets_hash").due()),
          change(
              12,
              "user_rotation",
              "UserRotation",
              key(1, "key"),
              key(2, "sudo_key"),
              key(3, "recovery_key"),
              FieldForm.hash32(4, "secrets_hash")),
          change(
              DELEGATION_REVOCATION,
              "delegation_revocation",
              "DelegationRevocation",
              FieldForm.hash32(1, "fingerprint").due()),
          change(14, "user_removal", "UserRemoval"),
          change(GROUP_CREATION, "group_creation", "GroupCreation", ROLES),
          change(GROUP_CHANGE, "group_change", "GroupChange", ROLES),
          change(GROUP_REMOVAL, "group_removal", "GroupRemoval"));

  static final MessageForm ACT =
      new MessageForm(
          "Act",
          FieldForm.bytes(1, "header").atMost(HEADER_BYTES_MAX).due(),
          FieldForm.message(2, "signatures", EventForms.SIGNATURE).many(SIGNATURES_MAX).due());

  static final MessageForm KEY_SEEDS =
      new MessageForm(
          "KeySeeds",
          FieldForm.enumOf(1, "suite", 2).due(),
          FieldForm.bytes(2, "seed").sized(64).due(),
          FieldForm.enumOf(3, "kem_suite", 1),
          FieldForm.bytes(4, "kem_seed").sized(32));

  static final MessageForm VAULT_KEYS =
      new MessageForm(
          "VaultKeys",
          FieldForm.magic(Magics.VAULT_KEYS),
          FieldForm.message(2, "keys", KEY_SEEDS).many(VAULT_KEYS_MAX).due());

  private ActForms() {}
}
