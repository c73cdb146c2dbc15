"""What ends a sealed call from outside of the tunnel."""

from types import SimpleNamespace

import grpc
import pytest

from atedb.client.statuses import error_from_status
from atedb.client.streams import CallFailed, SealedStream
from atedb.errors import AtedbError, Reason


@pytest.mark.parametrize(
    ("code", "due"),
    [
        # Else anybody could say that a server keeps no accounts, and have members of groups use keys of their own.
        (grpc.StatusCode.UNIMPLEMENTED, Reason.WIRE_TRUNCATED),
        (grpc.StatusCode.UNAVAILABLE, Reason.CONNECTION_FAILED),
        (grpc.StatusCode.PERMISSION_DENIED, Reason.CONNECTION_FAILED),
    ],
)
async def test_it_is_a_lost_connection_and_never_a_word_of_the_server(
    code: grpc.StatusCode, due: Reason
) -> None:
    class Transport:
        address = SimpleNamespace(server="server:5000")

        async def failed(self, error: CallFailed) -> AtedbError:
            return error_from_status(error.code, error.message, error.details, self.address.server)

    stream = SealedStream.__new__(SealedStream)
    stream._transport = Transport()  # type: ignore[assignment]
    found = await stream._without_status(CallFailed(code.value[0], "somebody on the way", None))
    assert found.reason == due
