"""The strict forms of accounts: what they change, and what their passwords open (docs/accounts.md)."""

from dataclasses import replace
from typing import Final

from atedb.encoding.form_fields import (
    SUITES,
    hash32,
    hashes32,
    magic,
    message_field,
    messages_field,
    one_of,
)
from atedb.encoding.forms import PUBLIC_KEY, SIGNATURE
from atedb.encoding.strict import FieldForm, MessageForm
from atedb.limits import (
    ACT_HEADER_BYTES_MAX,
    ACT_SIGNATURES_MAX,
    GROUP_MEMBERS_MAX,
    GROUP_ROLES_MAX,
    OWNER_BYTES_MAX,
    ROLE_NAME_BYTES_MAX,
    ROLE_WRAP_BYTES_MAX,
    TOTP_SECRET_BYTES_MAX,
    VAULT_BYTES_MAX,
    VAULT_KEYS_MAX,
)

_KEY: Final = message_field(1, "key", PUBLIC_KEY)
_OTHER_KEYS: Final = (
    message_field(2, "sudo_key", PUBLIC_KEY),
    message_field(3, "recovery_key", PUBLIC_KEY),
    hash32(4, "secrets_hash"),
)

_MEMBER: Final = MessageForm(
    "GroupMember",
    (
        FieldForm(1, "account", "string", length_max=OWNER_BYTES_MAX),
        message_field(2, "key", PUBLIC_KEY, required=True),
        message_field(3, "sudo_key", PUBLIC_KEY),
    ),
)

_WRAP: Final = MessageForm(
    "RoleWrap",
    (
        hash32(1, "recipient", required=True),
        FieldForm(2, "wrapped", "bytes", length_max=ROLE_WRAP_BYTES_MAX, required=True),
    ),
)

_ROLE_CHANGE: Final = MessageForm(
    "RoleChange",
    (
        FieldForm(1, "name", "string", length_max=ROLE_NAME_BYTES_MAX, required=True),
        message_field(2, "key", PUBLIC_KEY),
        messages_field(3, "added", _MEMBER, GROUP_MEMBERS_MAX),
        hashes32(4, "removed", GROUP_MEMBERS_MAX),
        # One for each member, and one for the role above.
        messages_field(5, "wraps", _WRAP, GROUP_MEMBERS_MAX + 1),
    ),
)

_ROLES: Final = messages_field(1, "roles", _ROLE_CHANGE, GROUP_ROLES_MAX, required=True)


def _change(number: int, name: str, form: MessageForm) -> FieldForm:
    return one_of(number, name, form, "what")


ACT_HEADER: Final = MessageForm(
    "ActHeader",
    (
        magic("ActHeader"),
        FieldForm(2, "account", "string", length_max=OWNER_BYTES_MAX, required=True),
        FieldForm(3, "version", "varint"),
        hash32(4, "previous"),
        FieldForm(5, "time_unix_ms", "varint", required=True),
        _change(
            10, "user_creation", MessageForm("UserCreation", (replace(_KEY, required=True), *_OTHER_KEYS))
        ),
        _change(
            11, "secrets_change", MessageForm("SecretsChange", (hash32(1, "secrets_hash", required=True),))
        ),
        _change(12, "user_rotation", MessageForm("UserRotation", (_KEY, *_OTHER_KEYS))),
        _change(
            13,
            "delegation_revocation",
            MessageForm("DelegationRevocation", (hash32(1, "fingerprint", required=True),)),
        ),
        _change(14, "user_removal", MessageForm("UserRemoval")),
        _change(30, "group_creation", MessageForm("GroupCreation", (_ROLES,))),
        _change(31, "group_change", MessageForm("GroupChange", (_ROLES,))),
        _change(32, "group_removal", MessageForm("GroupRemoval")),
    ),
)

ACT: Final = MessageForm(
    "Act",
    (
        FieldForm(1, "header", "bytes", length_max=ACT_HEADER_BYTES_MAX, required=True),
        messages_field(2, "signatures", SIGNATURE, ACT_SIGNATURES_MAX, required=True),
    ),
)

KEY_SEEDS: Final = MessageForm(
    "KeySeeds",
    (
        FieldForm(1, "suite", "enum", values=SUITES, required=True),
        FieldForm(2, "seed", "bytes", length=64, required=True),
        FieldForm(3, "kem_suite", "enum", values=(1,)),
        FieldForm(4, "kem_seed", "bytes", length=32),
    ),
)

VAULT_KEYS: Final = MessageForm(
    "VaultKeys", (magic("VaultKeys"), messages_field(2, "keys", KEY_SEEDS, VAULT_KEYS_MAX, required=True))
)

_COSTS: Final = MessageForm(
    "PasswordCosts",
    (
        FieldForm(1, "salt", "bytes", length=16, required=True),
        FieldForm(2, "memory_kib", "uint32", required=True),
        FieldForm(3, "passes", "uint32", required=True),
        FieldForm(4, "lanes", "uint32", required=True),
    ),
)

ACCOUNT_SECRETS: Final = MessageForm(
    "AccountSecrets",
    (
        magic("AccountSecrets"),
        message_field(2, "password", _COSTS, required=True),
        message_field(3, "login_key", PUBLIC_KEY, required=True),
        FieldForm(4, "key_vault", "bytes", length_max=VAULT_BYTES_MAX, required=True),
        FieldForm(5, "sudo_vault", "bytes", length_max=VAULT_BYTES_MAX, required=True),
        FieldForm(6, "recovery_vault", "bytes", length_max=VAULT_BYTES_MAX, required=True),
        FieldForm(7, "totp_secret", "bytes", length_max=TOTP_SECRET_BYTES_MAX),
    ),
)
