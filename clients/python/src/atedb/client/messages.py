"""Messages of the stubs, from what is read and written here by itself, and answers that can't be."""

from typing import Final

from atedb.crypto.keys import PublicKey
from atedb.errors import AtedbError, Reason
from atedb.events.seal import Signature
from atedb.v1 import event_pb2

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
