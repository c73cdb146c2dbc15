"""What can be read of a chain."""

import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Literal

from atedb.client.chain_event import ChainEvent
from atedb.client.children import Child, ChildName, asked_children, list_children
from atedb.client.event_stream import EventStream
from atedb.client.gone import OnUnchecked
from atedb.client.loading import load_events
from atedb.client.opener import ChainOpener
from atedb.client.reading import ChainReader
from atedb.client.subscription import Signal, Subscription
from atedb.errors import AtedbError, Reason
from atedb.events.chain_key import ChainKey
from atedb.events.genesis import Genesis
from atedb.events.seal import TreeHead
from atedb.trust.authority import Authority
from atedb.trust.checkpoints import SignedHead


class ChainReads:
    """The part of a chain that reads and follows it. What it gives was verified."""

    def __init__(self, chain_key: ChainKey, opener: ChainOpener, reader: ChainReader) -> None:
        self.key = chain_key
        self._opener = opener
        self._reader = reader
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        """Whether it was closed: it does nothing any more."""
        return self._is_closed

    @property
    def genesis(self) -> Genesis | None:
        """What the chain is, as its first event says and its roots have signed; None: it isn't there yet."""
        return self._opener.genesis

    @property
    def chain_id(self) -> bytes | None:
        """32 bytes; None: the chain isn't there yet."""
        return None if self.genesis is None else self.genesis.chain_id

    @property
    def head(self) -> TreeHead | None:
        """The newest head that was verified."""
        return self._opener.known.newest

    @property
    def checkpoint(self) -> SignedHead | None:
        """The newest head that the server has signed, verified."""
        return self._opener.checkpoint

    async def read(
        self,
        *,
        start: int = 0,
        end: int | None = None,
        limit: int | None = None,
        data_up_to: int | None = None,
        on_unchecked: OnUnchecked | None = None,
    ) -> AsyncGenerator[ChainEvent, None]:
        """Read a range of sequences as it is at the call, verified; `end` is the first that isn't wanted.

        `data_up_to`: data of more bytes than this, as it is stored, is left out (`data_state` is `omitted`), and `load` gets it.
        `on_unchecked`: told at the end of a range that doesn't reach the chain's, where data is gone and nothing that was read
        shows that this is allowed. Of one that does, that is VERIFICATION_FAILED.

        Raises, from the iteration, CHAIN_NOT_FOUND, SEQUENCE_OUT_OF_RANGE, VERIFICATION_FAILED, HEAD_CONFLICT, CHAIN_DAMAGED,
        CONNECTION_FAILED.
        """
        await self._opened()
        reading = self._reader.read(
            start=start, end=end, limit=limit, data_up_to=data_up_to, on_unchecked=on_unchecked
        )
        async with contextlib.aclosing(reading) as events:
            async for event in events:
                yield event

    async def get(
        self,
        *,
        name: str | None = None,
        primary_key: bytes | None = None,
        sequence: int | None = None,
    ) -> ChainEvent | None:
        """Get the newest event of an object, which may be its tombstone, or the one of a sequence; None: there is none.

        It is verified, and proven to be in the chain; that no newer one of the object exists is the server's word, as long as
        the chain isn't read.
        """
        await self._opened()
        return await self._reader.get(name=name, primary_key=primary_key, sequence=sequence)

    def subscribe(
        self,
        *,
        start: int | Literal["now"] = 0,
        reconnect_s: float | None = None,
        data_up_to: int | None = None,
        on_signal: Callable[[Signal], None] | None = None,
    ) -> EventStream:
        """Follow the chain: its history from a sequence on, then what is appended, every event once, in order, verified.

        Goes on by itself after a lost connection, for ever unless `reconnect_s` says for how long it tries. `data_up_to`: as `read`.
        Raises from the iteration, as `read`.
        """
        return EventStream(self._followed(start, reconnect_s, data_up_to, on_signal))

    async def _followed(
        self,
        start: int | Literal["now"],
        reconnect_s: float | None,
        data_up_to: int | None,
        on_signal: Callable[[Signal], None] | None,
    ) -> AsyncGenerator[list[ChainEvent], None]:
        await self._opened()
        subscription = Subscription(
            self._reader, reconnect_s=reconnect_s, data_up_to=data_up_to, on_signal=on_signal
        )
        async with contextlib.aclosing(subscription.chunks(start)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def load(self, events: Sequence[ChainEvent]) -> AsyncGenerator[ChainEvent, None]:
        """Load the data of events that were read without it: give them in their order, whole; others as they are.

        Data that is gone by now is told as gone, once that was found to be allowed. Raises, from the iteration,
        VERIFICATION_FAILED, EVENT_NOT_FOUND, and as `read`.
        """
        await self._opened()
        async with contextlib.aclosing(load_events(self._reader, events)) as loaded:
            async for event in loaded:
                yield event

    async def children(
        self,
        *,
        name: str | None = None,
        primary_key: bytes | None = None,
        collection: bytes | str | None = None,
        after: ChildName | None = None,
        limit: int | None = None,
    ) -> AsyncGenerator[Child, None]:
        """List the children of an object with their newest events, ordered by collection, then by primary key.

        Without an object those that are at the root of the chain and in the collection. `collection`: only those in it, by
        its 16 bytes or the name that they stand for. `after`: those behind this one, to go on there.

        Each is verified, and proven to be in the chain; that it has no newer event, and that none is left out, is the server's
        word, as long as the chain isn't read. Raises, from the iteration, REQUEST_INVALID, VERIFICATION_FAILED, and as `read`.
        """
        await self._opened()
        listing = list_children(self._reader, asked_children(name, primary_key, collection, after, limit))
        async with contextlib.aclosing(listing) as children:
            async for child in children:
                yield child

    async def verify(self) -> TreeHead:
        """Verify the chain whole, from its first event on, with its rules; return the head that it has.

        Raises VERIFICATION_FAILED, HEAD_CONFLICT, CHAIN_DAMAGED.
        """
        await self._opened()
        return await self._reader.verify()

    async def rules(self) -> Authority:
        """Give who may do what, and which keys are known, as verified up to the chain's end."""
        await self._opened()
        return (await self._reader.reach(None)).authority

    async def _opened(self) -> Genesis:
        """Give the genesis; a chain that wasn't there when it was opened may be there now."""
        self._check_open()
        if self._opener.genesis is None:
            await self._opener.open()
        genesis = self._opener.genesis
        assert genesis is not None, "opening it has failed otherwise"
        return genesis

    def _check_open(self) -> None:
        if self._is_closed:
            why = f"the chain {self.key.text} was closed. Open it again"
            raise AtedbError(Reason.REQUEST_INVALID, why)
