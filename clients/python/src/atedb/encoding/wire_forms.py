"""The strict forms of what both ends of the tunnel seal (docs/wire.md)."""

from typing import Final

from atedb.encoding.form_fields import hash32, id16, magic, message_field, messages_field
from atedb.encoding.forms import PUBLIC_KEY, SIGNATURE
from atedb.encoding.strict import FieldForm, MessageForm
from atedb.limits import IDENTITY_ROTATIONS_MAX

_FRAME_TYPES: Final = (1, 2, 3, 4, 5)

CLIENT_HELLO: Final = MessageForm(
    "ClientHello",
    (
        magic("ClientHello"),
        hash32(2, "random", required=True),
        FieldForm(3, "key_bits", "uint32", required=True),
        messages_field(
            4,
            "shares",
            MessageForm(
                "KeyShare",
                (
                    FieldForm(1, "kem", "uint32", required=True),
                    FieldForm(2, "public_key", "bytes", length_max=4_096, required=True),
                ),
            ),
            8,
            required=True,
        ),
    ),
)

SERVER_HELLO: Final = MessageForm(
    "ServerHello",
    (
        FieldForm(1, "parameters", "bytes", required=True),
        FieldForm(2, "sealed_proof", "bytes", length_max=327_680, required=True),
    ),
)

SERVER_PARAMETERS: Final = MessageForm(
    "ServerParameters",
    (
        magic("ServerParameters"),
        FieldForm(2, "key_bits", "uint32", required=True),
        id16(3, "session_id", required=True),
        FieldForm(4, "kem", "uint32", required=True),
        FieldForm(5, "encapsulated", "bytes", length_max=4_096, required=True),
        FieldForm(6, "sealed_secret", "bytes", length=48, required=True),
    ),
)

SERVER_PROOF: Final = MessageForm(
    "ServerProof",
    (
        magic("ServerProof"),
        FieldForm(2, "identity", "bytes", required=True),
        message_field(3, "signature", SIGNATURE, required=True),
        hash32(4, "finished", required=True),
    ),
)

SERVER_IDENTITY: Final = MessageForm(
    "ServerIdentity",
    (
        magic("ServerIdentity"),
        message_field(2, "key", PUBLIC_KEY, required=True),
        FieldForm(
            3, "rotations", "bytes", length_max=16_384, repeated=True, count_max=IDENTITY_ROTATIONS_MAX
        ),
        FieldForm(4, "lifetime_ms", "varint", required=True),
        FieldForm(5, "idle_ms", "varint", required=True),
        FieldForm(6, "bytes_max", "varint", required=True),
    ),
)

CLIENT_FINISHED: Final = MessageForm(
    "ClientFinished", (magic("ClientFinished"), hash32(2, "finished", required=True))
)

CALL_REQUEST: Final = MessageForm(
    "CallRequest",
    (
        id16(1, "session_id"),
        FieldForm(2, "call", "varint"),
        id16(3, "random"),
        FieldForm(4, "type", "enum", values=_FRAME_TYPES, required=True),
        FieldForm(5, "ciphertext", "bytes", required=True),
    ),
)

CALL_RESPONSE: Final = MessageForm(
    "CallResponse",
    (
        id16(1, "random"),
        FieldForm(2, "type", "enum", values=_FRAME_TYPES, required=True),
        FieldForm(3, "ciphertext", "bytes", required=True),
    ),
)
