"""Where the writers of a replay stand, each in its chain of seals."""

from dataclasses import dataclass

from atedb.events.seal import SealView, TreeHead
from atedb.events.snapshot import WriterSeal
from atedb.trust.violation import Violation


@dataclass(frozen=True, slots=True)
class ReplayedWriter:
    """Where one stands."""

    next_counter: int
    last_seal_hash: bytes
    as_of: TreeHead | None
    """The head that its last seal names."""


class ReplayWriters:
    """All that have written, in a replay that begins with the chain; in another one those that have written since."""

    def __init__(self, *, are_all: bool) -> None:
        self._are_all = are_all
        self._writers: dict[bytes, ReplayedWriter] = {}

    def copy(self) -> "ReplayWriters":
        """Give one that goes on from here by itself."""
        other = ReplayWriters(are_all=self._are_all)
        other._writers = dict(self._writers)
        return other

    def find(self, writer_id: bytes) -> ReplayedWriter | None:
        """Give where a writer stands; None where it has written nothing."""
        return self._writers.get(writer_id)

    def seals(self) -> list[WriterSeal] | None:
        """Give where all stand; None where that isn't known."""
        if not self._are_all:
            return None
        return [
            WriterSeal(writer_id, one.next_counter - 1, one.last_seal_hash)
            for writer_id, one in self._writers.items()
        ]

    def check(self, seal: SealView, *, may_miss: bool) -> bool:
        """Check that a seal is its writer's next. `may_miss`: batches of it may be gone before.

        Returns whether it is the one right behind the last that came. Raises Violation.
        """
        writer = self._writers.get(seal.writer_id)
        due = 0 if writer is None else writer.next_counter
        if seal.counter == due:
            if writer is None or seal.previous == writer.last_seal_hash:
                return True
        elif seal.counter > due if may_miss else writer is None and not self._are_all:
            return False
        if writer is None:
            raise Violation(f"its writer starts at counter {seal.counter}")
        raise Violation(f"counter {seal.counter} doesn't continue its writer's chain of seals")

    def took(self, seal: SealView) -> None:
        """Take note of a batch."""
        self._writers[seal.writer_id] = ReplayedWriter(seal.counter + 1, seal.hash, seal.as_of)
