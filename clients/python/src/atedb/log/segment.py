"""One segment file: how far it is whole, and what is there after it (docs/format.md, "Recovery", steps 4 to 7)."""

import zlib
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from atedb.crypto.merkle import Frontier
from atedb.encoding.fields import FieldWriter, fields
from atedb.encoding.form_fields import MAGICS
from atedb.errors import AtedbError, Reason
from atedb.events.commit import Commit, StoredBatch, parse_commit
from atedb.limits import BATCH_BYTES_MAX, COMMIT_BYTES_MAX, RUN_BYTES_MAX, UNSYNCED_BYTES_MAX

Verdict = Literal["whole", "tail", "damage"]

_EVENT_TAG: Final = 0x0A
_SEAL_TAG: Final = 0x12
_COMMIT_TAG: Final = 0x1A
_HEADER_TAG: Final = 0x22
_FOOTER_TAG: Final = 0x32
_FOOTER_BYTES_MAX: Final = 80
_CRC_FIELD_BYTES: Final = 5
_CRC_TAG: Final = 0x7D


@dataclass(frozen=True, slots=True)
class SegmentHeader:
    """The start of a segment file."""

    chain_id: bytes
    segment: int
    first_commit: int
    first_sequence: int
    frontier: tuple[bytes, ...]
    previous_sha256: bytes | None
    generation: int
    """How often the file was rewritten, without data that is gone."""
    original_sha256: bytes | None
    """Of the file of generation 0; None in that one."""
    bytes_: int
    """Size with its tag: where the first batch begins."""


@dataclass(frozen=True, slots=True)
class SegmentFooter:
    """The end of a segment file that was closed in good order."""

    durable_offset: int
    next_commit: int
    next_sequence: int
    tree_root: bytes


@dataclass(slots=True)
class SegmentScan:
    """What a segment holds. Offsets are in bytes from the file's start."""

    header: SegmentHeader
    verdict: Verdict
    end: int
    """Where the last whole batch ends."""
    durable: int
    """What is durable for certain."""
    fault: str | None
    next_commit: int
    next_sequence: int
    tree_root: bytes
    footer: SegmentFooter | None
    batches: list[StoredBatch] = field(default_factory=list)


def _damaged(what: str, offset: int = 0) -> AtedbError:
    return AtedbError(
        Reason.CHAIN_DAMAGED,
        f"the segment is damaged at offset {offset}: {what}",
        metadata={"offset": str(offset)},
    )


class _Length(NamedTuple):
    value: int
    next: int


def _read_length(data: bytes, at: int, end: int) -> _Length | None:
    """Read a varint of at most four bytes in its shortest form."""
    value = 0
    for index in range(4):
        if at + index >= end:
            return None
        byte = data[at + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return None if byte == 0 and index > 0 else _Length(value, at + index + 1)
    return None


def parse_segment_header(data: bytes, segment: int, generation: int = 0) -> SegmentHeader:
    """Read the header that the file of a segment and a generation begins with. Raises CHAIN_DAMAGED, FORMAT_TOO_NEW."""
    length = _read_length(data, 1, len(data)) if data[:1] == bytes([_HEADER_TAG]) else None
    if length is None:
        raise _damaged("it does not begin with a segment header")
    end = length.next + length.value
    if end > len(data):
        raise _damaged("its header is cut short")
    record = _checked_record(data[length.next : end], MAGICS["SegmentHeader"], before=data[: length.next])
    numbers, parts = record
    frontier = tuple(parts.get(6, []))
    previous = parts.get(7, [None])[0]
    original = parts.get(9, [None])[0]
    header = SegmentHeader(
        _single(parts, 2),
        numbers.get(3, 0),
        numbers.get(4, 0),
        numbers.get(5, 0),
        frontier,
        previous,
        numbers.get(8, 0),
        original,
        end,
    )
    if len(header.chain_id) != 32 or any(len(one) != 32 for one in frontier):
        raise _damaged("a hash of its header is none")
    if header.segment != segment:
        raise _damaged(f"it is the file of segment {header.segment}")
    if header.generation != generation:
        raise _damaged(f"it is the file of generation {header.generation}")
    if (original is None) != (generation == 0) or (original is not None and len(original) != 32):
        raise _damaged("its header does not say which file it was rewritten from")
    if len(frontier) != header.first_commit.bit_count() or (previous is None) != (segment == 0):
        raise _damaged("its header does not fit its place")
    return header


def _single(parts: dict[int, list[bytes]], number: int) -> bytes:
    return parts.get(number, [b""])[0]


def _checked_record(
    record: bytes, magic: int, before: bytes = b""
) -> tuple[dict[int, int], dict[int, list[bytes]]]:
    """Take a record apart: first the letters of its magic are looked at, then its CRC, then its version.

    So a flipped bit is damage and never looks like a newer version, and a newer version is refused by name.
    """
    if len(record) < 5 or record[0] != 0x0D:
        raise _damaged("it does not begin with a magic")
    found = int.from_bytes(record[1:5], "little")
    if found & 0xFF_FFFF != magic & 0xFF_FFFF:
        raise _damaged(f"its magic is {found:#010x}, where {magic:#010x} was due")
    covered = len(record) - _CRC_FIELD_BYTES
    crc = zlib.crc32(record[:covered], zlib.crc32(before))
    if covered < 0 or record[covered] != _CRC_TAG or crc != int.from_bytes(record[covered + 1 :], "little"):
        raise _damaged("its checksum does not fit")
    if found >> 24 > magic >> 24:
        raise AtedbError(
            Reason.FORMAT_TOO_NEW,
            f"the segment is of format version {found >> 24}, and versions up to {magic >> 24} are known",
            metadata={"version": str(found >> 24)},
        )
    if found != magic:
        raise _damaged(f"its format version is {found >> 24}")
    numbers: dict[int, int] = {}
    parts: dict[int, list[bytes]] = {}
    again = FieldWriter()
    try:
        last = 0
        for one in fields(record):
            if one.number < last or (one.number == last and one.number != 6):
                raise _damaged("it is not in the strict form")
            last = one.number
            if one.wire_type == 2:
                parts.setdefault(one.number, []).append(record[one.start : one.end])
            else:
                numbers[one.number] = one.value
            if one.value == 0 and one.number != 15:
                raise _damaged("it is not in the strict form")
            again.raw(record[one.tag_start : one.end])
    except AtedbError as error:
        raise _damaged(error.message) from error
    return numbers, parts


class _Frame(NamedTuple):
    start: int
    run_end: int
    commit_start: int
    end: int
    events: int


def _frame_batch(data: bytes, start: int, end: int) -> _Frame | str:
    """Find the batch that starts at an offset, by tags and lengths alone; or say why there is none."""
    at, events, run_end = start, 0, 0
    while at < end:
        tag = data[at]
        if tag not in ((_EVENT_TAG, _SEAL_TAG) if run_end == 0 else (_COMMIT_TAG,)):
            return f"there is {tag:#04x} where another tag was due"
        length = _read_length(data, at + 1, end)
        if length is None:
            return "a length is cut short, not in its shortest form or too large"
        field_end = length.next + length.value
        if field_end - start > (BATCH_BYTES_MAX if tag == _COMMIT_TAG else RUN_BYTES_MAX):
            return "a length is larger than a batch may be"
        if tag == _COMMIT_TAG and field_end - at > COMMIT_BYTES_MAX:
            return "a commit is too large"
        if field_end > end:
            return "a batch is cut short"
        if tag == _COMMIT_TAG:
            return _Frame(start, run_end, length.next, field_end, events)
        if tag == _EVENT_TAG:
            events += 1
        elif events == 0:
            return "a seal comes before any event"
        else:
            run_end = field_end
        at = field_end
    return "a batch is cut short"


def _crc_fits(stored: bytes) -> bool:
    return zlib.crc32(stored[:-_CRC_FIELD_BYTES]) == int.from_bytes(stored[-4:], "little")


def scan_segment(data: bytes, segment: int, generation: int = 0, *, time_unix_ms: int = 0) -> SegmentScan:
    """Read a segment from its header to its end or first fault, checking all that can be checked without the events.

    `time_unix_ms`: of the last commit before the segment. Raises CHAIN_DAMAGED, FORMAT_TOO_NEW where its header is none.
    """
    header = parse_segment_header(data, segment, generation)
    footer_found = _footer_at_end(data)
    footer = (
        footer_found[0]
        if footer_found and footer_found[0].durable_offset == len(data) - footer_found[1]
        else None
    )
    limit = len(data) if footer is None else footer.durable_offset
    scan = SegmentScan(
        header,
        "whole",
        header.bytes_,
        # A chain's folder appears with its first batch in it.
        header.bytes_ + (1 if segment == 0 else 0),
        None,
        header.first_commit,
        header.first_sequence,
        b"",
        footer,
    )
    if footer is not None:
        scan.durable = max(scan.durable, footer.durable_offset)
    frontier = Frontier(header.first_commit, header.frontier)
    contradiction = False
    resume: int | None = None
    while scan.end < limit and scan.fault is None:
        found = _frame_batch(data, scan.end, limit)
        if isinstance(found, str):
            scan.fault = found
        elif not _crc_fits(data[found.start : found.end]):
            scan.fault, resume = "a checksum does not fit", found.end
        else:
            checked = _check(data, found, scan, frontier, time_unix_ms)
            if isinstance(checked, str):
                scan.fault, contradiction, resume = checked, True, found.end
            else:
                scan.batches.append(StoredBatch(data[found.start : found.run_end], checked))
                frontier.append(checked.leaf)
                time_unix_ms = checked.header.time_unix_ms
                scan.next_commit = checked.header.commit + 1
                scan.next_sequence = checked.header.first_sequence + checked.header.events
                scan.end = found.end
                scan.durable = max(scan.durable, checked.durable_offset)
    scan.tree_root = frontier.root()
    if scan.fault is None and scan.end > limit:
        scan.fault, contradiction = "a footer lies where the header is", True
    if scan.fault is None and footer is not None and not _footer_fits(footer, scan):
        scan.fault, contradiction = "the footer is of other batches", True
    if scan.fault is not None:
        scan.durable = max(scan.durable, _durable_after(data, limit, resume))
    scan.verdict = _verdict(scan, len(data), contradiction=contradiction)
    return scan


def _verdict(scan: SegmentScan, size: int, *, contradiction: bool) -> Verdict:
    if scan.end < scan.durable:
        return "damage"
    if scan.fault is None:
        return "whole"
    return "damage" if contradiction or size - scan.end > UNSYNCED_BYTES_MAX else "tail"


def _check(
    data: bytes, found: _Frame, scan: SegmentScan, frontier: Frontier, time_unix_ms: int
) -> Commit | str:
    """Check a batch whose CRC fits against the chain before it; or say what is wrong."""
    commit = _commit_or_none(data[found.commit_start : found.end])
    if commit is None:
        return "a commit is not in the strict form"
    header = commit.header
    after = frontier.copy()
    after.append(commit.leaf)
    faults = (
        (commit.batch_bytes != found.run_end - found.start, "a commit is of a batch of another size"),
        (header.events != found.events, "a commit is of another number of events"),
        (commit.durable_offset > found.start, "a commit calls bytes durable that came after it"),
        (header.commit != scan.next_commit, f"commit {header.commit} is where {scan.next_commit} was due"),
        (header.first_sequence != scan.next_sequence, "a sequence is where another was due"),
        (header.time_unix_ms < time_unix_ms, "time goes back"),
        (commit.tree_root not in (None, after.root()), "the tree has another root than was written"),
    )
    return next((what for is_wrong, what in faults if is_wrong), commit)


def _commit_or_none(data: bytes) -> Commit | None:
    try:
        return parse_commit(data)
    except AtedbError:
        return None


def _footer_fits(footer: SegmentFooter, scan: SegmentScan) -> bool:
    return (
        footer.next_commit == scan.next_commit
        and footer.next_sequence == scan.next_sequence
        and footer.tree_root == scan.tree_root
    )


def _footer_at_end(data: bytes) -> tuple[SegmentFooter, int] | None:
    """Find the whole footer that a file ends with, and its size with its tag, wherever it says that it lies."""
    for at in range(max(0, len(data) - _FOOTER_BYTES_MAX), len(data)):
        if data[at] != _FOOTER_TAG:
            continue
        length = _read_length(data, at + 1, len(data))
        if length is None or length.next + length.value != len(data):
            continue
        try:
            numbers, parts = _checked_record(data[length.next :], MAGICS["SegmentFooter"])
        except AtedbError as error:
            if error.reason == Reason.FORMAT_TOO_NEW:
                raise
            continue
        root = _single(parts, 5)
        if len(root) == 32:
            numbers_of = (numbers.get(2, 0), numbers.get(3, 0), numbers.get(4, 0))
            return SegmentFooter(*numbers_of, root), len(data) - at
    return None


def _durable_after(data: bytes, limit: int, resume: int | None) -> int:
    """Find what commits behind a fault say was durable: those that the framing leads to, and the one at the file's end."""
    durable = 0
    at = limit if resume is None else resume
    while at < limit:
        found = _frame_batch(data, at, limit)
        if isinstance(found, str):
            break
        at = found.end
        commit = _commit_or_none(data[found.commit_start : found.end])
        is_whole = _crc_fits(data[found.start : found.end])
        if is_whole and commit is not None and commit.durable_offset <= found.start:
            durable = max(durable, commit.durable_offset)
    end = data[max(0, limit - BATCH_BYTES_MAX - _FOOTER_BYTES_MAX) : limit]
    # Where bytes are gone, or too many, it lies elsewhere than it says. A whole batch is right before it, or it is data.
    footer = _footer_at_end(end)
    last = _commit_at_end(end[: len(end) - (footer[1] if footer else 0)])
    if last is None:
        return durable
    return max(durable, last.durable_offset, footer[0].durable_offset if footer else 0)


def _commit_at_end(data: bytes) -> Commit | None:
    """Find the whole batch that bytes end with, from their end alone: the last fields of a commit have a fixed width."""
    size = len(data)
    if size < 19 or (data[-19], data[-14], data[-5]) != (0x6D, 0x71, _CRC_TAG):
        return None
    batch_bytes = int.from_bytes(data[-18:-14], "little")
    for at in range(max(batch_bytes, size - COMMIT_BYTES_MAX), size - 18):
        length = _read_length(data, at + 1, size) if data[at] == _COMMIT_TAG else None
        if length is None or length.next + length.value != size:
            continue
        found = _frame_batch(data, at - batch_bytes, size)
        if isinstance(found, str) or found.run_end != at or not _crc_fits(data[found.start : found.end]):
            continue
        return _commit_or_none(data[found.commit_start : found.end])
    return None
