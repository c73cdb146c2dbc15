"""Data that is gone: read on until what allows it has come, or say what it is that nothing allows."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atedb.client.chain_event import ChainEvent
from atedb.client.follower import Follower
from atedb.client.messages import content_of, parsed, untrue
from atedb.errors import AtedbError, Reason
from atedb.events.seal import TreeHead
from atedb.trust.owed_data import OwedData
from atedb.trust.retention import EventPlace
from atedb.v1 import chain_pb2

if TYPE_CHECKING:
    from atedb.client.reading import ChainReader

_READINGS_MAX: Final = 16
"""A chain that grows and is compacted without an end is given up on."""
_SEQUENCES_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class UncheckedData:
    """Events of a range whose data is gone, of which nothing in the range shows that this is allowed."""

    count: int
    """How many at least."""
    sequences: tuple[int, ...]
    """Of the lowest of them; at most 100."""


OnUnchecked = Callable[[UncheckedData], None]


def tell_unchecked(owed: OwedData, on_unchecked: OnUnchecked | None) -> None:
    """Tell what is left of a range that doesn't reach the chain's end, where there is something to tell."""
    if owed.is_owed and on_unchecked is not None:
        sequences = tuple(one.sequence for one in owed.left(_SEQUENCES_MAX))
        on_unchecked(UncheckedData(owed.count, sequences))


async def settle_owed(reader: "ChainReader", follower: Follower) -> TreeHead:
    """Read on from the end of a range, since data in it is gone and what allows that may have been appended while it was read.

    Nothing of that is handed on. Returns the head that was read up to then. Raises VERIFICATION_FAILED where it isn't there.
    """
    verifier = follower.verifier
    head = follower.start_head
    for _ in range(_READINGS_MAX):
        if not verifier.owed.is_owed:
            break
        before = verifier.next_commit
        head = await _read_on(reader, follower)
        if verifier.next_commit == before:
            break
    await follower.check_nothing_owed()
    return head


async def _read_on(reader: "ChainReader", follower: Follower) -> TreeHead:
    """Read from where a replay stands to the chain's end, and have it replayed."""
    request = chain_pb2.ReadEventsRequest(
        chain_key=reader.calls.chain_key.text,
        chain_id=reader.genesis.chain_id,
        from_sequence=follower.verifier.next_sequence,
        from_commit=follower.verifier.next_commit,
        data_up_to_bytes=follower.verifier.data_up_to,
    )
    further: Follower | None = None
    async with aclosing(reader.calls.answers("ReadEvents", request.SerializeToString())) as answers:
        async for raw in answers:
            answer = parsed(chain_pb2.ReadEventsResponse, raw)
            kind = answer.WhichOneof("message")
            if kind == "start" and further is None:
                further = await reader.follow(
                    follower.verifier, answer.start, follower.start_head, asked=request.from_sequence
                )
                further.covered = follower.covered
            elif kind == "log" and further is not None:
                await further.feed(content_of(raw, 2))
                follower.covered = further.covered
            elif kind == "end" and further is not None:
                await reader.check_end(further, answer.end, None)
                return further.start_head
            else:
                break
    raise untrue("a range has its start, batches, and its end")


async def check_gone(
    event: ChainEvent,
    get: Callable[[int | bytes], Awaitable[ChainEvent | None]],
    has_expired: Callable[[EventPlace], Awaitable[bool]],
    *,
    is_newest: bool,
) -> None:
    """Check that the data of an event may be gone, by the event that allows it. Raises VERIFICATION_FAILED.

    `get`: gets the event of a sequence, or the newest one of an object, verified. That the data of that may be gone doesn't matter
    here: else each could name the next one, and a server would decide how many are asked for. `has_expired`: whether rules for
    retention have let it go. `is_newest`: the event is said to be that.
    """
    sequence = event.sequence
    if event.redacted_by is not None:
        at = event.redacted_by
        if at <= sequence:
            raise _failed(f"it names a redaction at sequence {at}, which is not behind it")
        by = await get(at)
        redaction = None if by is None else by.authority.redaction
        if (
            by is None
            or redaction is None
            or not redaction.erases(sequence, event.primary_key, at=at, of=by.primary_key)
        ):
            raise _failed(
                f"its data is said to be erased by the event at sequence {at}, which doesn't do that"
            )
        return
    if event.data_state == "expired":
        if await has_expired(EventPlace(sequence, event.committed_unix_ms)):
            return
        raise _failed(
            "its data is said to have been let go by a rule of the chain for retention, and none has done so"
        )
    newest = event if is_newest else await get(event.primary_key)
    if newest is None or newest.sequence <= sequence:
        raise _failed("its data was dropped, and nothing newer of its object is there")


def _failed(why: str) -> AtedbError:
    return AtedbError(
        Reason.VERIFICATION_FAILED,
        f"the event that the server sent does not verify: {why}. Nothing of it was used",
    )
