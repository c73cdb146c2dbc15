"""Secrets of keys: as messages, and wrapped for the members of a group."""

from collections.abc import Sequence

from atedb.account.changes import RoleWrap, sorted_wraps
from atedb.crypto.domains import INFO_ROLE_KEY
from atedb.crypto.keys import KeyPair, PublicKey
from atedb.encoding import account_forms
from atedb.encoding.fields import FieldWriter, fields, messages_in
from atedb.encoding.strict import check_strict
from atedb.errors import AtedbError
from atedb.events.owner import Owner


def seeds_message(key: KeyPair) -> bytes:
    """Make the KeySeeds message of a key: a secret."""
    seed, kem_seed = key.export_seeds()
    writer = FieldWriter().varint(1, key.public_key.suite).data(2, seed)
    return writer.varint(3, key.public_key.kem_suite).data(4, kem_seed).finish()


def read_seeds(message: bytes) -> KeyPair:
    """Read a KeySeeds message in the strict form. Raises UNSUPPORTED, REQUEST_INVALID."""
    suite = next(found.value for found in fields(message) if found.number == 1)
    return KeyPair(suite, messages_in(message, 2)[0], next(iter(messages_in(message, 4)), None))


def _role_aad(group: Owner, role: str, key: PublicKey) -> bytes:
    """Bind a wrap to its place: moved to another group, role or key, it doesn't open."""
    return f"{group.text}\0{role}\0".encode() + key.fingerprint


def wrap_role(key: KeyPair, group: Owner, role: str, recipients: Sequence[PublicKey]) -> tuple[RoleWrap, ...]:
    """Wrap the secret of a role's key for some keys. Raises REQUEST_INVALID for one that can only sign."""
    aad = _role_aad(group, role, key.public_key)
    info, seeds = INFO_ROLE_KEY.encode(), seeds_message(key)
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
        found = read_seeds(opened)
    except AtedbError:
        return None
    return found if found.fingerprint == key.fingerprint else None
