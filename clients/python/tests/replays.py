"""Replays of the vectors' slices."""

from collections.abc import Sequence

from atedb.events.commit import split_slice
from atedb.trust.check_batch import verify_genesis
from atedb.trust.replay import ReplayVerifier, VerifiedBatch


async def replayed(slices: Sequence[bytes]) -> tuple[ReplayVerifier, list[VerifiedBatch]]:
    """Replay a chain whole."""
    genesis, _ = verify_genesis(split_slice(slices[0])[0].run)
    verifier = ReplayVerifier(genesis)
    batches: list[VerifiedBatch] = []
    for one in slices:
        batches.extend(await verifier.verify(one))
    return verifier, batches
