"""Acts of users, as a server has them, and the next one."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from atedb.account.act import parse_act, sign_act
from atedb.account.changes import Change
from atedb.account.state import AccountState
from atedb.account.verify_act import verify_act
from atedb.client.messages import parsed
from atedb.client.transport import Transport
from atedb.client.unary import unary
from atedb.crypto.keys import KeyPair
from atedb.errors import AtedbError, Reason
from atedb.events.owner import Owner
from atedb.limits import ACTS_MAX
from atedb.v1 import auth_pb2

SERVICE: Final = "/atedb.v1.AuthService/"


@dataclass(frozen=True, slots=True)
class VerifiedAccount:
    """A user, as its acts say it."""

    state: AccountState
    is_unverified: bool
    """The server's word: nobody has shown that the name is the user's."""

    @property
    def keys(self) -> Change:
        """The keys that it has, and the hash of its secrets, as a creation would name them."""
        assert self.state.keys is not None, "it is a user"
        return self.state.keys


async def read_account(transport: Transport, account: Owner) -> VerifiedAccount:
    """Read all acts of a user, and verify them from the keys that the first one names.

    That it is the user whom one means, the fingerprint of its key says. Raises ACCOUNT_UNKNOWN; VERIFICATION_FAILED where they are
    not an account's; CONNECTION_FAILED, DEADLINE_EXCEEDED.
    """
    state: AccountState | None = None
    count = 0
    while True:
        request = auth_pb2.GetActsRequest(account=account.text, from_version=count)
        raw = await unary(transport, SERVICE + "GetActs", request.SerializeToString())
        page = parsed(auth_pb2.GetActsResponse, raw)
        try:
            for message in page.acts:
                act = parse_act(message)
                if act.account != account:
                    raise untrue_acts(account, "an act is of another account")
                state = verify_act(state, act)
        except AtedbError as error:
            raise untrue_acts(account, error.message) from error
        count += len(page.acts)
        is_whole = count >= page.acts_in_all
        if state is None or count > ACTS_MAX or (not is_whole and not page.acts):
            raise untrue_acts(account, "they have no end, or no beginning")
        if is_whole:
            return VerifiedAccount(state, page.unverified)


def next_act(account: Owner, before: AccountState | None, change: Change, keys: Sequence[KeyPair]) -> bytes:
    """Make the act that comes next in an account, signed by some keys."""
    return sign_act(
        account,
        change,
        keys,
        version=0 if before is None else before.version + 1,
        previous=None if before is None else before.head,
        time_unix_ms=int(time.time() * 1_000),
    )


async def submit_act(transport: Transport, act: bytes, secrets: bytes = b"") -> None:
    """Have an account changed. Raises as the server refuses; CONNECTION_FAILED, DEADLINE_EXCEEDED."""
    request = auth_pb2.SubmitActRequest(act=act, secrets=secrets)
    raw = await unary(transport, SERVICE + "SubmitAct", request.SerializeToString())
    parsed(auth_pb2.SubmitActResponse, raw)


def untrue_acts(account: Owner, why: str) -> AtedbError:
    """Make the failure of what is no account's line."""
    return AtedbError(
        Reason.VERIFICATION_FAILED,
        f"what the server shows as the acts of {account.text} is no account's line: {why}",
        metadata={"account": account.text},
    )
