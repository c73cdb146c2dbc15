"""Locks: a lease on an object, lost for good with its connection (docs/locks.md)."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from atedb.client.acting_keys import ActingKeys
from atedb.client.calls import ChainCalls
from atedb.client.messages import parsed, public_key_message, signature_message, untrue
from atedb.client.opener import ChainOpener
from atedb.client.statuses import PASSING
from atedb.client.transport import Call
from atedb.crypto.domains import CONTEXT_LOCK
from atedb.errors import AtedbError, Reason, invalid
from atedb.events.possession import KeyProofClaim
from atedb.events.primary_key import PRIMARY_KEY_BYTES, child_primary_key, primary_key_from_name
from atedb.events.seal import Signature
from atedb.limits import INTEGER_MAX
from atedb.v1 import chain_pb2

_RELEASE_TIMEOUT_S: Final = 2.0
_MAY_PASS: Final = PASSING | {Reason.LEASE_LOST, Reason.TOO_MANY_LOCKS}
"""Nothing was held yet, so asking again does no harm."""


@dataclass(frozen=True, slots=True)
class LockTarget:
    """What is to be locked: an object, which need not be there yet. Keys and labels have 16 bytes."""

    primary_key: bytes
    parent: bytes | None = None
    label: bytes | None = None
    """What the primary key is made from, beside its parent, where a right to the parent is to do."""

    @staticmethod
    def of(
        primary_key: bytes | None, name: str | None, label: bytes | None, parent: bytes | None
    ) -> "LockTarget":
        """Take what a caller names it by. Raises REQUEST_INVALID."""
        if sum(part is not None for part in (primary_key, name, label)) != 1:
            raise invalid("lock", "one of primary_key, name and label says what is to be locked")
        for field, key in (("primary_key", primary_key), ("label", label), ("parent", parent)):
            if key is not None and len(key) != PRIMARY_KEY_BYTES:
                raise invalid(field, f"it is {len(key)} bytes, and must be {PRIMARY_KEY_BYTES}")
        if primary_key is not None:
            return LockTarget(primary_key)
        # A name stands for itself at the root of the chain, as in `append`.
        if name is not None and parent is None:
            return LockTarget(primary_key_from_name(name))
        made_from = label if name is None else primary_key_from_name(name)
        assert made_from is not None, "one of them is there"
        return LockTarget(child_primary_key(parent, made_from), parent, made_from)


class Lease:
    """A lock that is held."""

    def __init__(self, target: LockTarget, token: int, stream: "_LockStream") -> None:
        self.primary_key = target.primary_key
        self.token = token
        """Larger than the token of every lease on this object before."""
        self.lost: AtedbError | None = None
        """Why it is lost: LEASE_LOST, KEY_NOT_ALLOWED, CONNECTION_FAILED and others. None: it isn't, or was given up."""
        self._stream = stream
        self._is_released = False
        self._ended = asyncio.Event()
        self._following = asyncio.get_running_loop().create_task(self._follow())

    @property
    def is_held(self) -> bool:
        """Whether it is held, as far as this machine's clock can say."""
        is_sure = time.monotonic() < self._stream.sure_until
        return not self._is_released and self.lost is None and is_sure

    async def wait_lost(self) -> AtedbError | None:
        """Wait until it is lost, and say why; None: it was given up.

        That is at the latest when the server has not been heard of for so long that it may have given the lease to somebody
        else. A server that was restarted while it could not be reached may have done so before.
        """
        await self._ended.wait()
        return self.lost

    async def release(self) -> None:
        """Give it up. Returns when the server has given it on, or the connection is cut; never raises."""
        if not self._is_released:
            self._is_released = True
            await self._stream.half_close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_RELEASE_TIMEOUT_S):
                    await self._ended.wait()
            self._stream.cancel()
        await self._ended.wait()

    async def __aenter__(self) -> "Lease":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.release()

    async def _follow(self) -> None:
        try:
            news = await self._stream.news()
            why = (
                "the server has ended the stream"
                if news is None
                else "the server gave it twice, which can't be"
            )
            advice = "Lock again, read what happened, then decide anew"
            error = AtedbError(Reason.LEASE_LOST, f"the lease is lost: {why}. {advice}")
        except AtedbError as failure:
            error = failure
        except Exception as failure:
            error = AtedbError(Reason.LEASE_LOST, f"the lease is lost: {failure!r}")
        finally:
            self._stream.cancel()
            self._ended.set()
        if not self._is_released:
            self.lost = error


async def lock_object(
    calls: ChainCalls,
    opener: ChainOpener,
    target: LockTarget,
    *,
    keys: ActingKeys,
    wait: bool,
    ttl_s: float,
    reconnect_s: float,
) -> Lease:
    """Have the lease on an object. Who waits for it and loses the server asks again: at the end of the line then.

    Raises CHAIN_NOT_FOUND, KEY_NOT_ALLOWED, KEY_REVOKED; LOCK_HELD where `wait` is false; TOO_MANY_LOCKS, CONNECTION_FAILED
    when the server stays lost.
    """
    await keys.ready(to_write=True)
    lost_since: float | None = None
    delay = 0.05
    while True:
        heard = False
        try:
            async with _opened(calls, opener, target, keys, wait=wait, ttl_s=ttl_s) as stream:
                while True:
                    news = await stream.news()
                    if news is None:
                        raise AtedbError(Reason.CONNECTION_FAILED, f"{calls.server} has ended the stream")
                    heard = True
                    if news.WhichOneof("message") == "waiting":
                        continue
                    if news.granted.token > INTEGER_MAX:
                        raise untrue("a token is beyond 2^53 - 1")
                    stream.is_kept = True
                    return Lease(target, news.granted.token, stream)
        except AtedbError as error:
            if error.reason not in _MAY_PASS:
                raise
            now = time.monotonic()
            if heard:
                lost_since, delay = None, 0.05
            lost_since = lost_since or now
            if now - lost_since >= reconnect_s:
                raise
        await asyncio.sleep(delay)
        delay = min(5.0, delay * 2)


@contextlib.asynccontextmanager
async def _opened(
    calls: ChainCalls, opener: ChainOpener, target: LockTarget, keys: ActingKeys, *, wait: bool, ttl_s: float
) -> AsyncIterator["_LockStream"]:
    """Ask for a lock, and prove the key. The stream ends with this, unless it `is_kept`."""
    key = keys.writing()
    opened = await opener.open()
    assert opened.chain is not None, "the chain is there, or opening it to read has failed"
    chain_id = opened.chain.genesis.chain_id
    # With the ticket of a private chain, which opening it has renewed where it was too old.
    call = calls.begin("Lock")
    stream: _LockStream | None = None
    try:
        started = time.monotonic()
        wish = chain_pb2.LockObject(
            primary_key=target.primary_key,
            parent=target.parent or b"",
            label=target.label or b"",
            key=public_key_message(key.public_key),
            ttl_ms=int(ttl_s * 1_000),
            no_wait=not wait,
        )
        if keys.token is not None:
            wish.delegations.extend(one.message for one in keys.token.delegations)
            wish.issuer.CopyFrom(public_key_message(keys.token.issuer))
        first = chain_pb2.LockRequest(chain_key=calls.chain_key.text, chain_id=chain_id, lock=wish)
        await call.write(first.SerializeToString())
        answer = parsed(chain_pb2.LockResponse, await call.read() or b"")
        conversation_id = answer.conversation.conversation_id
        if answer.WhichOneof("message") != "conversation" or len(conversation_id) != 32:
            raise untrue("a conversation with an id of 32 bytes was due")
        claim = KeyProofClaim(
            opened.server_identity.fingerprint,
            chain_id,
            conversation_id,
            key.fingerprint,
            call.exporter or bytes(32),
        )
        signature = Signature.by(key, CONTEXT_LOCK, claim.lock_bytes(target.primary_key))
        proof = chain_pb2.LockProof(signature=signature_message(signature))
        await call.write(chain_pb2.LockRequest(proof=proof).SerializeToString())
        stream = _LockStream(calls, call, ttl_s, started)
        yield stream
    finally:
        if stream is None:
            call.cancel()
        elif not stream.is_kept:
            stream.cancel()


class _LockStream:
    """Keeps the server sure that this end is alive, and is told by the answers for how long the server is sure."""

    def __init__(self, calls: ChainCalls, call: Call, ttl_s: float, heard: float) -> None:
        self.is_kept = False
        self._calls = calls
        self._call = call
        self._ttl_s = ttl_s
        self._heard = heard
        """When the last message was sent that the server has answered, by the monotonic clock."""
        self._unanswered: list[float] = []
        self._saying = asyncio.get_running_loop().create_task(self._say_alive())

    @property
    def sure_until(self) -> float:
        """Until when the server keeps what it has given, at the least."""
        return self._heard + self._ttl_s

    async def news(self) -> chain_pb2.LockResponse | None:
        """Wait for news: that others come first, or that the lease is here; None: the server has ended the stream.

        Raises CONNECTION_FAILED where the server was not heard of for as long as it keeps what it has given; what it says.
        """
        while True:
            try:
                async with asyncio.timeout(max(0.0, self.sure_until - time.monotonic())):
                    message = await self._call.read()
            except TimeoutError:
                # The connection may be half dead: a new stream on it would wait as long again.
                await self._calls.transport.renew()
                why = f"nothing was heard of {self._calls.server} for {self._ttl_s} s"
                raise AtedbError(Reason.CONNECTION_FAILED, why) from None
            if message is None:
                return None
            answer = parsed(chain_pb2.LockResponse, message)
            kind = answer.WhichOneof("message")
            if kind in ("waiting", "granted"):
                return answer
            if kind != "alive" or not self._unanswered:
                raise untrue(f"a {kind} was not due")
            self._heard = self._unanswered.pop(0)

    async def half_close(self) -> None:
        """Give up what was asked for: the server ends the stream when it has done so."""
        self._saying.cancel()
        with contextlib.suppress(AtedbError):
            await self._call.half_close()

    def cancel(self) -> None:
        """End the stream here and now."""
        self._saying.cancel()
        self._call.cancel()

    async def _say_alive(self) -> None:
        # More often than it must be, so that one that is late does no harm.
        while True:
            await asyncio.sleep(self._ttl_s / 3)
            self._unanswered.append(time.monotonic())
            await self._call.write(chain_pb2.LockRequest(alive=chain_pb2.Alive()).SerializeToString())
