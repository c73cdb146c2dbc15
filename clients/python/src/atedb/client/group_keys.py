"""The keys by which a member of a group uses its chains: that of the highest role that the member has."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from atedb.account.act import Act, parse_act
from atedb.account.changes import OF_GROUPS, RoleWrap
from atedb.account.roles import GROUP_ROLES
from atedb.account.secrets import open_role
from atedb.account.state import AccountState
from atedb.account.verify_act import verify_act
from atedb.client.conversation import Conversation
from atedb.client.known_groups import KnownGroups
from atedb.client.messages import public_key_message, signature_message
from atedb.client.notices import Notice, OnNotice
from atedb.client.transport import Transport
from atedb.crypto.domains import CONTEXT_GROUP
from atedb.crypto.keys import KeyPair, PublicKey
from atedb.errors import AtedbError, Reason
from atedb.events.owner import Owner
from atedb.events.seal import Signature
from atedb.v1 import auth_pb2

_METHOD: Final = "/atedb.v1.AuthService/GetGroup"
_ACTS_MAX: Final = 10_000
"""Acts that are read of one group: no server makes a client read without end."""

_NO_GROUP: Final = frozenset(
    {Reason.GROUP_DENIED, Reason.UNSUPPORTED, Reason.AUTH_LINK_UNSAFE, Reason.WIRE_MISSING}
)
"""The server keeps no groups, or says nothing of them on this way; or the user has no role: the user's own key is used."""
_NO_CLAIM: Final = frozenset({Reason.UNSUPPORTED, Reason.CLAIM_NOT_ALLOWED, Reason.AUTH_LINK_UNSAFE})
"""The server has no auth service, or lets nobody claim names on this way."""
_FRESH_S: Final = 60.0
"""A group is asked for again when what is known of it is older than this."""
_OWNERS: Final = frozenset({"owner", "delegate"})
"""Roles whose members own the group's chains, and so say who reads them."""


@dataclass(frozen=True, slots=True)
class OpenedGroup:
    """A group, as its acts say it, with what a member's key opens of it."""

    state: AccountState
    keys: dict[str, KeyPair]
    """Key pairs of the roles that the member has, and of those below them, by their names."""
    retired: list[KeyPair]
    """Those that roles had before, as far as they were given to the member: they open what was sealed then."""

    @property
    def highest(self) -> str | None:
        """Name of the highest role whose key is open; None: none is."""
        return next((role for role in (*GROUP_ROLES, *self.keys) if role in self.keys), None)


async def open_group(
    transport: Transport, known: KnownGroups, name: str, own: Sequence[KeyPair]
) -> OpenedGroup:
    """Read a group, and open what a member's keys open of it, over a connection that is encrypted: the first one is shown.

    All of its acts are verified, and that they go on from what was seen of it before, if anything was. Raises GROUP_DENIED for
    a key without a role in it; VERIFICATION_FAILED; CONNECTION_FAILED, DEADLINE_EXCEEDED.
    """
    group = Owner("group", name)
    acts = await _read_acts(transport, group, own[0])
    state: AccountState | None = None
    try:
        for act in acts:
            if act.account != group:
                raise _untrue_acts(group, "an act is of another account")
            state = verify_act(state, act)
    except AtedbError as error:
        raise _untrue_acts(group, error.message) from error
    if state is None:
        raise _untrue_acts(group, "there are none")
    known.check(name, acts)
    known.note(name, acts[-1])
    return _opened(state, acts, own)


async def _read_acts(transport: Transport, group: Owner, key: KeyPair) -> list[Act]:
    talk = Conversation(transport, _METHOD)
    try:
        about = auth_pb2.GroupQuestion(group=group.text, key=public_key_message(key.public_key))
        await talk.say(auth_pb2.GetGroupRequest(about=about))
        challenge = (await talk.due(auth_pb2.GetGroupResponse, "challenge")).challenge
        line = talk.check(challenge)
        parts = (talk.exporter, line.identity.fingerprint, challenge.conversation_id, key.fingerprint)
        claim = b"".join(parts) + group.text.encode()
        signature = signature_message(Signature.by(key, CONTEXT_GROUP, claim))
        await talk.say(auth_pb2.GetGroupRequest(proof=auth_pb2.GroupProof(signature=signature)))
        await talk.half_close()
        acts: list[Act] = []
        while True:
            page = (await talk.due(auth_pb2.GetGroupResponse, "acts")).acts
            acts.extend(_parsed(group, one) for one in page.acts)
            if len(acts) >= page.acts_in_all:
                return acts
            if not page.acts or len(acts) > _ACTS_MAX:
                raise _untrue_acts(group, "they have no end")
    finally:
        talk.cancel()


def _parsed(group: Owner, message: bytes) -> Act:
    try:
        return parse_act(message)
    except AtedbError as error:
        raise _untrue_acts(group, error.message) from error


def _opened(state: AccountState, acts: Sequence[Act], own: Sequence[KeyPair]) -> OpenedGroup:
    """Open what a member's keys open, from acts that were verified."""
    opened = {key.fingerprint: key for key in own}
    closed = _wraps_in(acts)
    # A role's secret may be wrapped for that of another one, so each that opens may open more.
    is_more = True
    while is_more:
        is_more = False
        left: list[tuple[str, PublicKey, RoleWrap]] = []
        for role, public_key, wrap in closed:
            recipient = opened.get(wrap.recipient)
            if public_key.fingerprint in opened:
                continue
            if recipient is None:
                left.append((role, public_key, wrap))
                continue
            key = open_role(wrap, state.account, role, public_key, recipient)
            if key is not None:
                opened[key.fingerprint] = key
                is_more = True
        closed = left
    keys = {role.name: opened[role.key.fingerprint] for role in state.roles if role.key.fingerprint in opened}
    current = {key.fingerprint for key in (*own, *keys.values())}
    return OpenedGroup(state, keys, [key for name, key in opened.items() if name not in current])


def _wraps_in(acts: Sequence[Act]) -> list[tuple[str, PublicKey, RoleWrap]]:
    """Give all secrets of roles that were ever wrapped, each with whose it is."""
    current: dict[str, PublicKey] = {}
    found: list[tuple[str, PublicKey, RoleWrap]] = []
    for act in acts:
        if act.change.kind not in OF_GROUPS:
            continue
        for role in act.change.roles:
            if role.key is not None:
                current[role.name] = role.key
            # Verified acts give each role a key.
            found.extend((role.name, current[role.name], wrap) for wrap in role.wraps)
    return found


class GroupKeys:
    """Of one chain. The group is asked for once, when something needs its keys."""

    def __init__(
        self,
        open_by: Callable[[Sequence[KeyPair]], Awaitable[OpenedGroup]],
        claim: Callable[[KeyPair], Awaitable[None]] | None,
        on_notice: OnNotice,
    ) -> None:
        """Take what opens the group by a key, and what claims its name with one; None: it isn't claimed."""
        self._on_notice = on_notice
        self._open_by = open_by
        self._claim = claim
        self._group: OpenedGroup | None = None
        self._newest: OpenedGroup | None = None
        """As it was last heard of: what the member writes with stays the key that the chain was opened with."""
        self._is_asked = False
        self._asked_at = 0.0
        self._asking = asyncio.Lock()
        self._asking_again: asyncio.Task[None] | None = None
        self._own: list[KeyPair] = []

    @property
    def writing(self) -> KeyPair | None:
        """The key of the highest role that the member has; None: there is none."""
        role = None if self._group is None else self._group.highest
        return None if self._group is None or role is None else self._group.keys[role]

    @property
    def reading(self) -> list[KeyPair]:
        """The highest role's first, then all others, also those that roles had before."""
        if self._group is None:
            return []
        highest = [] if self.writing is None else [self.writing]
        return [*highest, *self._group.keys.values(), *self._group.retired]

    async def ready(
        self, own: Callable[[], KeyPair], at_hand: Callable[[], list[KeyPair]], *, to_write: bool
    ) -> None:
        """Ask for the group, if that was not done, and where it is to be written claim a name that nobody has."""
        if self._is_asked and (self._group is not None or not to_write or self._claim is None):
            return
        async with self._asking:
            if not to_write and not at_hand():
                return
            first = own() if to_write else at_hand()[0]
            self._own = [first, *(key for key in at_hand() if key is not first)]
            if not self._is_asked:
                self._group = await self._ask(self._own)
            if self._group is None and to_write and self._claim is not None:
                try:
                    await self._claim(first)
                except AtedbError as error:
                    # What is opened then says what is the matter, if anything is.
                    if error.reason not in _NO_CLAIM:
                        raise
                self._claim = None
                self._group = await self._ask(self._own)
            self._is_asked = True

    def roles_now(self) -> "RoleKeysNow | None":
        """Say what the roles' keys are, for an owner or a delegate; None for others.

        It is what was heard last: when that is a minute ago, the server is asked again meanwhile, for the call after.
        """
        group = self._newest or self._group
        if group is None or self._group is None or self._group.highest not in _OWNERS:
            return None
        is_asking = self._asking_again is not None and not self._asking_again.done()
        if time.monotonic() - self._asked_at > _FRESH_S and not is_asking:
            self._asking_again = asyncio.get_running_loop().create_task(self._ask_again())
        return RoleKeysNow(group.state)

    async def _ask_again(self) -> None:
        try:
            await self._ask(self._own)
        except AtedbError:
            # Where it can't be had, what is known goes on to count, and it is asked for again later.
            return

    async def _ask(self, own: Sequence[KeyPair]) -> OpenedGroup | None:
        self._asked_at = time.monotonic()
        try:
            opened = await self._open_by(own)
        except AtedbError as error:
            if error.reason not in _NO_GROUP:
                raise
            self._tell_elsewhere(error.metadata.get("auth_server"))
            return None
        self._newest = opened
        return opened

    def _tell_elsewhere(self, auth_server: str | None) -> None:
        """Tell whoever wants to write with a role's key why it isn't, before the chain refuses the user's own."""
        if auth_server is None:
            return
        message = (
            f"who is in the group is known to {auth_server}, which was not asked: your own key is used. To act as a member, name "
            "that server as `auth`, or log in there (atedb login)"
        )
        self._on_notice(Notice("group-elsewhere", message, metadata={"auth_server": auth_server}))


@dataclass(frozen=True, slots=True)
class RoleKeysNow:
    """The keys that a group's roles have now, for whoever looks after the readers of its chains."""

    state: AccountState

    @property
    def version(self) -> int:
        """Of the group's last act."""
        return self.state.version

    def successor_of(self, fingerprint: bytes) -> PublicKey | None:
        """Give the key that has the place of one that a role had; None: no role had this one, or still has it."""
        for changed in self.state.changed:
            if changed.fingerprint == fingerprint and changed.role_name is not None:
                return self.state.role(changed.role_name).key
        return None


def _untrue_acts(group: Owner, why: str) -> AtedbError:
    return AtedbError(
        Reason.VERIFICATION_FAILED,
        f"what the server shows as the acts of the group {group.text} is no group's line: {why}",
        metadata={"account": group.text},
    )
