"""How data is sealed: a key for each datum, a commitment to it, and padding (docs/format.md, "How data is sealed")."""

import hmac
from typing import Final, Literal

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from atedb.crypto.domains import HASH_READ_KEY, INFO_DATA_KEY
from atedb.crypto.hashes import prefix_of, tagged_hash
from atedb.crypto.hpke import aes_gcm_open, hkdf_expand, hkdf_extract

READ_KEY_BYTES: Final = 32
_ZERO_NONCE: Final = bytes(12)

Padding = Literal["mark", "padme"]
"""How far a text is padded: by the mark alone, or also to a length that many others share."""


def read_key_id(read_key: bytes) -> bytes:
    """Name a read key, and tell nothing of it. 32 bytes."""
    assert len(read_key) == READ_KEY_BYTES, "a read key is 32 bytes"
    return tagged_hash(HASH_READ_KEY, read_key)


def derive_data_key(read_key: bytes, random: bytes, context: bytes) -> tuple[bytes, bytes]:
    """Make the key of one datum, which seals once, and the commitment to it, which all may know."""
    assert len(read_key) == READ_KEY_BYTES, "a read key is 32 bytes"
    info = prefix_of(INFO_DATA_KEY) + context
    output = hkdf_expand(hkdf_extract(random, read_key), info, 64)
    return output[:32], output[32:]


def is_commitment(expected: bytes, commitment: bytes) -> bool:
    """Whether a commitment is the expected one. Checked before anything is opened: AES-GCM by itself opens one ciphertext
    under two keys, if somebody has made it so.
    """  # noqa: D205
    return hmac.compare_digest(expected, commitment)


def seal_once(key: bytes, aad: bytes, plaintext: bytes) -> bytes:
    """Seal with a key that seals nothing else, ever: AES-256-GCM with the nonce zero."""
    return AESGCM(key).encrypt(_ZERO_NONCE, plaintext, aad)


def open_once(key: bytes, aad: bytes, sealed: bytes) -> bytes | None:
    """Open what `seal_once` has made; None for anything else."""
    return aes_gcm_open(key, _ZERO_NONCE, aad, sealed)


def padme_length(length: int) -> int:
    """Give the length that PADMÉ makes of one (Nikitin et al., 2019): at most 12 % longer."""
    if length < 2:
        return length
    exponent = length.bit_length() - 1
    digits = exponent.bit_length()
    step = 1 << max(0, exponent - digits)
    return (length + step - 1) // step * step


def add_padding(text: bytes, padding: Padding) -> bytes:
    """Pad as ISO/IEC 7816-4 has it: a byte 80, then zeros."""
    length = len(text) + 1
    if padding == "padme":
        length = padme_length(length)
    return (text + b"\x80").ljust(length, b"\x00")


def remove_padding(padded: bytes) -> bytes | None:
    """Give the text; None where there is no padding."""
    text = padded.rstrip(b"\x00")
    return text[:-1] if text.endswith(b"\x80") else None
