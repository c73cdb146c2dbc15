"""Follows a chain: its history from a point on, then what is appended."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final, Literal

from atedb.client.chain_event import ChainEvent, events_of
from atedb.client.follower import Follower
from atedb.client.loading import check_data_up_to
from atedb.client.messages import content_of, parsed, untrue
from atedb.client.opened import tree_head
from atedb.client.reading import ChainReader
from atedb.client.statuses import PASSING, is_compacted
from atedb.errors import AtedbError, Reason, invalid
from atedb.events.seal import TreeHead
from atedb.limits import INTEGER_MAX
from atedb.trust.checkpoints import SignedHead
from atedb.trust.replay import ReplayVerifier, VerifiedBatch
from atedb.v1 import chain_pb2

_HEARTBEAT_MS: Final = 15_000
_HEARTBEATS_MISSED_MAX: Final = 2.5
"""A server is taken for dead when so many heartbeats are due and none has come."""
_DELAY_S: Final = 0.05
_DELAY_MAX_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Signal:
    """What a subscription tells beside events."""

    kind: Literal["caught-up", "fell-behind", "heartbeat", "checkpoint", "reconnecting"]
    head: TreeHead | None = None
    next_sequence: int | None = None
    checkpoint: SignedHead | None = None
    cause: AtedbError | None = None


class Subscription:
    """Follows a chain, every event once and in order; goes on by itself after a lost connection."""

    def __init__(
        self,
        reader: ChainReader,
        *,
        heartbeat_ms: int = _HEARTBEAT_MS,
        reconnect_s: float | None = None,
        data_up_to: int | None = None,
        on_signal: Callable[[Signal], None] | None = None,
    ) -> None:
        check_data_up_to(data_up_to)
        self._data_up_to = data_up_to
        self._reader = reader
        self._heartbeat_ms = heartbeat_ms
        self._reconnect_s = reconnect_s
        self._tell = on_signal or _tell_nobody
        self._lost_since: float | None = None
        self._delay = _DELAY_S

    async def chunks(self, start: int | Literal["now"]) -> AsyncGenerator[list[ChainEvent], None]:
        """Give events from a sequence on, some or none at a time, for ever, or until a failure that trying again doesn't mend."""
        reader = self._reader
        if start != "now" and (not isinstance(start, int) or not 0 <= start <= INTEGER_MAX):
            # Taken for the default, it would send a whole history.
            raise invalid("start", f"{start!r} is no start: give 'now', or a sequence from 0 on")
        if start == "now":
            opened = await reader.opener.open()
            start = 0 if opened.chain is None else opened.chain.next_sequence
        follower = await self._begin(start)
        has_handed_on = False
        while True:
            try:
                stream = self._connection(follower, start)
                async with contextlib.aclosing(stream):
                    async for follower, data in stream:
                        events = await self._events(await follower.feed(data), start)
                        has_handed_on = has_handed_on or bool(events)
                        yield events
            except AtedbError as error:
                if is_compacted(error):
                    # What would show that something of what was handed on was removed may be gone, too.
                    if has_handed_on:
                        raise
                    follower = await self._begin(start)
                    continue
                is_behind = error.reason in (Reason.SEQUENCE_OUT_OF_RANGE, Reason.CHAIN_DAMAGED)
                if is_behind and follower is not None:
                    # A server that doesn't know where to go on may have a shorter chain than it had: then say that.
                    await reader.opener.extend(follower.verifier.head())
                await self._wait_after(error)

    async def _begin(self, start: int) -> Follower | None:
        """Have the replay that the first connection goes on with; None: it begins where the server says."""
        reader = self._reader
        verifier = await reader.begin_at(start, self._data_up_to)
        if verifier is None and reader.checks_rules:
            verifier = reader.begin(self._data_up_to)
            # What was verified further is begun anew: events before it are wanted.
            if verifier.next_sequence > start:
                verifier = ReplayVerifier(reader.genesis, data_up_to=self._data_up_to)
        return None if verifier is None else Follower.waiting(reader, verifier)

    def _heard(self) -> None:
        self._lost_since, self._delay = None, _DELAY_S

    async def _wait_after(self, error: AtedbError) -> None:
        """Wait before the next try. Raises the error where that doesn't help, or was done for long enough."""
        now = time.monotonic()
        self._lost_since = self._lost_since or now
        is_late = self._reconnect_s is not None and now - self._lost_since >= self._reconnect_s
        if error.reason not in PASSING or is_late:
            raise error
        self._tell(Signal("reconnecting", cause=error))
        await asyncio.sleep(self._delay)
        self._delay = min(_DELAY_MAX_S, self._delay * 2)

    async def _events(self, batches: list[VerifiedBatch], start: int) -> list[ChainEvent]:
        return [await self._opened(event) for batch in batches for event in events_of(batch, start, None)]

    async def _opened(self, event: ChainEvent) -> ChainEvent:
        """Open what is sealed. A batch that has come is given whole, whatever is lost meanwhile: so this is tried again by itself."""
        while True:
            try:
                return await self._reader.opened(event)
            except AtedbError as error:
                await self._wait_after(error)

    async def _connection(
        self,
        follower: Follower | None,
        start: int,
    ) -> AsyncGenerator[tuple[Follower, bytes], None]:
        """Follow over one connection: give slices, to be verified by a replay."""
        known = self._reader.opener.known.newest
        assert known is not None, "a chain is opened before it is read"
        signed_before = self._reader.opener.checkpoint
        is_signed = False
        asked = start if follower is None else follower.verifier.next_sequence
        request = chain_pb2.SubscribeRequest(
            chain_key=self._reader.calls.chain_key.text,
            chain_id=self._reader.genesis.chain_id,
            heartbeat_ms=self._heartbeat_ms,
            sequence=asked,
            from_commit=0 if follower is None else follower.verifier.next_commit,
            data_up_to_bytes=self._data_up_to,
        )
        silence = self._heartbeat_ms * _HEARTBEATS_MISSED_MAX / 1_000
        answers = self._reader.calls.answers("Subscribe", request.SerializeToString())
        has_begun = False
        try:
            async for raw in self._within(answers, silence):
                answer = parsed(chain_pb2.SubscribeResponse, raw)
                self._heard()
                kind = answer.WhichOneof("message")
                if kind == "start":
                    before, verifier = follower, None if follower is None else follower.verifier
                    follower = await self._reader.follow(
                        verifier, answer.start, known, asked=asked, data_up_to=self._data_up_to
                    )
                    if before is not None:
                        follower.covered = before.covered
                    has_begun = True
                    continue
                if follower is None or not has_begun:
                    raise untrue("events come before the start")
                if kind == "log":
                    yield follower, content_of(raw, 2)
                elif kind == "checkpoint":
                    signed = await self._reader.opener.verify_checkpoint(answer.checkpoint)
                    await follower.attested(signed, signed_before)
                    signed_before, is_signed = signed, True
                    self._tell(Signal("checkpoint", checkpoint=signed))
                elif kind == "caught_up" and not is_signed:
                    raise untrue("all was sent, it says, and it shows no checkpoint of it")
                else:
                    said = getattr(answer, kind or "heartbeat")
                    head = tree_head(said.head)
                    await follower.name(head)
                    names = {"caught_up": "caught-up", "fell_behind": "fell-behind"}
                    told = names.get(kind or "", "heartbeat")
                    if told == "caught-up":
                        await follower.check_nothing_owed()
                        self._reader.keep(follower.verifier.copy())
                    self._tell(Signal(told, head, said.next_sequence))  # type: ignore[arg-type]
        finally:
            await answers.aclose()
        raise AtedbError(Reason.CONNECTION_FAILED, f"{self._reader.calls.server} has ended the stream")

    async def _within(self, answers: AsyncGenerator[bytes, None], silence: float) -> AsyncIterator[bytes]:
        """Give answers, and an end to a connection on which even heartbeats have stopped."""
        while True:
            try:
                async with asyncio.timeout(silence):
                    answer = await anext(answers)
            except StopAsyncIteration:
                return
            except TimeoutError:
                # It may be half dead: a new stream on it would wait as long again.
                await self._reader.calls.transport.renew()
                why = f"nothing came from {self._reader.calls.server} for {silence} s"
                raise AtedbError(Reason.CONNECTION_FAILED, why) from None
            # Not within the time: what is done with it takes its own.
            yield answer


def _tell_nobody(_: Signal) -> None:
    """Tell nobody."""
