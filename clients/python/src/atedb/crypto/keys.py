"""Keys: what signatures are verified with, what secrets are encrypted to, and the pairs that they are halves of."""

import secrets
from dataclasses import dataclass
from typing import Final

from atedb.crypto import composite, ed25519
from atedb.crypto.composite import MLDSA65_ED25519, SEED_BYTES, Signer, suite_of
from atedb.crypto.domains import HASH_KEY
from atedb.crypto.hashes import tagged_hash
from atedb.crypto.hpke import hpke_open, hpke_seal
from atedb.crypto.kem import KEM_SEED_BYTES, MLKEM768_X25519, KemPrivateKey, key_fault, new_seed
from atedb.encoding.fields import FieldWriter, fields
from atedb.errors import AtedbError, Reason

KEM_SUITE_MLKEM768_X25519: Final = 1
_NO_KEM: Final = 0


def _unfit(what: str) -> AtedbError:
    return AtedbError(Reason.REQUEST_INVALID, f"{what}; use a key pair that was made as its suite says")


def _check_length(what: str, data: bytes, length: int) -> None:
    if len(data) != length:
        raise AtedbError(
            Reason.REQUEST_INVALID,
            f"a {what} is {length} bytes, and this is {len(data)}",
            metadata={"bytes": str(len(data)), "length": str(length)},
        )


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key, named by its fingerprint. Make one with `PublicKey.of` or `PublicKey.parse`."""

    suite: int
    key: bytes
    kem_suite: int
    """0: it can only sign."""
    kem_key: bytes
    fingerprint: bytes
    """32 bytes."""

    @staticmethod
    def of(suite: int, key: bytes, kem_suite: int = _NO_KEM, kem_key: bytes = b"") -> "PublicKey":
        """Take the parts of a key. Raises UNSUPPORTED, and REQUEST_INVALID for what is none."""
        known = suite_of(suite)
        _check_length(f"public key of the suite {known.name}", key, known.public_key_bytes)
        fault = ed25519.point_fault(key[known.mldsa_key_bytes :])
        if fault is not None:
            raise _unfit(f"the Ed25519 half of a public key {fault}")
        if (kem_suite == _NO_KEM) != (not kem_key):
            raise _unfit("a public key has one of KEM suite and KEM key, and not the other")
        parts = [bytes([suite]), key, bytes([kem_suite])]
        if kem_suite != _NO_KEM:
            if kem_suite != KEM_SUITE_MLKEM768_X25519:
                why = f"KEM suite {kem_suite} is not known here; a newer client may know it"
                raise AtedbError(Reason.UNSUPPORTED, why, metadata={"kem_suite": str(kem_suite)})
            _check_length("KEM key", kem_key, MLKEM768_X25519.public_key_bytes)
            kem_fault = key_fault(MLKEM768_X25519, kem_key)
            if kem_fault is not None:
                raise _unfit(f"the KEM key of a public key {kem_fault}")
            parts.append(kem_key)
        return PublicKey(suite, key, kem_suite, kem_key, tagged_hash(HASH_KEY, *parts))

    @staticmethod
    def parse(message: bytes) -> "PublicKey":
        """Read a PublicKey message in the strict form. Raises as `of`."""
        suite = kem_suite = 0
        key = kem_key = b""
        for found in fields(message):
            if found.number == 1:
                suite = found.value
            elif found.number == 2:
                key = message[found.start : found.end]
            elif found.number == 3:
                kem_suite = found.value
            elif found.number == 4:
                kem_key = message[found.start : found.end]
        return PublicKey.of(suite, key, kem_suite, kem_key)

    def message(self) -> bytes:
        """Serialise it as a PublicKey message."""
        return (
            FieldWriter()
            .varint(1, self.suite)
            .data(2, self.key)
            .varint(3, self.kem_suite)
            .data(4, self.kem_key)
            .finish()
        )

    def verify(self, context: str, message: bytes, signature: bytes) -> bool:
        """Whether a signature, which may be any bytes, is this key's over a message for a purpose."""
        return composite.verify(suite_of(self.suite), self.key, context, message, signature)

    def seal_to(self, *, info: bytes, aad: bytes, plaintext: bytes) -> bytes:
        """Encrypt a secret to the key's owner. Raises REQUEST_INVALID for a key that can only sign."""
        if self.kem_suite == _NO_KEM:
            raise AtedbError(
                Reason.REQUEST_INVALID,
                f"nothing can be encrypted to the key {self.fingerprint.hex()}: it can only sign",
                metadata={"fingerprint": self.fingerprint.hex()},
            )
        return hpke_seal(MLKEM768_X25519, self.kem_key, info=info, aad=aad, plaintext=plaintext)

    def __repr__(self) -> str:
        return f"PublicKey({self.fingerprint.hex()})"


class KeyPair:
    """A public key with its secrets, which only `export_seeds` shows."""

    def __init__(self, suite: int, seed: bytes, kem_seed: bytes | None) -> None:
        """Make the pair that follows from seeds. Raises UNSUPPORTED, and REQUEST_INVALID for their lengths.

        `seed` has ML-DSA's 32 bytes, then Ed25519's 32; `kem_seed` 32 that have nothing to do with it, or is None for a
        key that can only sign.
        """
        known = suite_of(suite)
        _check_length("seed", seed, SEED_BYTES)
        if kem_seed is not None:
            _check_length("KEM seed", kem_seed, KEM_SEED_BYTES)
        self._seed = seed
        self._kem_seed = kem_seed
        self._signer = Signer(known, seed)
        self._kem = None if kem_seed is None else KemPrivateKey(MLKEM768_X25519, kem_seed)
        if self._kem is None:
            self.public_key = PublicKey.of(suite, self._signer.public_key)
        else:
            self.public_key = PublicKey.of(
                suite, self._signer.public_key, KEM_SUITE_MLKEM768_X25519, self._kem.public_key
            )

    @staticmethod
    def generate(suite: int = MLDSA65_ED25519.number, *, for_signing_only: bool = False) -> "KeyPair":
        """Make a new pair."""
        kem_seed = None if for_signing_only else new_seed()
        return KeyPair(suite, secrets.token_bytes(SEED_BYTES), kem_seed)

    @property
    def fingerprint(self) -> bytes:
        """Of its public key: 32 bytes."""
        return self.public_key.fingerprint

    def sign(self, context: str, message: bytes) -> bytes:
        """Sign for a purpose. Two signatures of one message differ."""
        return self._signer.sign(context, message)

    def open_sealed(self, *, info: bytes, aad: bytes, sealed: bytes) -> bytes | None:
        """Open what `seal_to` has made for this key; None for anything else, and for a key that can only sign."""
        if self._kem is None:
            return None
        return hpke_open(self._kem, MLKEM768_X25519, info=info, aad=aad, sealed=sealed)

    def export_seeds(self) -> tuple[bytes, bytes | None]:
        """Give the seeds, from which all else follows. Secrets: who has them can sign, and open what is sealed to it."""
        return self._seed, self._kem_seed

    def __repr__(self) -> str:
        return f"KeyPair({self.fingerprint.hex()})"
