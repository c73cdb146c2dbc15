"""Calls that are about no chain."""

from atedb.client.messages import TIMEOUT_S
from atedb.client.transport import Transport
from atedb.errors import AtedbError, Reason


async def unary(
    transport: Transport, path: str, request: bytes, *, timeout: float | None = TIMEOUT_S
) -> bytes:
    """Make a call with one message each way. Raises what it fails with."""
    call = transport.call(path, timeout=timeout)
    try:
        await call.write(request)
        await call.half_close()
        answer = await call.read()
    finally:
        call.cancel()
    if answer is None:
        server = transport.address.server
        why = f"{server} has ended the call without an answer"
        raise AtedbError(Reason.CONNECTION_FAILED, why, metadata={"server": server})
    return answer
