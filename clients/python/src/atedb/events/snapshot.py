"""What may be gone of a chain: snapshots, and the hash of which events are (docs/format.md)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from atedb.crypto.domains import HASH_GONE, HASH_WRITERS
from atedb.crypto.hashes import tagged_hash
from atedb.encoding.fields import fields

GONE_HASH_NONE: Final = bytes(32)
"""The hash before the first run of events that are gone."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What of the first commits of a chain may be gone, as a root has signed it. Hashes have 32 bytes."""

    size: int
    """In commits. Also how far back the chain remembers all: what was made by an older head is refused."""
    tree_root: bytes
    """Of the tree of that size."""
    events: int
    """How many of their events stay."""
    gone: bytes
    """What goes, as `GoneRuns` hashes it."""
    writers: int
    """How many writers they have."""
    writers_hash: bytes
    """As `hash_of_writers` makes it."""


def parse_snapshot(data: bytes) -> Snapshot:
    """Read what a snapshot says; the message is in the strict form."""
    numbers: dict[int, int] = {}
    hashes: dict[int, bytes] = {}
    for found in fields(data):
        numbers[found.number] = found.value
        hashes[found.number] = data[found.start : found.end]
    return Snapshot(numbers[1], hashes[2], numbers[3], hashes[4], numbers[5], hashes[6])


@dataclass(frozen=True, slots=True)
class GoneRun:
    """A run of events that are gone, and has ended."""

    before: bytes
    """The hash of those that ended before it; 32 bytes."""
    first: int
    """Sequence of its first event."""
    end: int
    """Sequence behind its last one."""

    def hash(self) -> bytes:
        """Hash it and all before it. 32 bytes."""
        return tagged_hash(HASH_GONE, self.before, self.first.to_bytes(8, "big"), self.end.to_bytes(8, "big"))


@dataclass(frozen=True, slots=True)
class GoneState:
    """How far the events that are gone were hashed."""

    last: GoneRun | None = None
    """The last run that has ended; None: none has."""
    begun: int | None = None
    """Sequence of the first event of a run that may go on; None: there is none."""


class GoneRuns:
    """Hashes which events are gone, by their sequences, run by run: so that nothing has to be kept of what is there."""

    def __init__(self, state: GoneState | None = None, end: int = 0) -> None:
        """Go on from a state. `end`: the sequence up to which it says what is gone."""
        self._state = state or GoneState()
        self._end = end

    def add(self, first: int, end: int) -> None:
        """Have the events from `first` up to before `end` gone. They come in order."""
        if first == end:
            return
        if self._state.begun is None or first != self._end:
            self._close()
            self._state = GoneState(self._state.last, first)
        self._end = end

    def state_at(self, sequence: int) -> GoneState:
        """Give how far it is before the event of a sequence that none is gone of behind the last ones."""
        if self._end != sequence:
            self._close()
        return self._state

    def finish(self) -> bytes:
        """Give the hash of all: nothing comes any more. 32 bytes."""
        self._close()
        last = self._state.last
        return GONE_HASH_NONE if last is None else last.hash()

    def copy(self) -> "GoneRuns":
        """Give one that goes on from here by itself."""
        return GoneRuns(self._state, self._end)

    def _close(self) -> None:
        last, begun = self._state.last, self._state.begun
        if begun is not None:
            before = GONE_HASH_NONE if last is None else last.hash()
            self._state = GoneState(GoneRun(before, begun, self._end))


@dataclass(frozen=True, slots=True)
class WriterSeal:
    """Where a writer's chain of seals stands."""

    writer_id: bytes
    counter: int
    """Of its last batch."""
    seal_hash: bytes


def hash_of_writers(writers: Iterable[WriterSeal]) -> bytes:
    """Hash where all writers stand, as a snapshot names it. 32 bytes."""
    parts = (
        one.writer_id + one.counter.to_bytes(8, "big") + one.seal_hash
        for one in sorted(writers, key=lambda one: one.writer_id)
    )
    return tagged_hash(HASH_WRITERS, *parts)
