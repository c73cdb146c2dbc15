"""Redactions: which earlier events of an object lose their data."""

from dataclasses import dataclass
from itertools import pairwise

from atedb.encoding.fields import FieldWriter, encode_varint, fields, read_varint
from atedb.errors import AtedbError, Reason


@dataclass(frozen=True, slots=True)
class Redaction:
    """Which earlier events of its object a redaction erases the data of: those of some sequences, or all below one."""

    sequences: tuple[int, ...] = ()
    """They ascend."""
    before_sequence: int = 0

    @property
    def end(self) -> int:
        """The sequence after the last one that it names."""
        return self.sequences[-1] + 1 if self.sequences else self.before_sequence

    def erases(self, sequence: int, primary_key: bytes, *, at: int, of: bytes) -> bool:
        """Whether it erases an event, itself being at a sequence and of an object."""
        if sequence >= at or primary_key != of:
            return False
        return sequence in self.sequences if self.sequences else sequence < self.before_sequence


def redaction_bytes(redaction: Redaction) -> bytes:
    """Serialise what a redaction erases."""
    packed = b"".join(encode_varint(one) for one in redaction.sequences)
    return FieldWriter().data(1, packed).varint(2, redaction.before_sequence).finish()


def parse_redaction(data: bytes) -> Redaction:
    """Read a Redaction message in the strict form. Raises BATCH_INVALID where it contradicts itself."""
    sequences: list[int] = []
    before = 0
    for found in fields(data):
        if found.number == 2:
            before = found.value
            continue
        at = found.start
        while at < found.end:
            sequence, at = read_varint(data, at, found.end, "Redaction.sequences")
            sequences.append(sequence)
    ascends = all(one < after for one, after in pairwise(sequences))
    if not ascends or bool(sequences) == (before > 0):
        why = "a redaction names sequences, which ascend, or the one that they are all below, and not both"
        raise AtedbError(Reason.BATCH_INVALID, why)
    return Redaction(tuple(sequences), before)
