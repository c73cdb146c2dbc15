"""Secrets of accounts: what a password opens, and what is wrapped for the members of a group."""

from collections.abc import Sequence
from typing import Final

from atedb.account.changes import RoleWrap, sorted_wraps
from atedb.crypto.composite import MLDSA65_ED25519
from atedb.crypto.data_key import open_once
from atedb.crypto.domains import AAD_VAULT, INFO_LOGIN_SEED, INFO_LOGIN_VAULT, INFO_ROLE_KEY
from atedb.crypto.hpke import hkdf_expand
from atedb.crypto.key_file import PassphraseCosts, derive_key
from atedb.crypto.keys import KeyPair, PublicKey
from atedb.encoding import account_forms
from atedb.encoding.fields import FieldWriter, fields, messages_in
from atedb.encoding.strict import check_strict
from atedb.errors import AtedbError, Reason
from atedb.events.owner import Owner

_MEMORY_KIB_MIN: Final = 19_456
_PASSES_MIN: Final = 2
"""The least that making keys of a password may cost: what OWASP asks of Argon2id."""
_SEED_BYTES: Final = 64
_KEY_BYTES: Final = 32


class PasswordKeys:
    """What follows from a password: a key that signs logins, and one that opens the vault of the account's key."""

    def __init__(self, password: str, account: Owner, salt: bytes, costs: PassphraseCosts) -> None:
        """Take as long as the costs say.

        Raises VERIFICATION_FAILED for costs that are too low, since a server that asks for less could guess, or that nobody
        pays.
        """
        is_enough = costs.memory_kib >= _MEMORY_KIB_MIN and costs.passes >= _PASSES_MIN
        if not is_enough or not costs.are_payable:
            raise AtedbError(
                Reason.VERIFICATION_FAILED,
                f"the server wants the password to be hashed with {costs.memory_kib} KiB in {costs.passes} passes, and "
                f"{_MEMORY_KIB_MIN} KiB in {_PASSES_MIN} passes are the least that is done: it is misconfigured, or wants to "
                "guess the password. Nothing was made of it",
            )
        secret = derive_key(password, salt, costs)
        self._account = account
        seed = _expand(secret, [INFO_LOGIN_SEED, account.text], _SEED_BYTES)
        self.signer = KeyPair(MLDSA65_ED25519.number, seed, None)
        self._vault_key = _expand(secret, [INFO_LOGIN_VAULT, "key", account.text], _KEY_BYTES)

    def open_key_vault(self, sealed: bytes) -> list[KeyPair]:
        """Open the vault of the account's key, and of those before it, the newest first.

        Raises VERIFICATION_FAILED where it was sealed otherwise, or changed.
        """
        aad = "\0".join([AAD_VAULT, "key", self._account.text]).encode()
        opened = open_once(self._vault_key, aad, sealed)
        try:
            if opened is None:
                raise _vault_failed()
            check_strict(account_forms.VAULT_KEYS, opened)
            return [_read_seeds(one) for one in messages_in(opened, 2)]
        except AtedbError:
            # What was opened is a secret: no cause that may show some of it.
            raise _vault_failed() from None


def _expand(secret: bytes, parts: Sequence[str], length: int) -> bytes:
    return hkdf_expand(secret, "\0".join(parts).encode(), length)


def _vault_failed() -> AtedbError:
    return AtedbError(
        Reason.VERIFICATION_FAILED,
        "what the server keeps of the account's secrets (key) does not open: it was changed there",
    )


def _seeds_message(key: KeyPair) -> bytes:
    seed, kem_seed = key.export_seeds()
    writer = FieldWriter().varint(1, key.public_key.suite).data(2, seed)
    return writer.varint(3, key.public_key.kem_suite).data(4, kem_seed).finish()


def _read_seeds(message: bytes) -> KeyPair:
    """Read a KeySeeds message in the strict form. Raises UNSUPPORTED, REQUEST_INVALID."""
    suite = next(found.value for found in fields(message) if found.number == 1)
    return KeyPair(suite, messages_in(message, 2)[0], next(iter(messages_in(message, 4)), None))


def _role_aad(group: Owner, role: str, key: PublicKey) -> bytes:
    """Bind a wrap to its place: moved to another group, role or key, it doesn't open."""
    return f"{group.text}\0{role}\0".encode() + key.fingerprint


def wrap_role(key: KeyPair, group: Owner, role: str, recipients: Sequence[PublicKey]) -> tuple[RoleWrap, ...]:
    """Wrap the secret of a role's key for some keys. Raises REQUEST_INVALID for one that can only sign."""
    aad = _role_aad(group, role, key.public_key)
    info, seeds = INFO_ROLE_KEY.encode(), _seeds_message(key)
    return sorted_wraps(
        [RoleWrap(one.fingerprint, one.seal_to(info=info, aad=aad, plaintext=seeds)) for one in recipients]
    )


def open_role(wrap: RoleWrap, group: Owner, role: str, key: PublicKey, recipient: KeyPair) -> KeyPair | None:
    """Open the secret of a role's key; None where it is for another, or isn't that: who has wrapped it may have lied."""
    aad = _role_aad(group, role, key)
    opened = recipient.open_sealed(info=INFO_ROLE_KEY.encode(), aad=aad, sealed=wrap.wrapped)
    if opened is None:
        return None
    try:
        check_strict(account_forms.KEY_SEEDS, opened)
        found = _read_seeds(opened)
    except AtedbError:
        return None
    return found if found.fingerprint == key.fingerprint else None
