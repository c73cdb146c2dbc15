"""The hybrid KEMs of draft-ietf-hpke-pq-04: MLKEM768-X25519, which is X-Wing, and MLKEM1024-P384.

Both secrets are hashed together, so that breaking one of them is not enough. pyca/cryptography has both in its HPKE, but
takes no additional data there, and gives no shared secret out; so they are composed here of its primitives.
"""

import secrets
from dataclasses import dataclass
from hashlib import sha3_256, shake_256
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mlkem import (
    MLKEM768PrivateKey,
    MLKEM768PublicKey,
    MLKEM1024PrivateKey,
    MLKEM1024PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_P384_ORDER: Final = int(
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16
)
_P384_PRIME: Final = 2**384 - 2**128 - 2**96 + 2**32 - 1
_X25519_PRIME: Final = 2**255 - 19
_MODULUS: Final = 3329

_X25519_SMALL_ORDER: Final = frozenset(
    bytes.fromhex(digits)
    for digits in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
)


@dataclass(frozen=True, slots=True)
class Kem:
    """A hybrid KEM. Sizes are in bytes; ML-KEM's part comes first in all encodings."""

    number: int
    """In HPKE's registry."""
    name: str
    label: bytes
    mlkem_key_bytes: int
    mlkem_ciphertext_bytes: int
    curve_secret_bytes: int
    curve_key_bytes: int

    @property
    def public_key_bytes(self) -> int:
        """Of a public key."""
        return self.mlkem_key_bytes + self.curve_key_bytes

    @property
    def encapsulated_bytes(self) -> int:
        """Of what carries the shared secret: HPKE's `enc`."""
        return self.mlkem_ciphertext_bytes + self.curve_key_bytes


MLKEM768_X25519: Final = Kem(0x647A, "mlkem768-x25519", b"\\.//^\\", 1184, 1088, 32, 32)
MLKEM1024_P384: Final = Kem(0x0051, "mlkem1024-p384", b"MLKEM1024-P384", 1568, 1568, 48, 97)
KEMS: Final = {kem.number: kem for kem in (MLKEM768_X25519, MLKEM1024_P384)}
KEM_SEED_BYTES: Final = 32


def key_fault(kem: Kem, key: bytes) -> str | None:
    """Say why bytes, of the right length, must not be a public key; None where nothing speaks against it."""
    if not _has_reduced_coefficients(key[: kem.mlkem_key_bytes - 32]):
        return "has an ML-KEM half with a coefficient above 3,328"
    point = key[kem.mlkem_key_bytes :]
    if kem is MLKEM1024_P384:
        return None if _p384_point(point) is not None else "has a P-384 half that is none"
    if int.from_bytes(point, "little") >= _X25519_PRIME:
        return "has an X25519 half that is not canonically encoded"
    if point in _X25519_SMALL_ORDER:
        return "has an X25519 half of small order"
    return None


def _has_reduced_coefficients(data: bytes) -> bool:
    """FIPS 203, 7.2: the modulus check."""
    for at in range(0, len(data), 3):
        low, middle, high = data[at], data[at + 1], data[at + 2]
        if low | ((middle & 0x0F) << 8) >= _MODULUS or (middle >> 4) | (high << 4) >= _MODULUS:
            return False
    return True


def _p384_point(encoded: bytes) -> ec.EllipticCurvePublicKey | None:
    """Take an uncompressed point of the curve; None for anything else."""
    if len(encoded) != 97 or encoded[0] != 4:
        return None
    if any(int.from_bytes(part, "big") >= _P384_PRIME for part in (encoded[1:49], encoded[49:])):
        return None
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP384R1(), encoded)
    except ValueError:
        return None


class KemPrivateKey:
    """The secret half of a key that others encrypt to, from its seed of 32 bytes."""

    def __init__(self, kem: Kem, seed: bytes) -> None:
        assert len(seed) == KEM_SEED_BYTES, "the caller has checked it"
        expanded = shake_256(seed).digest(64 + kem.curve_secret_bytes)
        self._kem = kem
        self._mlkem: MLKEM768PrivateKey | MLKEM1024PrivateKey
        self._curve: X25519PrivateKey | ec.EllipticCurvePrivateKey
        if kem is MLKEM768_X25519:
            self._mlkem = MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
            self._curve = X25519PrivateKey.from_private_bytes(expanded[64:])
            curve_key = self._curve.public_key().public_bytes_raw()
        else:
            scalar = int.from_bytes(expanded[64:], "big")
            # Of all seeds one in 2^190 leads here, and the draft ends there, too.
            if not 0 < scalar < _P384_ORDER:
                raise ValueError("the seed makes no key")
            self._mlkem = MLKEM1024PrivateKey.from_seed_bytes(expanded[:64])
            self._curve = ec.derive_private_key(scalar, ec.SECP384R1())
            curve_key = _encoded(self._curve.public_key())
        self._curve_key = curve_key
        self.public_key = self._mlkem.public_key().public_bytes_raw() + curve_key

    def decapsulate(self, encapsulated: bytes) -> bytes | None:
        """Give the shared secret, 32 bytes; None for what nobody can have made rightly."""
        kem = self._kem
        if len(encapsulated) != kem.encapsulated_bytes:
            return None
        ciphertext = encapsulated[: kem.mlkem_ciphertext_bytes]
        ephemeral = encapsulated[kem.mlkem_ciphertext_bytes :]
        shared = self._agree(ephemeral)
        if shared is None:
            return None
        mlkem_shared = self._mlkem.decapsulate(ciphertext)
        return sha3_256(b"".join((mlkem_shared, shared, ephemeral, self._curve_key, kem.label))).digest()

    def _agree(self, ephemeral: bytes) -> bytes | None:
        try:
            if isinstance(self._curve, X25519PrivateKey):
                return self._curve.exchange(X25519PublicKey.from_public_bytes(ephemeral))
            point = _p384_point(ephemeral)
            return None if point is None else self._curve.exchange(ec.ECDH(), point)
        except ValueError:
            # Of small order: what both have in common is nothing.
            return None


def encapsulate(kem: Kem, public_key: bytes) -> tuple[bytes, bytes]:
    """Make a secret for the owner of a key in which `key_fault` has found no fault.

    Returns the shared secret, 32 bytes, and `enc`.
    """
    mlkem_key, curve_key = public_key[: kem.mlkem_key_bytes], public_key[kem.mlkem_key_bytes :]
    if kem is MLKEM768_X25519:
        mlkem_shared, ciphertext = MLKEM768PublicKey.from_public_bytes(mlkem_key).encapsulate()
        ephemeral = X25519PrivateKey.generate()
        shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(curve_key))
        ephemeral_key = ephemeral.public_key().public_bytes_raw()
    else:
        mlkem_shared, ciphertext = MLKEM1024PublicKey.from_public_bytes(mlkem_key).encapsulate()
        point = _p384_point(curve_key)
        assert point is not None, "a key that is none was refused before"
        scalar = ec.generate_private_key(ec.SECP384R1())
        shared = scalar.exchange(ec.ECDH(), point)
        ephemeral_key = _encoded(scalar.public_key())
    secret = sha3_256(b"".join((mlkem_shared, shared, ephemeral_key, curve_key, kem.label))).digest()
    return secret, ciphertext + ephemeral_key


def _encoded(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def new_seed() -> bytes:
    """Make the seed of a new key."""
    return secrets.token_bytes(KEM_SEED_BYTES)
