"""Bytes of servers, changed at random: blindly, and by the fields of the messages that they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

_One = TypeVar("_One")

_MASK = (1 << 64) - 1
_RANGE_BYTES_MAX = 64
_DEPTH_MAX = 8
_LENGTHS = [
    bytes.fromhex(digits)
    for digits in ("00", "7f", "ff7f", "80808002", "ffffffff07", "ffffffffffffff0f", "ffffffffffffffffff01")
]
"""Varints that overflow, or say more than there is."""


@dataclass(frozen=True, slots=True)
class _Field:
    """A field of a message: where it and its content lie."""

    number: int
    type: int
    start: int
    content: int
    end: int


class Mutator:
    """What it does follows from the seed and the number of the input alone."""

    def __init__(self, seed: int, number: int) -> None:
        self._state = (seed * 0x9E37_79B9 + number) & _MASK
        self._next()

    def _next(self) -> int:
        """Give the next number of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014)."""
        self._state = (self._state + 0x9E37_79B9_7F4A_7C15) & _MASK
        mixed = ((self._state ^ self._state >> 30) * 0xBF58_476D_1CE4_E5B9) & _MASK
        mixed = ((mixed ^ mixed >> 27) * 0x94D0_49BB_1331_11EB) & _MASK
        return mixed ^ mixed >> 31

    def below(self, end: int) -> int:
        """Give a number from 0 on, below `end`; 0 where that is 0."""
        return 0 if end <= 1 else self._next() % end

    def one_of(self, many: Sequence[_One]) -> _One:
        return many[self.below(len(many))]

    def changed(self, data: bytes, others: Sequence[bytes]) -> bytes:
        """Change something, once or a few times. `others` are good bytes of the same kind."""
        # Mostly once: of several changes one is likelier to be refused before another is looked at.
        for _ in range(1 + (self.below(3) if self.below(4) == 0 else 0)):
            other = self.one_of(others)
            data = self._blindly(data, other) if self.below(3) == 0 else self._by_field(data, other, 0)
        return data

    def _blindly(self, data: bytes, other: bytes) -> bytes:
        at = self.below(len(data))
        end = min(len(data), at + 1 + self.below(_RANGE_BYTES_MAX))
        match self.below(9):
            case 0 | 7 | 8:
                return (
                    data[:at] + bytes(one ^ 1 << self.below(8) for one in data[at : at + 1]) + data[at + 1 :]
                )
            case 1:
                return data[:at]
            case 2:
                return data[:at] + data[end:]
            case 3:
                return data[:end] + data[at:]
            case 4:
                second = end + self.below(len(data) - end)
                last = min(len(data), second + end - at)
                return data[:at] + data[second:last] + data[end:second] + data[at:end] + data[last:]
            case 5:
                return data[:at] + other[self.below(len(other)) :]
            case _:
                return data[:at] + self.one_of(_LENGTHS) + data[end:]

    def _by_field(self, data: bytes, other: bytes, depth: int) -> bytes:
        """Change a field of a message, or of one in it; where it is none, it is changed blindly."""
        fields = _fields_of(data)
        if not fields:
            return self._blindly(data, other)
        field = self.one_of(fields)
        before, whole, after = data[: field.start], data[field.start : field.end], data[field.end :]
        content = data[field.content : field.end]
        if field.type == 2 and depth < _DEPTH_MAX and self.below(3) > 0:
            inner = self._by_field(content, self._content_of(other, field.number), depth + 1)
            return before + _tagged(field.number, inner) + after
        match self.below(7):
            case 0:
                return before + after
            case 1:
                return before + whole + whole + after
            case 2:
                last = self.one_of(fields)
                return before + after + data[last.start : last.end]
            case 3:
                if field.type != 2:
                    return before + after + whole
                return before + _tagged(field.number, self._content_of(other, field.number)) + after
            case 4:
                tag = _varint(field.number * 8 + self.below(8))
                return before + tag + self.one_of(_LENGTHS) + content + after
            case 5:
                return before + _varint((1 + self.below(40)) * 8 + field.type) + content + after
            case _:
                if field.type == 2:
                    return before + _tagged(field.number, b"") + after
                return before + _varint(field.number * 8) + self.one_of(_LENGTHS) + after

    def _content_of(self, message: bytes, number: int) -> bytes:
        """Give the content of a field of a number of another message, or another one of that."""
        fields = _fields_of(message)
        if not fields:
            return message
        one = self.one_of([field for field in fields if field.number == number] or fields)
        return message[one.content : one.end]


def _fields_of(data: bytes) -> list[_Field] | None:
    """Give the fields of a message; None where the bytes are none."""
    fields: list[_Field] = []
    at = 0
    while at < len(data):
        start = at
        tag = _read_varint(data, at)
        if tag is None or not 8 <= tag[0] < 1 << 32:
            return None
        content = at = tag[1]
        kind = tag[0] & 7
        if kind in (0, 2):
            value = _read_varint(data, at)
            if value is None:
                return None
            end = value[1]
            if kind == 2:
                content, end = end, end + value[0]
        elif kind in (1, 5):
            end = at + (8 if kind == 1 else 4)
        else:
            return None
        if end > len(data):
            return None
        fields.append(_Field(tag[0] >> 3, kind, start, content, end))
        at = end
    return fields


def _read_varint(data: bytes, start: int) -> tuple[int, int] | None:
    """Give a varint of five bytes at most, and where it ends."""
    value = 0
    for place, one in enumerate(data[start : start + 5]):
        value |= (one & 0x7F) << 7 * place
        if one < 0x80:
            return value, start + place + 1
    return None


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _tagged(number: int, content: bytes) -> bytes:
    return _varint(number * 8 + 2) + _varint(len(content)) + content
