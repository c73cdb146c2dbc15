"""Checkpoints that are believed: both of the server's lines verify, by keys that its identity vouches for."""

from dataclasses import dataclass

from atedb.crypto.domains import CONTEXT_CHECKPOINT_KEYS
from atedb.crypto.keys import PublicKey
from atedb.errors import AtedbError, Reason
from atedb.events.checkpoint import (
    CheckpointClaim,
    NoteKeys,
    ParsedCheckpoint,
    parse_checkpoint,
    parse_checkpoint_keys,
    split_cosignature,
)
from atedb.events.seal import TreeHead
from atedb.trust.identity_line import IdentityLine


@dataclass(frozen=True, slots=True)
class CertifiedKeys:
    """The keys that a server signs checkpoints with, and its identity's word for them."""

    keys: NoteKeys
    line: IdentityLine
    message: bytes
    """The CheckpointKeys message."""


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A checkpoint whose two signatures were verified."""

    head: TreeHead
    time_unix_s: int
    note: str
    """As it came: whoever has it and the keys can verify it again."""
    signer: CertifiedKeys


def verify_checkpoint_keys(message: bytes, line: IdentityLine) -> CertifiedKeys:
    """Verify an identity's word for the keys of its checkpoints. Whether it is the right identity is not checked.

    Raises NON_CANONICAL, REQUEST_INVALID for bytes that aren't one, SIGNATURE_INVALID.
    """
    keys, signature = parse_checkpoint_keys(message)
    identity: PublicKey = line.identity
    is_named = signature.suite == identity.suite and signature.fingerprint == identity.fingerprint
    if is_named and identity.verify(CONTEXT_CHECKPOINT_KEYS, keys.claim(), signature.signature):
        return CertifiedKeys(keys, line, message)
    raise AtedbError(
        Reason.SIGNATURE_INVALID,
        f"the checkpoint keys are not signed by the server's identity {identity.fingerprint.hex()}",
        metadata={"fingerprint": identity.fingerprint.hex()},
    )


def verify_checkpoint(note: str, chain_id: bytes, signer: CertifiedKeys) -> SignedHead:
    """Verify a checkpoint: both of the server's signatures must be there, once, and verify. Other lines are passed over.

    Raises NON_CANONICAL, CHAIN_ID_MISMATCH for one of another chain, SIGNATURE_INVALID.
    """
    parsed = parse_checkpoint(note)
    if parsed.chain_id != chain_id:
        raise AtedbError(
            Reason.CHAIN_ID_MISMATCH,
            f"the checkpoint is of the chain {parsed.chain_id.hex()}, and not of {chain_id.hex()}",
            metadata={"chain_id": parsed.chain_id.hex()},
        )
    ed25519 = _line_of(parsed, signer.keys, is_ed25519=True)
    cosignature = split_cosignature(_line_of(parsed, signer.keys, is_ed25519=False))
    if cosignature is None:
        raise _invalid("its ML-DSA-44 line says no time")
    time_unix_s, mldsa44 = cosignature
    claim = CheckpointClaim(chain_id, parsed.head, time_unix_s)
    if not signer.keys.verify_ed25519(claim.text(), ed25519):
        raise _invalid("its Ed25519 line does not verify")
    if not signer.keys.verify_mldsa44(claim.cosigned(), mldsa44):
        raise _invalid("its ML-DSA-44 line does not verify")
    return SignedHead(parsed.head, time_unix_s, note, signer)


def _line_of(parsed: ParsedCheckpoint, keys: NoteKeys, *, is_ed25519: bool) -> bytes:
    origin = CheckpointClaim(parsed.chain_id, parsed.head, 0).origin
    key_id = keys.key_id(origin, is_ed25519=is_ed25519)
    found = [one.signature for one in parsed.signatures if one.name == origin and one.key_id == key_id]
    what = "Ed25519" if is_ed25519 else "ML-DSA-44"
    if len(found) != 1:
        raise _invalid(f"it has {len(found)} {what} lines of the server's key, and one is due")
    return found[0]


def _invalid(why: str) -> AtedbError:
    return AtedbError(Reason.SIGNATURE_INVALID, f"the checkpoint is not signed by the server: {why}")
