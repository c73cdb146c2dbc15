"""An event, as far as its right is concerned, and what it is refused with."""

from collections.abc import Sequence
from dataclasses import dataclass

from atedb.errors import AtedbError, Reason
from atedb.events.batch import Batch
from atedb.events.event import MARK_AUTHORITY
from atedb.events.rules import EventAuthority
from atedb.trust.signers import in_words


@dataclass(frozen=True, slots=True)
class Act:
    """An event that is decided on."""

    index: int
    key: bytes
    parent: bytes
    """Empty: it names none."""
    said: EventAuthority
    actors: tuple[bytes, ...]
    """Keys that its right may come from."""
    stands_for: tuple[bytes, ...] = ()
    """Keys that these count as, too, by delegations."""
    delegable_at_ms: int | None = None
    """By which time delegations may count for it; None: none may. Milliseconds since 1970-01-01 UTC."""

    @property
    def acting(self) -> tuple[bytes, ...]:
        """All keys that a right may come from."""
        return self.actors + self.stands_for

    @property
    def signers(self) -> tuple[bytes, ...]:
        """All keys that sign for it."""
        return self.actors if self.said.author is None else (*self.actors, self.said.author)

    def about(self) -> dict[str, str]:
        """Say for programs what a refusal is about."""
        about = {"event_index": str(self.index), "fingerprint": names_of(self.actors)}
        if self.key:
            about["primary_key"] = self.key.hex()
        return about

    def refused(self, reason: Reason, why: str, **metadata: str) -> AtedbError:
        """Make its refusal."""
        return AtedbError(reason, f"event {self.index}: {why}", metadata={**self.about(), **metadata})


def names_of(fingerprints: Sequence[bytes]) -> str:
    """List keys for programs."""
    return in_words(fingerprints).replace(", ", ",")


def is_delegable(batch: Batch, index: int) -> bool:
    """Whether delegations count for an event: for data and tombstones that carry no rules, keys or moves."""
    event = batch.events[index]
    return event.kind in ("data", "tombstone") and not event.marks & MARK_AUTHORITY


def counts_no_more(act: Act, fingerprint: bytes) -> AtedbError:
    """Make the refusal of an event that names a key which counts no more."""
    why = f"the key {fingerprint.hex()} counts no more, or would replace itself, and can't be named"
    return act.refused(Reason.KEY_REVOKED, why, fingerprint=fingerprint.hex())


def parent_invalid(act: Act, problem: str) -> AtedbError:
    """Make the refusal of a parent that an object can't have."""
    words = {
        "cycle": "its parent would be itself, or below it",
        "gone": "its parent was removed",
        "elsewhere": "the object has another parent. Name that one, or say that the object moves",
        "there": "it says that the object moves to where it is, or it is new",
        "too_deep": "its parent is too far from the root of the chain",
    }
    return act.refused(Reason.PARENT_INVALID, words[problem], problem=problem, parent=act.parent.hex())
