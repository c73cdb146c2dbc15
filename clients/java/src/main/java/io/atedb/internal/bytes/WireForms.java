package io.atedb.internal.bytes;

import static io.atedb.internal.bytes.FieldForm.bytes;
import static io.atedb.internal.bytes.FieldForm.enumOf;
import static io.atedb.internal.bytes.FieldForm.hash32;
import static io.atedb.internal.bytes.FieldForm.id16;
import static io.atedb.internal.bytes.FieldForm.magic;
import static io.atedb.internal.bytes.FieldForm.message;
import static io.atedb.internal.bytes.FieldForm.uint32;
import static io.atedb.internal.bytes.FieldForm.varint;

import java.util.List;

/** The strict forms of what both ends of the tunnel seal (docs/wire.md). */
public final class WireForms {
  private static final int FRAME_TYPES = 5;

  public static final MessageForm CLIENT_HELLO =
      new MessageForm(
          "ClientHello",
          magic(Magics.CLIENT_HELLO),
          hash32(2, "random").due(),
          uint32(3, "key_bits").due(),
          message(
                  4,
                  "shares",
                  new MessageForm(
                      "KeyShare",
                      uint32(1, "kem").due(),
                      bytes(2, "public_key").atMost(4_096).due()))
              .many(8)
              .due());

  public static final MessageForm SERVER_HELLO =
      new MessageForm(
          "ServerHello",
          bytes(1, "parameters").due(),
          bytes(2, "sealed_proof").atMost(327_680).due());

  public static final MessageForm SERVER_PARAMETERS =
      new MessageForm(
          "ServerParameters",
          magic(Magics.SERVER_PARAMETERS),
          uint32(2, "key_bits").due(),
          id16(3, "session_id").due(),
          uint32(4, "kem").due(),
          bytes(5, "encapsulated").atMost(4_096).due(),
          bytes(6, "sealed_secret").sized(48).due());

  public static final MessageForm SERVER_PROOF =
      new MessageForm(
          "ServerProof",
          magic(Magics.SERVER_PROOF),
          bytes(2, "identity").due(),
          message(3, "signature", EventForms.SIGNATURE).due(),
          hash32(4, "finished").due());

  public static final MessageForm SERVER_IDENTITY =
      new MessageForm(
          "ServerIdentity",
          magic(Magics.SERVER_IDENTITY),
          message(2, "key", EventForms.PUBLIC_KEY).due(),
          bytes(3, "rotations").atMost(16_384).many(Limits.IDENTITY_ROTATIONS_MAX),
          varint(4, "lifetime_ms").due(),
          varint(5, "idle_ms").due(),
          varint(6, "bytes_max").due());

  public static final MessageForm CLIENT_FINISHED =
      new MessageForm("ClientFinished", magic(Magics.CLIENT_FINISHED), hash32(2, "finished").due());

  public static final MessageForm CALL_REQUEST =
      new MessageForm(
          "CallRequest",
          id16(1, "session_id"),
          varint(2, "call"),
          id16(3, "random"),
          enumOf(4, "type", FRAME_TYPES).due(),
          bytes(5, "ciphertext").due());

  public static final MessageForm CALL_RESPONSE =
      new MessageForm(
          "CallResponse",
          id16(1, "random"),
          enumOf(2, "type", FRAME_TYPES).due(),
          bytes(3, "ciphertext").due());

  /** All of them. */
  public static final List<MessageForm> ALL =
      List.of(
          CLIENT_HELLO,
          SERVER_HELLO,
          SERVER_PARAMETERS,
          SERVER_PROOF,
          SERVER_IDENTITY,
          CLIENT_FINISHED,
          CALL_REQUEST,
          CALL_RESPONSE);

  private WireForms() {}
}
