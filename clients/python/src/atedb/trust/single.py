"""Verifies one batch of a chain by itself."""

from collections.abc import Mapping

from atedb.crypto.keys import PublicKey
from atedb.events.batch import Batch, parse_batch
from atedb.events.commit import StoredBatch
from atedb.events.genesis import Genesis
from atedb.trust.auth_answer import verify_held
from atedb.trust.check_batch import check_batch, check_redactions
from atedb.trust.check_gone import Provenance
from atedb.trust.from_server import claimed_server, is_from_server
from atedb.trust.replay import FindKey, VerifiedBatch
from atedb.trust.signers import keys_shown_in, signers_of, unknown_key, verify_signatures, vouched_by
from atedb.trust.violation import Violation, failing_at


async def verify_single(
    genesis: Genesis, stored: StoredBatch, find_key: FindKey, provenance: Provenance = "stored"
) -> VerifiedBatch:
    """Verify one batch by itself: form, hashes, who vouches for it, and that its commit is of it.

    Its place, which an inclusion proof shows, its writer's other batches, and that it is allowed are not checked. `provenance`:
    `trimmed` where data was asked to be left out; the caller then checks what is. Raises VERIFICATION_FAILED, UNSUPPORTED.
    """
    run, commit, _ = stored
    with failing_at(commit):
        batch = parse_batch(run)
        check_batch(batch, provenance)
        check_redactions(batch, commit.header.first_sequence)
        vouched = vouched_by(batch, genesis.trust_mode)
        strangers = [] if batch.is_genesis or is_from_server(batch) else signers_of(batch)
    known = {key.fingerprint: key for key in genesis.roots}
    with failing_at(commit):
        shown = {**keys_shown_in(batch), **known} if strangers else known
    found = {signer: shown.get(signer) or await find_key(signer) for signer in strangers}
    with failing_at(commit):
        verify_signatures(batch.seal, _keys_of(batch, genesis, found))
        verify_held(batch, genesis)
        header = commit.header
        fits = (
            header.seal_hash == batch.seal.hash
            and header.events == len(batch.events)
            and batch.is_genesis == (header.commit == 0)
            and batch.seal.chain_id == genesis.chain_id
        )
        if not fits:
            raise Violation("its commit or its chain is another")
    return VerifiedBatch(batch, commit, vouched)


def _keys_of(
    batch: Batch, genesis: Genesis, found: Mapping[bytes, PublicKey | None]
) -> Mapping[bytes, PublicKey]:
    if batch.is_genesis:
        return {key.fingerprint: key for key in genesis.signers}
    if is_from_server(batch):
        server = claimed_server(batch, genesis)
        return {server.fingerprint: server}
    keys: dict[bytes, PublicKey] = {}
    for signer, key in found.items():
        if key is None or key.fingerprint != signer:
            raise unknown_key(signer)
        keys[signer] = key
    return keys
