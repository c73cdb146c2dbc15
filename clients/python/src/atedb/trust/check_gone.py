"""Data that a server says not to be here: what of that an event shows by itself (docs/trust.md, "When data is gone")."""

from typing import Literal

from atedb.events.batch import Batch, invalid_event
from atedb.events.event import MARK_AUTHORITY, OMITTED, REDACTED, EventView

Provenance = Literal["appended", "stored", "trimmed"]
"""How a batch comes: as its writer sent it; as a server keeps or sends it, which may have left out data since; or as it is
sent to who has asked for data to be left out, and checks by themselves that only such is."""


def check_gone(event: EventView, index: int, provenance: Provenance) -> None:
    """Check an event whose data is said not to be here, as far as it shows by itself that it may be so.

    That something newer is there, a redaction that names it, or a rule that lets it go, only the events behind it show; see
    `OwedData`. Raises BATCH_INVALID.
    """
    if provenance == "appended":
        raise invalid_event(index, "only a server may say that data is not here")
    if event.data_state == OMITTED and provenance != "trimmed":
        raise invalid_event(index, "its data is left out, and nobody has asked for that")
    if event.data or event.salt:
        raise invalid_event(index, "its data is said to be gone, and some of it is here")
    if event.kind != "data":
        raise invalid_event(
            index, f"its data is said to be gone, and an event of kind {event.kind!r} has none"
        )
    if not event.data_hash:
        raise invalid_event(index, "its header has no hash of its data")
    # Whoever comes later has to be shown rules and keys with all that they came with.
    if event.data_state != REDACTED and event.marks & MARK_AUTHORITY:
        raise invalid_event(index, "it says something of rules or keys, and such data is never dropped")


def check_omitted(batch: Batch, data_up_to: int) -> None:
    """Check that of a batch only such data is left out as was asked for: of events whose header says that they have more bytes of it.

    `data_up_to`: bytes of data, as it is stored. Raises BATCH_INVALID, naming the event.
    """
    for index, event in enumerate(batch.events):
        if event.data_state == OMITTED and event.data_bytes <= data_up_to:
            why = f"its data is left out, which has {event.data_bytes} bytes, and only what has more than {data_up_to} was to be"
            raise invalid_event(index, why)
