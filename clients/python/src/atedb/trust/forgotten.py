"""Whole events and commits that are gone: the snapshot that allows it (docs/trust.md, "When whole events are gone")."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from atedb.errors import AtedbError, Reason
from atedb.events.batch import Batch
from atedb.events.gap import Gap
from atedb.events.snapshot import GoneRuns, Snapshot, WriterSeal, hash_of_writers
from atedb.trust.violation import Violation

_AGE_MS_MIN: Final = 7 * 24 * 3_600_000
"""How much older the commits of a snapshot are than its own."""


@dataclass(frozen=True, slots=True)
class ReplayPlace:
    """Where a replay stands, between two commits."""

    size: int
    """In commits."""
    next_sequence: int
    time_unix_ms: int
    """Of the last commit that is there."""
    root: Callable[[], bytes]
    writers: Callable[[], Sequence[WriterSeal] | None]
    """All writers so far; None where they aren't known."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """What is gone by the word of a snapshot that is to come, while its commits are being read."""

    snapshot: int
    """Its sequence."""
    size: int
    runs: GoneRuns
    events: int | None
    """How many are gone so far; None where that isn't known."""


@dataclass(frozen=True, slots=True)
class _Due:
    """What a snapshot that is to come must say."""

    size: int
    tree_root: bytes
    gone: bytes
    events: int | None
    writers: tuple[int, bytes] | None
    """How many, and their hash; None where they aren't known."""
    time_unix_ms: int
    """Of the last of its commits that is there."""


class Forgotten:
    """What a reader has to see of a chain since whole events and commits of it are gone: the snapshot that names them.

    Where the first is missing it is noted by which snapshot; from there on all that is missing is hashed, up to the snapshot's size;
    and what comes out is what the snapshot must say, when it comes. Constant in size.
    """

    def __init__(self, begin: int = 0, missing_below: int = 0) -> None:
        """Begin to read. `begin`: sequence of the first event that is read. `missing_below`: see there."""
        self._begin = begin
        self._missing_below = missing_below
        self._reading: _Reading | None = None
        self._due: dict[int, _Due] = {}

    @property
    def missing_below(self) -> int:
        """Size, in commits, below which batches of writers may be missing: of the snapshot whose commits are being read.

        0: of none.
        """
        return max(self._missing_below, 0 if self._reading is None else self._reading.size)

    @property
    def snapshots(self) -> list[int]:
        """Sequences of the snapshots that are to come."""
        return [*self._due, *([] if self._reading is None else [self._reading.snapshot])]

    def copy(self) -> "Forgotten":
        """Give one that goes on from here by itself."""
        other = Forgotten(self._begin, self._missing_below)
        reading = self._reading
        other._reading = None if reading is None else replace(reading, runs=reading.runs.copy())
        other._due = dict(self._due)
        return other

    def gap(self, gap: Gap, *, size: int, next_sequence: int) -> None:
        """Take note of a gap: commits are gone, or events of the batch behind it. `size`, `next_sequence`: where the replay stands.

        Raises Violation where it doesn't go on what came before; HISTORY_COMPACTED where what was read isn't what its snapshot
        leaves.
        """
        if size + max(gap.commits, 1) > gap.size:
            raise Violation(f"something is gone that the snapshot at sequence {gap.snapshot} isn't about")
        reading = self._reading
        if reading is None:
            # What was read and goes by it: what has come instead may be gone, too, as the tombstone of an object that was read.
            last = gap.before.last
            goes = last is not None and last.end > self._begin
            goes_on = gap.before.begun is not None and next_sequence > self._begin
            if goes or goes_on:
                raise self._compacted(gap.snapshot)
            runs = GoneRuns(gap.before, next_sequence)
            self._reading = _Reading(gap.snapshot, gap.size, runs, 0 if self._begin == 0 else None)
        elif (reading.snapshot, reading.size) != (gap.snapshot, gap.size):
            # What was read before can't be checked any more.
            raise self._compacted(gap.snapshot)
        elif reading.runs.state_at(next_sequence) != gap.before:
            raise Violation("what is said to be gone before it is not what was gone")
        self.gone(next_sequence, next_sequence + gap.events)

    def gone(self, first: int, end: int) -> None:
        """Take note of events that are gone, from a sequence up to before another. Raises Violation where no gap has said why."""
        reading = self._reading
        if reading is None:
            raise Violation("events of it are gone, and no gap says why")
        reading.runs.add(first, end)
        if reading.events is not None:
            self._reading = replace(reading, events=reading.events + end - first)

    def reached(self, at: ReplayPlace) -> None:
        """Know what the snapshot must say, where the replay has come to the end of its commits."""
        if at.size >= self._missing_below:
            self._missing_below = 0
        reading = self._reading
        if reading is None or at.size < reading.size:
            return
        writers = at.writers()
        self._due[reading.snapshot] = _Due(
            reading.size,
            at.root(),
            reading.runs.finish(),
            None if reading.events is None else at.next_sequence - reading.events,
            None if writers is None else (len(writers), hash_of_writers(writers)),
            at.time_unix_ms,
        )
        self._reading = None

    def meet(self, batch: Batch, first_sequence: int, time_unix_ms: int) -> str | None:
        """Take note of a batch, which may be a snapshot that is due. `time_unix_ms`: of its commit.

        Returns why the snapshot doesn't allow what is gone; None where it does, or isn't due.
        """
        for sequence in list(self._due):
            if not first_sequence <= sequence < first_sequence + len(batch.events):
                continue
            due = self._due.pop(sequence)
            said = batch.authority_of(0).snapshot if batch.events[0].kind == "snapshot" else None
            what = "is none" if said is None else _misfit(due, said, time_unix_ms)
            if what is not None:
                return f"the snapshot at sequence {sequence} {what}"
        return None

    def _compacted(self, snapshot: int) -> AtedbError:
        return AtedbError(
            Reason.HISTORY_COMPACTED,
            f"the chain was compacted under the snapshot at sequence {snapshot} while it was being read, and what was read from "
            f"sequence {self._begin} on is not what that leaves. Read again from there",
            metadata={"snapshot": str(snapshot), "from": str(self._begin)},
        )


def _misfit(due: _Due, said: Snapshot, time_unix_ms: int) -> str | None:
    """Say what a snapshot says otherwise than it must."""
    if said.size != due.size:
        return f"is about {said.size} commits, and not {due.size}"
    if said.tree_root != due.tree_root:
        return "is about another history"
    if said.gone != due.gone:
        return "lets other events go than those that are gone"
    if due.events is not None and said.events != due.events:
        return f"says that {said.events} events stay, and {due.events} are there"
    if due.writers is not None and said.writers != due.writers[0]:
        return f"says that there are {said.writers} writers, and there are {due.writers[0]}"
    if due.writers is not None and said.writers_hash != due.writers[1]:
        return "has other last batches of writers than are there"
    if due.time_unix_ms + _AGE_MS_MIN > time_unix_ms:
        return "is about commits that are too young"
    return None
