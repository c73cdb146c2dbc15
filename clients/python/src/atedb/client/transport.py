"""Calls of one server, in bytes: as they are, or through the encrypted tunnel; over TLS or not."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any, Final

import grpc

from atedb.client import tls as tls_module
from atedb.client.identity_check import IdentityCheck
from atedb.client.statuses import OF_SESSION, error_from_status
from atedb.client.streams import CallFailed, Metadata, PlainStream, SealedStream, Stream
from atedb.client.tls import TlsOptions
from atedb.client.tunnel_agreement import Encryption, Tunnel
from atedb.crypto.keys import PublicKey
from atedb.errors import AtedbError, Reason, invalid
from atedb.events.chain_key import ServerAddress
from atedb.tunnel import ClientSession

_OPTIONS: Final = (
    ("grpc.max_receive_message_length", 4 * 1024 * 1024 + 65_536),
    ("grpc.max_send_message_length", 4 * 1024 * 1024),
    # A server that was away is tried again soon: what waits between tries is the caller's.
    ("grpc.initial_reconnect_backoff_ms", 50),
    # This is how long one attempt to connect may take, in spite of its name: far servers and busy machines need a while.
    ("grpc.min_reconnect_backoff_ms", 10_000),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    # A connection that is half dead, whose other end is gone without a word, is noticed so.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
    # Channels of one process share no connections: a chain's stream is not to end with another client.
    ("grpc.use_local_subchannel_pool", 1),
)


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
        self._stream: Stream | None = None
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

    async def _started(self) -> Stream:
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
            self._stream = PlainStream(self._transport, self._path, self._metadata, timeout)
        else:
            crypto = session.open_call()
            self._stream = SealedStream(self._transport, crypto, self._path, self._metadata, timeout)
        if self._is_cancelled:
            self._stream.cancel()

    def cancel(self) -> None:
        """End the call here and now."""
        self._is_cancelled = True
        if self._stream is not None:
            self._stream.cancel()


async def _put_on(stream: Stream, message: bytes | None) -> None:
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
        self._channel: grpc.aio.Channel | None = None

    def begin(self, path: str, metadata: Metadata, timeout: float | None) -> Any:  # noqa: ANN401 - grpc's own
        """Begin a call of the channel, with messages as bytes."""
        if self._channel is None:
            self._channel = self._connect()
        method: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = self._channel.stream_stream(path)
        return method(metadata=tuple(metadata), timeout=timeout)

    def _connect(self) -> grpc.aio.Channel:
        options: list[tuple[str, Any]] = list(_OPTIONS)
        if self._tls is None:
            return grpc.aio.insecure_channel(self.address.server, options=options)
        if self._tls.server_name is not None:
            options.append(("grpc.ssl_target_name_override", self._tls.server_name))
        return grpc.aio.secure_channel(self.address.server, self._tls.credentials(), options=options)

    async def failed(self, error: CallFailed) -> AtedbError:
        """Say what a failed call means."""
        found = error_from_status(error.code, error.message, error.details, self.address.server)
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
