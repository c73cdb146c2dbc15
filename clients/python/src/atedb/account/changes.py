"""What acts change of users and groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from atedb.crypto.keys import PublicKey
from atedb.encoding.fields import FieldWriter, fields, messages_in

ChangeKind = Literal[
    "user_creation",
    "secrets_change",
    "user_rotation",
    "delegation_revocation",
    "user_removal",
    "group_creation",
    "group_change",
    "group_removal",
]

CHANGE_FIELDS: Final[dict[int, ChangeKind]] = {
    10: "user_creation",
    11: "secrets_change",
    12: "user_rotation",
    13: "delegation_revocation",
    14: "user_removal",
    30: "group_creation",
    31: "group_change",
    32: "group_removal",
}
"""Fields of an act's header."""

OF_GROUPS: Final = frozenset({"group_creation", "group_change", "group_removal"})


@dataclass(frozen=True, slots=True)
class GroupMember:
    """Who has a role in a group."""

    account: str | None
    """`name@domain` of the user whose key it is; None: no account is named for it."""
    key: PublicKey
    """What the role's secret is wrapped for."""
    sudo_key: PublicKey | None = None
    """What an owner signs acts with; None: the key."""

    @property
    def act_key(self) -> PublicKey:
        """What the member signs acts of a group with that owners sign."""
        return self.sudo_key or self.key


@dataclass(frozen=True, slots=True)
class RoleWrap:
    """The secret of a role's key, sealed for one who is to have it."""

    recipient: bytes
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class RoleChange:
    """What is changed of one role."""

    name: str
    key: PublicKey | None
    """None: it stays."""
    added: tuple[GroupMember, ...] = ()
    removed: tuple[bytes, ...] = ()
    """Fingerprints of keys, sorted, once each."""
    wraps: tuple[RoleWrap, ...] = ()
    """Sorted by recipient, once each."""


@dataclass(frozen=True, slots=True)
class Change:
    """What an act changes; of what its kind doesn't have, nothing."""

    kind: ChangeKind
    key: PublicKey | None = None
    sudo_key: PublicKey | None = None
    recovery_key: PublicKey | None = None
    secrets_hash: bytes | None = None
    fingerprint: bytes = b""
    """Of a key that was delegated to, and is taken back."""
    roles: tuple[RoleChange, ...] = ()

    @property
    def keys(self) -> tuple[PublicKey, ...]:
        """The user's keys that it names."""
        named = (self.key, self.sudo_key, self.recovery_key)
        return tuple(key for key in named if key is not None)


def write_change(writer: FieldWriter, change: Change) -> FieldWriter:
    """Write a change as the field of an act's header that it is."""
    number = next(field for field, kind in CHANGE_FIELDS.items() if kind == change.kind)
    return writer.message(number, _change_bytes(change))


def _change_bytes(change: Change) -> bytes:
    writer = FieldWriter()
    if change.kind in ("user_creation", "user_rotation"):
        for number, key in enumerate((change.key, change.sudo_key, change.recovery_key), 1):
            if key is not None:
                writer.message(number, key.message())
        return writer.data(4, change.secrets_hash).finish()
    if change.kind == "secrets_change":
        return writer.data(1, change.secrets_hash).finish()
    if change.kind == "delegation_revocation":
        return writer.data(1, change.fingerprint).finish()
    for role in change.roles:
        writer.message(1, _role_bytes(role))
    return writer.finish()


def _role_bytes(role: RoleChange) -> bytes:
    writer = FieldWriter().string(1, role.name)
    if role.key is not None:
        writer.message(2, role.key.message())
    for member in role.added:
        parts = FieldWriter().string(1, member.account).message(2, member.key.message())
        if member.sudo_key is not None:
            parts.message(3, member.sudo_key.message())
        writer.message(3, parts.finish())
    for fingerprint in role.removed:
        writer.data(4, fingerprint)
    for wrap in role.wraps:
        writer.message(5, FieldWriter().data(1, wrap.recipient).data(2, wrap.wrapped).finish())
    return writer.finish()


def parse_change(number: int, data: bytes) -> Change:
    """Read a change, whose bytes are in the strict form. Raises REQUEST_INVALID, UNSUPPORTED for its keys."""
    kind = CHANGE_FIELDS[number]
    parts = {found.number: data[found.start : found.end] for found in fields(data)}
    if kind in ("user_creation", "user_rotation"):
        key, sudo_key, recovery_key = (
            PublicKey.parse(parts[place]) if place in parts else None for place in (1, 2, 3)
        )
        return Change(kind, key, sudo_key, recovery_key, parts.get(4))
    if kind == "secrets_change":
        return Change(kind, secrets_hash=parts[1])
    if kind == "delegation_revocation":
        return Change(kind, fingerprint=parts[1])
    return Change(kind, roles=tuple(_parse_role(one) for one in messages_in(data, 1)))


def _parse_role(data: bytes) -> RoleChange:
    key = next(iter(messages_in(data, 2)), None)
    return RoleChange(
        messages_in(data, 1)[0].decode(),
        None if key is None else PublicKey.parse(key),
        tuple(_parse_member(one) for one in messages_in(data, 3)),
        tuple(messages_in(data, 4)),
        tuple(_parse_wrap(one) for one in messages_in(data, 5)),
    )


def _parse_member(data: bytes) -> GroupMember:
    account = next(iter(messages_in(data, 1)), None)
    sudo_key = next(iter(messages_in(data, 3)), None)
    return GroupMember(
        None if account is None else account.decode(),
        PublicKey.parse(messages_in(data, 2)[0]),
        None if sudo_key is None else PublicKey.parse(sudo_key),
    )


def _parse_wrap(data: bytes) -> RoleWrap:
    recipient, wrapped = (data[found.start : found.end] for found in fields(data))
    return RoleWrap(recipient, wrapped)


def sorted_wraps(wraps: Sequence[RoleWrap]) -> tuple[RoleWrap, ...]:
    """Sort them as an act has them."""
    return tuple(sorted(wraps, key=lambda one: one.recipient))
