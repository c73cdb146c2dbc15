"""Magics, and the kinds of fields that many messages have."""

from typing import Final

from atedb.encoding.strict import FieldForm, MessageForm
from atedb.limits import DELEGATION_BYTES_MAX, DELEGATIONS_MAX

MAGICS: Final = {
    "EventHeader": 0x01564541,
    "SealHeader": 0x014C5341,
    "CommitHeader": 0x014D4341,
    "IdentityRotationHeader": 0x01524941,
    "AuthAnswerHeader": 0x014E4141,
    "DelegationHeader": 0x01474441,
    "ActHeader": 0x01434141,
    "AccountSecrets": 0x01534141,
    "VaultKeys": 0x01564141,
    "ClientHello": 0x01435741,
    "ServerParameters": 0x01505741,
    "ServerProof": 0x01565741,
    "ServerIdentity": 0x01495741,
    "ClientFinished": 0x01465741,
    "SegmentHeader": 0x01475341,
    "SegmentFooter": 0x01544641,
}
"""Magics: three letters and a version, as the little-endian fixed32 that the bytes spell."""

SUITES: Final = (1, 2)


def magic(name: str) -> FieldForm:
    """Make the first field of what is hashed or signed."""
    return FieldForm(1, "magic", "fixed32", required=True, equals=MAGICS[name])


def id16(number: int, name: str, *, required: bool = False) -> FieldForm:
    """Make an id or a primary key."""
    return FieldForm(number, name, "bytes", length=16, required=required)


def hash32(number: int, name: str, *, required: bool = False) -> FieldForm:
    """Make a hash, or a fingerprint."""
    return FieldForm(number, name, "bytes", length=32, required=required)


def hashes32(number: int, name: str, count_max: int, *, required: bool = False) -> FieldForm:
    """Make so many hashes at most."""
    return FieldForm(number, name, "bytes", length=32, repeated=True, count_max=count_max, required=required)


def message_field(number: int, name: str, form: MessageForm, *, required: bool = False) -> FieldForm:
    """Make a message."""
    return FieldForm(number, name, "message", form=form, required=required)


def messages_field(
    number: int, name: str, form: MessageForm, count_max: int | None = None, *, required: bool = False
) -> FieldForm:
    """Make several messages."""
    return FieldForm(
        number, name, "message", form=form, repeated=True, count_max=count_max, required=required
    )


def one_of(number: int, name: str, form: MessageForm, oneof: str) -> FieldForm:
    """Make a member of a oneof, of which one is there."""
    return FieldForm(number, name, "message", form=form, oneof=oneof, required=True)


def delegations_field(number: int) -> FieldForm:
    """Make serialised Delegation messages, one path of them."""
    return FieldForm(
        number,
        "delegations",
        "bytes",
        length_max=DELEGATION_BYTES_MAX,
        repeated=True,
        count_max=DELEGATIONS_MAX,
    )
