"""Logs in to an account: the password stays here, and what follows from it signs a challenge that counts for one stream alone."""

import asyncio
from dataclasses import dataclass
from typing import Final

from atedb.account.secrets import PasswordKeys
from atedb.client.conversation import Conversation
from atedb.client.messages import signature_message, untrue
from atedb.client.transport import Transport
from atedb.crypto.domains import CONTEXT_LOGIN
from atedb.crypto.key_file import PassphraseCosts
from atedb.crypto.keys import KeyPair
from atedb.errors import invalid
from atedb.events.owner import parse_owner
from atedb.events.seal import Signature
from atedb.v1 import auth_pb2

_METHOD: Final = "/atedb.v1.AuthService/Login"


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """Somebody who has logged in."""

    account: str
    """`name@domain`."""
    key: KeyPair
    """The user's key: the root key of its chains, and what is encrypted to the user is encrypted to it."""
    former_keys: tuple[KeyPair, ...]
    """Those that the user had before, the newest first: what was sealed for them is opened with them."""
    has_second_factor: bool
    is_unverified: bool
    """Nobody has shown that the name is the user's."""


async def log_in(transport: Transport, account: str, password: str, totp_code: str | None) -> LoggedIn:
    """Log in, over a connection that is encrypted.

    Raises LOGIN_FAILED, LOGIN_LOCKED; VERIFICATION_FAILED where the server's answers can't be true; SERVER_IDENTITY_MISMATCH,
    CONNECTION_FAILED, DEADLINE_EXCEEDED.
    """
    owner = parse_owner(account)
    if owner.kind != "user":
        raise invalid("account", f"{account} is a group; a user is name@domain")
    talk = Conversation(transport, _METHOD)
    try:
        await talk.say(auth_pb2.LoginRequest(account=owner.text))
        challenge = (await talk.due(auth_pb2.LoginResponse, "challenge")).challenge
        costs = challenge.password
        if len(costs.salt) != 16:
            raise untrue("the salt of the password is not 16 bytes")
        line = talk.check(challenge)
        # It takes a moment, in which everything else goes on.
        spent = PassphraseCosts(costs.memory_kib, costs.passes, costs.lanes)
        opening = await asyncio.to_thread(PasswordKeys, password, owner, costs.salt, spent)
        claim = b"".join(
            (talk.exporter, line.identity.fingerprint, challenge.conversation_id, owner.text.encode())
        )
        signature = signature_message(Signature.by(opening.signer, CONTEXT_LOGIN, claim))
        proof = auth_pb2.LoginProof(signature=signature, totp_code=totp_code or "")
        await talk.say(auth_pb2.LoginRequest(proof=proof))
        await talk.half_close()
        grant = (await talk.due(auth_pb2.LoginResponse, "grant")).grant
        key, *former = opening.open_key_vault(grant.key_vault)
        return LoggedIn(owner.text, key, tuple(former), grant.has_second_factor, grant.unverified)
    finally:
        talk.cancel()
