"""Claims the name of a chain's owner, where nobody has it and the server lets whoever asks have it: on its own machine."""

import time
from typing import Final

from atedb.account.act import sign_act
from atedb.account.changes import Change, GroupMember, RoleChange
from atedb.account.roles import GROUP_ROLES, role_above
from atedb.account.secrets import wrap_role
from atedb.client.notices import Notice
from atedb.client.transport import Transport
from atedb.client.unary import unary
from atedb.crypto.keys import KeyPair
from atedb.errors import AtedbError, Reason
from atedb.events.chain_key import ChainKey
from atedb.events.owner import Owner, owner_of
from atedb.v1 import answer_pb2

_METHOD: Final = "/atedb.v1.OwnerService/ClaimOwner"
_TAKEN: Final = frozenset({Reason.ACCOUNT_EXISTS, Reason.VERSION_CONFLICT})


def is_claimable(error: AtedbError) -> bool:
    """Whether an error says that nobody has the name of a chain's owner, and that who asked may have it."""
    return error.reason == Reason.OWNER_UNKNOWN and error.metadata.get("claimable") == "true"


async def claim_owner(transport: Transport, chain_key: ChainKey, key: KeyPair) -> Notice | None:
    """Claim the name with a key, which is then the root key of the owner's chains, or the owner of the group.

    Returns what to tell of it; None where somebody else was faster: the chain is theirs then. Raises CLAIM_NOT_ALLOWED,
    UNSUPPORTED for what can't be claimed; CONNECTION_FAILED and others.
    """
    account = owner_of(chain_key)
    change = Change("user_creation", key.public_key) if account.kind == "user" else _group_of(account, key)
    act = sign_act(account, change, [key], version=0, previous=None, time_unix_ms=int(time.time() * 1_000))
    request = answer_pb2.ClaimOwnerRequest(act=act)
    try:
        await unary(transport, _METHOD, request.SerializeToString())
    except AtedbError as error:
        if error.reason in _TAKEN:
            return None
        raise
    server, fingerprint = transport.address.server, key.fingerprint.hex()
    message = f"claimed the name {account.text} at {server} with the key {fingerprint}; nobody has checked whose it is"
    metadata = {"owner": account.text, "server": server, "fingerprint": fingerprint}
    return Notice("name-claimed", message, metadata=metadata)


def _group_of(group: Owner, owner: KeyPair) -> Change:
    """Make the change that creates a group: new keys for all of its roles, and one owner."""
    keys = {role: KeyPair.generate() for role in GROUP_ROLES}
    roles = []
    for role in sorted(GROUP_ROLES):
        above = role_above(role)
        recipients = [] if above is None else [keys[above].public_key]
        added: tuple[GroupMember, ...] = ()
        if role == "owner":
            added = (GroupMember(None, owner.public_key),)
            recipients.append(owner.public_key)
        wraps = wrap_role(keys[role], group, role, recipients)
        roles.append(RoleChange(role, keys[role].public_key, added, wraps=wraps))
    return Change("group_creation", roles=tuple(roles))
