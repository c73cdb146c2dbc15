"""Calls with a stream each way, in which the answer to what was said is waited for."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from google.protobuf.message import Message

from atedb.client.messages import TIMEOUT_S, cant_be, parsed, untrue
from atedb.client.transport import Transport
from atedb.crypto.keys import PublicKey
from atedb.errors import AtedbError, Reason
from atedb.trust.identity_line import IdentityLine, verify_identity_line
from atedb.v1 import event_pb2, identity_pb2

_Answer = TypeVar("_Answer", bound=Message)


class Challenge(Protocol):
    """What a server asks to be signed, with the identity that it has."""

    @property
    def conversation_id(self) -> bytes:
        """Counts on this stream only."""

    @property
    def server_identity(self) -> event_pb2.PublicKey:
        """The key of the server."""

    @property
    def identity_rotations(self) -> Sequence[identity_pb2.IdentityRotation]:
        """How it came to be the one that it is."""


class Conversation:
    """One such call of a server."""

    def __init__(self, transport: Transport, path: str, *, timeout_s: float = TIMEOUT_S) -> None:
        """Begin it. It takes as long as a call may, unless it says otherwise."""
        self._transport = transport
        self._call = transport.call(path, timeout=timeout_s)

    @property
    def exporter(self) -> bytes:
        """Of the tunnel that the stream is in; zeros without one. To be asked once the server has answered."""
        return self._call.exporter or bytes(32)

    async def say(self, message: Message) -> None:
        """Send a message."""
        await self._call.write(message.SerializeToString())

    async def half_close(self) -> None:
        """Say that nothing more is sent."""
        await self._call.half_close()

    async def due(self, answer: type[_Answer], kind: str) -> _Answer:
        """Wait for the next answer, which must be of a kind.

        Raises what the call fails with; CONNECTION_FAILED where it has ended, VERIFICATION_FAILED for another kind.
        """
        raw = await self._call.read()
        if raw is None:
            server = self._transport.address.server
            why = f"{server} has ended the stream before its answer"
            raise AtedbError(Reason.CONNECTION_FAILED, why, metadata={"server": server})
        said = parsed(answer, raw)
        found = said.WhichOneof("message")
        if found != kind:
            raise untrue(f"it is of the kind {found}, and {kind} was due")
        return said

    def check(self, challenge: Challenge) -> IdentityLine:
        """Check a challenge before anything is signed. Raises VERIFICATION_FAILED, SERVER_IDENTITY_MISMATCH."""
        if len(challenge.conversation_id) != 32:
            raise untrue("the id of its conversation is not 32 bytes")
        try:
            identity = PublicKey.parse(challenge.server_identity.SerializeToString())
            rotations = [one.SerializeToString() for one in challenge.identity_rotations]
            line = verify_identity_line(identity, rotations)
        except AtedbError as error:
            raise cant_be("its identity does not verify", error) from error
        self._transport.check_proven(identity)
        return line

    def cancel(self) -> None:
        """End it."""
        self._call.cancel()
