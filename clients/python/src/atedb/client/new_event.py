"""Events to append, the conditions on them, and how both are made into what a batch has."""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, Protocol

from atedb.crypto.keys import KeyPair, PublicKey
from atedb.errors import AtedbError, Reason, invalid
from atedb.events.event import BuiltEvent, EventInput, Sealing, build_event
from atedb.events.primary_key import PRIMARY_KEY_BYTES, child_primary_key, primary_key_from_name
from atedb.events.redaction import Redaction
from atedb.events.rules import Authorisation, EventAuthority, KeyChange, WrappedKey
from atedb.events.seal import Precondition
from atedb.events.token import Token
from atedb.limits import (
    BATCH_BYTES_MAX,
    BATCH_EVENTS_MAX,
    COMMIT_BYTES_MAX,
    INTEGER_MAX,
    PRECONDITIONS_MAX,
    SIGNERS_MAX,
)

_SIGNER_BYTES_MAX: Final = 8_192
"""Room for a signature and the key that made it."""
_FIELD_HEAD_BYTES_MAX: Final = 8
_SEAL_BYTES_MAX: Final = 1_024 + 32 * PRECONDITIONS_MAX
"""Room for a seal beside the events: its header and conditions take less than this."""
_EVENTS_BYTES_MAX: Final = BATCH_BYTES_MAX - COMMIT_BYTES_MAX - _SEAL_BYTES_MAX - _SIGNER_BYTES_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event to append. Keys, labels and ids of objects have 16 bytes, fingerprints 32."""

    data: bytes | str = b""
    """Text is stored as UTF-8."""
    kind: Literal["data", "tombstone", "redaction", "roots", "key_change", "rules"] = "data"
    primary_key: bytes | None = None
    """The object that the event is about. None, and no name: a new one, with a key of its own."""
    name: str | None = None
    """Names the object instead: among the children of its parent, or in the chain."""
    label: bytes | None = None
    """What the object's key is made from, with its parent: random, unless it is said or follows from a name."""
    parent: bytes | None = None
    collection: bytes | None = None
    type: str | None = None
    """What the data is, in the application's terms: at most 255 bytes."""
    reply_to: bytes | None = None
    time_unix_ms: int | None = None
    """The writer's clock. None: now; 0: not said."""
    rules: Authorisation | None = None
    """Who may write, add, read and come in, from now on."""
    wrapped_keys: Sequence[WrappedKey] = ()
    public_keys: Sequence[PublicKey] = ()
    """Keys that the chain is to know: of those that rules name, too."""
    moves: bool = False
    """The object comes from another parent to the one that the event names."""
    author: PublicKey | bytes | None = None
    """The key whose owner the event is from; it signs the batch too, as one of the co-signers. None: the writer's.

    A fingerprint does, since keys of co-signers are shown.
    """
    roots: Sequence[PublicKey] | None = None
    """With the kind `roots`: the keys that own the chain from now on."""
    key_change: KeyChange | None = None
    """With the kind `key_change`."""
    redaction: Redaction | None = None
    """With the kind `redaction`: which earlier events of the object lose their data. `Chain.redact` makes them."""

    def bears_authority(self) -> bool:
        """Whether it changes what anybody may do, or which keys are known: such batches are signed in every chain."""
        said = (self.rules, self.roots, self.key_change, self.redaction)
        shows = self.wrapped_keys or self.public_keys or self.author is not None
        # What removes an object removes its rules.
        return any(part is not None for part in said) or bool(shows) or self.moves or self.kind == "tombstone"

    def identified(self) -> "NewEvent":
        """Give it with the primary key that it gets; it gets the same one when it is built."""
        primary_key, label = _object_of(self)
        if primary_key is None:
            return self
        return replace(self, primary_key=primary_key, name=None, label=label)


class LeaseName(Protocol):
    """What an append names a lease by."""

    @property
    def primary_key(self) -> bytes:
        """The object that is locked."""

    @property
    def token(self) -> int:
        """Larger than that of every lease on the object before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Conditions under which alone a batch is accepted."""

    unchanged_since: int | None = None
    """No other writer has appended at or above this sequence."""
    lands_before: int | None = None
    """Every event gets a sequence below this."""
    objects_unchanged_since: Sequence[tuple[bytes, int]] = ()
    """Of each of these objects no other writer has appended an event at or above the sequence; 0: none has written it at all."""
    lease: LeaseName | None = None
    """This lease is held, as the server knows."""

    def preconditions(self) -> list[Precondition]:
        """Make of them what a seal has. Raises REQUEST_INVALID."""
        made: list[Precondition] = []
        if self.unchanged_since is not None:
            made.append(Precondition("chain_unchanged", _count("unchanged_since", self.unchanged_since)))
        if self.lands_before is not None:
            made.append(Precondition("lands_before", _count("lands_before", self.lands_before, least=1)))
        for key, sequence in self.objects_unchanged_since:
            _check_key("objects_unchanged_since", key)
            since = _count("objects_unchanged_since", sequence)
            made.append(Precondition("key_unchanged", since, key))
        if self.lease is not None:
            _check_key("lease", self.lease.primary_key)
            token = _count("lease", self.lease.token, least=1)
            made.append(Precondition("fence", token, self.lease.primary_key))
        if len(made) > PRECONDITIONS_MAX:
            why = f"a batch has {PRECONDITIONS_MAX} conditions at most"
            raise invalid("objects_unchanged_since", why)
        return made


@dataclass(frozen=True, slots=True)
class BuiltEvents:
    """The events of one append, made once."""

    events: list[BuiltEvent]
    bytes: int
    """As they are sent, without the seal."""
    preconditions: list[Precondition]
    co_signers: Sequence[KeyPair]
    bears_authority: bool
    """Whether the batch is signed in any case."""
    is_ruled: bool
    """Whether it was asked what is to be sealed: for a chain that nobody knows yet it wasn't."""

    @property
    def is_alone(self) -> bool:
        """Whether it has its batch for itself: conditions and signers are the whole batch's."""
        return bool(self.preconditions) or bool(self.co_signers) or self.bears_authority


def build_events(
    events: Sequence[NewEvent],
    conditions: Conditions,
    co_signers: Sequence[KeyPair] = (),
    *,
    sealings: Sequence[Sealing | None] | None = None,
) -> BuiltEvents:
    """Make the events of one append. `sealings`: of each event, if it was asked what is to be sealed.

    Raises TOO_MANY_EVENTS, DATA_TOO_LARGE, naming the limit; REQUEST_INVALID.
    """
    if not events:
        raise invalid("events", "there are none")
    if len(events) > BATCH_EVENTS_MAX:
        raise AtedbError(
            Reason.TOO_MANY_EVENTS,
            f"{len(events)} events are too many for one append, which is one batch: {BATCH_EVENTS_MAX} is the limit. Append them "
            "in several calls",
            metadata={"limit_events": str(BATCH_EVENTS_MAX), "events": str(len(events))},
        )
    if len(co_signers) >= SIGNERS_MAX:
        why = f"there are {len(co_signers)}, and {SIGNERS_MAX - 1} is the limit"
        raise invalid("co_signers", why)
    preconditions = conditions.preconditions()
    most = _EVENTS_BYTES_MAX - len(co_signers) * _SIGNER_BYTES_MAX
    sign_with = tuple(sorted({key.fingerprint for key in co_signers}))
    now = int(time.time() * 1_000)
    built: list[BuiltEvent] = []
    size = 0
    for index, event in enumerate(events):
        sealing = None if sealings is None else sealings[index]
        made = build_event(_input_of(event, now, sign_with, sealing))
        size += len(made.frame)
        if size > most:
            raise _too_large(size, len(events), most)
        built.append(made)
    bears_authority = any(event.bears_authority() for event in events)
    return BuiltEvents(built, size, preconditions, co_signers, bears_authority, sealings is not None)


def check_room_for(token: Token, built: BuiltEvents) -> None:
    """Refuse events that leave no room in their batch for what was delegated to its writer. Raises DATA_TOO_LARGE."""
    path = sum(len(one.message) + _FIELD_HEAD_BYTES_MAX for one in token.delegations)
    most = _EVENTS_BYTES_MAX - (len(built.co_signers) + 1) * _SIGNER_BYTES_MAX - path
    if built.bytes > most:
        raise _too_large(built.bytes, len(built.events), most)


def _input_of(event: NewEvent, now: int, sign_with: tuple[bytes, ...], sealing: Sealing | None) -> EventInput:
    data = event.data.encode() if isinstance(event.data, str) else event.data
    if not isinstance(data, bytes | bytearray | memoryview):
        raise invalid("data", f"it is of the type {type(data).__name__}, and must be bytes or text")
    data = bytes(data)
    if len(data) > _EVENTS_BYTES_MAX:
        raise _too_large(len(data), 1, _EVENTS_BYTES_MAX)
    if event.kind != "data" and data:
        raise invalid("data", f"an event of the kind {event.kind!r} has none")
    primary_key, label = _object_of(event)
    return EventInput(
        event.kind,
        secrets.token_bytes(16),
        data,
        primary_key=primary_key,
        # What removes an object doesn't say where that is.
        parent=None if event.kind in ("tombstone", "redaction") else event.parent,
        collection=event.collection,
        type=event.type,
        reply_to=event.reply_to,
        time_unix_ms=now if event.time_unix_ms is None else _count("time_unix_ms", event.time_unix_ms),
        authority=_authority_of(event, sign_with, label),
        sealing=sealing,
    )


def _authority_of(event: NewEvent, sign_with: tuple[bytes, ...], label: bytes | None) -> EventAuthority:
    author = event.author
    shown = [*event.public_keys, *([author] if isinstance(author, PublicKey) else [])]
    by_fingerprint: Callable[[PublicKey], bytes] = lambda key: key.fingerprint  # noqa: E731
    return EventAuthority(
        authorisation=event.rules,
        public_keys=tuple({key.fingerprint: key for key in shown}.values()),
        wrapped_keys=tuple(event.wrapped_keys),
        sign_with=sign_with,
        author=author.fingerprint if isinstance(author, PublicKey) else author,
        moves=event.moves,
        roots=None if event.roots is None else tuple(sorted(event.roots, key=by_fingerprint)),
        key_change=event.key_change,
        label=label,
        redaction=event.redaction,
    )


def _object_of(event: NewEvent) -> tuple[bytes | None, bytes | None]:
    """Give the object that an event is about, and what its key is made from, if it is."""
    if event.primary_key is not None and event.name is not None:
        raise invalid("name", "the object has a primary key already")
    if event.kind in ("roots", "key_change"):
        return None, None
    if event.primary_key is not None:
        return event.primary_key, event.label
    named = None if event.name is None else primary_key_from_name(event.name)
    if event.kind == "rules" and named is None and event.label is None:
        return None, None
    label = event.label
    # A name stands for itself at the root of the chain.
    if label is None and event.parent is not None:
        label = named or secrets.token_bytes(PRIMARY_KEY_BYTES)
    if label is None:
        return named or secrets.token_bytes(PRIMARY_KEY_BYTES), None
    _check_key("label", label)
    made = child_primary_key(event.parent, label)
    return made, None if event.kind in ("tombstone", "redaction") else label


def _check_key(field: str, key: bytes) -> None:
    if len(key) != PRIMARY_KEY_BYTES:
        raise invalid(field, f"it is {len(key)} bytes, and must be {PRIMARY_KEY_BYTES}")


def _count(field: str, value: int, *, least: int = 0) -> int:
    if not least <= value <= INTEGER_MAX:
        raise invalid(field, f"it is {value}, and must be a whole number from {least} to 2^53 - 1")
    return value


def _too_large(size: int, events: int, most: int) -> AtedbError:
    what = "the event is" if events == 1 else f"the {events} events are"
    advice = "Store it as several events" if events == 1 else "Append them in several calls"
    return AtedbError(
        Reason.DATA_TOO_LARGE,
        f"{what} too large for one batch, at {size} bytes or more: {most} is the limit. {advice}",
        metadata={"limit_bytes": str(most), "bytes": str(size)},
    )
