"""Commits: a server's acceptance of one batch, and slices of the log, which are batches with their commits."""

import zlib
from dataclasses import dataclass
from typing import Final, NamedTuple

from atedb.crypto.hashes import leaf_hash
from atedb.encoding import forms
from atedb.encoding.fields import BYTES, FieldWriter, fields, frame, non_canonical
from atedb.encoding.form_fields import MAGICS
from atedb.encoding.strict import check_strict
from atedb.events.event import RUN_EVENT, RUN_SEAL
from atedb.events.gap import GAP_FIELD, Gap, parse_gap
from atedb.limits import INTEGER_MAX

COMMIT_FIELD: Final = 3
"""Of a LogSegment."""


@dataclass(frozen=True, slots=True)
class CommitHeader:
    """What a server seals in accepting a batch."""

    commit: int
    first_sequence: int
    events: int
    time_unix_ms: int
    """The server's clock: milliseconds since 1970-01-01 UTC."""
    seal_hash: bytes

    def encode(self) -> bytes:
        """Serialise it: the bytes are a leaf of the chain's tree."""
        return (
            FieldWriter()
            .fixed32(1, MAGICS["CommitHeader"])
            .varint(2, self.commit)
            .varint(3, self.first_sequence)
            .varint(4, self.events)
            .varint(5, self.time_unix_ms)
            .data(6, self.seal_hash)
            .finish()
        )


def parse_commit_header(data: bytes) -> CommitHeader:
    """Read it. Raises NON_CANONICAL."""
    check_strict(forms.COMMIT_HEADER, data)
    numbers: dict[int, int] = {}
    seal_hash = b""
    for found in fields(data):
        if found.number == 6:
            seal_hash = data[found.start : found.end]
        else:
            numbers[found.number] = found.value
    first_sequence, events = numbers.get(3, 0), numbers[4]
    if first_sequence + events > INTEGER_MAX:
        raise non_canonical("CommitHeader", 0, "it counts beyond 2^53 - 1")
    return CommitHeader(numbers.get(2, 0), first_sequence, events, numbers[5], seal_hash)


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit, as it was read."""

    header: CommitHeader
    header_bytes: bytes
    tree_root: bytes | None
    batch_bytes: int
    durable_offset: int
    crc32: int

    @property
    def leaf(self) -> bytes:
        """The leaf of the chain's tree that it is."""
        return leaf_hash(self.header_bytes)


def parse_commit(data: bytes) -> Commit:
    """Read a Commit message, without its tag and length. Raises NON_CANONICAL."""
    check_strict(forms.COMMIT, data)
    header = b""
    tree_root: bytes | None = None
    numbers: dict[int, int] = {}
    for found in fields(data):
        if found.number == 1:
            header = data[found.start : found.end]
        elif found.number == 2:
            tree_root = data[found.start : found.end]
        else:
            numbers[found.number] = found.value
    return Commit(
        parse_commit_header(header), header, tree_root, numbers[13], numbers.get(14, 0), numbers[15]
    )


def encode_commit(run: bytes, header: bytes, tree_root: bytes | None, durable_offset: int) -> bytes:
    """Serialise a commit with tag and length, to be stored right behind its run."""
    body = (
        FieldWriter()
        .data(1, header)
        .data(2, tree_root)
        .fixed32(13, len(run))
        .fixed64(14, durable_offset)
        .fixed32(15, 0)
        .finish()
    )
    framed = frame(COMMIT_FIELD, body)
    return framed[:-4] + zlib.crc32(framed[:-5], zlib.crc32(run)).to_bytes(4, "little")


class StoredBatch(NamedTuple):
    """A batch as it is stored: its run, its commit, and what is gone of it or before it."""

    run: bytes
    commit: Commit
    gap: Gap | None = None
    """None: nothing is gone."""


def split_slice(data: bytes) -> list[StoredBatch]:
    """Split a slice of the log into its batches. Only the framing and the commits are looked at.

    Raises NON_CANONICAL where it is anything but whole batches: perhaps a gap, events, seal, commit.
    """
    batches: list[StoredBatch] = []
    start = run_start = 0
    run_end = 0
    gap: Gap | None = None
    for found in fields(data):
        framed = found.wire_type == BYTES
        if framed and found.number == GAP_FIELD and found.tag_start == start:
            gap, run_start = parse_gap(data[found.start : found.end]), found.end
            continue
        if framed and found.number == RUN_EVENT and run_end == 0:
            continue
        if framed and found.number == RUN_SEAL and run_end == 0:
            run_end = found.end
        elif framed and found.number == COMMIT_FIELD and run_end > 0:
            commit = parse_commit(data[found.start : found.end])
            batches.append(StoredBatch(data[run_start:run_end], commit, gap))
            start = run_start = found.end
            run_end, gap = 0, None
        else:
            why = f"there is field {found.number}, where a gap, events, a seal or a commit were due"
            raise non_canonical("a slice of the log", found.tag_start, why)
    if start != len(data):
        raise non_canonical("a slice of the log", start, "it ends inside the batch that starts there")
    return batches
