"""Delegations: a key says that another may do some of what it may itself (docs/trust.md, "Delegated keys")."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from atedb.crypto.keys import PublicKey
from atedb.encoding import owner_forms
from atedb.encoding.fields import fields, messages_in
from atedb.encoding.strict import check_strict
from atedb.errors import AtedbError, Reason
from atedb.events.chain_key import parse_chain_key
from atedb.events.seal import Signature

_ALL: Final = "/*"
"""Stands for all chains of an owner, behind what names the owner."""


@dataclass(frozen=True, slots=True)
class Delegation:
    """A Delegation message as it was read. Its signatures are not verified. Times are milliseconds since 1970-01-01 UTC."""

    issuer: bytes
    """Fingerprint of the key that delegates."""
    subject: PublicKey
    chains: tuple[str, ...]
    """Chain keys, and `owner/*` for all chains of an owner; sorted, once each."""
    may_write: bool
    may_read: bool
    not_before_unix_ms: int
    expires_unix_ms: int
    serial: bytes
    header: bytes
    """What both signatures are over."""
    signature: Signature
    possession: Signature
    message: bytes
    """The whole, as it came."""

    def about(self) -> dict[str, str]:
        """Say for programs which one it is."""
        return {
            "serial": self.serial.hex(),
            "issuer": self.issuer.hex(),
            "fingerprint": self.subject.fingerprint.hex(),
        }


def parse_delegation(message: bytes) -> Delegation:
    """Read a Delegation message. Raises DELEGATION_INVALID, saying what is wrong."""
    try:
        check_strict(owner_forms.DELEGATION, message)
        header, signature, possession = (message[found.start : found.end] for found in fields(message))
        check_strict(owner_forms.DELEGATION_HEADER, header)
        values = {found.number: found.value for found in fields(header)}
        delegation = Delegation(
            messages_in(header, 2)[0],
            PublicKey.parse(messages_in(header, 3)[0]),
            tuple(one.decode() for one in messages_in(header, 4)),
            values.get(5) == 1,
            values.get(6) == 1,
            values.get(7, 0),
            values[8],
            messages_in(header, 9)[0],
            header,
            Signature.parse(signature),
            Signature.parse(possession),
            message,
        )
        _check(delegation)
    except AtedbError as error:
        raise _invalid(f"a delegation is not valid: {error.message}") from error
    return delegation


def _check(delegation: Delegation) -> None:
    for entry in delegation.chains:
        _check_entry(entry)
    # They are ASCII, so characters are in the order of bytes.
    for before, after in pairwise(delegation.chains):
        if before >= after:
            raise _invalid(f"a delegation names its chains sorted, once each, and {after} is out of place")
    if delegation.subject.fingerprint == delegation.issuer:
        raise _invalid(f"it delegates from the key {delegation.issuer.hex()} to itself")
    if not delegation.may_write and not delegation.may_read:
        raise _invalid("it lets its subject neither write nor read")
    if delegation.expires_unix_ms <= delegation.not_before_unix_ms:
        raise _invalid(
            f"it expires at {delegation.expires_unix_ms}, and counts from {delegation.not_before_unix_ms} on only"
        )


def _check_entry(entry: str) -> None:
    """Check one entry of a delegation's chains. Raises CHAIN_KEY_INVALID."""
    # Any database does, to see whether the owner is one.
    parse_chain_key(f"{entry.removesuffix(_ALL)}/x" if entry.endswith(_ALL) else entry)


def scope_covers(chains: Sequence[str], named: str) -> bool:
    """Whether chains that a delegation names have another entry among them, or a chain by its key.

    An entry covers itself, and `owner/*` all of that owner: `owner/*` too. A group `a` doesn't own what users at a domain `a` do.
    """
    return any(
        entry == named or (entry.endswith(_ALL) and _owner_of(entry) == _owner_of(named)) for entry in chains
    )


def _owner_of(entry: str) -> str:
    return entry.rpartition("/")[0]


def _invalid(why: str) -> AtedbError:
    return AtedbError(Reason.DELEGATION_INVALID, why)
