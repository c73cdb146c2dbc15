"""What an account is after its acts."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from atedb.account.act import act_invalid
from atedb.account.changes import Change, GroupMember, RoleWrap
from atedb.crypto.keys import PublicKey
from atedb.errors import AtedbError, Reason
from atedb.events.owner import Owner
from atedb.limits import ACCOUNT_CHANGED_KEYS_MAX


@dataclass(frozen=True, slots=True)
class ChangedKey:
    """A key that counts no more."""

    fingerprint: bytes
    version: int
    """Of the act that it counts no more since."""
    role_name: str | None = None
    """Of a key of a group's role, the role's name."""


@dataclass(frozen=True, slots=True)
class Role:
    """A role of a group, as it is."""

    name: str
    key: PublicKey
    members: tuple[GroupMember, ...]
    """Sorted by the fingerprints of their keys."""
    wraps: tuple[RoleWrap, ...]
    """One for each member, and one for the role above."""


@dataclass(frozen=True, slots=True)
class AccountState:
    """What an account is, after an act."""

    account: Owner
    version: int
    """Of its last act."""
    head: bytes
    """Hash of its last act."""
    keys: Change | None = None
    """Of a user: the keys, and the hash of what it logs in with, as a creation would name them."""
    roles: tuple[Role, ...] = ()
    """Of a group: sorted by name."""
    changed: tuple[ChangedKey, ...] = ()
    """Keys that count no more, oldest first."""
    is_removed: bool = False

    def role(self, name: str) -> Role:
        """Find a role of a group. Raises ACT_INVALID where it has none of this name."""
        for role in self.roles:
            if role.name == name:
                return role
        raise act_invalid(f"the group {self.account.text} has no role {name}")

    def has_changed(self, fingerprint: bytes) -> bool:
        """Whether a key counts no more."""
        return any(one.fingerprint == fingerprint for one in self.changed)

    def with_changed(self, changed: Iterable[ChangedKey]) -> "AccountState":
        """Have more keys that count no more. Raises TOO_MANY_KEYS."""
        all_changed = (*self.changed, *changed)
        if len(all_changed) > ACCOUNT_CHANGED_KEYS_MAX:
            raise AtedbError(
                Reason.TOO_MANY_KEYS,
                f"the account {self.account.text} has replaced and taken back {ACCOUNT_CHANGED_KEYS_MAX} keys, which is the limit",
                metadata={"limit": str(ACCOUNT_CHANGED_KEYS_MAX)},
            )
        return replace(self, changed=all_changed)


@dataclass(frozen=True, slots=True)
class Step:
    """What an act makes of an account, if it is signed as it must be."""

    state: AccountState
    one_of: tuple[PublicKey, ...] = ()
    """One of these must have signed. None: nobody beside `all_of`."""
    all_of: tuple[PublicKey, ...] = ()
