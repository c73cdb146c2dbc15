"""Ed25519 in the strict, cofactorless form: what OpenSSL leaves to its callers is looked at here.

That S is below the order and that R is compared as bytes OpenSSL sees to. It takes points of small order, which verify
signatures that nobody made, and second encodings, which would be second fingerprints of one key.
"""

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_PRIME: Final = 2**255 - 19

_SMALL_ORDER_Y: Final = frozenset(
    int.from_bytes(bytes.fromhex(digits), "little")
    for digits in (
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    )
)
"""The y coordinates of the eight points of order 1, 2, 4 and 8."""


def point_fault(encoded: bytes) -> str | None:
    """Say why the encoding of a point must not be a key or an R; None where nothing speaks against it.

    Bytes that are no point at all pass, and verify nothing.
    """
    y = int.from_bytes(encoded, "little") & (2**255 - 1)
    if y >= _PRIME:
        return "is not canonically encoded"
    if y in _SMALL_ORDER_Y:
        return "is a point of small order"
    return None


def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature, which may be any bytes, is a key's over a message."""
    if len(signature) != 64 or point_fault(public_key) is not None or point_fault(signature[:32]) is not None:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
