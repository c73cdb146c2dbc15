"""What an auth server must know of a user that has a password, and nobody else may: an AccountSecrets message."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from atedb.account.act import act_invalid
from atedb.account.recovery_code import make_recovery_code
from atedb.account.vault import password_keys, recovery_keys
from atedb.crypto.domains import HASH_ACCOUNT_SECRETS
from atedb.crypto.hashes import tagged_hash
from atedb.crypto.key_file import PassphraseCosts
from atedb.crypto.keys import KeyPair, PublicKey
from atedb.encoding import account_forms
from atedb.encoding.fields import FieldWriter, fields, messages_in
from atedb.encoding.form_fields import MAGICS
from atedb.encoding.strict import check_strict
from atedb.errors import invalid
from atedb.events.owner import Owner
from atedb.limits import TOTP_SECRET_BYTES_MAX

_SALT_BYTES: Final = 16
_TOTP_SECRET_BYTES: Final = 20
_TOTP_SECRET_BYTES_MIN: Final = 16
"""RFC 4226 wants so many at least."""
_PASSWORD_CHARACTERS_MIN: Final = 8


@dataclass(frozen=True, slots=True, repr=False)
class AccountSecrets:
    """Such a message, as it was read."""

    salt: bytes
    costs: PassphraseCosts
    login_key: PublicKey
    """What a login is signed with."""
    key_vault: bytes
    """The user's keys, sealed under a key that follows from the password."""
    sudo_vault: bytes
    recovery_vault: bytes
    """Both, sealed under a key that follows from the recovery code."""
    totp_secret: bytes | None
    """Of the second factor; None where there is none."""


def secrets_hash(message: bytes) -> bytes:
    """Give the hash that an act has of the message. Its random salt keeps it from being guessed at."""
    return tagged_hash(HASH_ACCOUNT_SECRETS, message)


def parse_secrets(message: bytes) -> AccountSecrets:
    """Read it. Raises NON_CANONICAL, ACT_INVALID; REQUEST_INVALID, UNSUPPORTED for its key."""
    check_strict(account_forms.ACCOUNT_SECRETS, message)
    parts = {found.number: message[found.start : found.end] for found in fields(message)}
    numbers = {found.number: found.value for found in fields(parts[2])}
    costs = PassphraseCosts(numbers[2], numbers[3], numbers[4])
    login_key = PublicKey.parse(parts[3])
    totp_secret = parts.get(7)
    if not costs.are_payable:
        raise act_invalid("the costs of the password are not ones that are paid")
    if login_key.kem_suite != 0:
        raise act_invalid("the login key has a KEM part")
    if totp_secret is not None and len(totp_secret) < _TOTP_SECRET_BYTES_MIN:
        raise act_invalid("the secret of the second factor is too short")
    salt = messages_in(parts[2], 1)[0]
    return AccountSecrets(salt, costs, login_key, parts[4], parts[5], parts[6], totp_secret)


def make_secrets(
    account: Owner,
    password: str,
    keys: Sequence[KeyPair],
    sudo_key: KeyPair,
    *,
    recovery_vault: bytes,
    totp_secret: bytes | None,
    costs: PassphraseCosts,
) -> bytes:
    """Make the message, with fresh salt: what a password was made into before seals nothing again. Takes as long as the costs say.

    `keys`: the user's, then those before it, the newest first. Raises REQUEST_INVALID for a secret of another size.
    """
    if totp_secret is not None and not _TOTP_SECRET_BYTES_MIN <= len(totp_secret) <= TOTP_SECRET_BYTES_MAX:
        why = (
            f"it is {len(totp_secret)} bytes, and must be {_TOTP_SECRET_BYTES_MIN} to {TOTP_SECRET_BYTES_MAX}"
        )
        raise invalid("totp_secret", why)
    salt = secrets.token_bytes(_SALT_BYTES)
    opening = password_keys(password, account, salt, costs)
    costs_message = FieldWriter().data(1, salt).varint(2, costs.memory_kib).varint(3, costs.passes)
    return (
        FieldWriter()
        .fixed32(1, MAGICS["AccountSecrets"])
        .message(2, costs_message.varint(4, costs.lanes).finish())
        .message(3, opening.signer.public_key.message())
        .data(4, opening.seal_vault("key", keys))
        .data(5, opening.seal_vault("sudo", [sudo_key]))
        .data(6, recovery_vault)
        .data(7, totp_secret)
        .finish()
    )


@dataclass(frozen=True, slots=True, repr=False)
class MadeRecovery:
    """A recovery code, and the vault that it opens."""

    code: str
    """To be shown once. A secret."""
    key: KeyPair
    """The key that follows from it."""
    vault: bytes


def make_recovery(account: Owner, keys: Sequence[KeyPair]) -> MadeRecovery:
    """Make a recovery code, and seal keys so that it opens them: the user's, that of sudo, and those before it."""
    code, secret = make_recovery_code()
    opening = recovery_keys(secret, account)
    return MadeRecovery(code, opening.signer, opening.seal_vault("recovery", keys))


def check_password(password: str) -> None:
    """Refuse a password that is guessed in no time. What makes a good one is longer than any rule here. Raises REQUEST_INVALID."""
    if len(password) < _PASSWORD_CHARACTERS_MIN:
        raise invalid(
            "password",
            f"it has less than {_PASSWORD_CHARACTERS_MIN} characters. Whoever has the auth server's disk could try all of these: "
            "choose a longer one, as four words that have nothing to do with each other",
        )


def make_totp_secret() -> bytes:
    """Make a new secret of a second factor: 160 bits, as RFC 4226 recommends."""
    return secrets.token_bytes(_TOTP_SECRET_BYTES)
