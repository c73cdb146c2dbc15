"""Recovery codes: 128 random bits in base32 (RFC 4648), then two characters that show typing errors, in groups of four."""

import base64
import binascii
import secrets
from typing import Final

from atedb.crypto.domains import HASH_RECOVERY_CODE
from atedb.crypto.hashes import tagged_hash
from atedb.errors import AtedbError, Reason

_SECRET_BYTES: Final = 16
_SECRET_CHARACTERS: Final = 26
_CHECK_CHARACTERS: Final = 2
_GROUP_CHARACTERS: Final = 4
_LOOKALIKES: Final = str.maketrans("018", "OIB")
"""What is easily read or typed for a character of the alphabet, which has none of these."""


def make_recovery_code() -> tuple[str, bytes]:
    """Make a new code. Returns it, and what it stands for; both are secrets."""
    secret = secrets.token_bytes(_SECRET_BYTES)
    text = _text_of(secret) + _check_of(secret)
    groups = [text[at : at + _GROUP_CHARACTERS] for at in range(0, len(text), _GROUP_CHARACTERS)]
    return "-".join(groups), secret


def parse_recovery_code(typed: str) -> bytes:
    """Read a code as it was typed: case, spaces and hyphens don't matter.

    Raises REQUEST_INVALID for what can't be one; it shows nothing of it.
    """
    text = "".join(typed.split()).replace("-", "").upper().translate(_LOOKALIKES)
    length = _SECRET_CHARACTERS + _CHECK_CHARACTERS
    if len(text) != length:
        raise _invalid(f"it has {len(text)} characters, and must have {length}")
    try:
        # Upper case may have made two characters of one, or none of the alphabet.
        secret = base64.b32decode(text[:_SECRET_CHARACTERS].encode("ascii") + b"======")
    except (binascii.Error, UnicodeEncodeError):
        raise _invalid("a character of it is another one") from None
    # What is left of the last character's bits is zero, or the code could be written in several ways.
    if text != _text_of(secret) + _check_of(secret):
        raise _invalid("a character of it is another one")
    return secret


def _text_of(data: bytes) -> str:
    return base64.b32encode(data).decode("ascii").rstrip("=")


def _check_of(secret: bytes) -> str:
    return _text_of(tagged_hash(HASH_RECOVERY_CODE, secret))[:_CHECK_CHARACTERS]


def _invalid(why: str) -> AtedbError:
    return AtedbError(
        Reason.REQUEST_INVALID,
        f"the recovery code is not one: {why}. It is the one that was shown when the account was created, or recovered last",
        metadata={"field": "recovery_code"},
    )
