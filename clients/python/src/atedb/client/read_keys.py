"""Read keys that a chain has handed out: who counts as a reader, and which of them this client can open."""

from collections.abc import Callable, Sequence
from typing import Final

from atedb.crypto.data_key import read_key_id
from atedb.crypto.keys import KeyPair
from atedb.events.event import MARK_AUTHORITY
from atedb.events.rules import WrappedKey
from atedb.events.sealed_data import unwrap_read_key
from atedb.trust.replay import VerifiedBatch

_KEPT_MAX: Final = 16_384
_OF_ONE_MAX: Final = 8
"""Of one read key for one reader: whoever may write anything may hand out something that isn't the key."""
_BEGUN_MAX: Final = 65_536


class ReadKeys:
    """Anyone who may write anything to a chain can write a read key for anybody, and say any read key of it.

    So only those count that are from one who was given the read key: by the event that named it first in the chain, which nobody
    could know before, or by one of these (docs/trust.md, "Who was given a read key"). So it is learned in order, from the chain's
    first event on.
    """

    def __init__(self, load_keys: Callable[[], list[KeyPair]]) -> None:
        self._load_keys = load_keys
        self._learned_to = 0
        self._begun: dict[bytes, bytes] = {}
        """Read keys that have begun, and the fingerprint of who has begun each, oldest first."""
        self._counting: dict[bytes, dict[bytes, list[tuple[WrappedKey, bytes]]]] = {}
        """By read key and reader: what was handed out, and by whom."""
        self._kept = 0
        self._opened: dict[bytes, bytes] = {}
        self._failed: set[bytes] = set()

    def learn(self, batches: Sequence[VerifiedBatch]) -> None:
        """Learn from batches that were verified, and allowed by all that came before."""
        for batch, header, gap in ((one.batch, one.commit.header, one.gap) for one in batches):
            # What is gone has handed out nothing.
            first = header.first_sequence - (0 if gap is None else gap.events)
            if not first <= self._learned_to <= header.first_sequence:
                continue
            self._learned_to = header.first_sequence + header.events
            for index, event in enumerate(batch.events):
                if event.marks & MARK_AUTHORITY:
                    said = batch.authority_of(index)
                    self._add(said.wrapped_keys, (batch.seal.fingerprint, *said.sign_with))

    def know(self, read_key: bytes) -> None:
        """Know a read key that was made here."""
        self._opened[read_key_id(read_key)] = read_key

    def holders_of(self, key_id: bytes) -> tuple[bytes, ...]:
        """Give the fingerprints of those who were given a read key."""
        return tuple(self._counting.get(key_id, ()))

    def find(self, key_id: bytes, chain_id: bytes) -> bytes | None:
        """Find a read key; None where it was handed out to none of the keys, as far as is known."""
        known = self._opened.get(key_id)
        if known is not None:
            return known
        handed_out = self._counting.get(key_id)
        if handed_out is None:
            return None
        for key in self._load_keys():
            for wrapped, _ in handed_out.get(key.fingerprint, ()):
                if wrapped.wrapped in self._failed:
                    continue
                opened = unwrap_read_key(chain_id, wrapped, key)
                if opened is not None:
                    self._opened[key_id] = opened
                    return opened
                # What is sealed never changes, so that it isn't tried again.
                self._failed.add(wrapped.wrapped)
        return None

    def _add(self, wrapped: Sequence[WrappedKey], givers: tuple[bytes, ...]) -> None:
        first = {one.read_key_id for one in wrapped if one.read_key_id not in self._begun}
        counting = [
            one
            for one in wrapped
            if one.read_key_id in first
            or any(giver in self._counting.get(one.read_key_id, ()) for giver in givers)
        ]
        for one in counting:
            self._begun.setdefault(one.read_key_id, givers[0])
            self._count(one, givers[0])
        self._forget()

    def _count(self, one: WrappedKey, giver: bytes) -> None:
        kept = self._counting.setdefault(one.read_key_id, {}).setdefault(one.recipient, [])
        if any(known.wrapped == one.wrapped for known, _ in kept):
            return
        if len(kept) == _OF_ONE_MAX:
            # Of too many the first stays, which is nearly always the right one, and the newest.
            del kept[1]
            self._kept -= 1
        kept.append((one, giver))
        self._kept += 1

    def _forget(self) -> None:
        """Where there are too many, whoever has handed out or begun the most loses the oldest of these: so a hostile writer
        pushes out its own.
        """  # noqa: D205
        while self._kept > _KEPT_MAX:
            by_giver: dict[bytes, int] = {}
            for readers in self._counting.values():
                for given in readers.values():
                    for _, giver in given:
                        by_giver[giver] = by_giver.get(giver, 0) + 1
            self._drop_oldest(max(by_giver, key=lambda giver: by_giver[giver]), _KEPT_MAX // 8)
        while len(self._begun) > _BEGUN_MAX:
            by_beginner: dict[bytes, int] = {}
            for giver in self._begun.values():
                by_beginner[giver] = by_beginner.get(giver, 0) + 1
            most = max(by_beginner, key=lambda giver: by_beginner[giver])
            gone = [one for one, by in self._begun.items() if by == most and one not in self._counting]
            for one in gone[: _BEGUN_MAX // 8]:
                del self._begun[one]
            if not gone:
                return

    def _drop_oldest(self, giver: bytes, count: int) -> None:
        for key_id in list(self._counting):
            readers = self._counting[key_id]
            for recipient in list(readers):
                left = [one for one in readers[recipient] if one[1] != giver or count <= 0]
                dropped = len(readers[recipient]) - len(left)
                count -= dropped
                self._kept -= dropped
                if left:
                    readers[recipient] = left
                else:
                    del readers[recipient]
            if not readers:
                del self._counting[key_id]
            if count <= 0:
                return
