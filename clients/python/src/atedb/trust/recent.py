"""Who wrote last: what conditions on a chain and on its objects are checked by."""

from typing import Final

from atedb.events.batch import Batch
from atedb.events.seal import Precondition

_OBJECT_EVENTS_KEPT_MIN: Final = 131_072


class LatestWriters:
    """Who wrote last: the newest event of anyone, and the newest of anyone else than that."""

    def __init__(self) -> None:
        self._newest = (b"", 0)
        self._newest_other = (b"", 0)

    def copy(self) -> "LatestWriters":
        """Give one that goes on from here by itself."""
        other = LatestWriters()
        other._newest, other._newest_other = self._newest, self._newest_other
        return other

    def wrote(self, writer: bytes, end_sequence: int) -> None:
        """Note that a writer has written up to a sequence, which is the next one."""
        if writer != self._newest[0]:
            self._newest_other = self._newest
        self._newest = (writer, end_sequence)

    def end_of_others(self, writer: bytes) -> int:
        """Give the sequence after the newest event of anyone but this writer; 0 where there is none."""
        return self._newest_other[1] if writer == self._newest[0] else self._newest[1]


class RecentObjects:
    """Who wrote each object last, of the last 131,072 events at least: a condition that reaches further back is checked as
    far as this goes.
    """  # noqa: D205

    def __init__(self) -> None:
        self._older: dict[bytes, tuple[bytes, int, int]] = {}
        self._newer: dict[bytes, tuple[bytes, int, int]] = {}
        self._events = 0

    def copy(self) -> "RecentObjects":
        """Give one that goes on from here by itself."""
        other = RecentObjects()
        other._older, other._newer, other._events = dict(self._older), dict(self._newer), self._events
        return other

    def add(self, batch: Batch, first_sequence: int) -> None:
        """Note the events of a batch."""
        writer = batch.seal.writer_id
        for index, event in enumerate(batch.events):
            if event.kind not in ("data", "tombstone"):
                continue
            sequence = first_sequence + index
            known = self._newer.get(event.primary_key)
            if known is None:
                end_of_others = 0
            else:
                end_of_others = known[2] if known[0] == writer else known[1] + 1
            self._newer[event.primary_key] = (writer, sequence, end_of_others)
        self._events += len(batch.events)
        if self._events >= _OBJECT_EVENTS_KEPT_MIN:
            self._older, self._newer, self._events = self._newer, {}, 0

    def end_of_others_on(self, condition: Precondition, writer: bytes) -> int:
        """Give the sequence after the newest event of an object by anyone but this writer; 0 where none is known."""
        end = 0
        for table in (self._older, self._newer):
            known = table.get(condition.primary_key)
            if known is not None:
                end = max(end, known[2] if known[0] == writer else known[1] + 1)
        return end
