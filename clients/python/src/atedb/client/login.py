"""Logs in to an account: the password stays here, and what follows from it signs a challenge that counts for one stream alone."""

import asyncio
from dataclasses import dataclass
from typing import Final

from atedb.account.vault import OpeningKeys, password_keys
from atedb.client.conversation import Challenge, Conversation
from atedb.client.messages import signature_message, untrue
from atedb.client.transport import Transport
from atedb.crypto.domains import CONTEXT_LOGIN
from atedb.crypto.key_file import PassphraseCosts
from atedb.crypto.keys import KeyPair
from atedb.errors import invalid
from atedb.events.owner import Owner, parse_owner
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


@dataclass(frozen=True, slots=True, repr=False)
class OpenedLogin:
    """What a login gives."""

    logged_in: LoggedIn
    opening: OpeningKeys
    """What the password was made into."""
    secrets: bytes
    """The AccountSecrets message; empty where the second factor was not shown."""


def user_of(account: str) -> Owner:
    """Read the name of a user. Raises REQUEST_INVALID for that of a group."""
    owner = parse_owner(account)
    if owner.kind != "user":
        raise invalid("account", f"{account} is a group; a user is name@domain")
    return owner


async def open_login(transport: Transport, owner: Owner, password: str, totp_code: str | None) -> OpenedLogin:
    """Log in, over a connection that is encrypted.

    Raises LOGIN_FAILED, LOGIN_LOCKED; VERIFICATION_FAILED where the server's answers can't be true; SERVER_IDENTITY_MISMATCH,
    CONNECTION_FAILED, DEADLINE_EXCEEDED.
    """
    talk = Conversation(transport, _METHOD)
    try:
        await talk.say(auth_pb2.LoginRequest(account=owner.text))
        challenge = (await talk.due(auth_pb2.LoginResponse, "challenge")).challenge
        costs = challenge.password
        if len(costs.salt) != 16:
            raise untrue("the salt of the password is not 16 bytes")
        spent = PassphraseCosts(costs.memory_kib, costs.passes, costs.lanes)
        # It takes a moment, in which everything else goes on.
        opening = await asyncio.to_thread(password_keys, password, owner, costs.salt, spent)
        signature = sign_challenge(talk, challenge, owner, opening.signer, CONTEXT_LOGIN)
        proof = auth_pb2.LoginProof(signature=signature_message(signature), totp_code=totp_code or "")
        await talk.say(auth_pb2.LoginRequest(proof=proof))
        await talk.half_close()
        grant = (await talk.due(auth_pb2.LoginResponse, "grant")).grant
        key, *former = opening.open_vault("key", grant.key_vault)
        logged_in = LoggedIn(owner.text, key, tuple(former), grant.has_second_factor, grant.unverified)
        return OpenedLogin(logged_in, opening, grant.secrets)
    finally:
        talk.cancel()


def sign_challenge(
    talk: Conversation, challenge: Challenge, owner: Owner, signer: KeyPair, context: str
) -> Signature:
    """Sign a challenge for the server that it is of. Raises VERIFICATION_FAILED, SERVER_IDENTITY_MISMATCH."""
    line = talk.check(challenge)
    claim = b"".join(
        (talk.exporter, line.identity.fingerprint, challenge.conversation_id, owner.text.encode())
    )
    return Signature.by(signer, context, claim)
