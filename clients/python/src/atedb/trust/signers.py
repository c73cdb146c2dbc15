"""Who a batch is from, and with which keys its signatures are verified."""

from collections.abc import Iterable, Mapping, Sequence

from atedb.crypto.domains import CONTEXT_SEAL
from atedb.crypto.keys import PublicKey
from atedb.errors import AtedbError, Reason
from atedb.events.batch import Batch, invalid_batch, invalid_event
from atedb.events.event import MARK_AUTHORITY, MARK_SIGNERS
from atedb.events.genesis import TrustMode
from atedb.events.seal import SealView
from atedb.limits import SIGNERS_MAX
from atedb.trust.key_ring import KeyRing


def signers_of(batch: Batch) -> list[bytes]:
    """Give the keys that a batch is from, by fingerprint, sorted, once each: its writer's, and those that its events name.

    Of a batch of which events are gone they are those, as far as that is known, and those whose signatures it has. Raises
    BATCH_INVALID where they are too many, or an event names the writer's key besides.
    """
    writer = batch.seal.fingerprint
    signers = {writer}
    for index, event in enumerate(batch.events):
        if not event.marks & MARK_SIGNERS:
            continue
        said = batch.authority_of(index)
        if writer in said.sign_with:
            raise invalid_event(index, f"the writer's key {writer.hex()} signs in any case, and isn't named")
        signers.update(said.sign_with)
        if said.author is not None:
            signers.add(said.author)
    # What is gone may have named others.
    if batch.gone:
        signers.update(signature.fingerprint for signature in batch.seal.signatures)
    if len(signers) > SIGNERS_MAX:
        raise invalid_batch(
            f"its events name {len(signers)} keys that sign it, and {SIGNERS_MAX} is the limit"
        )
    return sorted(signers)


def actors_of(batch: Batch, index: int) -> tuple[bytes, ...]:
    """Give the keys that an event's right may come from: its writer's, and those that it names as signers besides."""
    writer = batch.seal.fingerprint
    if not batch.events[index].marks & MARK_SIGNERS:
        return (writer,)
    return (writer, *batch.authority_of(index).sign_with)


def keys_shown_in(batch: Batch) -> dict[bytes, PublicKey]:
    """Give the public keys that the seal and the events of a batch show."""
    shown = {key.fingerprint: key for key in batch.seal_keys()}
    for index, event in enumerate(batch.events):
        if event.marks & MARK_AUTHORITY:
            shown.update({key.fingerprint: key for key in batch.authority_of(index).public_keys})
    return shown


def keys_of_signers(batch: Batch, signers: Iterable[bytes], ring: KeyRing) -> dict[bytes, PublicKey]:
    """Find the keys of signers, among those that the chain knows and that the batch shows. Raises KEY_UNKNOWN, KEY_REVOKED."""
    found: dict[bytes, PublicKey] = {}
    shown: dict[bytes, PublicKey] | None = None
    for signer in signers:
        # One that counts no more is not known anew by being shown.
        if ring.is_changed(signer):
            raise _changed(signer, ring)
        key = ring.find(signer)
        if key is None:
            shown = keys_shown_in(batch) if shown is None else shown
            key = shown.get(signer)
        if key is None:
            raise unknown_key(signer)
        found[signer] = key
    return found


def unknown_key(fingerprint: bytes) -> AtedbError:
    """Make the refusal of a key that nobody has shown."""
    return AtedbError(
        Reason.KEY_UNKNOWN,
        f"the chain doesn't know the public key {fingerprint.hex()}",
        metadata={"fingerprint": fingerprint.hex()},
    )


def _changed(fingerprint: bytes, ring: KeyRing) -> AtedbError:
    successor = ring.current_of(fingerprint)
    metadata = {"fingerprint": fingerprint.hex()}
    if successor is None:
        why = f"the key {fingerprint.hex()} was revoked and counts no more"
    else:
        why = f"the key {fingerprint.hex()} was replaced by {successor.hex()}"
        metadata["successor"] = successor.hex()
    return AtedbError(Reason.KEY_REVOKED, why, metadata=metadata)


def verify_signatures(seal: SealView, keys: Mapping[bytes, PublicKey]) -> None:
    """Verify every signature of a seal. Whether it has those that it must have is `check_batch` and `vouched_by`.

    Raises KEY_NOT_ALLOWED where a signer isn't among the keys, SIGNATURE_INVALID.
    """
    for signature in seal.signatures:
        key = keys.get(signature.fingerprint)
        name = signature.fingerprint.hex()
        if key is None:
            raise AtedbError(
                Reason.KEY_NOT_ALLOWED,
                f"the batch is signed by the key {name}, and may not be",
                metadata={"fingerprint": name},
            )
        is_good = key.suite == signature.suite and key.verify(CONTEXT_SEAL, seal.header, signature.signature)
        if not is_good:
            raise AtedbError(
                Reason.SIGNATURE_INVALID,
                f"the signature of key {name} over the seal does not verify",
                metadata={"fingerprint": name},
            )


def vouched_by(batch: Batch, trust_mode: TrustMode) -> str:
    """Decide who vouches for a batch: its `writer`, by a signature, or the `server` alone.

    Raises SIGNATURE_INVALID where it has no signature and must have one: in a distributed chain, and where it holds anything
    that gives or takes a right. A tombstone does, since the rules of its object go with it.
    """
    if batch.seal.signatures:
        return "writer"
    if trust_mode == "distributed":
        raise _unsigned("a distributed chain's batches are signed, each of them")
    if batch.seal.delegations:
        raise _unsigned("its seal shows delegations")
    for index, event in enumerate(batch.events):
        # Of what is gone a snapshot says, which is signed, that it doesn't matter.
        if event.kind not in ("data", "gone"):
            raise _unsigned(
                f"event {index} is of kind {event.kind!r}, whose batches are signed in every chain"
            )
        if event.marks & MARK_AUTHORITY:
            raise _unsigned(f"event {index} carries rules or keys, whose batches are signed in every chain")
    return "server"


def _unsigned(why: str) -> AtedbError:
    return AtedbError(Reason.SIGNATURE_INVALID, f"the batch has no signature: {why}")


def in_words(fingerprints: Sequence[bytes]) -> str:
    """List keys."""
    return ", ".join(one.hex() for one in fingerprints)
