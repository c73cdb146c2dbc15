"""Data that a server says to be gone: what of that an event shows by itself (docs/trust.md, "When data is gone")."""

from typing import Literal

from atedb.errors import AtedbError, Reason
from atedb.events.batch import invalid_event
from atedb.events.event import DROPPED, EXPIRED, MARK_AUTHORITY, OMITTED, EventView

Provenance = Literal["appended", "stored"]
"""How a batch comes: as its writer sent it, or as a server keeps or sends it, which may have left out data since."""


def check_gone(event: EventView, index: int, provenance: Provenance) -> None:
    """Check an event whose data is said not to be here, as far as it shows by itself that it may be so.

    That something newer is there, or a redaction that names it, only the events behind it show; see `OwedData`. Raises
    BATCH_INVALID, and UNSUPPORTED where a rule for retention let it go: what that was follows from rules that this
    package doesn't count yet, and it is not taken on the server's word.
    """
    if provenance == "appended":
        raise invalid_event(index, "only a server may say that data is not here")
    if event.data_state == EXPIRED:
        raise AtedbError(
            Reason.UNSUPPORTED,
            f"event {index}: its data was let go by a rule for retention, which this version does not check",
            metadata={"event_index": str(index)},
        )
    if event.data_state == OMITTED:
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
    if event.data_state == DROPPED and event.marks & MARK_AUTHORITY:
        raise invalid_event(index, "it says something of rules or keys, and such data is never dropped")
