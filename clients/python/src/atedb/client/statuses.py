"""What the status of a failed call means."""

from typing import Final

import grpc
from google.rpc import error_details_pb2, status_pb2

from atedb.errors import AtedbError, Reason

_DOMAIN: Final = "atedb"
_DETAILS: Final = "grpc-status-details-bin"

PASSING: Final = frozenset(
    {
        Reason.CONNECTION_FAILED,
        Reason.SERVER_DRAINING,
        Reason.TOO_MANY_STREAMS,
        Reason.TOO_MANY_CHAINS,
        Reason.TOO_MANY_UPLOADS,
        Reason.READER_TOO_SLOW,
        Reason.REQUEST_TOO_SLOW,
        Reason.TOO_MANY_HANDSHAKES,
        Reason.WIRE_FRAME_INVALID,
        Reason.WIRE_SESSION_UNKNOWN,
        Reason.WIRE_CALL_REPLAYED,
        Reason.WIRE_TRUNCATED,
    }
)
"""Trying again later may help: the server was not there, is going, or is full."""


def is_compacted(error: AtedbError) -> bool:
    """Whether what was read can't be gone on with, since the chain was compacted meanwhile: it is to be read again."""
    return error.reason == Reason.HISTORY_COMPACTED


OF_SESSION: Final = frozenset({Reason.WIRE_SESSION_UNKNOWN, Reason.WIRE_CALL_REPLAYED})
"""Refusals of a sealed call that another session may not meet."""

OUTSIDE: Final = OF_SESSION | {
    Reason.WIRE_FRAME_INVALID,
    Reason.SERVER_DRAINING,
    Reason.TOO_MANY_UPLOADS,
    Reason.TOO_MANY_STREAMS,
    Reason.REQUEST_TOO_SLOW,
    Reason.DATA_TOO_LARGE,
    Reason.READER_TOO_SLOW,
    Reason.TLS_REQUIRED,
    Reason.INTERNAL,
}
"""Refusals that a server makes of a sealed call before it has a key to seal them with. Anybody on the way can make them too,
and they come to no more than a cut connection."""

ALARMS: Final = frozenset(
    {
        Reason.WRITER_AHEAD,
        Reason.HEAD_CONFLICT,
        Reason.CHAIN_ID_MISMATCH,
        Reason.SERVER_IDENTITY_MISMATCH,
        Reason.SERVER_IDENTITY_CHANGED,
        Reason.VERIFICATION_FAILED,
    }
)
"""The server isn't what it was: these say more than that an outcome is unknown."""


def own_details(encoded: bytes | None, message: str) -> AtedbError | None:
    """Read the server's own refusal from a serialised google.rpc.Status; None where it has none."""
    if not encoded:
        return None
    try:
        status = status_pb2.Status.FromString(encoded)
        for detail in status.details:
            info = error_details_pb2.ErrorInfo()
            if detail.Unpack(info) and info.domain == _DOMAIN:
                return known_refusal(info.reason, status.message or message, dict(info.metadata))
    except Exception:
        return None
    return None


def known_refusal(name: str, message: str, metadata: dict[str, str]) -> AtedbError:
    """Make the error of a reason. A newer server may have some that this version doesn't know: kept for people."""
    try:
        return AtedbError(Reason(name), message, metadata=metadata)
    except ValueError:
        return AtedbError(Reason.INTERNAL, message, metadata={**metadata, "server_reason": name})


def details_of(trailers: grpc.aio.Metadata | None) -> bytes | None:
    """Give the details that a failed call's trailers have."""
    value = None if trailers is None else trailers.get(_DETAILS)
    return value if isinstance(value, bytes) else None


def error_from_status(code: int, message: str, details: bytes | None, server: str) -> AtedbError:
    """Say what a failed call's status means. One without our details comes from the transport."""
    own = own_details(details, message)
    if own is not None:
        return own
    name = next((one.name for one in grpc.StatusCode if one.value[0] == code), str(code))
    metadata = {"server": server, "grpc_status": name}
    match name:
        case "DEADLINE_EXCEEDED":
            reason, why = Reason.DEADLINE_EXCEEDED, f"the deadline passed before {server} answered"
        case "RESOURCE_EXHAUSTED" if "larger than" in message:
            reason, why = Reason.DATA_TOO_LARGE, f"a message is too large for {server}: {message}"
        case "RESOURCE_EXHAUSTED":
            reason, why = Reason.READER_TOO_SLOW, f"{server} has given this call up: {message}"
        case "UNIMPLEMENTED":
            reason, why = Reason.UNSUPPORTED, f"{server} does not know this call: {message}"
        case "UNAVAILABLE":
            reason = Reason.CONNECTION_FAILED
            why = (
                f"{server} can't be reached, or was lost: {message}. "
                "Check that a server runs there, and that host and port are right"
            )
        case _:
            # Whatever else has no details was not said by our server, but by what lies between.
            reason, why = Reason.CONNECTION_FAILED, f"the connection to {server} broke: {name}, {message}"
    return AtedbError(reason, why, metadata=metadata)
