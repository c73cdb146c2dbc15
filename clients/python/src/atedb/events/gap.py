"""What stands for commits that are gone, and for events of a batch (docs/format.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from atedb.crypto.merkle import subtree_levels
from atedb.encoding.fields import fields, non_canonical
from atedb.encoding.gap_forms import GAP, GONE_EVENT
from atedb.encoding.strict import check_strict
from atedb.events.snapshot import GONE_HASH_NONE, GoneRun, GoneState

GAP_FIELD: Final = 5
"""Of a LogSegment."""
GONE_TAG: Final = 0x32
"""What an Event begins with that stands for others."""
_HASH_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Subtree:
    """A perfect subtree of 2^level leaves."""

    level: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Gap:
    """What stands before a batch of which events are gone, or before which commits are."""

    commits: int
    """How many are gone, right before the batch."""
    events: int
    """How many events these had."""
    hashes: tuple[bytes, ...]
    """Of the perfect subtrees of the tree that they make up, in order."""
    snapshot: int
    """Sequence of the snapshot under which they are."""
    size: int
    """Its size, in commits."""
    before: GoneState
    """What is gone before it."""

    def subtrees(self, first_commit: int) -> list[Subtree]:
        """Give the subtrees that it stands for, by the number of the first commit that is gone.

        Raises NON_CANONICAL where it has not as many hashes as these commits take.
        """
        return _subtrees("a gap", first_commit, self.commits, self.hashes)


def parse_gap(data: bytes) -> Gap:
    """Read a Gap message, without its tag and length. Raises NON_CANONICAL."""
    check_strict(GAP, data)
    numbers: dict[int, int] = {}
    hashes, before = b"", GONE_HASH_NONE
    for found in fields(data):
        if found.number == 3:
            hashes = data[found.start : found.end]
        elif found.number == 6:
            before = data[found.start : found.end]
        else:
            numbers[found.number] = found.value
    commits, events = numbers.get(1, 0), numbers.get(2, 0)
    # Each commit has an event; and a snapshot comes behind what it is about.
    fits = commits <= events and (commits == 0) == (events == 0) == (not hashes) and numbers[4] >= numbers[5]
    if not fits or len(hashes) % _HASH_BYTES:
        raise non_canonical("Gap", 0, "it counts commits, events or hashes that it has not")
    begun, first, end = numbers.get(7, 0), numbers.get(8, 0), numbers.get(9, 0)
    is_run = first < end and (begun == 0 or end < begun)
    if not is_run and (first or end or before != GONE_HASH_NONE):
        why = f"a run of events from {first} up to {end}, before one from {begun} on, is none: it has an event, and ends before"
        raise non_canonical("Gap", 0, why)
    state = GoneState(GoneRun(before, first, end) if is_run else None, begun or None)
    return Gap(commits, events, _split(hashes), numbers[4], numbers[5], state)


@dataclass(frozen=True, slots=True)
class GoneEvents:
    """What stands for events of a batch that follow each other."""

    events: int
    subtrees: list[Subtree]
    """Of the batch's tree, in order."""


def parse_gone_events(run: bytes, start: int, end: int, index: int) -> GoneEvents:
    """Read an Event of a run that stands for others. `index`: of the first of them. Raises NON_CANONICAL."""
    check_strict(GONE_EVENT, run, start, end)
    (outer,) = fields(run, start, end)
    counted, hashed = fields(run, outer.start, outer.end)
    hashes = run[hashed.start : hashed.end]
    if len(hashes) % _HASH_BYTES:
        raise non_canonical("GoneEvents.hashes", hashed.start, "it isn't whole hashes")
    subtrees = _subtrees("an event", index, counted.value, _split(hashes))
    return GoneEvents(counted.value, subtrees)


def _split(hashes: bytes) -> tuple[bytes, ...]:
    return tuple(hashes[at : at + _HASH_BYTES] for at in range(0, len(hashes), _HASH_BYTES))


def _subtrees(what: str, first: int, count: int, hashes: Sequence[bytes]) -> list[Subtree]:
    levels = subtree_levels(first, first + count)
    if len(levels) != len(hashes):
        why = f"it stands for {count} from {first} on with {len(hashes)} hashes, and {len(levels)} were due"
        raise non_canonical(what, 0, why)
    return [Subtree(level, one) for level, one in zip(levels, hashes, strict=True)]
