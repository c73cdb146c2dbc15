"""A server that lies: it passes all calls on to a real one, and what a test says of the answers back."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

import grpc

from atedb.encoding.fields import FieldWriter, fields, frame
from atedb.events.batch import parse_batch
from atedb.events.commit import StoredBatch, encode_commit, split_slice
from atedb.events.event import RUN_EVENT

Alter = Callable[[str, int, bytes], Iterable[bytes]]
"""Makes of the answer of a method, with its number in the call, what is sent instead: nothing, one or more."""

_OPTIONS = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))


class LyingServer:
    """Speaks in clear, and so what it passes on is as it likes."""

    def __init__(self, behind: str) -> None:
        self.alter: Alter = honest
        self._behind = behind
        self._server = grpc.aio.server(options=_OPTIONS)
        self._channel: grpc.aio.Channel | None = None
        self.port = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def __aenter__(self) -> "LyingServer":
        self._channel = grpc.aio.insecure_channel(self._behind, options=_OPTIONS)
        self._server.add_generic_rpc_handlers((_Passing(self),))
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.stop(None)
        assert self._channel is not None
        await self._channel.close()

    async def call(
        self, path: str, requests: AsyncIterator[bytes], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[bytes]:
        assert self._channel is not None
        method = path.rpartition("/")[2]
        metadata = [one for one in context.invocation_metadata() or () if not _is_own(one[0])]
        call = self._channel.stream_stream(path)(metadata=metadata)

        async def pass_on() -> None:
            async for request in requests:
                await call.write(request)
            await call.done_writing()

        passing = asyncio.create_task(pass_on())
        count = 0
        try:
            async for answer in call:
                for altered in self.alter(method, count, answer):
                    yield altered
                count += 1
        except grpc.aio.AioRpcError as error:
            await context.abort(error.code(), error.details() or "", tuple(error.trailing_metadata() or ()))
        finally:
            passing.cancel()
            call.cancel()
            with contextlib.suppress(asyncio.CancelledError, grpc.aio.AioRpcError, asyncio.InvalidStateError):
                await passing


def _is_own(name: str) -> bool:
    return name.startswith((":", "grpc-")) or name in ("user-agent", "te", "content-type")


class _Passing(grpc.GenericRpcHandler):
    def __init__(self, server: LyingServer) -> None:
        self._server = server

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        path = details.method

        async def handle(
            requests: AsyncIterator[bytes], context: grpc.aio.ServicerContext
        ) -> AsyncIterator[bytes]:
            async for answer in self._server.call(path, requests, context):
                yield answer

        return grpc.stream_stream_rpc_method_handler(handle)


def honest(_method: str, _count: int, answer: bytes) -> Iterable[bytes]:
    """Change nothing."""
    return [answer]


def replace_field(message: bytes, number: int, make: Callable[[bytes], bytes]) -> bytes:
    """Give a message with the contents of a field made anew; all else as it was."""
    out = FieldWriter()
    for found in fields(message):
        content = message[found.start : found.end]
        if found.number == number and found.wire_type == 2:
            out.message(number, make(content))
        else:
            out.raw(message[found.tag_start : found.end])
    return out.finish()


def with_batches(data: bytes, make: Callable[[StoredBatch], bytes | None]) -> bytes:
    """Give a slice of the log with the runs of its batches made anew; None: as it was."""
    out = b""
    for stored in split_slice(data):
        run = make(stored)
        commit = stored.commit
        out += (run or stored.run) + encode_commit(
            run or stored.run, commit.header_bytes, commit.tree_root, commit.durable_offset
        )
    return out


def without_data(stored: StoredBatch, sequence: int, state: int, redaction: int = 0) -> bytes | None:
    """Give a run with the data of one event gone; None: the event isn't in it."""
    batch = parse_batch(stored.run)
    index = sequence - stored.commit.header.first_sequence
    if not 0 <= index < len(batch.events):
        return None
    gone = FieldWriter().data(1, batch.events[index].header).varint(4, state).varint(5, redaction).finish()
    out = b""
    for place, found in enumerate(fields(stored.run)):
        is_it = found.number == RUN_EVENT and place == index
        out += frame(RUN_EVENT, gone) if is_it else stored.run[found.tag_start : found.end]
    return out


Handler = Callable[[], Awaitable[None]]
