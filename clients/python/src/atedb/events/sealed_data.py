"""Data of events that is sealed, and read keys that are handed out."""

import secrets

from atedb.crypto.data_key import (
    Padding,
    add_padding,
    derive_data_key,
    is_commitment,
    open_once,
    read_key_id,
    remove_padding,
    seal_once,
)
from atedb.crypto.domains import INFO_WRAPPED_KEY
from atedb.crypto.keys import KeyPair, PublicKey
from atedb.encoding.fields import fields
from atedb.events.event import Sealing
from atedb.events.rules import Confidentiality, WrappedKey

_DATA_HASH_FIELD = 30
_INFO = INFO_WRAPPED_KEY.encode("ascii")


def sealing_under(read_key: bytes, chain_id: bytes, padding: Padding) -> Sealing:
    """Seal the data of one event: under a key that is derived for it alone, bound to the chain and to all of the header but
    hash and size of the data. So it can't be moved to another event, or chain.
    """  # noqa: D205
    random = secrets.token_bytes(32)
    key_id = read_key_id(read_key)
    key, commitment = derive_data_key(read_key, random, chain_id + key_id)

    def seal(data: bytes, header: bytes) -> bytes:
        return seal_once(key, chain_id + header, add_padding(data, padding))

    return Sealing(Confidentiality(key_id, random, commitment), seal)


def open_sealed_data(
    read_key: bytes, *, chain_id: bytes, header: bytes, confidentiality: Confidentiality, data: bytes
) -> bytes | None:
    """Open sealed data; None where it was made with another key, of another event or chain, or was changed."""
    key_id = confidentiality.read_key_id
    if read_key_id(read_key) != key_id:
        return None
    key, commitment = derive_data_key(read_key, confidentiality.random, chain_id + key_id)
    if not is_commitment(commitment, confidentiality.commitment):
        return None
    padded = open_once(key, chain_id + _header_before(header), data)
    return None if padded is None else remove_padding(padded)


def _header_before(header: bytes) -> bytes:
    """Give a header up to the hash of its data."""
    for found in fields(header):
        if found.number == _DATA_HASH_FIELD:
            return header[: found.tag_start]
    return header


def wrap_read_key(chain_id: bytes, read_key: bytes, reader: PublicKey) -> WrappedKey:
    """Encrypt a read key for a reader. Raises REQUEST_INVALID for a key that can only sign."""
    key_id = read_key_id(read_key)
    aad = chain_id + key_id + reader.fingerprint
    wrapped = reader.seal_to(info=_INFO, aad=aad, plaintext=read_key)
    return WrappedKey(key_id, reader.fingerprint, wrapped)


def unwrap_read_key(chain_id: bytes, wrapped: WrappedKey, key: KeyPair) -> bytes | None:
    """Open a read key that was handed out. Whoever has done so may have handed out another: the id says which it is."""
    aad = chain_id + wrapped.read_key_id + wrapped.recipient
    opened = key.open_sealed(info=_INFO, aad=aad, sealed=wrapped.wrapped)
    if opened is None or len(opened) != 32 or read_key_id(opened) != wrapped.read_key_id:
        return None
    return opened
