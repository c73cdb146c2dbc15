"""The Merkle tree of RFC 9162, section 2.1: roots, and proofs, which are verified from nothing."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

from atedb.crypto.hashes import leaf_hash, node_hash
from atedb.encoding.fields import non_canonical

EMPTY_ROOT: Final = sha256(b"").digest()
"""The root of a tree without leaves."""

_HASH_BYTES: Final = 32


class Frontier:
    """A tree that grows: the hashes of its perfect subtrees, largest first."""

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        """Begin with a tree of so many leaves. Raises NON_CANONICAL where the hashes can't be of such a tree."""
        self._hashes = list(hashes)
        self._size = size
        if len(self._hashes) != size.bit_count() or any(len(one) != _HASH_BYTES for one in self._hashes):
            raise non_canonical("a frontier", 0, f"its hashes are not those of a tree of {size} leaves")

    @property
    def size(self) -> int:
        """Number of leaves."""
        return self._size

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """The hashes of its perfect subtrees, largest first."""
        return tuple(self._hashes)

    def copy(self) -> "Frontier":
        """Give one that grows by itself."""
        return Frontier(self._size, self._hashes)

    def append(self, leaf: bytes, level: int = 0) -> None:
        """Append a leaf, by its hash; or a perfect subtree of 2^level leaves, which begins at a multiple of that."""
        if self._size % (1 << level):
            raise non_canonical("a subtree", 0, f"2^{level} leaves don't begin at leaf {self._size}")
        size, hashed = self._size >> level, leaf
        while size & 1:
            hashed = node_hash(self._hashes.pop(), hashed)
            size >>= 1
        self._hashes.append(hashed)
        self._size += 1 << level

    def root(self) -> bytes:
        """Give the root of the tree as it is. 32 bytes."""
        if not self._hashes:
            return EMPTY_ROOT
        *rest, root = self._hashes
        for left in reversed(rest):
            root = node_hash(left, root)
        return root


def subtree_levels(start: int, end: int) -> list[int]:
    """Give the levels of the perfect subtrees that make up the leaves from `start` up to before `end`, in their order.

    Each has 2^level leaves, is as large as can be, and begins at a multiple of that.
    """
    levels: list[int] = []
    while start < end:
        most = (end - start).bit_length() - 1
        level = most if start == 0 else min(most, (start & -start).bit_length() - 1)
        levels.append(level)
        start += 1 << level
    return levels


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Give the root of the tree over these leaves' bytes."""
    if not leaves:
        return EMPTY_ROOT
    row = [leaf_hash(leaf) for leaf in leaves]
    while len(row) > 1:
        above = [node_hash(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)]
        if len(row) & 1:
            above.append(row[-1])
        row = above
    return row[0]


def verify_inclusion(*, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether a proof shows that a leaf, by its hash, is in a tree (RFC 9162, 2.1.3.2). Never raises."""
    if not 0 <= index < size or not _are_hashes(leaf, *proof):
        return False
    node, last, hashed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            hashed = node_hash(sibling, hashed)
            # A node without a right sibling goes up unchanged, to the level where it is a right child.
            while not node & 1 and node != 0:
                node >>= 1
                last >>= 1
        else:
            hashed = node_hash(hashed, sibling)
        node >>= 1
        last >>= 1
    return last == 0 and hashed == root


def verify_consistency(
    *, first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether a proof shows that a tree extends an older one (RFC 9162, 2.1.4.2). Never raises.

    Every tree extends the one without leaves; trees of one size must have one root. Both need an empty proof.
    """
    if not 0 <= first <= second or not _are_hashes(first_root, second_root, *proof):
        return False
    if first == 0 and first_root != EMPTY_ROOT:
        return False
    if first == second:
        return not proof and first_root == second_root
    if first == 0:
        return not proof
    if not proof:
        return False
    node, last = first - 1, second - 1
    while node & 1:
        node >>= 1
        last >>= 1
    # An older tree that is perfect starts the path, and its root is left out of the proof.
    path = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    first_hash = second_hash = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            first_hash = node_hash(sibling, first_hash)
            second_hash = node_hash(sibling, second_hash)
            while not node & 1 and node != 0:
                node >>= 1
                last >>= 1
        else:
            second_hash = node_hash(second_hash, sibling)
        node >>= 1
        last >>= 1
    return last == 0 and first_hash == first_root and second_hash == second_root


def _are_hashes(*values: bytes) -> bool:
    return all(len(value) == _HASH_BYTES for value in values)
