"""What is agreed on with a server: whether calls are encrypted, and with which session."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from atedb.client.identity_check import IdentityCheck
from atedb.client.statuses import OUTSIDE
from atedb.client.streams import PlainStream
from atedb.crypto.keys import PublicKey
from atedb.errors import AtedbError, Reason
from atedb.tunnel import ClientHandshake, ClientSession
from atedb.v1 import wire_pb2

if TYPE_CHECKING:
    from atedb.client.transport import Transport

Encryption = Literal["auto", "plain", 128, 192, 256]
"""What the server requires; none; or keys of at least so many bits."""

_WIRE_HANDSHAKE: Final = "/atedb.v1.WireService/Handshake"
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


def _may_go_on(session: ClientSession | None) -> bool:
    return session is None or (session.is_usable and not session.is_due)


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
            if agreed is not None and is_current and _may_go_on(agreed.session):
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
        stream = PlainStream(self._transport, _WIRE_HANDSHAKE, (), _HANDSHAKE_TIMEOUT_S)
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

    async def _due(self, stream: PlainStream, kind: str) -> bytes:
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
