"""The strict form of docs/format.md: each meaning has one encoding, and every other is refused."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

from atedb.encoding.fields import BYTES, FIXED32, FIXED64, VARINT, Field, fields, non_canonical, read_varint
from atedb.errors import AtedbError
from atedb.limits import INTEGER_MAX

Kind = Literal["varint", "uint32", "bool", "enum", "fixed32", "fixed64", "bytes", "string", "message"]

_WIRE_TYPES: Final[dict[str, int]] = {
    "varint": VARINT,
    "uint32": VARINT,
    "bool": VARINT,
    "enum": VARINT,
    "fixed32": FIXED32,
    "fixed64": FIXED64,
}
_VALUE_MAX: Final[dict[str, int]] = {"bool": 1, "uint32": 0xFFFF_FFFF}


@dataclass(frozen=True, slots=True)
class FieldForm:
    """What one field of a message may hold."""

    number: int
    name: str
    kind: Kind
    required: bool = False
    """It must be there. Of members of a oneof: one of them must be."""
    repeated: bool = False
    count_max: int | None = None
    length: int | None = None
    """Exact length in bytes, of each element."""
    length_max: int | None = None
    values: tuple[int, ...] = ()
    """The known numbers of an enum."""
    form: "MessageForm | None" = None
    oneof: str | None = None
    equals: int | None = None
    """The only value that is allowed: a magic."""
    presence: bool = False
    """It has explicit presence, and so may equal its default."""
    packed: bool = False
    """It is repeated, and its numbers lie in one piece, of which there is at least one."""

    @property
    def wire_type(self) -> int:
        """The wire type that the field is written with."""
        return BYTES if self.packed else _WIRE_TYPES.get(self.kind, BYTES)

    @property
    def may_be_zero(self) -> bool:
        """Whether its value, or its length, may be 0 and the field there all the same."""
        if self.packed:
            return False
        return self.repeated or self.kind == "message" or self.presence or self.oneof is not None


@dataclass(frozen=True)
class MessageForm:
    """The strict form of a message. The fields ascend."""

    name: str
    fields: tuple[FieldForm, ...] = field(default=())

    @cached_property
    def by_number(self) -> dict[int, tuple[int, FieldForm]]:
        """The fields with their places."""
        return {form.number: (place, form) for place, form in enumerate(self.fields)}

    @cached_property
    def required_oneofs(self) -> frozenset[str]:
        """The oneofs of which a member must be there."""
        return frozenset(f.oneof for f in self.fields if f.required and f.oneof is not None)

    @cached_property
    def required_places(self) -> tuple[int, ...]:
        """The places of the fields that must be there by themselves."""
        return tuple(i for i, f in enumerate(self.fields) if f.required and f.oneof is None)


def check_strict(form: MessageForm, data: bytes, start: int = 0, end: int | None = None) -> None:
    """Check that bytes are one message in the strict form, and the messages inside it too.

    Bytes inside a field of bytes are not looked into. Raises NON_CANONICAL, naming field and offset.
    """
    limit = len(data) if end is None else end
    place = -1
    count = 0
    seen: set[int] = set()
    oneofs: set[str] = set()
    for found in fields(data, start, limit, form.name):
        entry = form.by_number.get(found.number)
        if entry is None:
            where = f"{form.name}.{found.number}"
            raise non_canonical(
                where, found.tag_start, f"there is a field {found.number}, which is not known"
            )
        next_place, known = entry
        if next_place < place:
            raise _refused(form, known, found.tag_start, "the field comes after one with a higher number")
        count = count + 1 if next_place == place else 1
        place = next_place
        seen.add(next_place)
        if count > 1:
            if not known.repeated or known.packed:
                raise _refused(form, known, found.tag_start, "the field is there twice")
            if known.count_max is not None and count > known.count_max:
                why = f"it has more elements than the {known.count_max} that are allowed"
                raise _refused(form, known, found.tag_start, why)
        if known.oneof is not None:
            if known.oneof in oneofs:
                raise _refused(form, known, found.tag_start, "another field of its oneof is there too")
            oneofs.add(known.oneof)
        _check_value(form, known, data, found)
    for required in form.required_places:
        if required not in seen:
            raise _refused(form, form.fields[required], limit, "the field is missing, and required")
    if not form.required_oneofs <= oneofs:
        raise non_canonical(form.name, limit, "no field of a oneof is there, and one is required")


def _check_value(form: MessageForm, known: FieldForm, data: bytes, found: Field) -> None:
    if found.wire_type != known.wire_type:
        why = f"the field has wire type {found.wire_type}, where {known.wire_type} was due"
        raise _refused(form, known, found.tag_start, why)
    if found.value == 0 and not known.may_be_zero:
        raise _refused(form, known, found.tag_start, "the field equals its default, and so must be absent")
    if known.form is not None:
        check_strict(known.form, data, found.start, found.end)
    elif known.packed:
        _check_packed(form, known, data, found)
    elif known.wire_type == BYTES:
        _check_content(form, known, data, found)
    else:
        _check_number(form, known, found)


def _check_content(form: MessageForm, known: FieldForm, data: bytes, found: Field) -> None:
    if known.length is not None and found.value != known.length:
        why = f"the field has {found.value} bytes, and must be {known.length}"
        raise _refused(form, known, found.start, why)
    if known.length_max is not None and found.value > known.length_max:
        why = f"the field has {found.value} bytes, and may be at most {known.length_max}"
        raise _refused(form, known, found.start, why)
    if known.kind == "string":
        try:
            data[found.start : found.end].decode()
        except UnicodeDecodeError:
            raise _refused(form, known, found.start, "the field is not valid UTF-8") from None


def _check_packed(form: MessageForm, known: FieldForm, data: bytes, found: Field) -> None:
    """Check the varints of a packed field. Each of them may be 0."""
    count, at = 0, found.start
    while at < found.end:
        _, at = read_varint(data, at, found.end, f"{form.name}.{known.name}")
        count += 1
    if known.count_max is not None and count > known.count_max:
        why = f"it has more elements than the {known.count_max} that are allowed"
        raise _refused(form, known, found.start, why)


def _check_number(form: MessageForm, known: FieldForm, found: Field) -> None:
    value = found.value
    if known.equals is not None and value != known.equals:
        raise _refused(form, known, found.start, f"the field is {value}, and must be {known.equals}")
    if value > _VALUE_MAX.get(known.kind, INTEGER_MAX):
        raise _refused(form, known, found.start, f"the field is {value}, which is too large")
    if known.values and value not in known.values:
        raise _refused(form, known, found.start, f"the field is {value}, which is not a known value")


def _refused(form: MessageForm, known: FieldForm, offset: int, why: str) -> AtedbError:
    return non_canonical(f"{form.name}.{known.name}", offset, why)
