"""Replays of the vectors' slices."""

from collections.abc import Sequence

from vectors import Case, data

from atedb.errors import AtedbError, Reason
from atedb.events.commit import split_slice
from atedb.events.seal import TreeHead
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


async def check_good_replay(case: Case) -> ReplayVerifier:
    """Replay what verifies, and compare what comes of it."""
    verifier, batches = await replayed([data(one) for one in case["slices"]])
    assert verifier.head() == TreeHead(case["size"], data(case["root"]))
    assert verifier.next_sequence == case["nextSequence"]
    assert [one.vouched_by for one in batches] == case["vouchedBy"]
    assert verifier.genesis.chain_id.hex() == case["chainId"]
    return verifier


async def check_bad_replay(case: Case) -> None:
    """Replay what doesn't verify, and compare which commit it is said of."""
    try:
        await replayed([data(one) for one in case["slices"]])
    except AtedbError as error:
        assert error.reason == Reason.VERIFICATION_FAILED
        commit = error.metadata.get("commit")
        assert (None if commit is None else int(commit)) == case.get("commit"), error
        return
    raise AssertionError("it verifies")
