"""The strict forms of what writers and servers seal: the schema, as tables."""

from typing import Final

from atedb.encoding.form_fields import (
    SUITES,
    delegations_field,
    hash32,
    hashes32,
    id16,
    magic,
    message_field,
    messages_field,
    one_of,
)
from atedb.encoding.strict import FieldForm, MessageForm
from atedb.limits import (
    ADMITTED_KEYS_MAX,
    CHAIN_KEY_BYTES_MAX,
    PRECONDITIONS_MAX,
    PUBLIC_KEYS_MAX,
    REDACTED_SEQUENCES_MAX,
    ROOTS_MAX,
    RULE_KEYS_MAX,
    SIGNERS_MAX,
    TYPE_NAME_BYTES_MAX,
    WRAPPED_KEY_BYTES_MAX,
    WRAPPED_KEYS_MAX,
)

PUBLIC_KEY: Final = MessageForm(
    "PublicKey",
    (
        FieldForm(1, "suite", "enum", values=SUITES, required=True),
        FieldForm(2, "key", "bytes", required=True),
        FieldForm(3, "kem_suite", "enum", values=(1,)),
        FieldForm(4, "kem_key", "bytes", length=1216),
    ),
)

SIGNATURE: Final = MessageForm(
    "Signature",
    (
        FieldForm(1, "suite", "enum", values=SUITES, required=True),
        hash32(2, "fingerprint", required=True),
        FieldForm(3, "signature", "bytes", required=True),
    ),
)

GENESIS: Final = MessageForm(
    "Genesis",
    (
        FieldForm(1, "chain_key", "string", length_max=CHAIN_KEY_BYTES_MAX, required=True),
        FieldForm(2, "trust_mode", "enum", values=(1, 2), required=True),
        # Absent where an auth service says whose they are.
        messages_field(3, "roots", PUBLIC_KEY, ROOTS_MAX),
        FieldForm(4, "created_unix_ms", "varint", required=True),
        id16(5, "salt", required=True),
        message_field(6, "server_identity", PUBLIC_KEY),
        FieldForm(7, "private", "bool"),
        FieldForm(8, "confidential", "bool"),
        message_field(9, "auth_identity", PUBLIC_KEY),
        FieldForm(10, "auth_answer", "bytes"),
    ),
)

SNAPSHOT: Final = MessageForm(
    "Snapshot",
    (
        FieldForm(1, "size", "varint", required=True),
        hash32(2, "tree_root", required=True),
        FieldForm(3, "events", "varint", required=True),
        hash32(4, "gone", required=True),
        FieldForm(5, "writers", "varint", required=True),
        hash32(6, "writers_hash", required=True),
    ),
)

REDACTION: Final = MessageForm(
    "Redaction",
    (
        FieldForm(1, "sequences", "varint", repeated=True, packed=True, count_max=REDACTED_SEQUENCES_MAX),
        FieldForm(2, "before_sequence", "varint"),
    ),
)

_ADD_RULE_FIELDS: Final = (
    one_of(1, "everyone", MessageForm("Everyone"), "rule"),
    one_of(2, "nobody", MessageForm("Nobody"), "rule"),
    one_of(
        3,
        "any_of",
        MessageForm("AnyOf", (hashes32(1, "fingerprints", RULE_KEYS_MAX, required=True),)),
        "rule",
    ),
)

_READ_RULE: Final = MessageForm(
    "ReadRule",
    (
        one_of(1, "everyone", MessageForm("Everyone"), "rule"),
        FieldForm(2, "read_key_id", "bytes", length=32, oneof="rule", required=True),
        one_of(3, "inherit", MessageForm("Inherit"), "rule"),
    ),
)

AUTHORISATION: Final = MessageForm(
    "Authorisation",
    (
        message_field(
            1,
            "write",
            MessageForm(
                "WriteRule", (*_ADD_RULE_FIELDS, one_of(4, "inherit", MessageForm("Inherit"), "rule"))
            ),
        ),
        message_field(2, "add", MessageForm("AddRule", _ADD_RULE_FIELDS)),
        message_field(3, "read", _READ_RULE),
        message_field(
            4, "admit", MessageForm("AdmitRule", (hashes32(1, "fingerprints", ADMITTED_KEYS_MAX),))
        ),
        message_field(
            5,
            "retain",
            MessageForm("RetentionRule", (FieldForm(1, "age_ms", "varint"), FieldForm(2, "count", "varint"))),
        ),
    ),
)

CONFIDENTIALITY: Final = MessageForm(
    "Confidentiality",
    (
        hash32(1, "read_key_id", required=True),
        hash32(2, "random", required=True),
        hash32(3, "commitment", required=True),
    ),
)

WRAPPED_KEY: Final = MessageForm(
    "WrappedKey",
    (
        hash32(1, "read_key_id", required=True),
        hash32(2, "recipient", required=True),
        FieldForm(3, "wrapped", "bytes", length_max=WRAPPED_KEY_BYTES_MAX, required=True),
    ),
)

ROOTS: Final = MessageForm("Roots", (messages_field(1, "roots", PUBLIC_KEY, ROOTS_MAX, required=True),))

KEY_CHANGE: Final = MessageForm(
    "KeyChange", (hash32(1, "fingerprint", required=True), message_field(2, "successor", PUBLIC_KEY))
)

EVENT_HEADER: Final = MessageForm(
    "EventHeader",
    (
        magic("EventHeader"),
        FieldForm(2, "kind", "enum", values=tuple(range(1, 11)), required=True),
        id16(3, "primary_key"),
        id16(4, "parent"),
        id16(5, "collection"),
        message_field(6, "authorisation", AUTHORISATION),
        message_field(7, "confidentiality", CONFIDENTIALITY),
        messages_field(8, "public_keys", PUBLIC_KEY, PUBLIC_KEYS_MAX),
        messages_field(9, "wrapped_keys", WRAPPED_KEY, WRAPPED_KEYS_MAX),
        hashes32(10, "sign_with", SIGNERS_MAX - 1),
        hash32(11, "author"),
        FieldForm(12, "type", "string", length_max=TYPE_NAME_BYTES_MAX),
        id16(13, "reply_to"),
        FieldForm(14, "time_unix_ms", "varint"),
        message_field(15, "genesis", GENESIS),
        FieldForm(16, "moves", "bool"),
        message_field(17, "roots", ROOTS),
        message_field(18, "key_change", KEY_CHANGE),
        id16(19, "label"),
        FieldForm(20, "auth_answer", "bytes"),
        FieldForm(21, "server_identity", "bytes"),
        message_field(22, "snapshot", SNAPSHOT),
        message_field(23, "redaction", REDACTION),
        hash32(30, "data_hash"),
        FieldForm(31, "data_bytes", "varint"),
    ),
)

EVENT: Final = MessageForm(
    "Event",
    (
        FieldForm(1, "header", "bytes", required=True),
        FieldForm(2, "data", "bytes"),
        id16(3, "salt"),
        FieldForm(4, "data_state", "enum", values=(1, 2, 3, 4)),
        FieldForm(5, "redaction", "varint"),
    ),
)

PRECONDITION: Final = MessageForm(
    "Precondition",
    (
        one_of(
            1,
            "chain_unchanged",
            MessageForm("ChainUnchanged", (FieldForm(1, "since_sequence", "varint"),)),
            "condition",
        ),
        one_of(
            2,
            "lands_before",
            MessageForm("LandsBefore", (FieldForm(1, "sequence", "varint", required=True),)),
            "condition",
        ),
        one_of(
            3,
            "key_unchanged",
            MessageForm(
                "KeyUnchanged",
                (id16(1, "primary_key", required=True), FieldForm(2, "since_sequence", "varint")),
            ),
            "condition",
        ),
        one_of(
            4,
            "fence",
            MessageForm(
                "Fence",
                (id16(1, "primary_key", required=True), FieldForm(2, "token", "varint", required=True)),
            ),
            "condition",
        ),
    ),
)

SEAL_HEADER: Final = MessageForm(
    "SealHeader",
    (
        magic("SealHeader"),
        hash32(2, "chain_id", required=True),
        hash32(3, "writer_id", required=True),
        hash32(4, "fingerprint", required=True),
        id16(5, "writer_salt", required=True),
        FieldForm(6, "counter", "varint"),
        hash32(7, "previous"),
        FieldForm(8, "events", "uint32", required=True),
        hash32(9, "events_root", required=True),
        FieldForm(10, "as_of_size", "varint"),
        hash32(11, "as_of_root"),
        messages_field(12, "preconditions", PRECONDITION, PRECONDITIONS_MAX),
    ),
)

SEAL: Final = MessageForm(
    "Seal",
    (
        FieldForm(1, "header", "bytes", required=True),
        messages_field(2, "signatures", SIGNATURE, SIGNERS_MAX),
        messages_field(3, "public_keys", PUBLIC_KEY, SIGNERS_MAX),
        delegations_field(4),
    ),
)

COMMIT_HEADER: Final = MessageForm(
    "CommitHeader",
    (
        magic("CommitHeader"),
        FieldForm(2, "commit", "varint"),
        FieldForm(3, "first_sequence", "varint"),
        FieldForm(4, "events", "uint32", required=True),
        FieldForm(5, "time_unix_ms", "varint", required=True),
        hash32(6, "seal_hash", required=True),
    ),
)

COMMIT: Final = MessageForm(
    "Commit",
    (
        FieldForm(1, "header", "bytes", required=True),
        hash32(2, "tree_root"),
        FieldForm(13, "batch_bytes", "fixed32", required=True),
        FieldForm(14, "durable_offset", "fixed64"),
        FieldForm(15, "crc32", "fixed32", presence=True, required=True),
    ),
)
