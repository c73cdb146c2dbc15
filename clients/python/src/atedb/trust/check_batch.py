"""What a batch says about itself: counts, ids, hashes, the Merkle root, which keys signed."""

import base64

from atedb.crypto.domains import HASH_DATA, HASH_SEALED_DATA
from atedb.crypto.hashes import leaf_hash, tagged_hash
from atedb.crypto.merkle import Frontier, merkle_root
from atedb.errors import AtedbError, Reason
from atedb.events.batch import Batch, invalid_batch, parse_batch
from atedb.events.event import MARK_SEALED
from atedb.events.genesis import Genesis, parse_genesis, roots_fingerprint
from atedb.events.seal import WriterIdentity
from atedb.trust.auth_answer import verify_held
from atedb.trust.check_events import check_events
from atedb.trust.check_gone import Provenance
from atedb.trust.delegation_path import check_shown_path
from atedb.trust.signers import signers_of, verify_signatures


def check_batch(batch: Batch, provenance: Provenance = "appended") -> Genesis | None:
    """Check a batch by itself. Whether its signatures verify is `verify_signatures`.

    Of one that is stored, also of which events the data may be gone, as far as they show that by themselves.
    Returns the genesis, where it is one. Raises BATCH_INVALID, HASH_MISMATCH, GENESIS_INVALID, CHAIN_KEY_INVALID,
    SIGNATURE_INVALID, UNSUPPORTED.
    """
    seal = batch.seal
    if seal.events != len(batch.events):
        raise invalid_batch(f"its seal counts {seal.events} events, and it has {len(batch.events)}")
    if WriterIdentity(seal.chain_id, seal.fingerprint, seal.writer_salt).id() != seal.writer_id:
        raise invalid_batch("its writer id is not the hash of chain id, fingerprint and salt")
    genesis: Genesis | None = None
    if batch.is_genesis:
        genesis = _check_genesis(batch)
    else:
        check_events(batch, provenance)
        # Whether it may have none is for `vouched_by` to say.
        if seal.signatures:
            _check_signers(batch)
        if seal.public_keys:
            _check_shown(batch)
        if seal.delegations:
            check_shown_path(batch, signers_of(batch))
        _check_data(batch)
    if _events_root(batch) != seal.events_root:
        raise AtedbError(Reason.HASH_MISMATCH, "the events' headers do not hash to the seal's root")
    return genesis


def _events_root(batch: Batch) -> bytes:
    """Give the root of the batch's tree, where hashes stand for events that are gone."""
    if not batch.gone:
        return merkle_root([event.header for event in batch.events])
    tree = Frontier()
    while tree.size < len(batch.events):
        gone = batch.gone.get(tree.size)
        if gone is None:
            tree.append(leaf_hash(batch.events[tree.size].header))
            continue
        for subtree in gone.subtrees:
            tree.append(subtree.hash, subtree.level)
    return tree.root()


def check_redactions(batch: Batch, first_sequence: int) -> None:
    """Check that the redactions of a batch name only what comes before it. Raises REDACTION_INVALID, naming the event."""
    for index, event in enumerate(batch.events):
        redaction = batch.authority_of(index).redaction if event.kind == "redaction" else None
        if redaction is None or redaction.end <= first_sequence:
            continue
        raise AtedbError(
            Reason.REDACTION_INVALID,
            f"event {index}: it erases what comes before sequence {redaction.end}, and its batch begins at {first_sequence}: a "
            "redaction names only what is before its batch",
            metadata={"event_index": str(index), "sequence": str(redaction.end - 1)},
        )


def verify_genesis(run: bytes) -> tuple[Genesis, Batch]:
    """Verify the batch that begins a chain: all that it says of itself, and all signatures.

    Those are of every root, or of the server where an auth service names the roots, and that service's.
    """
    batch = parse_batch(run)
    genesis = check_batch(batch)
    if genesis is None:
        raise AtedbError(
            Reason.GENESIS_INVALID, "the first batch of a chain is its genesis, and this is not one"
        )
    verify_signatures(batch.seal, {key.fingerprint: key for key in genesis.signers})
    verify_held(batch, genesis)
    return genesis, batch


def _check_signers(batch: Batch) -> None:
    """Check that a batch is signed by those that it is from, and by no others."""
    signers = signers_of(batch)
    signed = [signature.fingerprint for signature in batch.seal.signatures]
    if signed != signers:
        due, found = (", ".join(one.hex() for one in some) for some in (signers, signed))
        why = f"the batch is to be signed by {due} and no others, in this order, and is by {found}"
        raise AtedbError(Reason.SIGNATURE_INVALID, why)


def _check_shown(batch: Batch) -> None:
    """Check that a seal shows keys of its signers and no others, so that it can't make a chain know any number of keys."""
    owners = {*signers_of(batch), *(one.issuer for one in batch.delegations()[:1])}
    last = b""
    for key in batch.seal_keys():
        if key.fingerprint not in owners:
            raise invalid_batch(
                f"its seal shows the key {key.fingerprint.hex()}, which is not one of its signers', nor of who has delegated to them"
            )
        if key.fingerprint <= last:
            raise invalid_batch("its seal shows keys in another order, or twice")
        last = key.fingerprint


def _check_data(batch: Batch) -> None:
    for index, event in enumerate(batch.events):
        if event.data_state != 0 or event.kind == "gone":
            continue
        if event.marks & MARK_SEALED:
            hashed = tagged_hash(HASH_SEALED_DATA, event.data)
        else:
            hashed = tagged_hash(HASH_DATA, event.salt, event.data)
        if hashed != event.data_hash:
            raise AtedbError(
                Reason.HASH_MISMATCH,
                f"event {index}: its data does not hash to what its header says",
                metadata={"event_index": str(index)},
            )


def _invalid_genesis(why: str) -> AtedbError:
    return AtedbError(Reason.GENESIS_INVALID, why)


def _check_genesis(batch: Batch) -> Genesis:
    seal = batch.seal
    event = batch.events[0]
    if len(batch.events) != 1:
        raise invalid_batch("a genesis is alone in its batch")
    if seal.public_keys:
        raise _invalid_genesis("its seal shows keys, which the genesis names already")
    if seal.delegations:
        raise _invalid_genesis("its seal shows delegations, and no rules are there yet")
    if event.data or event.salt or event.data_state:
        raise _invalid_genesis("a genesis has no data")
    if seal.counter or seal.as_of is not None or seal.preconditions:
        raise _invalid_genesis("nothing comes before a genesis, and its seal says so")
    genesis = parse_genesis(event.header)
    if genesis.chain_id != seal.chain_id:
        raise _invalid_genesis("its seal names another chain than the genesis makes")
    pinned = genesis.chain_key.roots_fingerprint
    if pinned is not None and _base32(roots_fingerprint(genesis.roots)) != pinned:
        raise _invalid_genesis("its roots are not those that its chain key names")
    # They are sorted by fingerprint, and so are signatures.
    due = [key.fingerprint for key in genesis.signers]
    if [one.fingerprint for one in seal.signatures] != due:
        who = "each of its roots" if genesis.answer is None else "the server that it names"
        raise AtedbError(Reason.SIGNATURE_INVALID, f"a genesis is signed by {who}, no others")
    if seal.fingerprint not in due:
        raise _invalid_genesis("its writer is not one of those who sign it")
    return genesis


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode("ascii").rstrip("=").lower()
