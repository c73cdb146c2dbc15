"""Public keys as lines of text, for one person to hand to another."""

import base64
import binascii
from typing import Final

from atedb.crypto.keys import PublicKey
from atedb.encoding import forms
from atedb.encoding.strict import check_strict
from atedb.errors import AtedbError, Reason

MARK: Final = "atedb-public-key-1"


def public_key_text(key: PublicKey) -> str:
    """Write the line, without its end: the mark, the fingerprint in hexadecimal, the PublicKey message in base64."""
    return f"{MARK} {key.fingerprint.hex()} {base64.b64encode(key.message()).decode('ascii')}"


def parse_public_key_text(text: str, where: str = "the text") -> PublicKey:
    """Read the line; space around it doesn't matter. Raises REQUEST_INVALID, UNSUPPORTED."""

    def refused(why: str, reason: Reason = Reason.REQUEST_INVALID) -> AtedbError:
        return AtedbError(reason, f"{where} is no public key that can be used: {why}")

    words = text.split()
    if len(words) != 3 or words[0] != MARK:
        raise refused(f"it is not a line of {MARK!r}, a fingerprint and a key")
    message = decode_base64(words[2])
    if message is None:
        raise refused("its key is not in base64")
    try:
        check_strict(forms.PUBLIC_KEY, message)
        key = PublicKey.parse(message)
    except AtedbError as error:
        is_unsupported = error.reason == Reason.UNSUPPORTED
        reason = Reason.UNSUPPORTED if is_unsupported else Reason.REQUEST_INVALID
        raise refused(f"its key is damaged, or no key: {error.message}", reason) from error
    if key.fingerprint.hex() != words[1]:
        raise refused(f"its key has the fingerprint {key.fingerprint.hex()}, and it says another")
    return key


def decode_base64(text: str) -> bytes | None:
    """Decode base64 that is as it would be encoded; None for any other."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data).decode("ascii") == text else None
