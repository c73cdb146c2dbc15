"""One event of a chain, as it was verified."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from atedb.events.event import DATA_STATES, MARK_SEALED, DataState, EventKind, read_said
from atedb.events.rules import EventAuthority, read_confidentiality
from atedb.trust.replay import VerifiedBatch


@dataclass(frozen=True, slots=True)
class SealedState:
    """How an event's data is sealed, and whether it could be opened."""

    read_key_id: bytes
    state: Literal["open", "no key", "invalid", "gone", "omitted"]
    """`no key`: none of the client's keys was given the read key. `invalid`: it was, and the data doesn't open with it.

    `gone`: the data is not here any more. `omitted`: it was left out.
    """
    holders: tuple[bytes, ...] = ()
    """Fingerprints of those who were given the read key, where it is missing."""


@dataclass(frozen=True, slots=True)
class ChainEvent:
    """One event of a chain. Times are milliseconds since 1970-01-01 UTC."""

    sequence: int
    """Its place in the chain, from 0 on; those of events that are gone whole are skipped."""
    commit: int
    """Number of the batch that it came in."""
    kind: EventKind
    """The first event of a chain is its `genesis`; it has no data."""
    primary_key: bytes
    """16 bytes; empty where it is about no object."""
    parent: bytes | None
    collection: bytes | None
    type: str | None
    reply_to: bytes | None
    time_unix_ms: int | None
    """The writer's clock; a claim."""
    committed_unix_ms: int
    """The server's clock; never decreases."""
    data: bytes
    """In clear; empty where it is sealed and can't be opened, and where it is not here any more."""
    data_state: DataState
    """`present`, or why the data isn't here. `dropped`: something newer of the object is in the chain. `redacted`: it was erased.
    `expired`: a rule for retention let it go. `omitted`: it was left out as it was asked to be, and `Chain.load` gets it.

    Whether it was allowed to go is verified where the chain is read to its end, and by `get`.
    """
    redacted_by: int | None
    """Sequence of the redaction that has erased the data; None: none has."""
    sealed: SealedState | None
    """None: the data is stored in clear."""
    header: bytes
    """As it was signed."""
    writer_id: bytes
    fingerprint: bytes
    """Of its writer's key."""
    vouched_by: str
    """`writer`: a signature of that key is on its batch. `server`: the server of a centralized chain alone says whose it is."""
    authority: EventAuthority
    """What it says of rules and keys, and what a redaction erases."""

    @property
    def author(self) -> bytes | None:
        """Fingerprint of the key whose owner it is from, which has signed its batch, too; None: the writer's."""
        return self.authority.author


def events_of(verified: VerifiedBatch, start: int, end: int | None) -> Iterator[ChainEvent]:
    """Give the events of a batch whose sequences are from `start` on and before `end`. Sealed data is as it is stored."""
    batch, header = verified.batch, verified.commit.header
    for index, event in enumerate(batch.events):
        sequence = header.first_sequence + index
        if event.kind == "gone":
            continue
        if sequence < start or (end is not None and sequence >= end):
            continue
        said = read_said(event.header)
        confidentiality = read_confidentiality(event.header) if event.marks & MARK_SEALED else None
        yield ChainEvent(
            sequence,
            header.commit,
            event.kind,
            event.primary_key,
            event.parent or None,
            said.collection,
            said.type,
            said.reply_to,
            said.time_unix_ms,
            header.time_unix_ms,
            event.data,
            DATA_STATES[event.data_state],
            event.redacted_by or None,
            None if confidentiality is None else SealedState(confidentiality.read_key_id, "no key"),
            event.header,
            batch.seal.writer_id,
            batch.seal.fingerprint,
            verified.vouched_by,
            batch.authority_of(index),
        )
