"""Saves what changes, at most once a second, and once more at the end."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

_SAVE_EVERY_S: Final = 1.0


class LazySaver:
    """Calls `save`, which must not raise, after changes: the first at once."""

    def __init__(self, save: Callable[[], Awaitable[None]]) -> None:
        self._save = save
        self._is_due = False
        self._saving: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    def changed(self) -> None:
        """Have it saved within a second."""
        self._is_due = True
        if self._saving is None or self._saving.done():
            self._saving = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Save what isn't saved."""
        self._closing.set()
        if self._saving is not None:
            await self._saving

    async def _run(self) -> None:
        while self._is_due:
            self._is_due = False
            await self._save()
            if not self._closing.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), _SAVE_EVERY_S)
