package io.atedb.internal.bytes;

import static io.atedb.internal.bytes.FieldForm.bool;
import static io.atedb.internal.bytes.FieldForm.bytes;
import static io.atedb.internal.bytes.FieldForm.enumOf;
import static io.atedb.internal.bytes.FieldForm.hash32;
import static io.atedb.internal.bytes.FieldForm.id16;
import static io.atedb.internal.bytes.FieldForm.magic;
import static io.atedb.internal.bytes.FieldForm.message;
import static io.atedb.internal.bytes.FieldForm.of;
import static io.atedb.internal.bytes.FieldForm.oneOf;
import static io.atedb.internal.bytes.FieldForm.string;
import static io.atedb.internal.bytes.FieldForm.uint32;
import static io.atedb.internal.bytes.FieldForm.varint;

import io.atedb.internal.bytes.FieldForm.Kind;
import java.util.List;

/** The strict forms of what writers and servers seal: the schema, as tables. */
public final class EventForms {
  private static final String RULE = "rule";
  private static final int SUITES = 2;

  public static final MessageForm PUBLIC_KEY =
      new MessageForm(
          "PublicKey",
          enumOf(1, "suite", SUITES).due(),
          bytes(2, "key").due(),
          enumOf(3, "kem_suite", 1),
          bytes(4, "kem_key").sized(1216));

  public static final MessageForm SIGNATURE =
      new MessageForm(
          "Signature",
          enumOf(1, "suite", SUITES).due(),
          hash32(2, "fingerprint").due(),
          bytes(3, "signature").due());

  public static final MessageForm GENESIS =
      new MessageForm(
          "Genesis",
          string(1, "chain_key", Limits.CHAIN_KEY_BYTES_MAX).due(),
          enumOf(2, "trust_mode", 2).due(),
          message(3, "roots", PUBLIC_KEY).many(Limits.ROOTS_MAX),
          varint(4, "created_unix_ms").due(),
          id16(5, "salt").due(),
          message(6, "server_identity", PUBLIC_KEY),
          bool(7, "private"),
          bool(8, "confidential"),
          message(9, "auth_identity", PUBLIC_KEY),
          bytes(10, "auth_answer"));

  private static final MessageForm EVERYONE = new MessageForm("Everyone");
  private static final MessageForm NOBODY = new MessageForm("Nobody");
  private static final MessageForm INHERIT = new MessageForm("Inherit");
  private static final MessageForm ANY_OF =
      new MessageForm("AnyOf", hash32(1, "fingerprints").many(Limits.RULE_KEYS_MAX).due());

  public static final MessageForm AUTHORISATION =
      new MessageForm(
          "Authorisation",
          message(
              1,
              "write",
              new MessageForm(
                  "WriteRule",
                  oneOf(1, "everyone", EVERYONE, RULE),
                  oneOf(2, "nobody", NOBODY, RULE),
                  oneOf(3, "any_of", ANY_OF, RULE),
                  oneOf(4, "inherit", INHERIT, RULE))),
          message(
              2,
              "add",
              new MessageForm(
                  "AddRule",
                  oneOf(1, "everyone", EVERYONE, RULE),
                  oneOf(2, "nobody", NOBODY, RULE),
                  oneOf(3, "any_of", ANY_OF, RULE))),
          message(
              3,
              "read",
              new MessageForm(
                  "ReadRule",
                  oneOf(1, "everyone", EVERYONE, RULE),
                  hash32(2, "read_key_id").in(RULE),
                  oneOf(3, "inherit", INHERIT, RULE))),
          message(
              4,
              "admit",
              new MessageForm(
                  "AdmitRule", hash32(1, "fingerprints").many(Limits.ADMITTED_KEYS_MAX))),
          message(
              5,
              "retain",
              new MessageForm("RetentionRule", varint(1, "age_ms"), varint(2, "count"))));

  public static final MessageForm CONFIDENTIALITY =
      new MessageForm(
          "Confidentiality",
          hash32(1, "read_key_id").due(),
          hash32(2, "random").due(),
          hash32(3, "commitment").due());

  public static final MessageForm WRAPPED_KEY =
      new MessageForm(
          "WrappedKey",
          hash32(1, "read_key_id").due(),
          hash32(2, "recipient").due(),
          bytes(3, "wrapped").atMost(Limits.WRAPPED_KEY_BYTES_MAX).due());

  public static final MessageForm ROOTS =
      new MessageForm("Roots", message(1, "roots", PUBLIC_KEY).many(Limits.ROOTS_MAX).due());

  public static final MessageForm KEY_CHANGE =
      new MessageForm(
          "KeyChange", hash32(1, "fingerprint").due(), message(2, "successor", PUBLIC_KEY));

  private static final MessageForm REDACTION =
      new MessageForm(
          "Redaction",
          of(1, "sequences", Kind.PACKED).many(Limits.REDACTED_SEQUENCES_MAX),
          varint(2, "before_sequence"));

  public static final MessageForm EVENT_HEADER =
      new MessageForm(
          "EventHeader",
          magic(Magics.EVENT_HEADER),
          enumOf(2, "kind", 10).due(),
          id16(3, "primary_key"),
          id16(4, "parent"),
          id16(5, "collection"),
          message(6, "authorisation", AUTHORISATION),
          message(7, "confidentiality", CONFIDENTIALITY),
          message(8, "public_keys", PUBLIC_KEY).many(Limits.PUBLIC_KEYS_MAX),
          message(9, "wrapped_keys", WRAPPED_KEY).many(Limits.WRAPPED_KEYS_MAX),
          hash32(10, "sign_with").many(Limits.SIGNERS_MAX - 1),
          hash32(11, "author"),
          string(12, "type", Limits.TYPE_NAME_BYTES_MAX),
          id16(13, "reply_to"),
          varint(14, "time_unix_ms"),
          message(15, "genesis", GENESIS),
          bool(16, "moves"),
          message(17, "roots", ROOTS),
          message(18, "key_change", KEY_CHANGE),
          id16(19, "label"),
          bytes(20, "auth_answer"),
          bytes(21, "server_identity"),
          message(22, "snapshot", SnapshotForms.SNAPSHOT),
          message(23, "redaction", REDACTION),
          hash32(30, "data_hash"),
          varint(31, "data_bytes"));

  public static final MessageForm EVENT =
      new MessageForm(
          "Event",
          bytes(1, "header").due(),
          bytes(2, "data"),
          id16(3, "salt"),
          enumOf(4, "data_state", 4),
          varint(5, "redaction"));

  private static final String CONDITION = "condition";

  public static final MessageForm PRECONDITION =
      new MessageForm(
          "Precondition",
          oneOf(
              1,
              "chain_unchanged",
              new MessageForm("ChainUnchanged", varint(1, "since_sequence")),
              CONDITION),
          oneOf(
              2,
              "lands_before",
              new MessageForm("LandsBefore", varint(1, "sequence").due()),
              CONDITION),
          oneOf(
              3,
              "key_unchanged",
              new MessageForm(
                  "KeyUnchanged", id16(1, "primary_key").due(), varint(2, "since_sequence")),
              CONDITION),
          oneOf(
              4,
              "fence",
              new MessageForm("Fence", id16(1, "primary_key").due(), varint(2, "token").due()),
              CONDITION));

  public static final MessageForm SEAL_HEADER =
      new MessageForm(
          "SealHeader",
          magic(Magics.SEAL_HEADER),
          hash32(2, "chain_id").due(),
          hash32(3, "writer_id").due(),
          hash32(4, "fingerprint").due(),
          id16(5, "writer_salt").due(),
          varint(6, "counter"),
          hash32(7, "previous"),
          uint32(8, "events").due(),
          hash32(9, "events_root").due(),
          varint(10, "as_of_size"),
          hash32(11, "as_of_root"),
          message(12, "preconditions", PRECONDITION).many(Limits.PRECONDITIONS_MAX));

  public static final MessageForm SEAL =
      new MessageForm(
          "Seal",
          bytes(1, "header").due(),
          message(2, "signatures", SIGNATURE).many(Limits.SIGNERS_MAX),
          message(3, "public_keys", PUBLIC_KEY).many(Limits.SIGNERS_MAX),
          bytes(4, "delegations").atMost(Limits.DELEGATION_BYTES_MAX).many(Limits.DELEGATIONS_MAX));

  public static final MessageForm COMMIT_HEADER =
      new MessageForm(
          "CommitHeader",
          magic(Magics.COMMIT_HEADER),
          varint(2, "commit"),
          varint(3, "first_sequence"),
          uint32(4, "events").due(),
          varint(5, "time_unix_ms").due(),
          hash32(6, "seal_hash").due());

  public static final MessageForm COMMIT =
      new MessageForm(
          "Commit",
          bytes(1, "header").due(),
          hash32(2, "tree_root"),
          of(13, "batch_bytes", Kind.FIXED32).due(),
          of(14, "durable_offset", Kind.FIXED64),
          of(15, "crc32", Kind.FIXED32).present().due());

  public static final MessageForm IDENTITY_ROTATION_HEADER =
      new MessageForm(
          "IdentityRotationHeader",
          magic(Magics.IDENTITY_ROTATION_HEADER),
          message(2, "old_identity", PUBLIC_KEY).due(),
          message(3, "new_identity", PUBLIC_KEY).due(),
          varint(4, "time_unix_ms").due());

  public static final MessageForm IDENTITY_ROTATION =
      new MessageForm(
          "IdentityRotation",
          bytes(1, "header").atMost(8_192).due(),
          message(2, "old_signature", SIGNATURE).due(),
          message(3, "new_signature", SIGNATURE).due());

  /** All of them that are named by themselves. */
  public static final List<MessageForm> ALL =
      List.of(
          PUBLIC_KEY,
          SIGNATURE,
          GENESIS,
          AUTHORISATION,
          CONFIDENTIALITY,
          WRAPPED_KEY,
          ROOTS,
          KEY_CHANGE,
          EVENT_HEADER,
          EVENT,
          PRECONDITION,
          SEAL_HEADER,
          SEAL,
          COMMIT_HEADER,
          COMMIT,
          IDENTITY_ROTATION_HEADER,
          IDENTITY_ROTATION);

  private EventForms() {}
}
