"""Events: built once, hashed, and read where they lie."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from atedb.crypto.domains import HASH_DATA, HASH_SEALED_DATA
from atedb.crypto.hashes import tagged_hash
from atedb.encoding import forms
from atedb.encoding.fields import BYTES, FieldWriter, fields, frame
from atedb.encoding.form_fields import MAGICS
from atedb.encoding.strict import check_strict
from atedb.errors import AtedbError, Reason, invalid
from atedb.events.primary_key import PRIMARY_KEY_BYTES
from atedb.events.rules import NO_AUTHORITY, Confidentiality, EventAuthority, write_early, write_late
from atedb.limits import EVENT_HEADER_BYTES_MAX, TYPE_NAME_BYTES_MAX

EventKind = Literal[
    "gone",
    "genesis",
    "data",
    "tombstone",
    "redaction",
    "snapshot",
    "auth_answer",
    "roots",
    "server_identity",
    "key_change",
    "rules",
]

KINDS: Final[dict[int, EventKind]] = {
    1: "genesis",
    2: "data",
    3: "tombstone",
    4: "redaction",
    5: "snapshot",
    6: "auth_answer",
    7: "roots",
    8: "server_identity",
    9: "key_change",
    10: "rules",
}
_NUMBERS: Final[dict[EventKind, int]] = {kind: number for number, kind in KINDS.items()}

RUN_EVENT: Final = 1
"""Field of an event in a run, a request and a file alike."""
RUN_SEAL: Final = 2

SALT_BYTES: Final = 16

MARK_AUTHORITY: Final = 1
"""It says something of rights and keys: rules, keys that are shown or handed out, a move, roots, a change of a key."""
MARK_SEALED: Final = 2
MARK_SIGNERS: Final = 4
"""It names keys that sign besides the writer's, or an author."""
MARK_LABEL: Final = 8

_MARKS: Final = {
    6: MARK_AUTHORITY,
    7: MARK_SEALED,
    8: MARK_AUTHORITY,
    9: MARK_AUTHORITY,
    10: MARK_SIGNERS,
    11: MARK_SIGNERS,
    16: MARK_AUTHORITY,
    17: MARK_AUTHORITY,
    18: MARK_AUTHORITY,
    19: MARK_LABEL,
    20: MARK_AUTHORITY,
    21: MARK_AUTHORITY,
    22: MARK_AUTHORITY,
    23: MARK_AUTHORITY,
}

DataState = Literal["present", "omitted", "redacted", "dropped", "expired"]
"""Where an event's data is: there, or why it isn't."""

DATA_STATES: Final[tuple[DataState, ...]] = ("present", "omitted", "redacted", "dropped", "expired")
"""By the numbers of `atedb.v1.DataState`; 0 is `present`."""
OMITTED: Final = 1
REDACTED: Final = 2
DROPPED: Final = 3
EXPIRED: Final = 4


@dataclass(frozen=True, slots=True)
class Sealing:
    """How an event's data is sealed."""

    confidentiality: Confidentiality
    seal: Callable[[bytes, bytes], bytes]
    """Makes of the data and the header's bytes before the data's hash what is stored. Used once."""


@dataclass(frozen=True, slots=True)
class EventInput:
    """What a writer says in an event. Keys and labels have 16 bytes; times are milliseconds since 1970-01-01 UTC."""

    kind: Literal["data", "tombstone", "redaction", "roots", "key_change", "rules"]
    salt: bytes
    """16 random bytes, never used for other data. Sealed data needs none."""
    data: bytes = b""
    primary_key: bytes | None = None
    parent: bytes | None = None
    collection: bytes | None = None
    type: str | None = None
    reply_to: bytes | None = None
    time_unix_ms: int = 0
    authority: EventAuthority = NO_AUTHORITY
    sealing: Sealing | None = None


class BuiltEvent(NamedTuple):
    """An event, sealed once: these bytes are never made again."""

    header: bytes
    frame: bytes
    """With its tag and length, as it is sent and stored."""


def build_event(said: EventInput) -> BuiltEvent:
    """Build an event. Raises REQUEST_INVALID naming what has the wrong size."""
    _check_input(said)
    header = (
        FieldWriter()
        .fixed32(1, MAGICS["EventHeader"])
        .varint(2, _NUMBERS[said.kind])
        .data(3, said.primary_key)
        .data(4, said.parent)
        .data(5, said.collection)
    )
    sealing = said.sealing
    write_early(header, said.authority, None if sealing is None else sealing.confidentiality)
    header.string(12, said.type).data(13, said.reply_to).varint(14, said.time_unix_ms)
    write_late(header, said.authority)
    before = header.finish()
    if sealing is None:
        data = said.data
        hashed = tagged_hash(HASH_DATA, said.salt, data)
    else:
        data = sealing.seal(said.data, before)
        hashed = tagged_hash(HASH_SEALED_DATA, data)
    done = before + FieldWriter().data(30, hashed).varint(31, len(data)).finish()
    event = FieldWriter().data(1, done).data(2, data)
    if sealing is None:
        event.data(3, said.salt)
    return BuiltEvent(done, frame(RUN_EVENT, event.finish()))


def build_genesis_event(header: bytes) -> BuiltEvent:
    """Put the header of a genesis into its event."""
    return BuiltEvent(header, frame(RUN_EVENT, FieldWriter().data(1, header).finish()))


def _check_input(said: EventInput) -> None:
    if said.primary_key is None and said.kind in ("data", "tombstone", "redaction"):
        raise invalid("primary_key", "it is missing")
    for name in ("primary_key", "parent", "collection", "reply_to", "salt"):
        value = getattr(said, name)
        if value is not None and len(value) != PRIMARY_KEY_BYTES:
            raise invalid(name, f"it is {len(value)} bytes, and must be {PRIMARY_KEY_BYTES}")
    if said.type is not None and len(said.type.encode()) > TYPE_NAME_BYTES_MAX:
        raise invalid("type", f"it is longer than {TYPE_NAME_BYTES_MAX} bytes")


@dataclass(slots=True)
class EventView:
    """An event as it lies in a run."""

    header: bytes
    data: bytes
    salt: bytes
    """Empty: there is none."""
    data_state: int
    kind: EventKind
    primary_key: bytes
    """Empty: there is none."""
    parent: bytes
    data_hash: bytes
    data_bytes: int
    has_genesis: bool
    marks: int
    redacted_by: int = 0
    """Sequence of the redaction that has erased its data; 0: none has."""


GONE: Final = EventView(b"", b"", b"", 0, "gone", b"", b"", b"", 0, has_genesis=False, marks=0)
"""In the place of each event of a batch that is gone, header and all."""


# Most events: data or a tombstone in clear, with a primary key, and at most a parent, a collection, a short type in ASCII
# and a time. What this matches is in the strict form, given that lengths fit; what it doesn't is left to `check_strict`.
_USUAL_HEADER: Final = re.compile(
    rb"\x0d\x41\x45\x56\x01\x10([\x02\x03])\x1a\x10(.{16})(?:\x22\x10(.{16}))?(?:\x2a\x10.{16})?"
    rb"(?:\x62([\x01-\x7f])([\x01-\x7f]+?))?(?:\x70(?:[\x80-\xff]{0,6}[\x01-\x7f]))?"
    rb"\xf2\x01\x20(.{32})(?:\xf8\x01([\x80-\xff]{0,3}[\x01-\x7f]))?",
    re.DOTALL,
)


def read_data_hash(header: bytes) -> tuple[bytes, int]:
    """Read what a header, which is in the strict form, says of the data: its hash, empty for none, and its size as it is stored."""
    hashed, size = b"", 0
    for found in fields(header):
        if found.number == 30:
            hashed = header[found.start : found.end]
        elif found.number == 31:
            size = found.value
    return hashed, size


def parse_event(run: bytes, start: int, end: int) -> EventView:
    """Read one Event message of a run. Raises NON_CANONICAL, DATA_TOO_LARGE."""
    header = data = salt = b""
    data_state = redacted_by = 0
    last = 0
    for found in fields(run, start, end, "Event"):
        number = found.number
        if number <= last or number > 5 or (found.wire_type == BYTES) != (number < 4) or found.value == 0:
            check_strict(forms.EVENT, run, start, end)
        last = number
        if number == 1:
            header = run[found.start : found.end]
        elif number == 2:
            data = run[found.start : found.end]
        elif number == 3:
            salt = run[found.start : found.end]
        elif number == 4:
            data_state = found.value
        else:
            redacted_by = found.value
    if not header or (salt and len(salt) != SALT_BYTES) or data_state > 4:
        check_strict(forms.EVENT, run, start, end)
    if (redacted_by > 0) != (data_state == REDACTED):
        why = "it names the redaction that has erased its data, if it is erased, and only then"
        raise AtedbError(Reason.BATCH_INVALID, why)
    if len(header) > EVENT_HEADER_BYTES_MAX:
        raise AtedbError(
            Reason.DATA_TOO_LARGE,
            f"the header of an event is {len(header)} bytes, and {EVENT_HEADER_BYTES_MAX} is the limit",
            metadata={"limit_bytes": str(EVENT_HEADER_BYTES_MAX), "bytes": str(len(header))},
        )
    usual = _USUAL_HEADER.fullmatch(header)
    if usual is not None and (usual[4] is None or usual[4][0] == len(usual[5])):
        return EventView(
            header,
            data,
            salt,
            data_state,
            "data" if usual[1] == b"\x02" else "tombstone",
            usual[2],
            usual[3] or b"",
            usual[6],
            _small_varint(usual[7]) if usual[7] else 0,
            has_genesis=False,
            marks=0,
            redacted_by=redacted_by,
        )
    view = _parse_any(header, data, salt, data_state)
    view.redacted_by = redacted_by
    return view


def _small_varint(encoded: bytes) -> int:
    value = 0
    for place, byte in enumerate(encoded):
        value |= (byte & 0x7F) << (7 * place)
    return value


def _parse_any(header: bytes, data: bytes, salt: bytes, data_state: int) -> EventView:
    check_strict(forms.EVENT_HEADER, header)
    view = EventView(header, data, salt, data_state, "data", b"", b"", b"", 0, has_genesis=False, marks=0)
    for found in fields(header):
        number = found.number
        if number == 2:
            view.kind = KINDS[found.value]
        elif number == 3:
            view.primary_key = header[found.start : found.end]
        elif number == 4:
            view.parent = header[found.start : found.end]
        elif number == 15:
            view.has_genesis = True
        elif number == 30:
            view.data_hash = header[found.start : found.end]
        elif number == 31:
            view.data_bytes = found.value
        else:
            view.marks |= _MARKS.get(number, 0)
    return view


@dataclass(frozen=True, slots=True)
class HeaderSaid:
    """What a header says beside what checking needs."""

    collection: bytes | None
    type: str | None
    reply_to: bytes | None
    time_unix_ms: int | None


def read_said(header: bytes) -> HeaderSaid:
    """Read it from a header that is in the strict form."""
    collection = reply_to = None
    type_name: str | None = None
    time_unix_ms: int | None = None
    for found in fields(header):
        if found.number == 5:
            collection = header[found.start : found.end]
        elif found.number == 12:
            type_name = header[found.start : found.end].decode()
        elif found.number == 13:
            reply_to = header[found.start : found.end]
        elif found.number == 14:
            time_unix_ms = found.value
        elif found.number > 14:
            break
    return HeaderSaid(collection, type_name, reply_to, time_unix_ms)
