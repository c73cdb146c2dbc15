"""What a server adds to the chains that it keeps, in batches of its own, and what nobody else may add."""

from typing import Final

from atedb.crypto.keys import PublicKey
from atedb.errors import AtedbError, Reason
from atedb.events.batch import Batch
from atedb.events.genesis import Genesis
from atedb.trust.signers import unknown_key

SERVERS_KINDS: Final = frozenset({"auth_answer", "server_identity"})


def is_from_server(batch: Batch) -> bool:
    """Whether a batch holds what servers add. `check_batch` sees to it that it then holds nothing else."""
    return batch.events[0].kind in SERVERS_KINDS


def server_of(batch: Batch, identity: PublicKey | None) -> PublicKey:
    """Find the identity of the server that a batch of its own is from: the one that it had, or the one that rotations in it lead to.

    `identity`: as it was before the batch; None in a distributed chain. Raises KEY_NOT_ALLOWED where it is from another key.
    """
    server = identity
    for index, event in enumerate(batch.events):
        if event.kind == "server_identity":
            rotation = batch.rotation_of(index)
            if server is not None and server.fingerprint == rotation.old.fingerprint:
                server = rotation.new
    if server is not None and server.fingerprint == batch.seal.fingerprint:
        return server
    name = batch.seal.fingerprint.hex()
    raise AtedbError(
        Reason.KEY_NOT_ALLOWED,
        "only the server that keeps the chain adds answers of auth services and identities, and the batch is from the key "
        f"{name}",
        metadata={"fingerprint": name, "rule": "server"},
    )


def claimed_server(batch: Batch, genesis: Genesis) -> PublicKey:
    """Find it where it isn't known what came before: the key that the genesis names, or the one that the batch shows or leads to.

    Whether that is the server's is not checked. Raises KEY_UNKNOWN.
    """
    due = batch.seal.fingerprint
    rotated = [
        batch.rotation_of(index).new
        for index, event in enumerate(batch.events)
        if event.kind == "server_identity"
    ]
    named = [] if genesis.server_identity is None else [genesis.server_identity]
    for key in (*named, *batch.seal_keys(), *reversed(rotated)):
        if key.fingerprint == due:
            return key
    raise unknown_key(due)
