"""The keys by which somebody uses a chain: their own, that of a token, or that of a role in the group that owns it."""

from collections.abc import Callable

from atedb.client.group_keys import GroupKeys, RoleKeysNow
from atedb.crypto.keys import KeyPair
from atedb.events.token import Token


class ActingKeys:
    """Keys are loaded when they are first needed, and the group of a chain is asked for once; see `ready`."""

    def __init__(
        self,
        own: Callable[[], KeyPair],
        at_hand: Callable[[], list[KeyPair]],
        *,
        token: Token | None = None,
        roles: GroupKeys | None = None,
    ) -> None:
        """Take the user's own key to write with, and those that are there to read with; none is made for reading."""
        self._own = own
        self._at_hand = at_hand
        self._roles = roles
        self.token = token

    async def ready(self, *, to_write: bool) -> None:
        """Have the keys of roles at hand, where a group owns the chain. `to_write`: the user's own key is made, if it must be."""
        if self._roles is not None:
            await self._roles.ready(self._own, self._at_hand, to_write=to_write)

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

    def roles_now(self) -> RoleKeysNow | None:
        """Say what the keys of the group's roles are now; None where no group owns the chain, or it isn't for the user to know."""
        return None if self._roles is None else self._roles.roles_now()
