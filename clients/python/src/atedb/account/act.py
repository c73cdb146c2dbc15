"""Acts: each changes an account, names the one before, and is signed by those who may."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from atedb.account.changes import CHANGE_FIELDS, Change, parse_change, write_change
from atedb.crypto.domains import CONTEXT_ACT, HASH_ACT
from atedb.crypto.hashes import tagged_hash
from atedb.crypto.keys import KeyPair
from atedb.encoding import account_forms
from atedb.encoding.fields import FieldWriter, fields, messages_in
from atedb.encoding.form_fields import MAGICS
from atedb.encoding.strict import check_strict
from atedb.errors import AtedbError, Reason
from atedb.events.owner import Owner, parse_owner
from atedb.events.seal import Signature


@dataclass(frozen=True, slots=True)
class Act:
    """An Act message as it was read. Its signatures are not verified, and whether its account takes it isn't decided."""

    account: Owner
    version: int
    """How many acts the account had before."""
    previous: bytes | None
    """Hash of the one before; None in the first."""
    time_unix_ms: int
    """By its maker's clock: milliseconds since 1970-01-01 UTC."""
    change: Change
    header: bytes
    """What the signatures are over."""
    signatures: tuple[Signature, ...]
    """Sorted by fingerprint, once each."""

    @property
    def hash(self) -> bytes:
        """Names it."""
        return tagged_hash(HASH_ACT, self.header)


def act_invalid(why: str) -> AtedbError:
    """Make the refusal of an act that no account takes, or that this one doesn't."""
    return AtedbError(Reason.ACT_INVALID, f"the act is not valid: {why}")


def sign_act(
    account: Owner,
    change: Change,
    keys: Sequence[KeyPair],
    *,
    version: int,
    previous: bytes | None,
    time_unix_ms: int,
) -> bytes:
    """Make an Act message, signed by each of the keys, in any order."""
    writer = FieldWriter().fixed32(1, MAGICS["ActHeader"]).string(2, account.text).varint(3, version)
    header = write_change(writer.data(4, previous).varint(5, time_unix_ms), change).finish()
    act = FieldWriter().data(1, header)
    for key in sorted(keys, key=lambda one: one.fingerprint):
        act.message(2, Signature.by(key, CONTEXT_ACT, header).message())
    return act.finish()


def parse_act(message: bytes) -> Act:
    """Read an Act message.

    Raises NON_CANONICAL; ACT_INVALID for what contradicts itself; REQUEST_INVALID, UNSUPPORTED for keys and the account's name.
    """
    check_strict(account_forms.ACT, message)
    (header,) = messages_in(message, 1)
    signatures = tuple(Signature.parse(one) for one in messages_in(message, 2))
    for before, after in pairwise(signatures):
        if before.fingerprint >= after.fingerprint:
            raise act_invalid("its signatures are not sorted by fingerprint, once each")
    check_strict(account_forms.ACT_HEADER, header)
    values = {found.number: found.value for found in fields(header)}
    version = values.get(3, 0)
    previous = next(iter(messages_in(header, 4)), None)
    if (version > 0) != (previous is not None):
        raise act_invalid("an act names the one before it, unless its version is 0")
    number = next(number for number in values if number in CHANGE_FIELDS)
    change = parse_change(number, messages_in(header, number)[0])
    account = parse_owner(messages_in(header, 2)[0].decode())
    return Act(account, version, previous, values[5], change, header, signatures)
