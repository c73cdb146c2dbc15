"""Calls about one chain, with the ticket that a private one wants."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final

from atedb.client.acting_keys import ActingKeys
from atedb.client.messages import TIMEOUT_S, parsed, public_key_message, signature_message, untrue
from atedb.client.transport import Call, Transport
from atedb.crypto.domains import CONTEXT_TICKET
from atedb.crypto.keys import KeyPair, PublicKey
from atedb.errors import AtedbError, Reason
from atedb.events.chain_key import ChainKey
from atedb.events.possession import KeyProofClaim
from atedb.events.seal import Signature
from atedb.trust.identity_line import IdentityLine, verify_identity_line
from atedb.v1 import chain_pb2

SERVICE: Final = "/atedb.v1.ChainService/"
_TICKET_HEADER: Final = "atedb-ticket-bin"
_MARGIN_S: Final = 30.0
"""So long before a ticket is too old it isn't used any more: a call takes its time to arrive."""


class ChainCalls:
    """Makes calls about one chain. Where it is private, a call that was refused is made again, once, with another ticket."""

    def __init__(
        self,
        transport: Transport,
        chain_key: ChainKey,
        *,
        keys: ActingKeys,
        check_challenge: Callable[[bytes, IdentityLine], Awaitable[None]],
    ) -> None:
        self.transport = transport
        self.chain_key = chain_key
        self.keys = keys
        self._check_challenge = check_challenge
        self._ticket: tuple[bytes, float] | None = None
        self._renewing = asyncio.Lock()

    @property
    def server(self) -> str:
        """`host:port`."""
        return self.transport.address.server

    def begin(self, method: str, *, timeout: float | None = None) -> Call:
        """Begin a call, with the ticket that there is."""
        ticket = self._current()
        metadata = [] if ticket is None else [(_TICKET_HEADER, ticket)]
        return self.transport.call(SERVICE + method, metadata=metadata, timeout=timeout)

    async def unary(self, method: str, request: bytes, *, timeout: float | None = TIMEOUT_S) -> bytes:
        """Make a call with one message each way."""
        answers = self.answers(method, request, timeout=timeout)
        try:
            async for answer in answers:
                return answer
        finally:
            await answers.aclose()
        raise AtedbError(Reason.CONNECTION_FAILED, f"{self.server} has ended the call without an answer")

    async def answers(
        self, method: str, request: bytes, *, timeout: float | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Make a call with one message, and give its answers."""
        used = self._current()
        call = self.begin(method, timeout=timeout)
        try:
            await call.write(request)
            await call.half_close()
            try:
                answer = await call.read()
            except AtedbError as error:
                if error.reason != Reason.CHAIN_PRIVATE:
                    raise
                await self.renew_ticket(used)
                call.cancel()
                call = self.begin(method, timeout=timeout)
                await call.write(request)
                await call.half_close()
                answer = await call.read()
            while answer is not None:
                yield answer
                answer = await call.read()
        finally:
            call.cancel()

    def _current(self) -> bytes | None:
        if self._ticket is None or time.monotonic() >= self._ticket[1]:
            return None
        return self._ticket[0]

    async def renew_ticket(self, used: bytes | None) -> None:
        """Have another ticket than the one that was refused. Raises CHAIN_PRIVATE where there is no key to get one with."""
        async with self._renewing:
            current = self._current()
            # Another call has got one meanwhile.
            if current is None or current == used:
                self._ticket = await self._ask()

    async def _ask(self) -> tuple[bytes, float]:
        await self.keys.ready(to_write=False)
        keys = self.keys.reading()
        if not keys:
            why = f"the chain {self.chain_key.text} is private, and there is no key here to open it with"
            raise AtedbError(Reason.CHAIN_PRIVATE, why, metadata={"chain_key": self.chain_key.text})
        key = keys[0]
        call = self.transport.call(SERVICE + "GetTicket", timeout=TIMEOUT_S)
        try:
            asked = time.monotonic()
            first = chain_pb2.GetTicketRequest(
                chain_key=self.chain_key.text, key=public_key_message(key.public_key)
            )
            if self.keys.token is not None:
                first.delegations.extend(one.message for one in self.keys.token.delegations)
                first.issuer.CopyFrom(public_key_message(self.keys.token.issuer))
            await call.write(first.SerializeToString())
            challenge = (await self._due(call, "challenge")).challenge
            proof = chain_pb2.TicketProof(
                signature=signature_message(await self._prove(key, challenge, call.exporter))
            )
            await call.write(chain_pb2.GetTicketRequest(proof=proof).SerializeToString())
            await call.half_close()
            ticket = (await self._due(call, "ticket")).ticket
            return ticket.ticket, asked + ticket.valid_ms / 1_000 - _MARGIN_S
        finally:
            call.cancel()

    async def _due(self, call: Call, kind: str) -> chain_pb2.GetTicketResponse:
        message = await call.read()
        answer = parsed(chain_pb2.GetTicketResponse, message or b"")
        if answer.WhichOneof("message") != kind:
            raise untrue(f"a {kind} was due")
        return answer

    async def _prove(
        self, key: KeyPair, challenge: chain_pb2.TicketChallenge, exporter: bytes | None
    ) -> Signature:
        if len(challenge.conversation_id) != 32 or len(challenge.chain_id) != 32:
            raise untrue("the challenge has an id of another length")
        identity = PublicKey.parse(challenge.server_identity.SerializeToString())
        rotations = [one.SerializeToString() for one in challenge.identity_rotations]
        line = verify_identity_line(identity, rotations)
        self.transport.check_proven(identity)
        # Before anything is signed: whoever runs another chain could get in with it.
        await self._check_challenge(challenge.chain_id, line)
        claim = KeyProofClaim(
            identity.fingerprint,
            challenge.chain_id,
            challenge.conversation_id,
            key.fingerprint,
            exporter or bytes(32),
        )
        return Signature.by(key, CONTEXT_TICKET, claim.ticket_bytes(self.chain_key.text))
