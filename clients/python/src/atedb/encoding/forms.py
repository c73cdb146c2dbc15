"""The strict forms of what writers, servers and both ends of the tunnel seal: the schema, as tables."""

from typing import Final

from atedb.encoding.strict import FieldForm, MessageForm
from atedb.limits import (
    ADMITTED_KEYS_MAX,
    CHAIN_KEY_BYTES_MAX,
    IDENTITY_ROTATIONS_MAX,
    PRECONDITIONS_MAX,
    PUBLIC_KEYS_MAX,
    ROOTS_MAX,
    RULE_KEYS_MAX,
    SIGNERS_MAX,
    TYPE_NAME_BYTES_MAX,
    WRAPPED_KEY_BYTES_MAX,
    WRAPPED_KEYS_MAX,
)

MAGICS: Final = {
    "EventHeader": 0x01564541,
    "SealHeader": 0x014C5341,
    "CommitHeader": 0x014D4341,
    "IdentityRotationHeader": 0x01524941,
    "ClientHello": 0x01435741,
    "ServerParameters": 0x01505741,
    "ServerProof": 0x01565741,
    "ServerIdentity": 0x01495741,
    "ClientFinished": 0x01465741,
    "SegmentHeader": 0x01475341,
    "SegmentFooter": 0x01544641,
}
"""Magics: three letters and a version, as the little-endian fixed32 that the bytes spell."""

_SUITES: Final = (1, 2)


def _magic(name: str) -> FieldForm:
    return FieldForm(1, "magic", "fixed32", required=True, equals=MAGICS[name])


def _id16(number: int, name: str, *, required: bool = False) -> FieldForm:
    return FieldForm(number, name, "bytes", length=16, required=required)


def _hash32(number: int, name: str, *, required: bool = False) -> FieldForm:
    return FieldForm(number, name, "bytes", length=32, required=required)


def _hashes32(number: int, name: str, count_max: int, *, required: bool = False) -> FieldForm:
    return FieldForm(number, name, "bytes", length=32, repeated=True, count_max=count_max, required=required)


def _message(number: int, name: str, form: MessageForm, *, required: bool = False) -> FieldForm:
    return FieldForm(number, name, "message", form=form, required=required)


def _messages(
    number: int, name: str, form: MessageForm, count_max: int | None = None, *, required: bool = False
) -> FieldForm:
    return FieldForm(
        number, name, "message", form=form, repeated=True, count_max=count_max, required=required
    )


def _one_of(number: int, name: str, form: MessageForm, oneof: str) -> FieldForm:
    return FieldForm(number, name, "message", form=form, oneof=oneof, required=True)


PUBLIC_KEY: Final = MessageForm(
    "PublicKey",
    (
        FieldForm(1, "suite", "enum", values=_SUITES, required=True),
        FieldForm(2, "key", "bytes", required=True),
        FieldForm(3, "kem_suite", "enum", values=(1,)),
        FieldForm(4, "kem_key", "bytes", length=1216),
    ),
)

SIGNATURE: Final = MessageForm(
    "Signature",
    (
        FieldForm(1, "suite", "enum", values=_SUITES, required=True),
        _hash32(2, "fingerprint", required=True),
        FieldForm(3, "signature", "bytes", required=True),
    ),
)

GENESIS: Final = MessageForm(
    "Genesis",
    (
        FieldForm(1, "chain_key", "string", length_max=CHAIN_KEY_BYTES_MAX, required=True),
        FieldForm(2, "trust_mode", "enum", values=(1, 2), required=True),
        # Absent where an auth service says whose they are, which is not carried out here yet.
        _messages(3, "roots", PUBLIC_KEY, ROOTS_MAX),
        FieldForm(4, "created_unix_ms", "varint", required=True),
        _id16(5, "salt", required=True),
        _message(6, "server_identity", PUBLIC_KEY),
        FieldForm(7, "private", "bool"),
        FieldForm(8, "confidential", "bool"),
        _message(9, "auth_identity", PUBLIC_KEY),
        FieldForm(10, "auth_answer", "bytes"),
    ),
)

REDACTION: Final = MessageForm(
    "Redaction",
    (
        FieldForm(1, "sequences", "varint", repeated=True, count_max=4096),
        FieldForm(2, "before_sequence", "varint"),
    ),
)

_ADD_RULE_FIELDS: Final = (
    _one_of(1, "everyone", MessageForm("Everyone"), "rule"),
    _one_of(2, "nobody", MessageForm("Nobody"), "rule"),
    _one_of(
        3,
        "any_of",
        MessageForm("AnyOf", (_hashes32(1, "fingerprints", RULE_KEYS_MAX, required=True),)),
        "rule",
    ),
)

_READ_RULE: Final = MessageForm(
    "ReadRule",
    (
        _one_of(1, "everyone", MessageForm("Everyone"), "rule"),
        FieldForm(2, "read_key_id", "bytes", length=32, oneof="rule", required=True),
        _one_of(3, "inherit", MessageForm("Inherit"), "rule"),
    ),
)

AUTHORISATION: Final = MessageForm(
    "Authorisation",
    (
        _message(
            1,
            "write",
            MessageForm(
                "WriteRule", (*_ADD_RULE_FIELDS, _one_of(4, "inherit", MessageForm("Inherit"), "rule"))
            ),
        ),
        _message(2, "add", MessageForm("AddRule", _ADD_RULE_FIELDS)),
        _message(3, "read", _READ_RULE),
        _message(4, "admit", MessageForm("AdmitRule", (_hashes32(1, "fingerprints", ADMITTED_KEYS_MAX),))),
        _message(
            5,
            "retain",
            MessageForm("RetentionRule", (FieldForm(1, "age_ms", "varint"), FieldForm(2, "count", "varint"))),
        ),
    ),
)

CONFIDENTIALITY: Final = MessageForm(
    "Confidentiality",
    (
        _hash32(1, "read_key_id", required=True),
        _hash32(2, "random", required=True),
        _hash32(3, "commitment", required=True),
    ),
)

WRAPPED_KEY: Final = MessageForm(
    "WrappedKey",
    (
        _hash32(1, "read_key_id", required=True),
        _hash32(2, "recipient", required=True),
        FieldForm(3, "wrapped", "bytes", length_max=WRAPPED_KEY_BYTES_MAX, required=True),
    ),
)

ROOTS: Final = MessageForm("Roots", (_messages(1, "roots", PUBLIC_KEY, ROOTS_MAX, required=True),))

KEY_CHANGE: Final = MessageForm(
    "KeyChange", (_hash32(1, "fingerprint", required=True), _message(2, "successor", PUBLIC_KEY))
)

EVENT_HEADER: Final = MessageForm(
    "EventHeader",
    (
        _magic("EventHeader"),
        FieldForm(2, "kind", "enum", values=tuple(range(1, 11)), required=True),
        _id16(3, "primary_key"),
        _id16(4, "parent"),
        _id16(5, "collection"),
        _message(6, "authorisation", AUTHORISATION),
        _message(7, "confidentiality", CONFIDENTIALITY),
        _messages(8, "public_keys", PUBLIC_KEY, PUBLIC_KEYS_MAX),
        _messages(9, "wrapped_keys", WRAPPED_KEY, WRAPPED_KEYS_MAX),
        _hashes32(10, "sign_with", SIGNERS_MAX - 1),
        _hash32(11, "author"),
        FieldForm(12, "type", "string", length_max=TYPE_NAME_BYTES_MAX),
        _id16(13, "reply_to"),
        FieldForm(14, "time_unix_ms", "varint"),
        _message(15, "genesis", GENESIS),
        FieldForm(16, "moves", "bool"),
        _message(17, "roots", ROOTS),
        _message(18, "key_change", KEY_CHANGE),
        _id16(19, "label"),
        FieldForm(20, "auth_answer", "bytes"),
        FieldForm(21, "server_identity", "bytes"),
        _message(23, "redaction", REDACTION),
        _hash32(30, "data_hash"),
        FieldForm(31, "data_bytes", "varint"),
    ),
)

EVENT: Final = MessageForm(
    "Event",
    (
        FieldForm(1, "header", "bytes", required=True),
        FieldForm(2, "data", "bytes"),
        _id16(3, "salt"),
        FieldForm(4, "data_state", "enum", values=(1, 2, 3, 4)),
        FieldForm(5, "redaction", "varint"),
    ),
)

PRECONDITION: Final = MessageForm(
    "Precondition",
    (
        _one_of(
            1,
            "chain_unchanged",
            MessageForm("ChainUnchanged", (FieldForm(1, "since_sequence", "varint"),)),
            "condition",
        ),
        _one_of(
            2,
            "lands_before",
            MessageForm("LandsBefore", (FieldForm(1, "sequence", "varint", required=True),)),
            "condition",
        ),
        _one_of(
            3,
            "key_unchanged",
            MessageForm(
                "KeyUnchanged",
                (_id16(1, "primary_key", required=True), FieldForm(2, "since_sequence", "varint")),
            ),
            "condition",
        ),
        _one_of(
            4,
            "fence",
            MessageForm(
                "Fence",
                (_id16(1, "primary_key", required=True), FieldForm(2, "token", "varint", required=True)),
            ),
            "condition",
        ),
    ),
)

SEAL_HEADER: Final = MessageForm(
    "SealHeader",
    (
        _magic("SealHeader"),
        _hash32(2, "chain_id", required=True),
        _hash32(3, "writer_id", required=True),
        _hash32(4, "fingerprint", required=True),
        _id16(5, "writer_salt", required=True),
        FieldForm(6, "counter", "varint"),
        _hash32(7, "previous"),
        FieldForm(8, "events", "uint32", required=True),
        _hash32(9, "events_root", required=True),
        FieldForm(10, "as_of_size", "varint"),
        _hash32(11, "as_of_root"),
        _messages(12, "preconditions", PRECONDITION, PRECONDITIONS_MAX),
    ),
)

SEAL: Final = MessageForm(
    "Seal",
    (
        FieldForm(1, "header", "bytes", required=True),
        _messages(2, "signatures", SIGNATURE, SIGNERS_MAX),
        _messages(3, "public_keys", PUBLIC_KEY, SIGNERS_MAX),
        FieldForm(4, "delegations", "bytes", length_max=16_384, repeated=True, count_max=4),
    ),
)

COMMIT_HEADER: Final = MessageForm(
    "CommitHeader",
    (
        _magic("CommitHeader"),
        FieldForm(2, "commit", "varint"),
        FieldForm(3, "first_sequence", "varint"),
        FieldForm(4, "events", "uint32", required=True),
        FieldForm(5, "time_unix_ms", "varint", required=True),
        _hash32(6, "seal_hash", required=True),
    ),
)

COMMIT: Final = MessageForm(
    "Commit",
    (
        FieldForm(1, "header", "bytes", required=True),
        _hash32(2, "tree_root"),
        FieldForm(13, "batch_bytes", "fixed32", required=True),
        FieldForm(14, "durable_offset", "fixed64"),
        FieldForm(15, "crc32", "fixed32", presence=True, required=True),
    ),
)

IDENTITY_ROTATION_HEADER: Final = MessageForm(
    "IdentityRotationHeader",
    (
        _magic("IdentityRotationHeader"),
        _message(2, "old_identity", PUBLIC_KEY, required=True),
        _message(3, "new_identity", PUBLIC_KEY, required=True),
        FieldForm(4, "time_unix_ms", "varint", required=True),
    ),
)

IDENTITY_ROTATION: Final = MessageForm(
    "IdentityRotation",
    (
        FieldForm(1, "header", "bytes", length_max=8_192, required=True),
        _message(2, "old_signature", SIGNATURE, required=True),
        _message(3, "new_signature", SIGNATURE, required=True),
    ),
)

_FRAME_TYPES: Final = (1, 2, 3, 4, 5)

CLIENT_HELLO: Final = MessageForm(
    "ClientHello",
    (
        _magic("ClientHello"),
        _hash32(2, "random", required=True),
        FieldForm(3, "key_bits", "uint32", required=True),
        _messages(
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
        _magic("ServerParameters"),
        FieldForm(2, "key_bits", "uint32", required=True),
        _id16(3, "session_id", required=True),
        FieldForm(4, "kem", "uint32", required=True),
        FieldForm(5, "encapsulated", "bytes", length_max=4_096, required=True),
        FieldForm(6, "sealed_secret", "bytes", length=48, required=True),
    ),
)

SERVER_PROOF: Final = MessageForm(
    "ServerProof",
    (
        _magic("ServerProof"),
        FieldForm(2, "identity", "bytes", required=True),
        _message(3, "signature", SIGNATURE, required=True),
        _hash32(4, "finished", required=True),
    ),
)

SERVER_IDENTITY: Final = MessageForm(
    "ServerIdentity",
    (
        _magic("ServerIdentity"),
        _message(2, "key", PUBLIC_KEY, required=True),
        FieldForm(
            3, "rotations", "bytes", length_max=16_384, repeated=True, count_max=IDENTITY_ROTATIONS_MAX
        ),
        FieldForm(4, "lifetime_ms", "varint", required=True),
        FieldForm(5, "idle_ms", "varint", required=True),
        FieldForm(6, "bytes_max", "varint", required=True),
    ),
)

CLIENT_FINISHED: Final = MessageForm(
    "ClientFinished", (_magic("ClientFinished"), _hash32(2, "finished", required=True))
)

CALL_REQUEST: Final = MessageForm(
    "CallRequest",
    (
        _id16(1, "session_id"),
        FieldForm(2, "call", "varint"),
        _id16(3, "random"),
        FieldForm(4, "type", "enum", values=_FRAME_TYPES, required=True),
        FieldForm(5, "ciphertext", "bytes", required=True),
    ),
)

CALL_RESPONSE: Final = MessageForm(
    "CallResponse",
    (
        _id16(1, "random"),
        FieldForm(2, "type", "enum", values=_FRAME_TYPES, required=True),
        FieldForm(3, "ciphertext", "bytes", required=True),
    ),
)

FORMS: Final = {
    form.name: form
    for form in (
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
        IDENTITY_ROTATION,
        CLIENT_HELLO,
        SERVER_HELLO,
        SERVER_PARAMETERS,
        SERVER_PROOF,
        SERVER_IDENTITY,
        CLIENT_FINISHED,
        CALL_REQUEST,
        CALL_RESPONSE,
    )
}
"""All of them, by the names of the schema."""
