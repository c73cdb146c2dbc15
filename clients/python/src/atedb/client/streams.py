"""One call of a server, in one of two forms: as it is, or sealed by the tunnel."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Final, Protocol

import grpc

from atedb.client.messages import parsed
from atedb.client.statuses import OUTSIDE, details_of, error_from_status, own_details
from atedb.errors import AtedbError, Reason
from atedb.tunnel import CallCrypto, FrameType
from atedb.v1 import wire_pb2

if TYPE_CHECKING:
    from atedb.client.transport import Transport

Metadata = Sequence[tuple[str, str | bytes]]

_WIRE_CALL: Final = "/atedb.v1.WireService/Call"

_OF_FAILED_WRITE: Final = "Internal error from Core"
_STATUS_TRIES: Final = 100
_STATUS_WAIT_S: Final = 0.01
_OF_WRITING: Final = (grpc.aio.AioRpcError, grpc.aio.InternalError, asyncio.InvalidStateError)


class Stream(Protocol):
    """One call of the transport below, in one form."""

    exporter: bytes | None
    has_answered: bool

    async def write(self, message: bytes) -> None:
        """Send a message. Where the call has ended, reading tells how."""

    async def half_close(self) -> None:
        """Say that nothing more is sent."""

    async def read(self) -> bytes | None:
        """Give the next answer; None after the last. Raises what the call has failed with."""

    def cancel(self) -> None:
        """End the call here and now."""


class CallFailed(Exception):  # noqa: N818 - it never leaves this module and the transport
    """The status of a call that gRPC has failed."""

    def __init__(self, code: int, message: str, details: bytes | None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details


class _GrpcCall:
    """A call of gRPC's, read to its end whatever becomes of what is written.

    A server may end a call before all is written. grpc.aio then has the call fail as a whole, with a status of its own, and
    `read` gives none of the answers that have come. Its iterator does; and the status that the server has sent comes soon after.
    """

    def __init__(self, transport: "Transport", path: str, metadata: Metadata, timeout: float | None) -> None:
        self._server = transport.address.server
        self._call = transport.begin(path, metadata, timeout)
        self._answers: AsyncIterator[bytes] = aiter(self._call)
        self._sent: CallFailed | None = None
        self._call.add_done_callback(self._keep_status)

    async def write(self, message: bytes) -> None:
        """Send a message. Where the call has ended, reading tells how."""
        with contextlib.suppress(*_OF_WRITING):
            await self._call.write(message)

    async def half_close(self) -> None:
        """Say that nothing more is sent."""
        with contextlib.suppress(*_OF_WRITING):
            await self._call.done_writing()

    async def read(self) -> bytes | None:
        """Give the next answer; None after the last. Raises CallFailed; CONNECTION_FAILED where it was ended here."""
        try:
            return await anext(self._answers)
        except StopAsyncIteration:
            return None
        except grpc.aio.AioRpcError as error:
            raise await self._status_after(error) from error
        except asyncio.CancelledError:
            task = asyncio.current_task()
            # A reader that is cancelled is not told of.
            if task is not None and task.cancelling():
                raise
            why = f"the connection to {self._server} was given up here"
            raise AtedbError(Reason.CONNECTION_FAILED, why) from None

    def cancel(self) -> None:
        """End the call here and now."""
        self._call.cancel()

    def _keep_status(self, _: object) -> None:
        """Keep the status that the server has sent: a write that fails after it puts one of its own in its place."""
        reading = self._status()
        try:
            # It is there, so nothing is waited for. A task would come after the write that fails.
            reading.send(None)
        except StopIteration as end:
            status: CallFailed = end.value
            if status.message != _OF_FAILED_WRITE:
                self._sent = status
        else:
            reading.close()

    async def _status(self) -> CallFailed:
        code, message = await self._call.code(), await self._call.details() or ""
        return CallFailed(code.value[0], message, details_of(await self._call.trailing_metadata()))

    async def _status_after(self, error: grpc.aio.AioRpcError) -> CallFailed:
        """Give the status that the server has sent, whether it came before a failed write had made one or soon after."""
        code, message = error.code(), error.details() or ""
        for _ in range(_STATUS_TRIES):
            if self._sent is not None:
                return self._sent
            if message != _OF_FAILED_WRITE:
                break
            await asyncio.sleep(_STATUS_WAIT_S)
        return CallFailed(code.value[0], message, details_of(error.trailing_metadata()))


class PlainStream:
    """A call as it is."""

    exporter: bytes | None = None

    def __init__(self, transport: "Transport", path: str, metadata: Metadata, timeout: float | None) -> None:
        self._transport = transport
        self._call = _GrpcCall(transport, path, metadata, timeout)
        self.has_answered = False

    async def write(self, message: bytes) -> None:
        """Send a message. Where the call has ended, reading tells how."""
        await self._call.write(message)

    async def half_close(self) -> None:
        """Say that nothing more is sent."""
        await self._call.half_close()

    async def read(self) -> bytes | None:
        """Give the next answer; None after the last. Raises what the call has failed with."""
        try:
            message = await self._call.read()
        except CallFailed as error:
            raise await self._transport.failed(error) from error
        self.has_answered = self.has_answered or message is not None
        return message

    def cancel(self) -> None:
        """End the call here and now."""
        self._call.cancel()


class SealedStream:
    """A call through the tunnel."""

    def __init__(
        self, transport: "Transport", crypto: CallCrypto, path: str, metadata: Metadata, timeout: float | None
    ) -> None:
        self._transport = transport
        self._crypto = crypto
        self.exporter: bytes | None = crypto.exporter
        self._call = _GrpcCall(transport, _WIRE_CALL, (), timeout)
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
                await self._call.write(self._crypto.seal(FrameType.OPEN, opening))
            await self._call.write(self._crypto.seal(frame_type, payload))
            if frame_type is FrameType.HALF_CLOSE:
                await self._call.half_close()

    async def write(self, message: bytes) -> None:
        """Send a message. Where the call has ended, reading tells how."""
        await self._send(FrameType.MESSAGE, message)

    async def half_close(self) -> None:
        """Say that nothing more is sent."""
        await self._send(FrameType.HALF_CLOSE, b"")

    async def read(self) -> bytes | None:
        """Give the next answer; None after the last. Raises what the call has failed with."""
        while not self._has_ended:
            try:
                message = await self._call.read()
            except CallFailed as error:
                raise await self._without_status(error) from error
            if message is None:
                raise self._truncated("was ended before its sealed status")
            opened = self._crypto.open(message)
            self.has_answered = True
            if opened.type is FrameType.MESSAGE:
                return opened.payload
            if opened.type is FrameType.STATUS:
                self._end(parsed(wire_pb2.CallStatus, opened.payload))
                self._call.cancel()
        if self._ended is not None:
            raise self._ended
        return None

    def _end(self, status: wire_pb2.CallStatus) -> None:
        self._has_ended = True
        if status.code != 0:
            server = self._transport.address.server
            self._ended = error_from_status(status.code, status.message, status.details or None, server)

    async def _without_status(self, error: CallFailed) -> AtedbError:
        """Say what the status of the outer call comes to where a sealed call has none: it is never a success, and nothing that it
        says of chains and keys is handed on, since the server that there is a session with has not said it.
        """  # noqa: D205
        said = own_details(error.details, error.message)
        # Whoever has agreed on a session knows the call: that it is unknown says somebody else, and that the server has no accounts
        # or groups would follow from it.
        if said is None and error.code != grpc.StatusCode.UNIMPLEMENTED.value[0]:
            return await self._transport.failed(error)
        if said is not None and said.reason in OUTSIDE:
            return said
        why = "UNIMPLEMENTED" if said is None else said.reason
        return self._truncated(f"was ended outside of the tunnel: {why}, which counts for nothing there")

    def _truncated(self, what: str) -> AtedbError:
        server = self._transport.address.server
        return AtedbError(
            Reason.WIRE_TRUNCATED,
            f"the sealed call to {server} {what}. Its outcome is not known; try again",
            metadata={"server": server},
        )

    def cancel(self) -> None:
        """End the call here and now."""
        self._call.cancel()
