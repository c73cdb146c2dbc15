"""Lists the children of an object, verified."""

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from atedb.client.chain_event import ChainEvent, events_of
from atedb.client.messages import parsed, untrue
from atedb.client.opened import tree_head
from atedb.encoding.fields import messages_in
from atedb.errors import invalid
from atedb.events.primary_key import PRIMARY_KEY_BYTES, primary_key_from_name
from atedb.limits import INTEGER_MAX
from atedb.trust.children import (
    AskedChildren,
    ChildrenMessage,
    ChildrenVerifier,
    ListedChild,
    NamedChild,
    bad_children,
    child_order,
)
from atedb.v1 import chain_pb2

if TYPE_CHECKING:
    from atedb.client.reading import ChainReader


@dataclass(frozen=True, slots=True)
class ChildName:
    """A child's place in the order of its parent's children; 16 bytes each."""

    primary_key: bytes
    collection: bytes | None = None


@dataclass(frozen=True, slots=True)
class Child:
    """A child of an object."""

    event: ChainEvent
    """Its newest event. Where that says it is may have been true only then."""
    parent: bytes | None
    """Where it is; None: at the root of the chain."""
    collection: bytes | None
    moved_by: int | None
    """Sequence of the event of rules that has moved it since; None: its newest event says where it is."""

    @property
    def name(self) -> ChildName:
        """Its place in the order, to go on behind it."""
        return ChildName(self.event.primary_key, self.collection)


def asked_children(
    name: str | None,
    primary_key: bytes | None,
    collection: bytes | str | None,
    after: ChildName | None,
    limit: int | None,
) -> AskedChildren:
    """Say what is asked for. Raises REQUEST_INVALID."""
    if name is not None and primary_key is not None:
        raise invalid("name", "an object has either a name or a primary key here; leave one out")
    parent = primary_key_from_name(name) if name is not None else _key("primary_key", primary_key)
    if isinstance(collection, str):
        collection = primary_key_from_name(collection)
    if parent is None and collection is None:
        raise invalid("primary_key", "an object or a collection is required")
    if limit is not None and not 0 <= limit <= INTEGER_MAX:
        raise invalid("limit", f"it is {limit}, and must be a whole number")
    order = None
    if after is not None:
        key = _key("after.primary_key", after.primary_key) or b""
        order = child_order(_key("after.collection", after.collection), key)
    return AskedChildren(parent, _key("collection", collection), order, limit)


def _key(field: str, key: bytes | None) -> bytes | None:
    if key is not None and len(key) != PRIMARY_KEY_BYTES:
        raise invalid(field, f"it is {len(key)} bytes, and must be {PRIMARY_KEY_BYTES}")
    return key


async def list_children(reader: "ChainReader", asked: AskedChildren) -> AsyncGenerator[Child, None]:
    """List children, verified. Raises as `Chain.children`."""
    if asked.limit == 0:
        return
    known = reader.opener.known.newest
    assert known is not None, "a chain is opened before it is read"
    request = chain_pb2.ListChildrenRequest(
        chain_key=reader.calls.chain_key.text,
        chain_id=reader.genesis.chain_id,
        parent=asked.parent or b"",
        collection=asked.collection or b"",
        limit=asked.limit or 0,
    )
    if asked.after is not None:
        collection = asked.after[:PRIMARY_KEY_BYTES]
        request.after.collection = collection if any(collection) else b""
        request.after.primary_key = asked.after[PRIMARY_KEY_BYTES:]
    verifier = ChildrenVerifier(reader.genesis, reader.find_key, asked)
    is_last = False
    answers = reader.calls.answers("ListChildren", request.SerializeToString())
    async with contextlib.aclosing(answers):
        async for raw in answers:
            if is_last:
                raise bad_children("something follows its end")
            message = children_message(raw)
            if verifier.head is None:
                await reader.tie(message.head, known)
            children, newest = await verifier.take(message)
            if newest is not None and reader.checks_rules:
                await reader.check_allowed(newest, message.head)
            for child in children:
                yield await _child_of(reader, child)
            is_last = message.is_last
    if not is_last:
        raise bad_children("it ends without saying so")
    if verifier.head is not None:
        await reader.tie(verifier.head, known)


def children_message(raw: bytes) -> ChildrenMessage:
    """Read what a server has sent of a list. Raises VERIFICATION_FAILED for what can't be read."""
    answer = parsed(chain_pb2.ListChildrenResponse, raw)
    logs = messages_in(raw, 3)
    if len(logs) > 1:
        raise untrue("a message of a list has more than one slice of the log")
    return ChildrenMessage(
        tree_head(answer.head),
        list(answer.consistency),
        logs[0] if logs else b"",
        [list(one.hashes) for one in answer.inclusions],
        [
            NamedChild(one.sequence, one.moved_by if one.HasField("moved_by") else None)
            for one in answer.children
        ],
        answer.is_last,
    )


async def _child_of(reader: "ChainReader", child: ListedChild) -> Child:
    (event,) = events_of(child.own, child.sequence, child.sequence + 1)
    if child.is_gone:
        await reader.check_gone(event, is_newest=True)
    opened = await reader.opened(event)
    return Child(opened, child.place.parent, child.place.collection, child.moved_by)
