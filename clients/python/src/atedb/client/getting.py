"""Gets one event of a chain, verified by itself."""

from typing import TYPE_CHECKING

from atedb.client.chain_event import ChainEvent, events_of
from atedb.client.messages import content_of, parsed, untrue
from atedb.client.opened import tree_head
from atedb.crypto.merkle import verify_inclusion
from atedb.errors import AtedbError, Reason, invalid
from atedb.events.commit import StoredBatch, split_slice
from atedb.events.primary_key import PRIMARY_KEY_BYTES, primary_key_from_name
from atedb.trust.single import verify_single
from atedb.v1 import chain_pb2

if TYPE_CHECKING:
    from atedb.client.reading import ChainReader


async def get_event(
    reader: "ChainReader", *, name: str | None, primary_key: bytes | None, sequence: int | None
) -> ChainEvent | None:
    """Get the newest event of an object, or the one of a sequence. Raises as `Chain.get`."""
    event = await fetch_event(reader, name=name, primary_key=primary_key, sequence=sequence)
    if event is None:
        return None
    if event.data_state != "present":
        await reader.check_gone(event, is_newest=sequence is None)
    return await reader.opened(event)


async def fetch_event(
    reader: "ChainReader",
    *,
    name: str | None = None,
    primary_key: bytes | None = None,
    sequence: int | None = None,
) -> ChainEvent | None:
    """Get an event that is in the chain, as it is stored: not opened, and where its data is gone what allows that isn't asked for.

    Raises as `Chain.get`.
    """
    if sum(part is not None for part in (name, primary_key, sequence)) != 1:
        raise invalid("get", "one of name, primary_key and sequence says which event")
    if name is not None:
        primary_key = primary_key_from_name(name)
    known = reader.opener.known.newest
    assert known is not None, "a chain is opened before it is read"
    request = chain_pb2.GetEventRequest(
        chain_key=reader.calls.chain_key.text, chain_id=reader.genesis.chain_id
    )
    if primary_key is not None:
        if len(primary_key) != PRIMARY_KEY_BYTES:
            raise invalid("primary_key", f"it is {len(primary_key)} bytes, and must be 16")
        request.primary_key = primary_key
    else:
        request.sequence = sequence or 0
    try:
        raw = await reader.calls.unary("GetEvent", request.SerializeToString())
    except AtedbError as error:
        if error.reason == Reason.EVENT_NOT_FOUND:
            return None
        raise
    answer = parsed(chain_pb2.GetEventResponse, raw)
    stored = _single_in(content_of(raw, 1))
    verified = await verify_single(reader.genesis, stored, reader.find_key)
    head = tree_head(answer.head)
    is_in = verify_inclusion(
        leaf=stored.commit.leaf,
        index=stored.commit.header.commit,
        size=head.size,
        proof=list(answer.inclusion),
        root=head.root,
    )
    if not is_in:
        raise untrue("the event's batch is not in the tree of the head that it names")
    if reader.checks_rules:
        await reader.check_allowed(verified.commit, head)
    await reader.tie(head, known)
    events = list(events_of(verified, answer.sequence, answer.sequence + 1))
    # Rules of an object, or a redaction in it, are no event of its own: by one of them its newest data would seem written over.
    is_asked_for = bool(events) and (
        answer.sequence == sequence
        if primary_key is None
        else events[0].primary_key == primary_key and events[0].kind in ("data", "tombstone")
    )
    if not is_asked_for:
        raise untrue("the event is not the one that was asked for")
    return events[0]


def _single_in(data: bytes) -> StoredBatch:
    """Take the one batch of a slice. Raises VERIFICATION_FAILED."""
    try:
        batches = split_slice(data)
    except AtedbError as error:
        if error.reason == Reason.UNSUPPORTED:
            raise
        raise untrue(f"what it shows of the log is not valid: {error.message}") from error
    if len(batches) != 1:
        raise untrue(f"it comes with {len(batches)} batches, and one was due")
    return batches[0]
