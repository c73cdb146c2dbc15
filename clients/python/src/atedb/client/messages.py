"""Messages of the stubs, from what is read and written here by itself, and answers that can't be."""

from typing import Final, TypeVar

from google.protobuf.message import DecodeError, Message

from atedb.crypto.keys import PublicKey
from atedb.encoding.fields import messages_in
from atedb.errors import AtedbError, Reason
from atedb.events.seal import Signature
from atedb.v1 import event_pb2

_Message = TypeVar("_Message", bound=Message)

TIMEOUT_S: Final = 30.0
"""How long a call may take, unless it says otherwise."""


def public_key_message(key: PublicKey) -> event_pb2.PublicKey:
    """Make the stub's message of a key."""
    return event_pb2.PublicKey.FromString(key.message())


def signature_message(signature: Signature) -> event_pb2.Signature:
    """Make the stub's message of a signature."""
    return event_pb2.Signature.FromString(signature.message())


def untrue(what: str) -> AtedbError:
    """Make the failure of an answer that can't be."""
    return AtedbError(Reason.VERIFICATION_FAILED, f"the server's answer can't be true: {what}")


def parsed(kind: type[_Message], raw: bytes) -> _Message:
    """Read what a server has sent as a message of the stubs. Raises VERIFICATION_FAILED for what is none."""
    try:
        return kind.FromString(raw)
    except DecodeError as error:
        raise untrue(f"it is no {kind.DESCRIPTOR.name}") from error


def content_of(raw: bytes, number: int) -> bytes:
    """Give the content of a field that is there once, as it lies. Raises VERIFICATION_FAILED."""
    contents = messages_in(raw, number)
    if len(contents) != 1:
        raise untrue(f"field {number} is there {len(contents)} times, and once was due")
    return contents[0]


def key_in(raw: bytes, number: int) -> PublicKey:
    """Read a key that a server has sent. Raises VERIFICATION_FAILED for what is none."""
    try:
        return PublicKey.parse(content_of(raw, number))
    except AtedbError as error:
        raise cant_be(f"field {number} is no key", error) from error


def cant_be(what: str, error: AtedbError) -> AtedbError:
    """Make the failure of an answer that can't be, by what is wrong with it; what this version can't read may be right."""
    if error.reason == Reason.UNSUPPORTED:
        return AtedbError(Reason.UNSUPPORTED, f"{what}: {error.message}", metadata=error.metadata)
    return untrue(f"{what}: {error.message}")
