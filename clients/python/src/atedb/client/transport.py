"""Calls of one server, in bytes: as they are, or through the encrypted tunnel; over TLS or not."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

import grpc

from atedb.client import tls as tls_module
from atedb.client.identity_check import IdentityCheck
from atedb.client.statuses import (
    OF_SESSION,
    OUTSIDE,
    details_of,
    error_from_status,
    own_details,
)
from atedb.client.tls import TlsOptions
from atedb.crypto.keys import PublicKey
from atedb.errors import AtedbError, Reason, invalid
from atedb.events.chain_key import ServerAddress
from atedb.tunnel import CallCrypto, ClientHandshake, ClientSession, FrameType
from atedb.v1 import wire_pb2

Encryption = Literal["auto", "plain", 128, 192, 256]
"""What the server requires; none; or keys of at least so many bits."""

Metadata = Sequence[tuple[str, str | bytes]]

_WIRE_HANDSHAKE: Final = "/atedb.v1.WireService/Handshake"
_WIRE_CALL: Final = "/atedb.v1.WireService/Call"
_HANDSHAKE_TIMEOUT_S: Final = 60.0
_HANDSHAKE_TRIES_MAX: Final = 6
_SAYS_NONE: Final = frozenset({Reason.UNSUPPORTED, Reason.WIRE_NOT_REQUIRED})
_OF_HANDSHAKES: Final = frozenset(
    {
        Reason.WIRE_HANDSHAKE_FAILED,
        Reason.WIRE_SHARE_MISSING,
        Reason.WIRE_NOT_REQUIRED,
        Reason.TOO_MANY_HANDSHAKES,
        Reason.UNSUPPORTED,
        Reason.CONNECTION_FAILED,
        Reason.DEADLINE_EXCEEDED,
        Reason.TLS_FAILED,
        Reason.TLS_REQUIRED,
    }
)

# The stubs lack it.
_EOF: Final[Any] = grpc.aio.EOF  # type: ignore[attr-defined]

_OPTIONS: Final = (
    ("grpc.max_receive_message_length", 4 * 1024 * 1024 + 65_536),
    ("grpc.max_send_message_length", 4 * 1024 * 1024),
    # A server that was away is tried again soon: what waits between tries is the caller's.
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    # A connection that is half dead, whose other end is gone without a word, is noticed so.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
    # Channels of one process share no connections: a chain's stream is not to end with another client.
    ("grpc.use_local_subchannel_pool", 1),
)


class _Stream(Protocol):
    """One call of the transport below, in one form."""

    exporter: bytes | None
    has_answered: bool

    async def write(self, message: bytes) -> None: ...

    async def half_close(self) -> None: ...

    async def read(self) -> bytes | None: ...

    def cancel(self) -> None: ...


async def _next_of(call: Any, transport: "Transport") -> Any:  # noqa: ANN401 - grpc's own
    """Read a call's next message. One that was ended here, with its connection, is told from a reader that is cancelled."""
    try:
        return await call.read()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        why = f"the connection to {transport.address.server} was given up here"
        raise AtedbError(Reason.CONNECTION_FAILED, why) from None


class _PlainStream:
    """A call as it is."""

    exporter: bytes | None = None

    def __init__(self, transport: "Transport", path: str, metadata: Metadata, timeout: float | None) -> None:
        self._transport = transport
        self._call = transport.begin(path, metadata, timeout)
        self.has_answered = False

    async def write(self, message: bytes) -> None:
        # Where the call has ended, reading tells how.
        with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
            await self._call.write(message)

    async def half_close(self) -> None:
        with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
            await self._call.done_writing()

    async def read(self) -> bytes | None:
        try:
            message = await _next_of(self._call, self._transport)
        except grpc.aio.AioRpcError as error:
            raise await self._transport.failed(error) from error
        if message is _EOF:
            code = await self._call.code()
            if code is not grpc.StatusCode.OK:
                raise AtedbError(Reason.CONNECTION_FAILED, f"the call has ended with {code.name}")
            return None
        self.has_answered = True
        return bytes(message)

    def cancel(self) -> None:
        self._call.cancel()


class _SealedStream:
    """A call through the tunnel."""

    def __init__(
        self, transport: "Transport", crypto: CallCrypto, path: str, metadata: Metadata, timeout: float | None
    ) -> None:
        self._transport = transport
        self._crypto = crypto
        self.exporter: bytes | None = crypto.exporter
        self._call = transport.begin(_WIRE_CALL, (), timeout)
        self._ended: AtedbError | None = None
        self._has_ended = False
        self.has_answered = False
        entries = [
            wire_pb2.MetadataEntry(name=name, value=value.encode() if isinstance(value, str) else value)
            for name, value in metadata
        ]
        opened = wire_pb2.CallOpen(method=path, metadata=entries)
        if timeout is not None:
            opened.timeout_ms = max(1, int(timeout * 1_000))
        self._opening: bytes | None = opened.SerializeToString()
        self._lock = asyncio.Lock()

    async def _send(self, frame_type: FrameType, payload: bytes) -> None:
        # Frames are counted as they are sealed, and must be sent in that order.
        async with self._lock:
            if self._opening is not None:
                opening, self._opening = self._opening, None
                await self._write(self._crypto.seal(FrameType.OPEN, opening))
            await self._write(self._crypto.seal(frame_type, payload))
            if frame_type is FrameType.HALF_CLOSE:
                with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
                    await self._call.done_writing()

    async def _write(self, sealed: bytes) -> None:
        with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
            await self._call.write(sealed)

    async def write(self, message: bytes) -> None:
        await self._send(FrameType.MESSAGE, message)

    async def half_close(self) -> None:
        await self._send(FrameType.HALF_CLOSE, b"")

    async def read(self) -> bytes | None:
        while not self._has_ended:
            try:
                message = await _next_of(self._call, self._transport)
            except grpc.aio.AioRpcError as error:
                raise await self._without_status(error) from error
            if message is _EOF:
                raise self._truncated("was ended before its sealed status")
            opened = self._crypto.open(bytes(message))
            self.has_answered = True
            if opened.type is FrameType.MESSAGE:
                return opened.payload
            if opened.type is FrameType.STATUS:
                self._end(wire_pb2.CallStatus.FromString(opened.payload))
                self._call.cancel()
        if self._ended is not None:
            raise self._ended
        return None

    def _end(self, status: wire_pb2.CallStatus) -> None:
        self._has_ended = True
        if status.code != 0:
            server = self._transport.address.server
            self._ended = error_from_status(status.code, status.message, status.details or None, server)

    async def _without_status(self, error: grpc.aio.AioRpcError) -> AtedbError:
        """Say what the status of the outer call comes to where a sealed call has none: it is never a success, and nothing that it
        says of chains and keys is handed on, since the server that there is a session with has not said it.
        """  # noqa: D205
        said = own_details(details_of(error), error.details() or "")
        if said is None:
            return await self._transport.failed(error)
        if said.reason in OUTSIDE:
            return said
        return self._truncated(f"was ended outside of the tunnel: {said.reason}, which counts for nothing there")

    def _truncated(self, what: str) -> AtedbError:
        server = self._transport.address.server
        return AtedbError(
            Reason.WIRE_TRUNCATED,
            f"the sealed call to {server} {what}. Its outcome is not known; try again",
            metadata={"server": server},
        )

    def cancel(self) -> None:
        self._call.cancel()


class Call:
    """A call in the form that is agreed on with the server: sealed, or as it is.

    What is written is kept until the server has answered in this form. If it refuses the form instead (its session is unknown
    after a restart, or encryption is required from now on), the call is begun again in another, once. Such a refusal may be
    anybody's: who is on the way can have a call carried out twice so. What changes something is made to be sent twice.
    """

    def __init__(self, transport: "Transport", path: str, metadata: Metadata, timeout: float | None) -> None:
        self._transport = transport
        self._path = path
        self._metadata = metadata
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._stream: _Stream | None = None
        self._session: ClientSession | None = None
        self._written: list[bytes | None] = []
        self._is_renewed = False
        self._is_cancelled = False
        self._starting = asyncio.Lock()

    @property
    def exporter(self) -> bytes | None:
        """Of the tunnel that the call is in. To be asked once the server has answered."""
        return None if self._stream is None else self._stream.exporter

    async def write(self, message: bytes) -> None:
        """Send a message. Where the call has ended, reading tells how."""
        await self._put(message)

    async def half_close(self) -> None:
        """Say that nothing more is sent."""
        await self._put(None)

    async def _put(self, message: bytes | None) -> None:
        stream = await self._started()
        if not stream.has_answered:
            self._written.append(message)
        await _put_on(stream, message)

    async def read(self) -> bytes | None:
        """Give the next answer; None after the last. Raises what the call has failed with."""
        stream = await self._started()
        try:
            async with _until(self._deadline, self._transport):
                message = await stream.read()
        except AtedbError as error:
            if stream.has_answered or self._is_renewed or not self._refuses_form(error):
                raise
            self._is_renewed = True
            stream.cancel()
            await self._begin()
            for one in self._written:
                await _put_on(await self._started(), one)
            return await self.read()
        self._written.clear()
        return message

    def _refuses_form(self, error: AtedbError) -> bool:
        if self._session is None:
            return error.reason == Reason.WIRE_REQUIRED
        return error.reason in OF_SESSION

    async def _started(self) -> _Stream:
        async with self._starting:
            if self._stream is None:
                await self._begin()
        assert self._stream is not None
        return self._stream

    async def _begin(self) -> None:
        async with _until(self._deadline, self._transport):
            refused = self._session if self._is_renewed else None
            session = await self._transport.tunnel.choose(refused, is_refused=self._is_renewed)
        timeout = None if self._deadline is None else max(0.0, self._deadline - time.monotonic())
        self._session = session
        if session is None:
            self._stream = _PlainStream(self._transport, self._path, self._metadata, timeout)
        else:
            crypto = session.open_call()
            self._stream = _SealedStream(self._transport, crypto, self._path, self._metadata, timeout)
        if self._is_cancelled:
            self._stream.cancel()

    def cancel(self) -> None:
        """End the call here and now."""
        self._is_cancelled = True
        if self._stream is not None:
            self._stream.cancel()


async def _put_on(stream: _Stream, message: bytes | None) -> None:
    if message is None:
        await stream.half_close()
    else:
        await stream.write(message)


@contextlib.asynccontextmanager
async def _until(deadline: float | None, transport: "Transport") -> AsyncIterator[None]:
    """Raise DEADLINE_EXCEEDED when the deadline has passed."""
    left = None if deadline is None else deadline - time.monotonic()
    try:
        async with asyncio.timeout(left):
            yield
    except TimeoutError:
        server = transport.address.server
        why = f"the deadline passed before {server} answered"
        raise AtedbError(Reason.DEADLINE_EXCEEDED, why, metadata={"server": server}) from None


@dataclass(slots=True)
class _Agreed:
    session: ClientSession | None
    """None: no encryption."""


class Tunnel:
    """What is agreed on with one server: a session that all calls share, and after it the next.

    Whether there is encryption is left to nobody on the way, as far as that can be. A handshake comes first, always. Calls go in
    clear only where the user doesn't insist on encryption, the server isn't known to encrypt, and it answers that it
    requires none. That answer isn't protected.
    """

    def __init__(self, transport: "Transport", encryption: Encryption, identity_check: IdentityCheck) -> None:
        self._transport = transport
        self._encryption = encryption
        self._identity_check = identity_check
        self._agreed: _Agreed | None = None
        self._agreeing = asyncio.Lock()
        self._has_encrypted = False
        self._wants_largest = False

    @property
    def proven_identity(self) -> PublicKey | None:
        """The identity that the server has proven last; None before, and without encryption."""
        if self._agreed is None or self._agreed.session is None:
            return None
        return self._agreed.session.identity

    async def choose(self, refused: ClientSession | None, *, is_refused: bool) -> ClientSession | None:
        """Give the session that a call begins in now; None: it goes in clear.

        `refused`: the one of the call that the server has refused, if `is_refused`: another is agreed on, unless that was done
        since. Raises WIRE_MISSING where the server doesn't encrypt, and must; as the handshake.
        """
        if self._encryption == "plain":
            return None
        async with self._agreeing:
            agreed = self._agreed
            is_current = agreed is not None and not (is_refused and agreed.session is refused)
            if agreed is not None and is_current and (agreed.session is None or agreed.session.is_usable):
                if agreed.session is None or not agreed.session.is_due:
                    return agreed.session
            self._agreed = _Agreed(await self._negotiate())
            return self._agreed.session

    def close(self) -> None:
        """Forget all keys, but for those of calls under way."""
        if self._agreed is not None and self._agreed.session is not None:
            self._agreed.session.end()
        self._agreed = None

    async def _negotiate(self) -> ClientSession | None:
        is_asked = self._encryption != "auto"
        is_known = self._has_encrypted or await self._identity_check.must_encrypt()
        key_bits = self._encryption if isinstance(self._encryption, int) else 128
        only_if_required = not is_asked and not is_known
        for attempt in range(_HANDSHAKE_TRIES_MAX):
            try:
                session = await self._shake_hands(key_bits, only_if_required=only_if_required)
            except AtedbError as error:
                if error.reason in _SAYS_NONE:
                    if only_if_required:
                        return None
                    raise self._missing() from error
                if error.reason == Reason.WIRE_SHARE_MISSING and not self._wants_largest:
                    # Whoever has said so: what comes of it is never less than was asked for.
                    self._wants_largest = True
                    continue
                if error.reason != Reason.TOO_MANY_HANDSHAKES or attempt == _HANDSHAKE_TRIES_MAX - 1:
                    raise
                await asyncio.sleep(0.05 * 2**attempt)
            else:
                self._has_encrypted = True
                return session
        raise AssertionError("the last try raises")

    async def _shake_hands(self, key_bits: int, *, only_if_required: bool) -> ClientSession:
        """Agree on a session. The server has proven its identity, and that was accepted, before anything else is sent."""
        handshake = ClientHandshake(key_bits, shares_up_to=256 if self._wants_largest else key_bits)
        stream = _PlainStream(self._transport, _WIRE_HANDSHAKE, (), _HANDSHAKE_TIMEOUT_S)
        try:
            first = wire_pb2.HandshakeRequest(client_hello=handshake.hello, only_if_required=only_if_required)
            await stream.write(first.SerializeToString())
            finished = handshake.finish(await self._due(stream, "server_hello"))
            await self._identity_check.accept(finished.identity, finished.rotations)
            second = wire_pb2.HandshakeRequest(client_finished=finished.finished)
            await stream.write(second.SerializeToString())
            await stream.half_close()
            await self._due(stream, "established")
            return finished.session
        finally:
            stream.cancel()

    async def _due(self, stream: _PlainStream, kind: str) -> bytes:
        try:
            message = await stream.read()
        except AtedbError as error:
            # Nobody has proven yet who says it, so nothing that it says of chains and keys is handed on.
            if error.reason in _OF_HANDSHAKES | OUTSIDE:
                raise
            why = f"the handshake was refused with {error.reason}: {error.message}"
            raise AtedbError(Reason.WIRE_HANDSHAKE_FAILED, why) from error
        if message is None:
            raise AtedbError(Reason.CONNECTION_FAILED, "the server has ended the handshake before its end")
        try:
            answer = wire_pb2.HandshakeResponse.FromString(message)
        except Exception as error:
            why = "the server's part of the handshake can't be read"
            raise AtedbError(Reason.WIRE_HANDSHAKE_FAILED, why) from error
        if answer.WhichOneof("message") != kind:
            why = "the server's part of the handshake is of another kind than is due"
            raise AtedbError(Reason.WIRE_HANDSHAKE_FAILED, why)
        return answer.server_hello

    def _missing(self) -> AtedbError:
        server = self._transport.address.server
        return AtedbError(
            Reason.WIRE_MISSING,
            f"{server} does not encrypt, and it was asked for, or it has done so before: somebody may answer in its place. Nothing "
            "was sent to it. Ask its operator, by another way; only then connect with encryption='plain'",
            metadata={"server": server},
        )


class Transport:
    """The connection to one server, which is made at the first call, and again by itself after a loss."""

    def __init__(
        self,
        address: ServerAddress,
        *,
        encryption: Encryption,
        identity_check: IdentityCheck,
        tls: TlsOptions | None,
    ) -> None:
        if encryption not in ("auto", "plain", 128, 192, 256):
            raise invalid("encryption", f"it is {encryption!r}, and can be 'auto', 'plain', 128, 192 or 256")
        if address.pinned is not None and encryption == "plain":
            why = f"the address of {address.server} names an identity, which only an encrypted connection proves"
            raise invalid("encryption", why)
        self.address = address
        self.tunnel = Tunnel(self, encryption, identity_check)
        self._tls = tls
        # The stubs want arguments that have defaults.
        self._channel: Any = None

    def begin(self, path: str, metadata: Metadata, timeout: float | None) -> Any:  # noqa: ANN401 - grpc's own
        """Begin a call of the channel, with messages as bytes."""
        if self._channel is None:
            self._channel = self._connect()
        method = self._channel.stream_stream(path)
        return method(metadata=tuple(metadata), timeout=timeout)

    def _connect(self) -> Any:  # noqa: ANN401 - grpc's own
        options: list[tuple[str, Any]] = list(_OPTIONS)
        if self._tls is None:
            return grpc.aio.insecure_channel(self.address.server, options=options)
        if self._tls.server_name is not None:
            options.append(("grpc.ssl_target_name_override", self._tls.server_name))
        return grpc.aio.secure_channel(self.address.server, self._tls.credentials(), options=options)

    async def failed(self, error: grpc.aio.AioRpcError) -> AtedbError:
        """Say what a failed call means."""
        code, message = error.code(), error.details() or ""
        found = error_from_status(code.value[0], message, details_of(error), self.address.server)
        if found.reason == Reason.CONNECTION_FAILED:
            return await tls_module.failure_behind(self.address, self._tls) or found
        return found

    def check_proven(self, identity: PublicKey) -> None:
        """Refuse a server that says another identity than it has proven. Raises SERVER_IDENTITY_MISMATCH."""
        proven = self.tunnel.proven_identity
        if proven is not None and proven.fingerprint != identity.fingerprint:
            raise AtedbError(
                Reason.SERVER_IDENTITY_MISMATCH,
                f"{self.address.server} has proven the identity {proven.fingerprint.hex()}, and says that it has another",
                metadata={"fingerprint": identity.fingerprint.hex(), "expected": proven.fingerprint.hex()},
            )

    def call(self, path: str, *, metadata: Metadata = (), timeout: float | None = None) -> Call:
        """Begin a call of any method."""
        return Call(self, path, metadata, timeout)

    async def renew(self) -> None:
        """Make another connection for the calls to come: the one that there is may be half dead."""
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()

    async def close(self) -> None:
        """End the connection, and forget all keys."""
        self.tunnel.close()
        await self.renew()
