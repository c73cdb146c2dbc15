"""Loads the data of events that were read without it."""

import contextlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from atedb.client.chain_event import ChainEvent
from atedb.client.messages import parsed
from atedb.crypto.hashes import leaf_hash
from atedb.errors import invalid
from atedb.events.event import DATA_STATES
from atedb.limits import INTEGER_MAX
from atedb.trust.check_loaded import LoadedData, bad_data, check_loaded
from atedb.v1 import chain_pb2

if TYPE_CHECKING:
    from atedb.client.reading import ChainReader

_EVENTS_MAX: Final = 64
"""As many are named in one request."""


def check_data_up_to(data_up_to: int | None) -> None:
    """Refuse what is no size. Raises REQUEST_INVALID."""
    if data_up_to is not None and not 0 <= data_up_to <= INTEGER_MAX:
        raise invalid("data_up_to", f"it is {data_up_to}, and must be a whole number of bytes")


async def load_events(
    reader: "ChainReader", events: Sequence[ChainEvent]
) -> AsyncGenerator[ChainEvent, None]:
    """Give events with their data, where that was left out. Raises as `Chain.load`."""
    for at in range(0, len(events), _EVENTS_MAX):
        some = events[at : at + _EVENTS_MAX]
        async with contextlib.aclosing(_answers(reader, some)) as answers:
            for event in some:
                if event.data_state != "omitted":
                    yield event
                    continue
                answer = await anext(answers, None)
                if answer is None:
                    raise bad_data(event.sequence, "it does not come")
                yield await _loaded(reader, event, loaded_data(answer))
            if await anext(answers, None) is not None:
                raise bad_data(some[-1].sequence, "something follows it that nobody has asked for")


async def _answers(reader: "ChainReader", events: Sequence[ChainEvent]) -> AsyncGenerator[bytes, None]:
    wanted = [event for event in events if event.data_state == "omitted"]
    if not wanted:
        return
    request = chain_pb2.LoadDataRequest(
        chain_key=reader.calls.chain_key.text, chain_id=reader.genesis.chain_id
    )
    for event in wanted:
        request.events.add(sequence=event.sequence, event_hash=leaf_hash(event.header))
    answers = reader.calls.answers("LoadData", request.SerializeToString())
    async with contextlib.aclosing(answers):
        async for answer in answers:
            yield answer


def loaded_data(raw: bytes) -> LoadedData:
    """Read what a server has sent of one event. Raises VERIFICATION_FAILED for what can't be read."""
    answer = parsed(chain_pb2.LoadDataResponse, raw)
    redaction = answer.redaction if answer.HasField("redaction") else None
    return LoadedData(answer.event_hash, answer.data, answer.salt, answer.data_state, redaction)


async def _loaded(reader: "ChainReader", event: ChainEvent, loaded: LoadedData) -> ChainEvent:
    check_loaded(event.sequence, event.header, loaded)
    state = DATA_STATES[loaded.data_state]
    whole = replace(event, data=loaded.data, data_state=state, redacted_by=loaded.redaction)
    if state != "present":
        await reader.check_gone(whole, is_newest=False)
    return await reader.opened(whole)
