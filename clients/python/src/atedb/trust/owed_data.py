"""What a reader still has to see of a chain, since data of it is gone."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from atedb.errors import AtedbError, Reason
from atedb.events.batch import Batch
from atedb.events.event import DROPPED, EXPIRED, REDACTED
from atedb.trust.forgotten import Forgotten
from atedb.trust.retention import EventPlace, RetentionFloor

_DROPPED_MAX: Final = 2**20
"""Objects whose newest event so far was dropped: of more, a sample is kept."""
_ERASED_MAX: Final = 2**17
"""Events that are erased, and whose redaction is still to come."""


@dataclass(frozen=True, slots=True)
class Unallowed:
    """Data that is gone, and that nothing has allowed."""

    sequence: int
    why: str
    """In words, of the event of that sequence."""
    is_snapshot: bool = False
    """It is the snapshot that has to say what may be gone."""


class OwedData:
    """Of dropped data something newer of the same object is owed, of erased data the redaction that it names, of expired data a rule.

    Batches are noted in order; who has read to the head asks what is left. Its memory is bounded: of very many dropped objects a
    sample is kept that nobody else knows, so that who drops what must stay is found out all the same, if not each time.
    """

    def __init__(self, *, dropped_max: int = _DROPPED_MAX, erased_max: int = _ERASED_MAX) -> None:
        self._dropped = _SampledKeys(dropped_max)
        self._erased_max = erased_max
        self._erased: dict[int, list[tuple[int, bytes]]] = {}
        """By the sequence of the redaction that they name: events, with their objects."""
        self._erased_count = 0
        self.expired: EventPlace | None = None
        """The last event that is said to have expired, where nothing has shown that: what lets that go lets go all before."""
        self.not_kept = 0
        """Number of erased events that were too many to look at."""
        self._unallowed: list[Unallowed] = []
        self.forgotten = Forgotten()
        """Whole events and commits that are gone, and the snapshots that are to come for it."""

    @property
    def is_owed(self) -> bool:
        """Whether something is still to come."""
        return self.count > 0

    @property
    def count(self) -> int:
        """How many events there are, at least, whose data nothing has allowed to go so far, and snapshots that are to come."""
        expired = int(self.expired is not None)
        return len(self._dropped) + self._erased_count + expired + len(self.forgotten.snapshots)

    @property
    def one_in(self) -> int:
        """Of so many dropped objects one was looked at."""
        return self._dropped.one_in

    def copy(self) -> "OwedData":
        """Give one that goes on from here by itself."""
        other = OwedData(erased_max=self._erased_max)
        other._dropped = self._dropped.copy()
        other._erased = {at: list(events) for at, events in self._erased.items()}
        other._erased_count = self._erased_count
        other.expired = self.expired
        other.not_kept = self.not_kept
        other._unallowed = list(self._unallowed)
        other.forgotten = self.forgotten.copy()
        return other

    def settle_below(self, floor: RetentionFloor) -> None:
        """Take note of what the chain's rules for retention have let go."""
        if self.expired is not None and floor.lets_go(self.expired):
            self.expired = None

    def add(self, batch: Batch, first_sequence: int, time_unix_ms: int) -> None:
        """Take note of the events of a batch, which was verified by itself. `time_unix_ms`: of its commit."""
        why = self.forgotten.meet(batch, first_sequence, time_unix_ms)
        if why is not None:
            self._unallowed.append(Unallowed(first_sequence, why, is_snapshot=True))
        # Nearly all batches of nearly all chains.
        if not self.is_owed and all(event.data_state == 0 for event in batch.events):
            return
        for index, event in enumerate(batch.events):
            if event.data_state == 0 and not self._erased and not self._dropped:
                continue
            sequence = first_sequence + index
            if self._erased:
                self._meet(batch, index, sequence)
            if event.kind not in ("data", "tombstone"):
                continue
            if event.data_state == DROPPED:
                self._dropped.set(event.primary_key, sequence)
            else:
                self._dropped.discard(event.primary_key)
            if event.data_state == REDACTED:
                self._owe(batch, index, sequence)
            if event.data_state == EXPIRED:
                self.expired = EventPlace(sequence, time_unix_ms)

    def take_unallowed(self) -> list[Unallowed]:
        """Give what was named and has come, and doesn't allow what it was named for; each is told once."""
        unallowed, self._unallowed = self._unallowed, []
        return unallowed

    def left(self, most: int) -> list[Unallowed]:
        """Give what is left, the lowest sequences first.

        Of who has read all there is, that is data that nothing has allowed to go.
        """
        why = "its data was dropped, and nothing newer of its object is there"
        found = [Unallowed(sequence, why) for sequence in self._dropped.lowest(most)]
        for redaction, events in self._erased.items():
            why = f"its data is said to be erased by the redaction at sequence {redaction}, which isn't there"
            found.extend(Unallowed(sequence, why) for sequence, _ in events)
        if self.expired is not None:
            why = "its data is said to have been let go by a rule of the chain for retention, and none has done so"
            found.append(Unallowed(self.expired.sequence, why))
        for snapshot in self.forgotten.snapshots:
            why = (
                f"whole events are said to be gone by the snapshot at sequence {snapshot}, which isn't there"
            )
            found.append(Unallowed(snapshot, why, is_snapshot=True))
        return sorted(found, key=lambda one: one.sequence)[:most]

    def _owe(self, batch: Batch, index: int, sequence: int) -> None:
        event = batch.events[index]
        redaction = event.redacted_by
        if redaction <= sequence:
            why = f"its data is said to be erased by the redaction at sequence {redaction}, which isn't behind it"
            self._unallowed.append(Unallowed(sequence, why))
            return
        if self._erased_count >= self._erased_max:
            self.not_kept += 1
            return
        self._erased.setdefault(redaction, []).append((sequence, event.primary_key))
        self._erased_count += 1

    def _meet(self, batch: Batch, index: int, sequence: int) -> None:
        """Compare the event of a sequence, which is there, with what names it as its redaction."""
        events = self._erased.pop(sequence, None)
        if events is None:
            return
        self._erased_count -= len(events)
        event = batch.events[index]
        redaction = batch.authority_of(index).redaction if event.kind == "redaction" else None
        for erased, primary_key in events:
            if redaction is not None and redaction.erases(
                erased, primary_key, at=sequence, of=event.primary_key
            ):
                continue
            what = "is no redaction" if redaction is None else "doesn't name it"
            why = f"its data is said to be erased by the event at sequence {sequence}, which {what}"
            self._unallowed.append(Unallowed(erased, why))


def refuse_unallowed(unallowed: Sequence[Unallowed]) -> None:
    """Refuse what holds data that nothing has allowed to go. Raises VERIFICATION_FAILED, naming the first of them."""
    if not unallowed:
        return
    first = unallowed[0]
    what = f"the data of the event at sequence {first.sequence} is not here"
    if first.is_snapshot:
        what = "whole events are gone"
    raise AtedbError(
        Reason.VERIFICATION_FAILED,
        f"{what}, and nothing allows that: {first.why}. The server, or its copy of the chain, can't be trusted",
        metadata={"sequence": str(first.sequence)},
    )


class _SampledKeys:
    """Sequences by primary keys, of a bounded number: where there are more, of each two keys one stays, by a secret hash."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._secret = secrets.token_bytes(32)
        self._bits = 0
        self._sequences: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._sequences)

    @property
    def one_in(self) -> int:
        return 1 << self._bits

    def copy(self) -> "_SampledKeys":
        other = _SampledKeys(self._most)
        other._secret, other._bits = self._secret, self._bits
        other._sequences = self._sequences.copy()
        return other

    def set(self, key: bytes, sequence: int) -> None:
        if not self._is_kept(key):
            return
        self._sequences[key] = sequence
        while len(self._sequences) > self._most:
            self._bits += 1
            self._sequences = {one: at for one, at in self._sequences.items() if self._is_kept(one)}

    def discard(self, key: bytes) -> None:
        self._sequences.pop(key, None)

    def lowest(self, most: int) -> list[int]:
        return sorted(self._sequences.values())[:most]

    def _is_kept(self, key: bytes) -> bool:
        if self._bits == 0:
            return True
        hashed = blake2b(key, digest_size=8, key=self._secret).digest()
        return int.from_bytes(hashed, "little") % self.one_in == 0
