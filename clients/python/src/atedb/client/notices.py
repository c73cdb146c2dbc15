"""What the client tells beside results."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from atedb.errors import AtedbError

NoticeKind = Literal[
    "key-created",
    "chain-created",
    "name-claimed",
    "group-elsewhere",
    "new-writer",
    "reconnecting",
    "server-met",
    "server-rotated",
    "not-saved",
]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a user may want to know, and that is no failure."""

    kind: NoticeKind
    message: str
    cause: AtedbError | None = None
    metadata: dict[str, str] = field(default_factory=dict)


OnNotice = Callable[[Notice], None]


def ignore(_: Notice) -> None:
    """Tell nobody."""
