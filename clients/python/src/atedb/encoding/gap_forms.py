"""The strict forms of what stands for events and commits that are gone."""

from typing import Final

from atedb.encoding.form_fields import hash32, message_field
from atedb.encoding.strict import FieldForm, MessageForm

_GONE_HASHES_MAX: Final = 28
"""Hashes that stand for events of a batch: two for each level of its tree."""
_GAP_HASHES_MAX: Final = 106
"""Hashes that stand for commits of a chain."""

_GONE_EVENTS: Final = MessageForm(
    "GoneEvents",
    (
        FieldForm(1, "events", "uint32", required=True),
        FieldForm(2, "hashes", "bytes", length_max=32 * _GONE_HASHES_MAX, required=True),
    ),
)

GONE_EVENT: Final = MessageForm("Event", (message_field(6, "gone", _GONE_EVENTS, required=True),))
"""An Event that stands for others, and holds nothing else."""

GAP: Final = MessageForm(
    "Gap",
    (
        FieldForm(1, "commits", "varint"),
        FieldForm(2, "events", "varint"),
        FieldForm(3, "hashes", "bytes", length_max=32 * _GAP_HASHES_MAX),
        FieldForm(4, "snapshot", "varint", required=True),
        FieldForm(5, "size", "varint", required=True),
        hash32(6, "before"),
        FieldForm(7, "gone_from", "varint"),
        FieldForm(8, "last_from", "varint"),
        FieldForm(9, "last_end", "varint"),
    ),
)
