"""How a chain is opened, and what can be appended to it."""

from collections.abc import Sequence
from dataclasses import dataclass

from atedb.client.new_event import NewEvent
from atedb.client.opened import Expected

Appendable = NewEvent | bytes | str
"""What can be appended: bytes and text stand for an event about a new object."""


@dataclass(frozen=True, slots=True)
class ChainOptions:
    """How a chain is opened."""

    expected: Expected
    pad: bool
    """Whether sealed data is padded to a length that many others share."""
    claims: bool
    """Whether the name of the owner is claimed, where nobody has it and the server lets this client have it."""
    check_rules: bool | None
    sign_batches: bool
    sign_as_member: bool
    """Whether what is written by the key of a group's role is signed with the member's own key, too."""
    reconnect_s: float


def events_of(events: Appendable | Sequence[Appendable]) -> list[NewEvent]:
    """Give the events that stand for what is appended."""
    many = [events] if isinstance(events, NewEvent | bytes | str) else list(events)
    return [one if isinstance(one, NewEvent) else NewEvent(data=one) for one in many]
