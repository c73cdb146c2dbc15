"""The keys by which somebody uses a chain: their own, that of a token, or that of a role in the group that owns it."""

from collections.abc import Callable
from typing import Protocol

from atedb.crypto.keys import KeyPair
from atedb.events.token import Token


class RoleKeys(Protocol):
    """What a member's key opens of a group."""

    @property
    def writing(self) -> KeyPair | None:
        """The key of the highest role that the member has; None: there is none."""

    @property
    def reading(self) -> list[KeyPair]:
        """Keys that read keys may have been handed out to, those that roles had before among them."""

    async def ready(self, own: Callable[[], KeyPair], at_hand: Callable[[], list[KeyPair]]) -> None:
        """Ask for the group, if that was not done."""


class ActingKeys:
    """Keys are loaded when they are first needed, and the group of a chain is asked for once; see `ready`."""

    def __init__(
        self,
        own: Callable[[], KeyPair],
        at_hand: Callable[[], list[KeyPair]],
        *,
        token: Token | None = None,
        roles: RoleKeys | None = None,
    ) -> None:
        """Take the user's own key to write with, and those that are there to read with; none is made for reading."""
        self._own = own
        self._at_hand = at_hand
        self._roles = roles
        self.token = token

    async def ready(self, *, to_write: bool) -> None:
        """Have the keys of roles at hand, where a group owns the chain. `to_write`: the user's own key is made, if it must be."""
        if self._roles is None:
            return
        await self._roles.ready(self._own if to_write else self._own_at_hand, self._at_hand)

    def _own_at_hand(self) -> KeyPair:
        return self._at_hand()[0]

    def writing(self) -> KeyPair:
        """Give the key to write with."""
        if self.token is not None:
            return self.token.key
        role = None if self._roles is None else self._roles.writing
        return self._own() if role is None else role

    def author(self) -> KeyPair | None:
        """Give the user's own key, where another one is written with: events say whose they are by it."""
        if self.token is not None or self._roles is None or self._roles.writing is None:
            return None
        return self._own()

    def reading(self) -> list[KeyPair]:
        """Give the keys that chains are opened and data is read with; none is made for that."""
        if self.token is not None:
            return [self.token.key]
        return [*([] if self._roles is None else self._roles.reading), *self._at_hand()]
