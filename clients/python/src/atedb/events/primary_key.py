"""Primary keys of objects: of names, and of children."""

from typing import Final

from atedb.crypto.domains import HASH_CHILD, HASH_NAME
from atedb.crypto.hashes import tagged_hash

PRIMARY_KEY_BYTES: Final = 16


def primary_key_from_name(name: str) -> bytes:
    """Give the primary key that stands for a name, so that programs that agree on names agree on keys."""
    return tagged_hash(HASH_NAME, name.encode())[:PRIMARY_KEY_BYTES]


def child_primary_key(parent: bytes | None, label: bytes) -> bytes:
    """Give the primary key of a child, from its parent (None: the root of the chain) and a label of 16 bytes.

    Nobody can make the key of an object that is elsewhere so, and so nobody takes one over by naming another parent.
    """
    return tagged_hash(HASH_CHILD, parent or bytes(PRIMARY_KEY_BYTES), label)[:PRIMARY_KEY_BYTES]
