"""From appends to batches to answers. It knows nothing of connections."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from atedb.client.messages import untrue
from atedb.client.new_event import BuiltEvents
from atedb.client.statuses import known_refusal
from atedb.client.writer_slot import WriterSlot
from atedb.crypto.keys import KeyPair
from atedb.errors import AtedbError, Reason
from atedb.events.commit import CommitHeader, parse_commit_header
from atedb.events.seal import TreeHead, WriterIdentity, build_seal_header, seal_hash, sign_run
from atedb.events.token import Token
from atedb.limits import WRITER_BATCHES_IN_FLIGHT_MAX
from atedb.v1 import chain_pb2, errors_pb2

_EVENTS_MAX: Final = 1_000
_BYTES_MAX: Final = 1024 * 1024
_INCOMPLETE_IN_FLIGHT_MAX: Final = 2
"""Batches in flight that could have taken more. The rest waits to share a batch."""
_PREDECESSORS_REJECTED_MAX: Final = 3
"""A server that calls the same batch a rejected one's successor so often has a defect."""

_OF_WRITER: Final = frozenset(
    {
        Reason.WRITER_FORKED,
        Reason.WRITER_TAKEN_OVER,
        Reason.COUNTER_GAP,
        Reason.STORAGE_FAILED,
        # A batch that is sent again may be stored from before, when a write had failed.
        Reason.CHAIN_READ_ONLY,
        Reason.INTERNAL,
        Reason.SERVER_DRAINING,
    }
)
"""These are not about one batch: the writer has to find out where it stands before it goes on."""


@dataclass(frozen=True, slots=True)
class Committed:
    """Where the events of an append are, durably."""

    first_sequence: int
    last_sequence: int
    commit: int
    """Number of the batch that they are in, perhaps with those of other appends."""
    time_unix_ms: int
    """The server's clock: milliseconds since 1970-01-01 UTC."""


@dataclass(eq=False, slots=True)
class PendingAppend:
    """One append under way: its events, and whoever waits for them."""

    built: BuiltEvents
    result: "asyncio.Future[Committed]"
    was_sent: bool = False
    """Set once it is in a batch that may have reached the server."""

    @property
    def events(self) -> int:
        """Number of its events."""
        return len(self.built.events)

    def succeed(self, committed: Committed) -> None:
        """Tell whoever waits, if somebody still does."""
        if not self.result.done():
            self.result.set_result(committed)

    def fail(self, error: AtedbError) -> None:
        """Tell the same of a failure."""
        if not self.result.done():
            self.result.set_exception(error)


@dataclass(eq=False, slots=True)
class SealedBatch:
    """One batch of the writer: its appends and its seal."""

    appends: list[PendingAppend]
    is_complete: bool
    """Of all events and conditions; one that isn't could have taken more."""
    counter: int = 0
    hash: bytes = b""
    run: bytes = b""
    """As it is sent and stored."""
    predecessors_rejected: int = 0

    @property
    def events(self) -> int:
        """Number of its events."""
        return sum(append.events for append in self.appends)

    @property
    def was_sent(self) -> bool:
        """Whether it may have reached the server."""
        return any(append.was_sent for append in self.appends)


@dataclass(frozen=True, slots=True)
class Outlet:
    """Whom the pipeline writes as."""

    slot: WriterSlot
    chain_id: bytes
    key: KeyPair
    signs: bool
    """Whether batches are signed; they need not be on a stream that has proven the key."""
    is_stranger: bool
    """Whether the chain may not know the key before the writer's first batch, nor what was delegated to it."""
    token: Token | None
    """By which the key writes; None: by a right of its own."""
    as_of: Callable[[], TreeHead | None]
    """Gives the newest head that was verified."""


@dataclass(eq=False, slots=True)
class _Due:
    hash: bytes
    batch: SealedBatch | None
    """None: its seal was made void since."""


@dataclass(eq=False)
class Pipeline:
    """Keeps the order and the writer's chain of seals, and what has no answer yet, to be sent again byte for byte on the next
    stream.
    """  # noqa: D205

    on_change: Callable[[], None]
    """Called when something came, was answered or was given up."""
    waiting_bytes: int = 0
    """Of events that wait, to be sent or for an answer."""
    batches: list[SealedBatch] = field(default_factory=list)
    """Those without an answer, in order."""
    _queue: deque[PendingAppend] = field(default_factory=deque)
    _sent: int = 0
    _due: deque[_Due] = field(default_factory=deque)
    _outlet: Outlet | None = None

    @property
    def is_busy(self) -> bool:
        """Whether anything waits for an answer."""
        return bool(self.batches or self._queue)

    def add(self, append: PendingAppend) -> None:
        """Take an append."""
        self.waiting_bytes += append.built.bytes
        self._queue.append(append)
        self.on_change()

    def give_up(self, append: PendingAppend) -> None:
        """Nobody waits for it any more: it isn't sent, unless it is in a batch already, whose seal names the others."""
        if append in self._queue:
            self._queue.remove(append)
            self.waiting_bytes -= append.built.bytes
            self.on_change()

    def attach(self, outlet: Outlet) -> None:
        """Go on over a stream: what has no answer is sent again, then what waits."""
        self._outlet = outlet
        self._sent = 0
        self._due.clear()
        self.on_change()

    def detach(self) -> None:
        """Stop: the stream is gone."""
        self._outlet = None

    @property
    def has_next(self) -> bool:
        """Whether something is to be sent now."""
        if self._outlet is None or len(self._due) >= WRITER_BATCHES_IN_FLIGHT_MAX:
            return False
        return self._sent < len(self.batches) or self._may_seal()

    def next_run(self) -> bytes:
        """Give what is to be sent next, when there is something."""
        outlet = self._outlet
        assert outlet is not None, "it was asked whether something is to be sent"
        if self._sent == len(self.batches):
            appends, is_complete = self._take_appends()
            batch = SealedBatch(appends, is_complete)
            self._seal(batch, self.batches[-1] if self.batches else None, outlet)
            self.batches.append(batch)
        batch = self.batches[self._sent]
        for append in batch.appends:
            append.was_sent = True
        self._due.append(_Due(batch.hash, batch))
        self._sent += 1
        return batch.run

    def answer(self, answer: chain_pb2.AppendResponse) -> None:
        """Take the server's next answer.

        Raises VERIFICATION_FAILED for an answer that can't be; the reason of a rejection that is about the writer, not about
        the batch, and so ends the stream.
        """
        if not self._due:
            raise untrue("it answers a batch that was not sent")
        due = self._due.popleft()
        kind = answer.WhichOneof("outcome")
        if answer.seal_hash != due.hash and (kind == "committed" or answer.seal_hash):
            raise untrue("it answers another batch than the next one")
        if kind == "committed":
            self._committed(due.batch, answer.committed)
        elif kind == "rejected":
            if due.batch is not None:
                self._rejected(due.batch, rejection(answer.rejected))
        else:
            raise untrue(f"it is of the kind {kind}, and another was due")
        self.on_change()

    def fork(self, cause: AtedbError) -> None:
        """Go on as another writer. What was sent as the old one may be stored or not, and isn't sent again."""
        batches, self.batches = self.batches, []
        for batch in reversed(batches):
            if not batch.was_sent:
                # Sealed anew when there is a stream: the slot is another writer's then.
                self._queue.extendleft(reversed(batch.appends))
        for batch in batches:
            if batch.was_sent:
                self._fail_appends(batch.appends, lambda append: outcome_unknown(cause, append))

    def fail(self, error_for: Callable[[PendingAppend], AtedbError]) -> None:
        """Give everything up."""
        appends = [append for batch in self.batches for append in batch.appends]
        appends += self._queue
        self.batches = []
        self._queue.clear()
        self._fail_appends(appends, error_for)
        self.on_change()

    def _fail_appends(
        self, appends: list[PendingAppend], error_for: Callable[[PendingAppend], AtedbError]
    ) -> None:
        for append in appends:
            self.waiting_bytes -= append.built.bytes
            append.fail(error_for(append))

    def _may_seal(self) -> bool:
        if not self._queue or len(self.batches) >= WRITER_BATCHES_IN_FLIGHT_MAX:
            return False
        if self._next_is_complete():
            return True
        return sum(not batch.is_complete for batch in self.batches) < _INCOMPLETE_IN_FLIGHT_MAX

    def _next_is_complete(self) -> bool:
        """Whether the next batch could not take more."""
        events = size = 0
        for append in self._queue:
            events += append.events
            size += append.built.bytes
            if append.built.is_alone or events >= _EVENTS_MAX or size >= _BYTES_MAX:
                return True
        return False

    def _take_appends(self) -> tuple[list[PendingAppend], bool]:
        is_complete = self._next_is_complete()
        taken: list[PendingAppend] = []
        events = size = 0
        while self._queue:
            append = self._queue[0]
            events += append.events
            size += append.built.bytes
            fits = events <= _EVENTS_MAX and size <= _BYTES_MAX
            if taken and (not fits or append.built.is_alone):
                break
            taken.append(self._queue.popleft())
            if append.built.is_alone:
                break
        return taken, is_complete

    def _seal(self, batch: SealedBatch, before: SealedBatch | None, outlet: Outlet) -> None:
        """Close a batch at its place; doing so again, at another, makes the former seal void."""
        state = outlet.slot.state
        batch.counter = state.counter if before is None else before.counter + 1
        first = batch.appends[0].built
        events = [event for append in batch.appends for event in append.built.events]
        header = build_seal_header(
            WriterIdentity(outlet.chain_id, outlet.key.fingerprint, state.salt),
            counter=batch.counter,
            previous=state.last_seal if before is None else before.hash,
            event_headers=[event.header for event in events],
            as_of=outlet.as_of(),
            preconditions=first.preconditions,
        )
        batch.hash = seal_hash(header)
        is_signed = outlet.signs or first.bears_authority or bool(first.co_signers)
        signers = [outlet.key, *first.co_signers] if is_signed else []
        # Known for good once a batch is acknowledged.
        shows = outlet.is_stranger and state.counter == 0
        public_keys = [key.public_key for key in first.co_signers]
        delegations: list[bytes] = []
        if shows:
            public_keys.append(outlet.key.public_key)
        if shows and outlet.token is not None:
            public_keys.append(outlet.token.issuer)
            delegations = [one.message for one in outlet.token.delegations]
        batch.run = sign_run([event.frame for event in events], header, signers, public_keys, delegations)

    def _committed(self, batch: SealedBatch | None, said: chain_pb2.Committed) -> None:
        header = _read_commit(said.commit_header)
        if batch is None:
            raise untrue("it accepts a batch after one that it rejected")
        fits = header.seal_hash == batch.hash and header.events == batch.events
        if not fits or said.head.size <= header.commit:
            raise untrue("its commit is not of the batch that it answers")
        if self._outlet is not None:
            self._outlet.slot.advance(batch.counter + 1, batch.hash)
        self._drop(batch)
        sequence = header.first_sequence
        for append in batch.appends:
            last = sequence + append.events - 1
            append.succeed(Committed(sequence, last, header.commit, header.time_unix_ms))
            sequence = last + 1

    def _rejected(self, batch: SealedBatch, error: AtedbError) -> None:
        if error.reason in _OF_WRITER:
            raise error
        is_follower = error.reason == Reason.PREDECESSOR_REJECTED
        batch.predecessors_rejected += int(is_follower)
        if not is_follower or batch.predecessors_rejected > _PREDECESSORS_REJECTED_MAX:
            self._drop(batch)
            for append in batch.appends:
                append.fail(error)
        self._seal_again()

    def _seal_again(self) -> None:
        """Those behind a rejected batch name it as the one before, so none of them can ever be stored: they are sealed anew, in
        their order.
        """  # noqa: D205
        if self._outlet is None:
            return
        for due in self._due:
            for append in () if due.batch is None else due.batch.appends:
                append.was_sent = False
            due.batch = None
        self._sent = 0
        before: SealedBatch | None = None
        for batch in self.batches:
            self._seal(batch, before, self._outlet)
            before = batch

    def _drop(self, batch: SealedBatch) -> None:
        place = self.batches.index(batch)
        del self.batches[place]
        if place < self._sent:
            self._sent -= 1
        self.waiting_bytes -= sum(append.built.bytes for append in batch.appends)


def rejection(said: chain_pb2.Rejected) -> AtedbError:
    """Make the error that a refusal on a stream tells."""
    name = errors_pb2.ErrorReason.Name(said.reason) if said.reason in errors_pb2.ErrorReason.values() else ""
    return known_refusal(
        name.removeprefix("ERROR_REASON_") or str(said.reason), said.message, dict(said.metadata)
    )


def outcome_unknown(cause: AtedbError, append: PendingAppend) -> AtedbError:
    """Make the error of an append that was sent and will get no answer."""
    what = "the event is" if append.events == 1 else f"the {append.events} events are"
    error = AtedbError(
        Reason.OUTCOME_UNKNOWN,
        f"whether {what} stored is not known: {cause.message}. Read the chain before appending again",
        metadata={"cause_reason": cause.reason},
    )
    error.__cause__ = cause
    return error


def _read_commit(header: bytes) -> CommitHeader:
    try:
        return parse_commit_header(header)
    except AtedbError as error:
        raise untrue(f"its commit can't be read: {error.message}") from error
