"""The strict forms of identities, of what auth services say of owners, of delegations and tokens."""

from dataclasses import replace
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
)
from atedb.encoding.forms import PUBLIC_KEY, SIGNATURE
from atedb.encoding.strict import FieldForm, MessageForm
from atedb.limits import (
    ANSWER_HEADER_BYTES_MAX,
    ANSWERED_CHANGES_MAX,
    ANSWERED_KEYS_MAX,
    CHAIN_KEY_BYTES_MAX,
    DELEGATION_CHAINS_MAX,
    IDENTITY_ROTATIONS_MAX,
    OWNER_BYTES_MAX,
    ROOTS_MAX,
)

IDENTITY_ROTATION_HEADER: Final = MessageForm(
    "IdentityRotationHeader",
    (
        magic("IdentityRotationHeader"),
        message_field(2, "old_identity", PUBLIC_KEY, required=True),
        message_field(3, "new_identity", PUBLIC_KEY, required=True),
        FieldForm(4, "time_unix_ms", "varint", required=True),
    ),
)

IDENTITY_ROTATION: Final = MessageForm(
    "IdentityRotation",
    (
        FieldForm(1, "header", "bytes", length_max=8_192, required=True),
        message_field(2, "old_signature", SIGNATURE, required=True),
        message_field(3, "new_signature", SIGNATURE, required=True),
    ),
)

AUTH_ANSWER_HEADER: Final = MessageForm(
    "AuthAnswerHeader",
    (
        magic("AuthAnswerHeader"),
        FieldForm(2, "owner", "string", length_max=OWNER_BYTES_MAX, required=True),
        FieldForm(3, "version", "varint"),
        FieldForm(4, "issued_unix_ms", "varint", required=True),
        FieldForm(5, "expires_unix_ms", "varint", required=True),
        messages_field(6, "roots", PUBLIC_KEY, ROOTS_MAX, required=True),
        messages_field(7, "writers", PUBLIC_KEY, ANSWERED_KEYS_MAX),
        hashes32(8, "admitted", ANSWERED_KEYS_MAX),
        messages_field(
            9,
            "changed",
            MessageForm("AnsweredChange", (hash32(1, "fingerprint", required=True), hash32(2, "successor"))),
            ANSWERED_CHANGES_MAX,
        ),
        FieldForm(10, "unverified", "bool"),
        FieldForm(11, "removed", "bool"),
        message_field(12, "identity", PUBLIC_KEY, required=True),
    ),
)

AUTH_ANSWER: Final = MessageForm(
    "AuthAnswer",
    (
        FieldForm(1, "header", "bytes", length_max=ANSWER_HEADER_BYTES_MAX, required=True),
        message_field(2, "signature", SIGNATURE, required=True),
        messages_field(3, "rotations", IDENTITY_ROTATION, IDENTITY_ROTATIONS_MAX),
    ),
)

DELEGATION_HEADER: Final = MessageForm(
    "DelegationHeader",
    (
        magic("DelegationHeader"),
        hash32(2, "issuer", required=True),
        message_field(3, "subject", PUBLIC_KEY, required=True),
        FieldForm(
            4,
            "chains",
            "string",
            length_max=CHAIN_KEY_BYTES_MAX,
            repeated=True,
            count_max=DELEGATION_CHAINS_MAX,
            required=True,
        ),
        FieldForm(5, "may_write", "bool"),
        FieldForm(6, "may_read", "bool"),
        FieldForm(7, "not_before_unix_ms", "varint"),
        FieldForm(8, "expires_unix_ms", "varint", required=True),
        id16(9, "serial", required=True),
    ),
)

DELEGATION: Final = MessageForm(
    "Delegation",
    (
        FieldForm(1, "header", "bytes", length_max=8_192, required=True),
        message_field(2, "signature", SIGNATURE, required=True),
        message_field(3, "possession", SIGNATURE, required=True),
    ),
)

TOKEN: Final = MessageForm(
    "Token",
    (
        FieldForm(1, "suite", "enum", values=SUITES, required=True),
        FieldForm(2, "seed", "bytes", length=64, required=True),
        FieldForm(3, "kem_suite", "enum", values=(1,)),
        FieldForm(4, "kem_seed", "bytes", length=32),
        replace(delegations_field(5), required=True),
        message_field(6, "issuer", PUBLIC_KEY, required=True),
    ),
)
