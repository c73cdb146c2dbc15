"""What a batch says about itself: counts, ids, hashes, the Merkle root, which keys signed."""

import base64
from typing import Final

from atedb.crypto.domains import HASH_DATA, HASH_SEALED_DATA
from atedb.crypto.hashes import tagged_hash
from atedb.crypto.merkle import merkle_root
from atedb.errors import AtedbError, Reason
from atedb.events.batch import Batch, invalid_batch, invalid_event, parse_batch
from atedb.events.event import MARK_AUTHORITY, MARK_SEALED, EventView
from atedb.events.genesis import Genesis, parse_genesis, roots_fingerprint
from atedb.events.primary_key import child_primary_key
from atedb.events.seal import WriterIdentity
from atedb.trust.signers import signers_of, verify_signatures

_CARRIED_OUT: Final = frozenset({"data", "tombstone", "rules", "roots", "key_change"})
_SEALED_BYTES_MIN: Final = 17
"""Sealed data holds the delimiter of its padding, and the tag of the seal."""


def check_batch(batch: Batch) -> Genesis | None:
    """Check a batch by itself. Whether its signatures verify is `verify_signatures`.

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
        for index, event in enumerate(batch.events):
            _check_event(batch, index, event)
        # Whether it may have none is for `vouched_by` to say.
        if seal.signatures:
            _check_signers(batch)
        if seal.public_keys:
            _check_shown(batch)
        _check_data(batch)
    if merkle_root([event.header for event in batch.events]) != seal.events_root:
        raise AtedbError(Reason.HASH_MISMATCH, "the events' headers do not hash to the seal's root")
    return genesis


def verify_genesis(run: bytes) -> tuple[Genesis, Batch]:
    """Verify the batch that begins a chain: all that it says of itself, and the signature of every root."""
    batch = parse_batch(run)
    genesis = check_batch(batch)
    if genesis is None:
        raise AtedbError(
            Reason.GENESIS_INVALID, "the first batch of a chain is its genesis, and this is not one"
        )
    verify_signatures(batch.seal, {root.fingerprint: root for root in genesis.roots})
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
    signers = signers_of(batch)
    last = b""
    for key in batch.seal_keys():
        if key.fingerprint not in signers:
            raise invalid_batch(f"its seal shows the key {key.fingerprint.hex()}, which is not a signer's")
        if key.fingerprint <= last:
            raise invalid_batch("its seal shows keys in another order, or twice")
        last = key.fingerprint


def _check_event(batch: Batch, index: int, event: EventView) -> None:
    kind = event.kind
    if kind == "genesis":
        raise invalid_event(index, "a genesis is alone in its batch")
    if kind not in _CARRIED_OUT:
        raise AtedbError(
            Reason.UNSUPPORTED,
            f"event {index}: events of kind {kind!r} are not carried out by this version",
            metadata={"event_index": str(index), "kind": kind},
        )
    is_sealed = bool(event.marks & MARK_SEALED)
    if event.has_genesis:
        raise invalid_event(index, "only a genesis says what the chain is")
    if not event.primary_key and kind in ("data", "tombstone"):
        raise invalid_event(index, "it has no primary key")
    if event.data_state != 0:
        raise invalid_event(index, "only a server may say that data is not here")
    if (not event.salt) != is_sealed:
        raise invalid_event(index, "sealed data has no salt" if is_sealed else "its salt is missing")
    if event.data_bytes != len(event.data):
        why = f"its header counts {event.data_bytes} bytes of data, and it has {len(event.data)}"
        raise invalid_event(index, why)
    if kind != "data" and (event.data or is_sealed):
        raise invalid_event(index, f"an event of kind {kind!r} has no data")
    if is_sealed and len(event.data) < _SEALED_BYTES_MIN:
        raise invalid_event(index, "its data is not sealed")
    if kind != "data" or event.marks & ~MARK_SEALED:
        _check_said(batch, index, event)


def _check_said(batch: Batch, index: int, event: EventView) -> None:
    """Check that an event says of rights and keys what its kind may say."""
    said = batch.authority_of(index)
    kind = event.kind

    def refuse(is_said: bool, what: str) -> None:
        if is_said:
            raise invalid_event(index, f"an event of kind {kind!r} {what}")

    is_of_object = kind == "data" or (kind == "rules" and bool(event.primary_key))
    if not is_of_object:
        refuse(bool(event.parent) or _has_collection(event), "names no parent")
        refuse(said.moves, "moves nothing")
        refuse(said.label is not None, "has no label")
        refuse(said.authorisation is not None and kind != "rules", "sets no rules")
    admits = said.authorisation is not None and said.authorisation.admit is not None
    refuse(admits and bool(event.primary_key), "says who may open the chain, for an object")
    retains = said.authorisation is not None and said.authorisation.retain is not None
    refuse(retains and bool(event.primary_key), "says how long data is kept, for an object")
    refuse(bool(event.primary_key) and kind in ("roots", "key_change"), "names no object")
    refuse((said.roots is not None) != (kind == "roots"), "says which roots, and no other event does")
    refuse((said.key_change is not None) != (kind == "key_change"), "says which key, and no other event does")
    refuse(kind == "rules" and not event.marks & MARK_AUTHORITY, "sets some rules")
    if said.label is None or not event.primary_key:
        return
    if child_primary_key(event.parent or None, said.label) != event.primary_key:
        raise invalid_event(index, "its primary key is not made from its parent and its label")


def _has_collection(event: EventView) -> bool:
    from atedb.events.event import read_said  # noqa: PLC0415 - seldom needed

    return read_said(event.header).collection is not None


def _check_data(batch: Batch) -> None:
    for index, event in enumerate(batch.events):
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
    if event.data or event.salt or event.data_state:
        raise _invalid_genesis("a genesis has no data")
    if seal.counter or seal.as_of is not None or seal.preconditions:
        raise _invalid_genesis("nothing comes before a genesis, and its seal says so")
    genesis = parse_genesis(event.header)
    if genesis.has_auth_service:
        raise AtedbError(
            Reason.UNSUPPORTED,
            f"an auth service says who owns the chain {genesis.chain_key.text}, which this client can't verify yet: use the "
            "atedb command or the TypeScript client; chains that a server makes with --no-auth, and distributed ones, it can",
        )
    if genesis.chain_id != seal.chain_id:
        raise _invalid_genesis("its seal names another chain than the genesis makes")
    pinned = genesis.chain_key.roots_fingerprint
    if pinned is not None and _base32(roots_fingerprint(genesis.roots)) != pinned:
        raise _invalid_genesis("its roots are not those that its chain key names")
    # The roots are sorted by fingerprint, and so are signatures.
    if [one.fingerprint for one in seal.signatures] != [root.fingerprint for root in genesis.roots]:
        raise AtedbError(Reason.SIGNATURE_INVALID, "a genesis is signed by each of its roots, no others")
    if all(root.fingerprint != seal.fingerprint for root in genesis.roots):
        raise _invalid_genesis("its writer is not one of its roots")
    return genesis


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode("ascii").rstrip("=").lower()
