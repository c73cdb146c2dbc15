"""Lists of the children of objects (`ListChildren`), as far as a reader can check them by themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from atedb.crypto.merkle import verify_consistency, verify_inclusion
from atedb.errors import AtedbError, Reason
from atedb.events.commit import Commit, split_slice
from atedb.events.event import OMITTED, EventView, read_said
from atedb.events.genesis import Genesis
from atedb.events.seal import TreeHead
from atedb.trust.replay import FindKey, VerifiedBatch
from atedb.trust.single import verify_single

_NONE: Final = bytes(16)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object is."""

    parent: bytes | None
    """None: the root of the chain."""
    collection: bytes | None


@dataclass(frozen=True, slots=True)
class AskedChildren:
    """What is asked for. Keys are 16 bytes."""

    parent: bytes | None
    """None: the root of the chain."""
    collection: bytes | None
    """None: of any collection, and of none."""
    after: bytes | None
    """What comes is behind this, as `child_order` makes it."""
    limit: int | None


@dataclass(frozen=True, slots=True)
class NamedChild:
    """The events that say of an object that it is there, and where."""

    sequence: int
    moved_by: int | None


@dataclass(frozen=True, slots=True)
class ChildrenMessage:
    """What a server sends of a list at a time."""

    head: TreeHead
    consistency: Sequence[bytes]
    """From the head of the message before."""
    log: bytes
    """Whole batches; may be empty."""
    inclusions: Sequence[Sequence[bytes]]
    """Of each batch."""
    children: Sequence[NamedChild]
    is_last: bool


@dataclass(frozen=True, slots=True)
class ListedChild:
    """A child whose events are in the chain."""

    sequence: int
    moved_by: int | None
    own: VerifiedBatch
    """That its newest event of data is in."""
    place: Place
    is_gone: bool
    """Whether the data of that event is gone; what allows that is still to be asked for."""


def child_order(collection: bytes | None, primary_key: bytes) -> bytes:
    """Give what children of one parent are ordered by: the collection, zeros for none, then the primary key."""
    return (collection or _NONE) + primary_key


class ChildrenVerifier:
    """Verifies a list of children as it comes.

    That each event is in the tree of the head that the list names, of whom it is, that it has the object where it was asked for, and
    the order. That the object has no newer event, and that none is left out, can't be verified; that the first head is one of the
    chain's, and that events were allowed, is the caller's to check.
    """

    def __init__(self, genesis: Genesis, find_key: FindKey, asked: AskedChildren) -> None:
        self._genesis = genesis
        self._find_key = find_key
        self._asked = asked
        self.head: TreeHead | None = None
        """That the list has come to; None before its first message."""
        self._order = asked.after
        self._count = 0
        self._carried: list[VerifiedBatch] = []
        """Batches of the message before, which named no child."""

    async def take(self, message: ChildrenMessage) -> tuple[list[ListedChild], Commit | None]:
        """Verify the next message; give its children, and the newest commit that came with it. Raises VERIFICATION_FAILED."""
        self._go_on(message)
        batches = await self._batches_of(message)
        newest = batches[-1].commit if batches else None
        carried, self._carried = self._carried, []
        if not message.children and not message.is_last:
            if carried or not batches:
                raise bad_children("a message of it names no children")
            self._carried = batches
            return [], newest
        known = [*carried, *batches]
        used: set[int] = set()
        children = [self._child(child, known, used) for child in message.children]
        if len(used) < len(known):
            raise bad_children("it comes with batches of no child")
        return children, newest

    def _go_on(self, message: ChildrenMessage) -> None:
        before, head = self.head, message.head
        self.head = head
        if before is None:
            return
        extends = head.size >= before.size and verify_consistency(
            first=before.size,
            second=head.size,
            first_root=before.root,
            second_root=head.root,
            proof=list(message.consistency),
        )
        if not extends:
            raise bad_children("its heads do not follow one another")

    async def _batches_of(self, message: ChildrenMessage) -> list[VerifiedBatch]:
        try:
            stored = split_slice(message.log)
        except AtedbError as error:
            raise bad_children(error.message) from error
        if len(stored) != len(message.inclusions):
            raise bad_children("it has other proofs than batches")
        verified: list[VerifiedBatch] = []
        for one, proof in zip(stored, message.inclusions, strict=True):
            number = one.commit.header.commit
            if verified and number <= verified[-1].commit.header.commit:
                raise bad_children("its batches are in another order")
            is_in = verify_inclusion(
                leaf=one.commit.leaf,
                index=number,
                size=message.head.size,
                proof=list(proof),
                root=message.head.root,
            )
            if not is_in:
                raise bad_children(f"commit {number} is not in the tree of the head that the server names")
            verified.append(await verify_single(self._genesis, one, self._find_key, "trimmed"))
        return verified

    def _child(self, child: NamedChild, batches: Sequence[VerifiedBatch], used: set[int]) -> ListedChild:
        sequence = child.sequence
        own, event = _held(sequence, batches, used)
        if event.kind != "data" or not event.primary_key:
            raise bad_children(f"the event at sequence {sequence} has no object there")
        if event.data_state == OMITTED:
            raise bad_children(f"the data of the event at sequence {sequence} is left out")
        placing = event if child.moved_by is None else _moved(child.moved_by, sequence, event, batches, used)
        place = Place(placing.parent or None, read_said(placing.header).collection)
        is_there = place.parent == self._asked.parent and self._asked.collection in (None, place.collection)
        if not is_there:
            raise bad_children(f"the object of sequence {sequence} is elsewhere")
        self._comes_next(child_order(place.collection, event.primary_key))
        return ListedChild(sequence, child.moved_by, own, place, event.data_state != 0)

    def _comes_next(self, order: bytes) -> None:
        if self._order is not None and order <= self._order:
            raise bad_children("the children are in another order, or one comes twice")
        self._order = order
        self._count += 1
        if self._asked.limit is not None and self._count > self._asked.limit:
            raise bad_children("it has more than was asked for")


def _held(sequence: int, batches: Sequence[VerifiedBatch], used: set[int]) -> tuple[VerifiedBatch, EventView]:
    """Find the event of a sequence in some batches."""
    for place, one in enumerate(batches):
        index = sequence - one.commit.header.first_sequence
        if 0 <= index < len(one.batch.events):
            used.add(place)
            return one, one.batch.events[index]
    raise bad_children(f"the batch of sequence {sequence} is not there")


def _moved(
    moved_by: int, sequence: int, event: EventView, batches: Sequence[VerifiedBatch], used: set[int]
) -> EventView:
    """Find the event of rules that has moved an object."""
    verified, found = _held(moved_by, batches, used)
    index = moved_by - verified.commit.header.first_sequence
    is_move = (
        found.kind == "rules"
        and verified.batch.authority_of(index).moves
        and moved_by > sequence
        and found.primary_key == event.primary_key
    )
    if is_move:
        return found
    raise bad_children(
        f"the object of sequence {sequence} is said to be moved by sequence {moved_by}, which doesn't do that"
    )


def bad_children(why: str) -> AtedbError:
    """Make the failure of what is not a list of the children that were asked for."""
    return AtedbError(
        Reason.VERIFICATION_FAILED,
        f"the list of children that the server sent does not verify: {why}. What was handed on before is part of the chain "
        "and verified",
    )
