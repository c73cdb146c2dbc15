"""Has data of earlier events erased, for good, by whoever may write the object, or by a root."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from atedb.client.calls import ChainCalls
from atedb.client.chain_event import ChainEvent
from atedb.client.messages import parsed
from atedb.client.new_event import NewEvent
from atedb.client.opener import ChainOpener
from atedb.client.pipeline import Committed
from atedb.client.reading import ChainReader
from atedb.errors import AtedbError, Reason, invalid
from atedb.events.redaction import Redaction
from atedb.limits import REDACTED_SEQUENCES_MAX
from atedb.v1 import chain_pb2

_LOOKS_MAX: Final = 16
"""Events that are looked at, at once."""
_POLL_S: Final = 0.05
_POLL_MAX_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Redacted:
    """What became of a redaction."""

    committed: Committed
    """The batch of the redactions: one for each object, or for each 4,096 sequences of one."""
    gone_before: tuple[int, ...]
    """Sequences of events that were named, and whose data had gone before."""


async def redact_sequences(
    reader: ChainReader,
    sequences: Sequence[int],
    append: Callable[[list[NewEvent]], Awaitable[Committed]],
    *,
    wait: bool,
) -> Redacted:
    """Have the data of some events erased. `wait`: until the server has done so, which is looked at.

    Raises REDACTION_INVALID for an event that has none, EVENT_NOT_FOUND, DATA_GONE where that of all of them is gone already; as
    `append`.
    """
    by_object: dict[bytes, list[int]] = {}
    gone_before: list[int] = []
    ordered = sorted(set(sequences))
    for event in await _events(reader, ordered):
        if event.kind != "data":
            raise AtedbError(
                Reason.REDACTION_INVALID,
                f"event {event.sequence} can't be redacted: it is of kind {event.kind!r}, which has no data",
                metadata={"sequence": str(event.sequence), "kind": event.kind},
            )
        if event.data_state != "present":
            gone_before.append(event.sequence)
        else:
            by_object.setdefault(event.primary_key, []).append(event.sequence)
    if not by_object:
        raise _all_gone(gone_before)
    events = [
        NewEvent(
            kind="redaction",
            primary_key=primary_key,
            redaction=Redaction(tuple(named[at : at + REDACTED_SEQUENCES_MAX])),
        )
        for primary_key, named in by_object.items()
        for at in range(0, len(named), REDACTED_SEQUENCES_MAX)
    ]
    committed = await append(events)
    if wait:
        await _until_erased(reader.calls)
        await _check_erased(reader, ordered)
    return Redacted(committed, tuple(gone_before))


async def redact_object(
    reader: ChainReader,
    opener: ChainOpener,
    primary_key: bytes,
    append: Callable[[list[NewEvent]], Awaitable[Committed]],
    *,
    wait: bool,
) -> Redacted:
    """Have the data of all events of an object up to now erased. Raises EVENT_NOT_FOUND; as `redact_sequences`."""
    if await reader.get(primary_key=primary_key) is None:
        why = f"no event is about the object {primary_key.hex()}, so there is nothing to erase. Check its name or its key"
        raise AtedbError(Reason.EVENT_NOT_FOUND, why, metadata={"primary_key": primary_key.hex()})
    opened = await opener.open()
    assert opened.chain is not None, "the chain is there, or opening it to read has failed"
    redaction = Redaction(before_sequence=opened.chain.next_sequence)
    committed = await append([NewEvent(kind="redaction", primary_key=primary_key, redaction=redaction)])
    if wait:
        await _until_erased(reader.calls)
    return Redacted(committed, ())


async def _events(reader: ChainReader, sequences: Sequence[int]) -> list[ChainEvent]:
    """Get the events of some sequences, verified, some of them at once. Raises EVENT_NOT_FOUND."""
    found: list[ChainEvent] = []
    for at in range(0, len(sequences), _LOOKS_MAX):
        some = sequences[at : at + _LOOKS_MAX]
        for sequence, event in zip(
            some, await asyncio.gather(*(reader.get(sequence=one) for one in some)), strict=True
        ):
            if event is None:
                why = f"there is no event {sequence}"
                raise AtedbError(Reason.EVENT_NOT_FOUND, why, metadata={"sequence": str(sequence)})
            found.append(event)
    return found


async def _until_erased(calls: ChainCalls) -> None:
    """Wait until the server says that it has erased all that was to be."""
    request = chain_pb2.DescribeChainRequest(chain_key=calls.chain_key.text).SerializeToString()
    delay = _POLL_S
    while parsed(chain_pb2.DescribeChainResponse, await calls.unary("DescribeChain", request)).erasing:
        await asyncio.sleep(delay)
        delay = min(_POLL_MAX_S, delay * 2)


async def _check_erased(reader: ChainReader, sequences: Sequence[int]) -> None:
    """Look at what the server has said."""
    for event in await _events(reader, sequences):
        if event.data_state == "present":
            raise AtedbError(
                Reason.VERIFICATION_FAILED,
                "the server says that it has erased what was to be erased, and still has the data of event "
                f"{event.sequence}",
                metadata={"sequence": str(event.sequence)},
            )


def _all_gone(sequences: Sequence[int]) -> AtedbError:
    if not sequences:
        return invalid("sequences", "there are none")
    named = ", ".join(str(one) for one in sequences)
    return AtedbError(
        Reason.DATA_GONE,
        f"the data of event {named} is gone already",
        metadata={"sequence": str(sequences[0])},
    )
