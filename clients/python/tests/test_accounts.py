"""Acts of accounts: what a server can show as a user's or a group's line, and what of that is believed."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from refusals import reason_of, refused

import atedb
from atedb.account.act import Act, parse_act, sign_act
from atedb.account.changes import Change, GroupMember, RoleChange
from atedb.account.roles import GROUP_ROLES, includes_role, role_above
from atedb.account.secrets import open_role, wrap_role
from atedb.account.state import AccountState
from atedb.account.verify_act import verify_act
from atedb.client.known_groups import KnownGroups
from atedb.crypto import KeyPair
from atedb.errors import Reason
from atedb.events.owner import Owner, parse_owner

ME = parse_owner("me@example.com")
TEAM = parse_owner("team")


class Line:
    """An account, act by act."""

    def __init__(self, account: Owner) -> None:
        self.account = account
        self.state: AccountState | None = None
        self.acts: list[Act] = []

    def make(
        self, change: Change, *keys: KeyPair, version: int | None = None, previous: bytes | None = None
    ) -> bytes:
        at = len(self.acts) if version is None else version
        before = self.acts[-1].hash if self.acts else None
        return sign_act(self.account, change, keys, version=at, previous=previous or before, time_unix_ms=1)

    def take(self, change: Change, *keys: KeyPair) -> AccountState:
        act = parse_act(self.make(change, *keys))
        self.state = verify_act(self.state, act)
        self.acts.append(act)
        return self.state

    def why_not(self, change: Change, *keys: KeyPair) -> str | None:
        return reason_of(lambda: verify_act(self.state, parse_act(self.make(change, *keys))))


def pairs(count: int) -> list[KeyPair]:
    return [KeyPair.generate() for _ in range(count)]


def test_a_user() -> None:
    key, sudo, recovery, other, stranger = pairs(5)
    line = Line(ME)
    names = (key.public_key, sudo.public_key, recovery.public_key, bytes(32))
    created = Change("user_creation", *names)
    assert line.why_not(created, key, sudo) == Reason.ACT_NOT_ALLOWED
    assert line.why_not(created, key, sudo, recovery, stranger) == Reason.ACT_NOT_ALLOWED
    assert (
        line.why_not(Change("user_creation", key.public_key, sudo.public_key), key, sudo)
        == Reason.ACT_INVALID
    )
    assert line.why_not(Change("user_removal"), key) == Reason.ACT_INVALID
    assert line.why_not(Change("group_removal"), key) == Reason.ACT_INVALID
    line.take(created, key, sudo, recovery)
    secrets = Change("secrets_change", secrets_hash=bytes([1]) * 32)
    assert line.why_not(secrets, key) == Reason.ACT_NOT_ALLOWED
    assert line.why_not(Change("secrets_change", secrets_hash=bytes(32)), sudo) == Reason.ACT_INVALID
    line.take(secrets, sudo)
    rotation = Change("user_rotation", other.public_key)
    assert line.why_not(rotation, sudo) == Reason.ACT_NOT_ALLOWED
    assert line.why_not(rotation, other) == Reason.ACT_NOT_ALLOWED
    assert line.why_not(Change("user_rotation", key.public_key), sudo, key) == Reason.ACT_INVALID
    assert line.why_not(Change("user_rotation"), sudo) == Reason.ACT_INVALID
    state = line.take(rotation, recovery, other)
    assert state.keys is not None
    assert state.keys.key is not None
    assert state.keys.key.fingerprint == other.fingerprint
    assert [one.fingerprint for one in state.changed] == [key.fingerprint]
    # What was replaced never comes back.
    assert line.why_not(Change("user_rotation", key.public_key), sudo, key) == Reason.ACT_INVALID
    revoked = Change("delegation_revocation", fingerprint=stranger.fingerprint)
    line.take(revoked, other)
    assert line.why_not(revoked, other) == Reason.ACT_INVALID
    assert line.take(Change("user_removal"), sudo).is_removed
    assert line.why_not(rotation, sudo, other) == Reason.ACCOUNT_REMOVED


def test_the_place_of_an_act() -> None:
    key, other = pairs(2)
    line = Line(ME)
    created = Change("user_creation", key.public_key)
    line.take(created, key)
    revoked = Change("delegation_revocation", fingerprint=other.fingerprint)
    for version, previous, reason in (
        (0, None, Reason.ACCOUNT_EXISTS),
        (2, line.acts[0].hash, Reason.VERSION_CONFLICT),
        (1, bytes(32), Reason.VERSION_CONFLICT),
    ):
        change = created if version == 0 else revoked
        message = sign_act(ME, change, [key], version=version, previous=previous, time_unix_ms=1)
        with refused(reason):
            verify_act(line.state, parse_act(message))
    message = sign_act(ME, revoked, [key], version=3, previous=bytes(32), time_unix_ms=1)
    with refused(Reason.ACCOUNT_UNKNOWN):
        verify_act(None, parse_act(message))
    you = parse_owner("you@example.com")
    message = sign_act(you, revoked, [key], version=1, previous=line.acts[0].hash, time_unix_ms=1)
    with refused(Reason.ACT_INVALID):
        verify_act(line.state, parse_act(message))
    message = sign_act(ME, revoked, [key], version=1, previous=None, time_unix_ms=1)
    with refused(Reason.ACT_INVALID):
        parse_act(message)
    good = line.make(revoked, key)
    for at in (5, len(good) // 2, len(good) - 1):
        broken = good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]
        assert reason_of(lambda broken=broken: verify_act(line.state, parse_act(broken))) is not None


class Group(Line):
    """A group, with the secrets of its roles."""

    def __init__(self, owner: KeyPair) -> None:
        super().__init__(TEAM)
        self.owner = owner
        self.keys = {role: KeyPair.generate() for role in GROUP_ROLES}

    def role(
        self, name: str, recipients: Sequence[KeyPair], *, key: KeyPair | None = None, **rest: object
    ) -> RoleChange:
        above = role_above(name)
        secret = key or self.keys[name]
        public = [one.public_key for one in recipients]
        if above is not None and key is not None:
            public.append(self.keys[above].public_key)
        change = RoleChange(name, None if key is None else key.public_key)
        return replace(change, wraps=wrap_role(secret, TEAM, name, public), **rest)  # type: ignore[arg-type]

    def creation(self) -> Change:
        roles = []
        for name in sorted(GROUP_ROLES):
            is_owner = name == "owner"
            added = (GroupMember(None, self.owner.public_key),) if is_owner else ()
            recipients = [self.owner] if is_owner else []
            roles.append(self.role(name, recipients, key=self.keys[name], added=added))
        return Change("group_creation", roles=tuple(roles))


def changed(*roles: RoleChange) -> Change:
    return Change("group_change", roles=roles)


def test_a_group() -> None:
    owner, writer, stranger = pairs(3)
    group = Group(owner)
    creation = group.creation()
    assert group.why_not(creation, stranger) == Reason.ACT_NOT_ALLOWED
    assert group.why_not(replace(creation, roles=creation.roles[1:]), owner) == Reason.ACT_INVALID
    assert group.why_not(replace(creation, roles=creation.roles[::-1]), owner) == Reason.ACT_INVALID
    group.take(creation, owner)
    member = GroupMember("writer@example.com", writer.public_key)
    adding = changed(group.role("contributor", [writer], added=(member,)))
    assert group.why_not(adding, stranger) == Reason.ACT_NOT_ALLOWED
    assert group.why_not(adding, writer) == Reason.ACT_NOT_ALLOWED
    for lie in (
        group.role("contributor", [], added=(member,)),
        group.role("contributor", [writer, stranger], added=(member,)),
        group.role("contributor", [writer]),
        group.role("contributor", [], removed=(writer.fingerprint,)),
    ):
        assert group.why_not(changed(lie), owner) == Reason.ACT_INVALID
    group.take(adding, owner)
    assert group.why_not(adding, owner) == Reason.ACT_INVALID
    # Who is removed must not be able to go on: the role, and those below it, get other keys in the same act.
    removing = group.role("contributor", [], removed=(writer.fingerprint,))
    assert group.why_not(changed(removing), owner) == Reason.ACT_INVALID
    before = dict(group.keys)
    group.keys |= {"contributor": KeyPair.generate(), "observer": KeyPair.generate()}
    again = [
        group.role("contributor", [], key=group.keys["contributor"], removed=(writer.fingerprint,)),
        group.role("observer", [], key=group.keys["observer"]),
    ]
    assert group.why_not(changed(again[0]), owner) == Reason.ACT_INVALID
    old = group.role("contributor", [], key=before["contributor"], removed=(writer.fingerprint,))
    assert group.why_not(changed(old, again[1]), owner) == Reason.ACT_INVALID
    state = group.take(changed(*again), owner)
    assert {one.role_name for one in state.changed} == {"contributor", "observer"}
    # The last owner stays.
    leaving = group.role("owner", [], key=KeyPair.generate(), removed=(owner.fingerprint,))
    assert group.why_not(changed(leaving), owner) is not None
    assert group.take(Change("group_removal"), owner).is_removed


def test_roles_include_those_below_them() -> None:
    assert [role_above(role) for role in (*GROUP_ROLES, "cook")] == [
        None,
        "owner",
        "delegate",
        "contributor",
        "contributor",
    ]
    assert includes_role("owner", "cook")
    assert not includes_role("observer", "cook")
    assert not includes_role("contributor", "delegate")


def test_a_wrapped_secret_opens_in_its_place_alone() -> None:
    key, member, other = pairs(3)
    (wrap,) = wrap_role(key, TEAM, "observer", [member.public_key])
    opened = open_role(wrap, TEAM, "observer", key.public_key, member)
    assert opened is not None
    assert opened.export_seeds() == key.export_seeds()
    assert open_role(wrap, TEAM, "observer", key.public_key, other) is None
    assert open_role(wrap, TEAM, "owner", key.public_key, member) is None
    assert open_role(wrap, Owner("group", "other"), "observer", key.public_key, member) is None
    assert open_role(wrap, TEAM, "observer", other.public_key, member) is None


def test_a_group_stays_the_one_that_was_met(tmp_path: Path) -> None:
    owner, key, other = pairs(3)
    line, another = Line(ME), Line(ME)
    line.take(Change("user_creation", key.public_key), key)
    line.take(Change("delegation_revocation", fingerprint=other.fingerprint), key)
    another.take(Change("user_creation", owner.public_key), owner)
    another.take(Change("delegation_revocation", fingerprint=other.fingerprint), owner)
    notices: list[atedb.Notice] = []
    groups = KnownGroups(tmp_path, "localhost:5000", notices.append)
    groups.check("team", another.acts)
    groups.note("team", line.acts[1])
    # In this process, and in the next.
    for known in (groups, KnownGroups(tmp_path, "localhost:5000", notices.append)):
        known.check("team", line.acts)
        known.check("other", another.acts)
        for lie in (another.acts, line.acts[:1]):
            with pytest.raises(atedb.AtedbError) as caught:
                known.check("team", lie)
            assert caught.value.reason == Reason.VERIFICATION_FAILED
            assert caught.value.metadata["path"] == str(tmp_path / "groups" / "localhost_5000" / "team.json")
    KnownGroups(tmp_path, "localhost:5001", notices.append).check("team", another.acts)
    assert notices == []


@pytest.mark.parametrize(
    "text",
    ["", "@", "me@", "@example.com", "Me@example.com", "a/b", "a@b/c", "me@example", "x" * 300, "me@a@b"],
)
def test_what_is_no_owner(text: str) -> None:
    with refused(Reason.REQUEST_INVALID):
        parse_owner(text)
