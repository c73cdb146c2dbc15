"""What opens an account: keys that follow from its password, or from its recovery code, and vaults that they open."""

from collections.abc import Sequence
from typing import Final, Literal

from atedb.account.secrets import read_seeds, seeds_message
from atedb.crypto.composite import MLDSA65_ED25519
from atedb.crypto.data_key import open_once, seal_once
from atedb.crypto.domains import (
    AAD_VAULT,
    INFO_LOGIN_SEED,
    INFO_LOGIN_VAULT,
    INFO_RECOVERY_SEED,
    INFO_RECOVERY_VAULT,
)
from atedb.crypto.hpke import hkdf_expand
from atedb.crypto.key_file import PassphraseCosts, derive_key
from atedb.crypto.keys import KeyPair
from atedb.encoding import account_forms
from atedb.encoding.fields import FieldWriter, messages_in
from atedb.encoding.form_fields import MAGICS
from atedb.encoding.strict import check_strict
from atedb.errors import AtedbError, Reason
from atedb.events.owner import Owner

_MEMORY_KIB_MIN: Final = 19_456
_PASSES_MIN: Final = 2
"""The least that making keys of a password may cost: what OWASP asks of Argon2id."""
_SEED_BYTES: Final = 64
_KEY_BYTES: Final = 32

VaultName = Literal["key", "sudo", "recovery"]
"""Which vault of an account: what is sealed for one doesn't open as another."""


class OpeningKeys:
    """What follows from a password, or a recovery code: a key that signs, and one for each vault."""

    def __init__(self, secret: bytes, account: Owner, *, seed_info: str, vault_info: str) -> None:
        self._account = account
        self._secret = secret
        self._vault_info = vault_info
        seed = _expand(secret, [seed_info, account.text], _SEED_BYTES)
        self.signer = KeyPair(MLDSA65_ED25519.number, seed, None)
        """Shows that one has it."""

    def seal_vault(self, name: VaultName, keys: Sequence[KeyPair]) -> bytes:
        """Seal keys. What it is made of is fresh, so that nothing else is ever sealed with the vault's key."""
        message = FieldWriter().fixed32(1, MAGICS["VaultKeys"])
        for key in keys:
            message.message(2, seeds_message(key))
        return seal_once(self._key_of(name), self._aad_of(name), message.finish())

    def open_vault(self, name: VaultName, sealed: bytes) -> list[KeyPair]:
        """Give the keys of a vault. Raises VERIFICATION_FAILED where it was sealed otherwise, or changed."""
        opened = open_once(self._key_of(name), self._aad_of(name), sealed)
        try:
            if opened is None:
                raise vault_failed(name)
            check_strict(account_forms.VAULT_KEYS, opened)
            return [read_seeds(one) for one in messages_in(opened, 2)]
        except AtedbError:
            # What was opened is a secret: no cause that may show some of it.
            raise vault_failed(name) from None

    def _key_of(self, name: VaultName) -> bytes:
        return _expand(self._secret, [self._vault_info, name, self._account.text], _KEY_BYTES)

    def _aad_of(self, name: VaultName) -> bytes:
        return "\0".join([AAD_VAULT, name, self._account.text]).encode()


def password_keys(password: str, account: Owner, salt: bytes, costs: PassphraseCosts) -> OpeningKeys:
    """Make keys of a password, as the account has it: Argon2id, then HKDF for each. Takes as long as the costs say.

    Raises VERIFICATION_FAILED for costs that are too low, since a server that asks for less could guess, or that nobody pays.
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
    return OpeningKeys(secret, account, seed_info=INFO_LOGIN_SEED, vault_info=INFO_LOGIN_VAULT)


def recovery_keys(secret: bytes, account: Owner) -> OpeningKeys:
    """Make keys of what a recovery code stands for: it is random, so HKDF is enough."""
    return OpeningKeys(secret, account, seed_info=INFO_RECOVERY_SEED, vault_info=INFO_RECOVERY_VAULT)


def _expand(secret: bytes, parts: Sequence[str], length: int) -> bytes:
    return hkdf_expand(secret, "\0".join(parts).encode(), length)


def vault_failed(name: str) -> AtedbError:
    """Make the failure of secrets that aren't those of the account."""
    return AtedbError(
        Reason.VERIFICATION_FAILED,
        f"what the server keeps of the account's secrets ({name}) does not open: it was changed there",
    )
