"""Reading and writing the fields of protobuf messages, without stubs: what is sealed is never serialised anew."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from atedb.errors import AtedbError, Reason
from atedb.limits import INTEGER_MAX

VARINT: Final = 0
FIXED64: Final = 1
BYTES: Final = 2
FIXED32: Final = 5

_TAG_MAX: Final = 0xFFFF_FFFF


class Field(NamedTuple):
    """A field where it lies. Offsets count from the start of the bytes that were given."""

    number: int
    wire_type: int
    value: int
    """Of a number; the length of what is length-delimited."""
    start: int
    """Of the value; of the content, where that is length-delimited."""
    end: int
    tag_start: int


def non_canonical(where: str, offset: int, why: str) -> AtedbError:
    """Make the refusal of bytes that are not in the strict form."""
    return AtedbError(
        Reason.NON_CANONICAL,
        f"{where} is not in the strict form: at offset {offset}, {why}",
        metadata={"where": where, "offset": str(offset)},
    )


def read_varint(data: bytes, at: int, end: int, name: str) -> tuple[int, int]:
    """Read a minimal varint of at most 2^53 - 1, and say where it ends. Raises NON_CANONICAL."""
    value = 0
    shift = 0
    position = at
    while position < end:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if byte == 0 and shift > 0:
                raise non_canonical(name, at, "a varint is longer than it need be")
            if value > INTEGER_MAX:
                raise non_canonical(name, at, "an integer is beyond 2^53 - 1")
            return value, position
        shift += 7
        if shift > 49:
            raise non_canonical(name, at, "an integer is beyond 2^53 - 1, or longer than it need be")
    raise non_canonical(name, at, "it is cut short")


def fields(data: bytes, start: int = 0, end: int | None = None, name: str = "the message") -> Iterator[Field]:
    """Walk the fields of one message.

    Varints must be minimal, and integers at most 2^53 - 1; all else of the strict form is `check_strict`'s.
    Raises NON_CANONICAL, also for a tag that is none, and for what ends beyond the message.
    """
    limit = len(data) if end is None else end
    at = start
    while at < limit:
        tag_start = at
        tag = data[at]
        if tag < 0x80:
            at += 1
        else:
            tag, at = read_varint(data, at, limit, name)
        if tag < 8 or tag > _TAG_MAX:
            raise non_canonical(name, tag_start, f"{tag} is no tag")
        number, wire_type = tag >> 3, tag & 7
        if wire_type == BYTES:
            value, at = read_varint(data, at, limit, name)
            field_end = at + value
        elif wire_type == VARINT:
            value, field_end = read_varint(data, at, limit, name)
        elif wire_type == FIXED32:
            field_end = at + 4
            value = int.from_bytes(data[at:field_end], "little")
        elif wire_type == FIXED64:
            field_end = at + 8
            value = int.from_bytes(data[at:field_end], "little")
        else:
            why = f"field {number} has wire type {wire_type}, which is not allowed"
            raise non_canonical(name, tag_start, why)
        if field_end > limit:
            why = f"field {number} ends {field_end - limit} bytes beyond its message"
            raise non_canonical(name, tag_start, why)
        if value > INTEGER_MAX:
            raise non_canonical(name, at, "an integer is beyond 2^53 - 1")
        yield Field(number, wire_type, value, at, field_end, tag_start)
        at = field_end


def messages_in(data: bytes, number: int) -> list[bytes]:
    """Give the contents of all length-delimited fields of one number, as they lie."""
    return [data[f.start : f.end] for f in fields(data) if f.number == number and f.wire_type == BYTES]


def encode_varint(value: int) -> bytes:
    """Encode an integer from 0 to 2^53 - 1 in its shortest form."""
    assert 0 <= value <= INTEGER_MAX, "an integer of a header"
    out = bytearray()
    while value >= 0x80:
        out.append((value & 0x7F) | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def frame(number: int, payload: bytes) -> bytes:
    """Make a length-delimited field: tag, length, payload."""
    return encode_varint(number * 8 + BYTES) + encode_varint(len(payload)) + payload


class FieldWriter:
    """Appends fields to bytes that are sealed once. The caller keeps their numbers ascending, as the strict form has them.

    What equals its default is left out, unless the method says otherwise.
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def varint(self, number: int, value: int) -> "FieldWriter":
        """Write a uint32, uint64, enum or bool."""
        if value:
            self._parts.append(encode_varint(number * 8) + encode_varint(value))
        return self

    def fixed32(self, number: int, value: int) -> "FieldWriter":
        """Write a fixed32, also where it is 0."""
        self._parts.append(encode_varint(number * 8 + FIXED32) + value.to_bytes(4, "little"))
        return self

    def fixed64(self, number: int, value: int) -> "FieldWriter":
        """Write a fixed64."""
        if value:
            self._parts.append(encode_varint(number * 8 + FIXED64) + value.to_bytes(8, "little"))
        return self

    def data(self, number: int, value: bytes | None) -> "FieldWriter":
        """Write bytes, unless there are none."""
        if value:
            self._parts.append(frame(number, value))
        return self

    def string(self, number: int, value: str | None) -> "FieldWriter":
        """Write text in UTF-8, unless there is none."""
        if value:
            self._parts.append(frame(number, value.encode()))
        return self

    def message(self, number: int, value: bytes) -> "FieldWriter":
        """Write a message, or an element of a repeated field, also where it is empty."""
        self._parts.append(frame(number, value))
        return self

    def raw(self, value: bytes) -> "FieldWriter":
        """Write bytes that are fields already, as they are."""
        self._parts.append(value)
        return self

    def finish(self) -> bytes:
        """Give what was written."""
        return b"".join(self._parts)
