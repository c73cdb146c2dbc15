"""What a subscription gives: events, one by one or many at a time."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable
from types import TracebackType
from typing import Self

from atedb.client.chain_event import ChainEvent


class EventStream:
    """Events of a chain, in order, each once: `async for event in stream`.

    A wait for the next event that is cancelled, as by `asyncio.timeout`, loses nothing: who asks again goes on where it was. Leave it
    with `aclose`, or use it as a context manager; one that is let go of ends by itself.
    """

    def __init__(self, chunks: AsyncGenerator[list[ChainEvent], None]) -> None:
        self._chunks = chunks
        self._ready: deque[ChainEvent] = deque()
        self._next: asyncio.Task[list[ChainEvent]] | None = None
        """Who waits for the next chunk, for whoever asks."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ChainEvent:
        while not self._ready:
            if self._next is None:
                self._next = asyncio.ensure_future(_task(anext(self._chunks)))
            # Cancelled in the middle, the generator would end, and what it has verified by then would be lost.
            waiting = self._next
            await asyncio.wait([waiting])
            if self._next is waiting:
                self._next = None
                self._ready.extend(waiting.result())
        return self._ready.popleft()

    async def aclose(self) -> None:
        """End it: nothing more is asked of the server."""
        self._ready.clear()
        waiting, self._next = self._next, None
        if waiting is not None:
            waiting.cancel()
            await asyncio.wait([waiting])
        await self._chunks.aclose()

    def __del__(self) -> None:
        if self._next is not None:
            self._next.cancel()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


async def _task(chunk: Awaitable[list[ChainEvent]]) -> list[ChainEvent]:
    return await chunk
