"""One writer of one chain: takes appends, and sees them through lost connections and restarts of the server."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Final

from atedb.client.acting_keys import ActingKeys
from atedb.client.calls import ChainCalls
from atedb.client.messages import parsed, signature_message, untrue
from atedb.client.new_event import BuiltEvents
from atedb.client.notices import Notice, OnNotice
from atedb.client.opener import ChainOpener
from atedb.client.pipeline import (
    Committed,
    Outlet,
    PendingAppend,
    Pipeline,
    outcome_unknown,
    rejection,
)
from atedb.client.statuses import ALARMS, PASSING
from atedb.client.transport import Call
from atedb.client.writer_place import LocalFailure, Placed, WriterPlace, append_request
from atedb.crypto.domains import CONTEXT_PROOF
from atedb.crypto.keys import KeyPair
from atedb.errors import AtedbError, Reason
from atedb.events.possession import KeyProofClaim
from atedb.events.seal import Signature
from atedb.v1 import chain_pb2

_QUEUE_BYTES_MAX: Final = 16 * 1024 * 1024
"""So much may wait before appending does."""
_DELAY_S: Final = 0.05
_DELAY_MAX_S: Final = 5.0
_CLOSE_TIMEOUT_S: Final = 2.0

_FORKS: Final = frozenset({Reason.WRITER_FORKED, Reason.WRITER_TAKEN_OVER})
"""Somebody else writes as this writer."""

_RETRIED: Final = frozenset(
    {
        Reason.STORAGE_FAILED,
        Reason.INTERNAL,
        Reason.DEADLINE_EXCEEDED,
        Reason.COUNTER_GAP,
        # A ticket that was too old just then; who isn't let in any more is told when the chain is opened again.
        Reason.CHAIN_PRIVATE,
    }
)
"""Opening again and sending the same batches again may help, and can do no harm."""


class Writer:
    """Appends in order, each exactly once."""

    def __init__(
        self,
        calls: ChainCalls,
        opener: ChainOpener,
        place: WriterPlace,
        *,
        keys: ActingKeys,
        sign_batches: bool,
        reconnect_s: float,
        on_notice: OnNotice,
    ) -> None:
        self._calls = calls
        self._opener = opener
        self._place = place
        self._keys = keys
        self._sign_batches = sign_batches
        self._reconnect_s = reconnect_s
        self._on_notice = on_notice
        self._pipeline = Pipeline(self._changed)
        self._running: asyncio.Task[None] | None = None
        self._news = asyncio.Condition()
        self._waking: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()
        self._is_closing = False
        self._is_blind = False
        """Whether anything was appended without asking what is to be sealed, since a connection was made last."""
        self._lost_since: float | None = None
        self._delay = _DELAY_S
        self._finish: asyncio.Event = asyncio.Event()

    async def append(self, built: BuiltEvents) -> Committed:
        """Append events, and wait until they are durable. Who is cancelled may have given up on what is stored all the same."""
        result: asyncio.Future[Committed] = asyncio.get_running_loop().create_future()
        append = PendingAppend(built, result)
        # One after the other: the order is that of the calls, also where they wait for room.
        async with self._turn:
            await self._until(lambda: self._pipeline.waiting_bytes < _QUEUE_BYTES_MAX or self._is_closing)
            if self._is_closing:
                why = f"the chain {self._calls.chain_key.text} was closed. Open it again"
                raise AtedbError(Reason.REQUEST_INVALID, why)
            self._is_blind = self._is_blind or (self._opener.genesis is None and not built.is_ruled)
            self._pipeline.add(append)
        if self._running is None or self._running.done():
            self._running = asyncio.get_running_loop().create_task(self._run())
        try:
            return await result
        except asyncio.CancelledError:
            self._pipeline.give_up(append)
            raise

    async def create(self) -> None:
        """Have the chain there, created if it wasn't."""
        try:
            await self._place.take(await self._key(), self._pipeline.batches)
        except LocalFailure as failure:
            raise failure.error from failure

    async def close(self) -> None:
        """Wait for what is under way, and free the writer's slot."""
        self._is_closing = True
        self._changed()
        if self._running is not None:
            await self._running
        await self._place.close()

    async def _run(self) -> None:
        while True:
            # Losses count from the first one that somebody waits through.
            if not self._pipeline.is_busy:
                self._lost_since = None
            await self._until(lambda: self._pipeline.is_busy or self._is_closing)
            if not self._pipeline.is_busy:
                return
            try:
                await self._connection()
            except AtedbError as error:
                await self._after_loss(error)
            except LocalFailure as failure:
                self._give_up(failure.error, failure.error)
            except Exception as error:
                defect = AtedbError(Reason.INTERNAL, f"the client has failed: {error!r}")
                defect.__cause__ = error
                self._give_up(defect, defect)

    async def _connection(self) -> None:
        """Do everything from opening the chain to the end of one stream."""
        key = await self._key()
        placed = await self._place.take(key, self._pipeline.batches)
        self._check_blind(placed)
        genesis, slot = placed.genesis, placed.slot
        is_root = any(root.fingerprint == key.fingerprint for root in genesis.roots)
        # A key that the chain doesn't know yet can't be proven to it.
        is_stranger = not is_root and slot.state.counter == 0
        signs = self._sign_batches or is_stranger or genesis.trust_mode == "distributed"
        call = self._calls.begin("Append")
        sending: asyncio.Task[None] | None = None
        self._finish = asyncio.Event()
        try:
            if not signs:
                await self._prove(call, key, placed)
            known = self._opener.known
            self._pipeline.attach(
                Outlet(
                    slot,
                    genesis.chain_id,
                    key,
                    signs,
                    is_stranger,
                    self._keys.token,
                    lambda: known.newest,
                )
            )
            sending = asyncio.get_running_loop().create_task(self._send(call, names_chain=signs))
            while True:
                message = await self._read(call)
                if message is None:
                    break
                self._pipeline.answer(parsed(chain_pb2.AppendResponse, message))
                self._lost_since, self._delay = None, _DELAY_S
        finally:
            self._pipeline.detach()
            call.cancel()
            if sending is not None:
                sending.cancel()
                with contextlib.suppress(asyncio.CancelledError, AtedbError):
                    await sending
        if self._pipeline.is_busy:
            raise self._lost("has ended the stream")

    async def _key(self) -> KeyPair:
        await self._keys.ready(to_write=True)
        try:
            return self._keys.writing()
        except AtedbError as error:
            raise LocalFailure(error) from error

    async def _read(self, call: Call) -> bytes | None:
        """Read the next answer; None: the stream has ended, or is to end and the server takes its time."""
        reading = asyncio.ensure_future(call.read())
        finishing = asyncio.ensure_future(self._finish.wait())
        try:
            await asyncio.wait({reading, finishing}, return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                await asyncio.wait({reading}, timeout=_CLOSE_TIMEOUT_S)
            return reading.result() if reading.done() else None
        finally:
            finishing.cancel()
            if not reading.done():
                call.cancel()
                reading.cancel()
                with contextlib.suppress(asyncio.CancelledError, AtedbError):
                    await reading

    async def _send(self, call: Call, *, names_chain: bool) -> None:
        """Send batches as they come to be, no faster than the connection takes them."""
        is_first = names_chain
        while True:
            await self._until(lambda: self._pipeline.has_next or self._is_done)
            if not self._pipeline.has_next:
                await call.half_close()
                self._finish.set()
                return
            run = self._pipeline.next_run()
            await call.write(append_request(run, self._calls.chain_key) if is_first else run)
            is_first = False

    @property
    def _is_done(self) -> bool:
        """Whether nothing will be sent any more."""
        return self._is_closing and not self._pipeline.is_busy

    async def _prove(self, call: Call, key: KeyPair, placed: Placed) -> None:
        """Prove the key to the server of a centralized chain: batches need no signature from then on.

        The proof names the server's key of now, and counts at no other.
        """
        await call.write(append_request(b"", self._calls.chain_key))
        conversation = await _due(call, "conversation")
        if len(conversation.conversation.conversation_id) != 32:
            raise untrue("the id of its conversation is not 32 bytes")
        claim = KeyProofClaim(
            placed.server.fingerprint,
            placed.genesis.chain_id,
            conversation.conversation.conversation_id,
            key.fingerprint,
            call.exporter or bytes(32),
        )
        signature = Signature.by(key, CONTEXT_PROOF, claim.append_bytes())
        proof = chain_pb2.KeyProof(signature=signature_message(signature))
        await call.write(chain_pb2.AppendRequest(proof=proof).SerializeToString())
        proven = await _due(call, "proven")
        if proven.proven.fingerprint != key.fingerprint:
            raise untrue("it says that another key was proven")

    def _check_blind(self, placed: Placed) -> None:
        """Refuse to send what was built for a chain that was not there, where somebody has created one that seals its data.

        Raises READ_RULE_MISMATCH; then it was not sent.
        """
        was_blind, self._is_blind = self._is_blind, False
        if was_blind and placed.genesis.confidential:
            chain_key = placed.genesis.chain_key.text
            raise AtedbError(
                Reason.READ_RULE_MISMATCH,
                f"the chain {chain_key} was not there, and somebody else has created it as a confidential one: nothing was sent "
                "to it in clear. Append again, and it is sealed",
                metadata={"chain_key": chain_key},
            )

    async def _after_loss(self, error: AtedbError) -> None:
        """Decide what a failure means for what waits."""
        # A stream that is lost while nobody waits for it is opened again when somebody does.
        if not self._pipeline.is_busy:
            return
        chain_key = self._calls.chain_key.text
        if error.reason in _FORKS:
            self._place.renew()
            self._pipeline.fork(error)
            message = f"goes on as a new writer of {chain_key}: {error.message}"
            self._on_notice(Notice("new-writer", message, cause=error, metadata={"chain_key": chain_key}))
            if not self._has_work():
                return
        elif error.reason not in PASSING and error.reason not in _RETRIED:
            self._give_up(error, error, is_known=error.reason in ALARMS)
            return
        now = time.monotonic()
        self._lost_since = self._lost_since or now
        if now - self._lost_since >= self._reconnect_s:
            self._give_up(error, self._lost("could not be reached again in time", error))
            return
        delay, self._delay = self._delay, min(_DELAY_MAX_S, self._delay * 2)
        if error.reason not in _FORKS:
            message = f"{error.message}; trying again in {delay} s"
            metadata = {"chain_key": chain_key, "delay_s": str(delay)}
            self._on_notice(Notice("reconnecting", message, cause=error, metadata=metadata))
        # Not when nobody waits for it any more.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await self._until(lambda: not self._pipeline.is_busy)

    def _has_work(self) -> bool:
        return self._pipeline.is_busy

    def _give_up(self, cause: AtedbError, unsent: AtedbError, *, is_known: bool = False) -> None:
        """Tell all who wait. `is_known`: it says more than that an outcome is unknown."""
        self._lost_since = None
        # What was sent may be stored all the same.
        self._place.lose_track()
        self._pipeline.fail(
            lambda append: outcome_unknown(cause, append) if append.was_sent and not is_known else unsent
        )

    def _lost(self, what: str, cause: AtedbError | None = None) -> AtedbError:
        server = self._calls.server
        why = "" if cause is None else f": {cause.message}"
        error = AtedbError(Reason.CONNECTION_FAILED, f"{server} {what}{why}", metadata={"server": server})
        error.__cause__ = cause
        return error

    def _changed(self) -> None:
        """Wake all who wait for something to change."""
        if self._waking:
            return

        async def wake() -> None:
            async with self._news:
                self._waking.clear()
                self._news.notify_all()

        self._waking.add(asyncio.get_running_loop().create_task(wake()))

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with self._news:
            await self._news.wait_for(condition)


async def _due(call: Call, kind: str) -> chain_pb2.AppendResponse:
    message = await call.read()
    if message is None:
        raise AtedbError(Reason.CONNECTION_FAILED, "the server has ended the stream before its answer")
    answer = parsed(chain_pb2.AppendResponse, message)
    found = answer.WhichOneof("outcome")
    if found == "rejected":
        raise rejection(answer.rejected)
    if found != kind:
        raise untrue(f"it is of the kind {found}, and {kind} was due")
    return answer
