package io.atedb.internal.bytes;

import static io.atedb.internal.bytes.FieldForm.bool;
import static io.atedb.internal.bytes.FieldForm.bytes;
import static io.atedb.internal.bytes.FieldForm.enumOf;
import static io.atedb.internal.bytes.FieldForm.hash32;
import static io.atedb.internal.bytes.FieldForm.id16;
import static io.atedb.internal.bytes.FieldForm.magic;
import static io.atedb.internal.bytes.FieldForm.message;
import static io.atedb.internal.bytes.FieldForm.string;
import static io.atedb.internal.bytes.FieldForm.varint;

import java.util.List;

/** The strict forms of what auth services say of owners, and of what one key lets another do. */
public final class AnswerForms {
  private static final int DELEGATION_HEADER_BYTES_MAX = 8_192;

  public static final MessageForm AUTH_ANSWER_HEADER =
      new MessageForm(
          "AuthAnswerHeader",
          magic(Magics.AUTH_ANSWER_HEADER),
          string(2, "owner", Limits.OWNER_BYTES_MAX).due(),
          varint(3, "version"),
          varint(4, "issued_unix_ms").due(),
          varint(5, "expires_unix_ms").due(),
          message(6, "roots", EventForms.PUBLIC_KEY).many(Limits.ROOTS_MAX).due(),
          message(7, "writers", EventForms.PUBLIC_KEY).many(Limits.ANSWERED_KEYS_MAX),
          hash32(8, "admitted").many(Limits.ANSWERED_KEYS_MAX),
          message(
                  9,
                  "changed",
                  new MessageForm(
                      "AnsweredChange", hash32(1, "fingerprint").due(), hash32(2, "successor")))
              .many(Limits.ANSWERED_CHANGES_MAX),
          bool(10, "unverified"),
          bool(11, "removed"),
          message(12, "identity", EventForms.PUBLIC_KEY).due());

  public static final MessageForm AUTH_ANSWER =
      new MessageForm(
          "AuthAnswer",
          bytes(1, "header").atMost(Limits.ANSWER_HEADER_BYTES_MAX).due(),
          message(2, "signature", EventForms.SIGNATURE).due(),
          message(3, "rotations", EventForms.IDENTITY_ROTATION)
              .many(Limits.IDENTITY_ROTATIONS_MAX));

  public static final MessageForm DELEGATION_HEADER =
      new MessageForm(
          "DelegationHeader",
          magic(Magics.DELEGATION_HEADER),
          hash32(2, "issuer").due(),
          message(3, "subject", EventForms.PUBLIC_KEY).due(),
          string(4, "chains", Limits.CHAIN_KEY_BYTES_MAX).many(Limits.DELEGATION_CHAINS_MAX).due(),
          bool(5, "may_write"),
          bool(6, "may_read"),
          varint(7, "not_before_unix_ms"),
          varint(8, "expires_unix_ms").due(),
          id16(9, "serial").due());

  public static final MessageForm DELEGATION =
      new MessageForm(
          "Delegation",
          bytes(1, "header").atMost(DELEGATION_HEADER_BYTES_MAX).due(),
          message(2, "signature", EventForms.SIGNATURE).due(),
          message(3, "possession", EventForms.SIGNATURE).due());

  public static final MessageForm TOKEN =
      new MessageForm(
          "Token",
          enumOf(1, "suite", 2).due(),
          bytes(2, "seed").sized(64).due(),
          enumOf(3, "kem_suite", 1),
          bytes(4, "kem_seed").sized(32),
          bytes(5, "delegations")
              .atMost(Limits.DELEGATION_BYTES_MAX)
              .many(Limits.DELEGATIONS_MAX)
              .due(),
          message(6, "issuer", EventForms.PUBLIC_KEY).due());

  /** All of them that are named by themselves. */
  public static final List<MessageForm> ALL =
      List.of(AUTH_ANSWER_HEADER, AUTH_ANSWER, DELEGATION_HEADER, DELEGATION, TOKEN);

  private AnswerForms() {}
}
