"""SHA-256 as atedb uses it: tagged, and as the leaves and nodes of RFC 9162's trees."""

from functools import cache
from hashlib import sha256


@cache
def prefix_of(tag: str) -> bytes:
    """Give the length of a tag in one byte, then the tag."""
    encoded = tag.encode("ascii")
    return bytes([len(encoded)]) + encoded


def tagged_hash(tag: str, *parts: bytes) -> bytes:
    """Hash parts, one after the other, under a tag: SHA-256(length of the tag, tag, parts). 32 bytes."""
    return sha256(b"".join((prefix_of(tag), *parts))).digest()


def leaf_hash(data: bytes) -> bytes:
    """Hash a leaf (RFC 9162, 2.1.1)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash a node (RFC 9162, 2.1.1)."""
    return sha256(b"\x01" + left + right).digest()
