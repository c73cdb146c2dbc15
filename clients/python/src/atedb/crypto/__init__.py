"""The cryptography of atedb, composed of pyca/cryptography's primitives; nothing here is new."""

from atedb.crypto.hashes import leaf_hash, node_hash, tagged_hash
from atedb.crypto.keys import KeyPair, PublicKey
from atedb.crypto.merkle import EMPTY_ROOT, Frontier, merkle_root, verify_consistency, verify_inclusion

__all__ = [
    "EMPTY_ROOT",
    "Frontier",
    "KeyPair",
    "PublicKey",
    "leaf_hash",
    "merkle_root",
    "node_hash",
    "tagged_hash",
    "verify_consistency",
    "verify_inclusion",
]
