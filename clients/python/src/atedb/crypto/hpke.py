"""HPKE (RFC 9180) in base mode with HKDF-SHA256 and AES-256-GCM, one message a context.

pyca/cryptography's own takes no additional data, which read keys are bound to; so its key schedule is composed here of
HKDF and AES-GCM, and tested against that one where there is none.
"""

import hmac
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from atedb.crypto.kem import Kem, KemPrivateKey, encapsulate

_TAG_BYTES: Final = 16
_VERSION: Final = b"HPKE-v1"
_KDF_HKDF_SHA256: Final = 1
_AEAD_AES_256_GCM: Final = 2


def hkdf_extract(salt: bytes, key_material: bytes) -> bytes:
    """Extract (RFC 5869, 2.2) with SHA-256."""
    return hmac.digest(salt or bytes(32), key_material, "sha256")


def hkdf_expand(key: bytes, info: bytes, length: int) -> bytes:
    """Expand (RFC 5869, 2.3) with SHA-256."""
    return HKDFExpand(algorithm=SHA256(), length=length, info=info).derive(key)


def key_schedule(kem: Kem, shared_secret: bytes, info: bytes) -> tuple[bytes, bytes]:
    """Make key and nonce of the first message (RFC 9180, 5.1)."""
    suite = b"HPKE" + b"".join(
        number.to_bytes(2, "big") for number in (kem.number, _KDF_HKDF_SHA256, _AEAD_AES_256_GCM)
    )

    def extract(salt: bytes, label: bytes, key_material: bytes) -> bytes:
        return hkdf_extract(salt, _VERSION + suite + label + key_material)

    # Base mode (0) has no pre-shared key, and so no id of one.
    context = b"\x00" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    secret = extract(shared_secret, b"secret", b"")

    def expand(label: bytes, length: int) -> bytes:
        labeled = length.to_bytes(2, "big") + _VERSION + suite + label + context
        return hkdf_expand(secret, labeled, length)

    return expand(b"key", 32), expand(b"base_nonce", 12)


def hpke_seal(kem: Kem, public_key: bytes, *, info: bytes, aad: bytes, plaintext: bytes) -> bytes:
    """Encrypt to a key in which `key_fault` has found no fault: `enc`, ciphertext, tag."""
    shared_secret, encapsulated = encapsulate(kem, public_key)
    key, nonce = key_schedule(kem, shared_secret, info)
    return encapsulated + AESGCM(key).encrypt(nonce, plaintext, aad)


def hpke_open(
    private_key: KemPrivateKey, kem: Kem, *, info: bytes, aad: bytes, sealed: bytes
) -> bytes | None:
    """Decrypt; None for what was made for another key or purpose, or was changed."""
    middle = kem.encapsulated_bytes
    if len(sealed) < middle + _TAG_BYTES:
        return None
    shared_secret = private_key.decapsulate(sealed[:middle])
    if shared_secret is None:
        return None
    key, nonce = key_schedule(kem, shared_secret, info)
    return aes_gcm_open(key, nonce, aad, sealed[middle:])


def aes_gcm_open(key: bytes, nonce: bytes, aad: bytes, sealed: bytes) -> bytes | None:
    """Open ciphertext and tag; None for what was not sealed so."""
    if len(sealed) < _TAG_BYTES:
        return None
    try:
        return AESGCM(key).decrypt(nonce, sealed, aad)
    except InvalidTag:
        return None
