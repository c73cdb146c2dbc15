"""Composite signatures of draft-ietf-lamps-pq-composite-sigs-19: ML-DSA and Ed25519, and both halves must verify."""

from dataclasses import dataclass
from hashlib import sha512
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import (
    MLDSA44PrivateKey,
    MLDSA44PublicKey,
    MLDSA65PrivateKey,
    MLDSA65PublicKey,
)

from atedb.crypto import ed25519
from atedb.errors import AtedbError, Reason

_PREFIX: Final = b"CompositeAlgorithmSignatures2025"


@dataclass(frozen=True, slots=True)
class Suite:
    """The algorithms of a key and its signatures."""

    number: int
    """In `atedb.v1.SignatureSuite`."""
    name: str
    """In key files."""
    label: bytes
    """Part of what is signed, and the context of the ML-DSA half."""
    mldsa_key_bytes: int
    mldsa_signature_bytes: int
    private_class: type[MLDSA44PrivateKey] | type[MLDSA65PrivateKey]
    public_class: type[MLDSA44PublicKey] | type[MLDSA65PublicKey]

    @property
    def public_key_bytes(self) -> int:
        """Of a whole key: ML-DSA's part, then Ed25519's."""
        return self.mldsa_key_bytes + 32

    @property
    def signature_bytes(self) -> int:
        """Of a whole signature."""
        return self.mldsa_signature_bytes + 64


MLDSA65_ED25519: Final = Suite(
    1,
    "mldsa65-ed25519",
    b"COMPSIG-MLDSA65-Ed25519-SHA512",
    1952,
    3309,
    MLDSA65PrivateKey,
    MLDSA65PublicKey,
)
MLDSA44_ED25519: Final = Suite(
    2,
    "mldsa44-ed25519",
    b"COMPSIG-MLDSA44-Ed25519-SHA512",
    1312,
    2420,
    MLDSA44PrivateKey,
    MLDSA44PublicKey,
)
SUITES: Final = {suite.number: suite for suite in (MLDSA65_ED25519, MLDSA44_ED25519)}
SEED_BYTES: Final = 64


def suite_of(number: int) -> Suite:
    """Find a suite by its number. Raises UNSUPPORTED."""
    found = SUITES.get(number)
    if found is not None:
        return found
    raise AtedbError(
        Reason.UNSUPPORTED,
        f"signature suite {number} is not known here; a newer client may know it",
        metadata={"suite": str(number)},
    )


def representative(suite: Suite, context: str, message: bytes) -> bytes:
    """Make what both halves sign (the draft's M')."""
    ctx = context.encode()
    assert len(ctx) <= 255, "a purpose is short"
    return b"".join((_PREFIX, suite.label, bytes([len(ctx)]), ctx, sha512(message).digest()))


def verify(suite: Suite, public_key: bytes, context: str, message: bytes, signature: bytes) -> bool:
    """Whether both halves of a signature, which may be any bytes, are a key's over a message for a purpose."""
    if len(signature) != suite.signature_bytes:
        return False
    signed = representative(suite, context, message)
    middle = suite.mldsa_signature_bytes
    if not ed25519.verify(public_key[suite.mldsa_key_bytes :], signed, signature[middle:]):
        return False
    try:
        key = suite.public_class.from_public_bytes(public_key[: suite.mldsa_key_bytes])
        key.verify(signature[:middle], signed, suite.label)
    except (InvalidSignature, ValueError):
        return False
    return True


class Signer:
    """The secrets of a key, from its seed: ML-DSA's 32 bytes, then Ed25519's."""

    def __init__(self, suite: Suite, seed: bytes) -> None:
        assert len(seed) == SEED_BYTES, "the caller has checked it"
        self._suite = suite
        self._mldsa = suite.private_class.from_seed_bytes(seed[:32])
        self._ed25519 = Ed25519PrivateKey.from_private_bytes(seed[32:])

    @property
    def public_key(self) -> bytes:
        """The encoded public key that belongs to it."""
        return self._mldsa.public_key().public_bytes_raw() + self._ed25519.public_key().public_bytes_raw()

    def sign(self, context: str, message: bytes) -> bytes:
        """Sign with both halves. Two signatures of one message differ."""
        signed = representative(self._suite, context, message)
        return self._mldsa.sign(signed, self._suite.label) + self._ed25519.sign(signed)
