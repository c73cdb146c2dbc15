"""A batch, taken apart: events, then exactly one seal."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from atedb.crypto.keys import PublicKey
from atedb.encoding.fields import BYTES, fields
from atedb.errors import AtedbError, Reason
from atedb.events.auth_answer import AuthAnswer, parse_auth_answer
from atedb.events.delegation import Delegation, parse_delegation
from atedb.events.event import GONE, MARK_SEALED, RUN_EVENT, RUN_SEAL, EventView, parse_event
from atedb.events.gap import GONE_TAG, GoneEvents, parse_gone_events
from atedb.events.identity_rotation import IdentityRotation, parse_identity_rotation
from atedb.events.rules import NO_AUTHORITY, EventAuthority, read_authority
from atedb.events.seal import SealView, parse_seal
from atedb.limits import BATCH_EVENTS_MAX, RUN_BYTES_MAX

_T = TypeVar("_T")


def invalid_batch(why: str) -> AtedbError:
    """Make the refusal of a batch that contradicts itself."""
    return AtedbError(Reason.BATCH_INVALID, f"the batch is not valid: {why}")


def invalid_event(index: int, why: str) -> AtedbError:
    """Make the same, naming an event."""
    return AtedbError(Reason.BATCH_INVALID, f"event {index}: {why}", metadata={"event_index": str(index)})


@dataclass(slots=True)
class Batch:
    """A run, taken apart."""

    run: bytes
    events: list[EventView]
    """Each in its place; `GONE` where it is gone."""
    seal: SealView
    gone: dict[int, GoneEvents]
    """What stands for events that are gone, by the place of the first of them."""
    _authorities: dict[int, EventAuthority] = field(default_factory=dict)
    _seal_keys: list[PublicKey] | None = None
    _delegations: tuple[Delegation, ...] | None = None
    _answers: dict[int, AuthAnswer] = field(default_factory=dict)
    _rotations: dict[int, IdentityRotation] = field(default_factory=dict)

    @property
    def is_genesis(self) -> bool:
        """Whether its first event is a genesis."""
        return self.events[0].kind == "genesis"

    def authority_of(self, index: int) -> EventAuthority:
        """Read what an event says of rights and keys. Raises BATCH_INVALID, UNSUPPORTED, naming it."""
        event = self.events[index]
        if event.marks & ~MARK_SEALED == 0:
            return NO_AUTHORITY
        known = self._authorities.get(index)
        if known is None:
            try:
                known = read_authority(event.header)
            except AtedbError as error:
                raise _of_batch(f"event {index}", error, {"event_index": str(index)}) from error
            self._authorities[index] = known
        return known

    def answer_of(self, index: int) -> AuthAnswer:
        """Read the answer of an auth service that an event holds. Raises BATCH_INVALID where it is none."""
        if index not in self._answers:
            held = self.authority_of(index).auth_answer
            self._answers[index] = _held(index, held, parse_auth_answer)
        return self._answers[index]

    def rotation_of(self, index: int) -> IdentityRotation:
        """Read the rotation of an identity that an event holds. Raises BATCH_INVALID where it is none."""
        if index not in self._rotations:
            held = self.authority_of(index).server_identity
            self._rotations[index] = _held(index, held, parse_identity_rotation)
        return self._rotations[index]

    def delegations(self) -> tuple[Delegation, ...]:
        """Read the delegations that its seal shows. Raises DELEGATION_INVALID for one that is none."""
        if self._delegations is None:
            self._delegations = tuple(parse_delegation(one) for one in self.seal.delegations)
        return self._delegations

    def seal_keys(self) -> list[PublicKey]:
        """Read the public keys that its seal shows. Raises BATCH_INVALID, UNSUPPORTED."""
        if self._seal_keys is None:
            try:
                self._seal_keys = [PublicKey.parse(one) for one in self.seal.public_keys]
            except AtedbError as error:
                raise _of_batch("the seal", error, {}) from error
        return self._seal_keys


def _held(index: int, held: bytes | None, parse: Callable[[bytes], _T]) -> _T:
    """Read what an event holds as a message by itself."""
    if held is None:
        raise invalid_event(index, "what its kind is about is missing")
    try:
        return parse(held)
    except AtedbError as error:
        raise _of_batch(f"event {index}", error, {"event_index": str(index)}) from error


def _of_batch(what: str, error: AtedbError, metadata: dict[str, str]) -> AtedbError:
    """Say that what is wrong with a key or a rule is wrong with the batch, and not with a request."""
    is_unsupported = error.reason == Reason.UNSUPPORTED
    reason = Reason.UNSUPPORTED if is_unsupported else Reason.BATCH_INVALID
    return AtedbError(reason, f"{what}: {error.message}", metadata=metadata)


def parse_batch(run: bytes) -> Batch:
    """Take a run apart. The strict form is checked; hashes and signatures are not.

    Raises NON_CANONICAL, BATCH_INVALID, DATA_TOO_LARGE, TOO_MANY_EVENTS.
    """
    if len(run) > RUN_BYTES_MAX:
        raise AtedbError(
            Reason.DATA_TOO_LARGE,
            f"the batch is {len(run)} bytes, and {RUN_BYTES_MAX} is the limit",
            metadata={"limit_bytes": str(RUN_BYTES_MAX), "bytes": str(len(run))},
        )
    events: list[EventView] = []
    gone: dict[int, GoneEvents] = {}
    seal: SealView | None = None
    for found in fields(run):
        if seal is not None:
            raise invalid_batch("something follows its seal")
        if found.wire_type != BYTES or found.number not in (RUN_EVENT, RUN_SEAL):
            raise invalid_batch(f"it holds a field {found.number}, which is neither an event nor a seal")
        if found.number == RUN_SEAL:
            seal = parse_seal(run[found.start : found.end])
            continue
        place = len(events)
        try:
            if found.end > found.start and run[found.start] == GONE_TAG:
                gone[place] = parse_gone_events(run, found.start, found.end, place)
                events.extend([GONE] * min(gone[place].events, BATCH_EVENTS_MAX + 1))
            else:
                events.append(parse_event(run, found.start, found.end))
        except AtedbError as error:
            metadata = {**error.metadata, "event_index": str(place)}
            raise AtedbError(error.reason, f"event {place}: {error.message}", metadata=metadata) from error
        if len(events) > BATCH_EVENTS_MAX:
            raise AtedbError(
                Reason.TOO_MANY_EVENTS,
                f"the batch has more than {BATCH_EVENTS_MAX} events, which is the limit",
                metadata={"limit_events": str(BATCH_EVENTS_MAX)},
            )
    if not events:
        raise invalid_batch("it has no events")
    if seal is None:
        raise invalid_batch("it has no seal")
    return Batch(run, events, seal, gone)
