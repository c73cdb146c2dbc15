"""How a server's identity key came to be the one that it is (docs/identity.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from atedb.crypto.domains import CONTEXT_IDENTITY_POSSESSION, CONTEXT_IDENTITY_ROTATION
from atedb.crypto.keys import PublicKey
from atedb.encoding import forms
from atedb.encoding.fields import fields
from atedb.encoding.strict import check_strict
from atedb.errors import AtedbError, Reason
from atedb.events.seal import Signature
from atedb.limits import IDENTITY_ROTATIONS_MAX


@dataclass(frozen=True, slots=True)
class IdentityLine:
    """A server's identity key, and those that it had before. Verified: each of them has vouched for the next."""

    identity: PublicKey
    rotations: tuple[bytes, ...]
    """IdentityRotation messages, oldest first."""
    fingerprints: tuple[bytes, ...]
    """Of all its keys, oldest first; the last is the identity's."""

    def has(self, fingerprint: bytes) -> bool:
        """Whether a key is the identity, or one that it had before."""
        return fingerprint in self.fingerprints

    def has_retired(self, fingerprint: bytes) -> bool:
        """Whether a key is one that the identity had before, and not the one that it is."""
        return fingerprint in self.fingerprints[:-1]


@dataclass(frozen=True, slots=True)
class _Rotation:
    header: bytes
    old: PublicKey
    new: PublicKey
    old_signature: Signature
    new_signature: Signature


def verify_identity_line(identity: PublicKey, rotations: Sequence[bytes]) -> IdentityLine:
    """Verify that rotations lead to an identity: each is signed by the key that it retires and by the one that follows.

    That it is the right server isn't checked. Raises NON_CANONICAL, REQUEST_INVALID, UNSUPPORTED for bytes that are none,
    SIGNATURE_INVALID, and VERIFICATION_FAILED where they are too many, have a gap, come back to a key, or lead elsewhere.
    """
    # Before anything is parsed: what a server sends is not to cost more than a real one's.
    if len(rotations) > IDENTITY_ROTATIONS_MAX:
        raise _failed(f"it shows {len(rotations)}, and may show {IDENTITY_ROTATIONS_MAX}")
    parsed = [_parse(one) for one in rotations]
    fingerprints = _fingerprints(identity, parsed)
    for rotation in parsed:
        _check_signatures(rotation)
    return IdentityLine(identity, tuple(rotations), fingerprints)


def _parse(message: bytes) -> _Rotation:
    check_strict(forms.IDENTITY_ROTATION, message)
    header, old_signature, new_signature = (message[f.start : f.end] for f in fields(message))
    check_strict(forms.IDENTITY_ROTATION_HEADER, header)
    _, old, new, _ = (header[f.start : f.end] for f in fields(header))
    rotation = _Rotation(
        header,
        PublicKey.parse(old),
        PublicKey.parse(new),
        Signature.parse(old_signature),
        Signature.parse(new_signature),
    )
    if rotation.old.fingerprint == rotation.new.fingerprint:
        why = f"a rotation leads from the key {rotation.old.fingerprint.hex()} to itself"
        raise AtedbError(Reason.NON_CANONICAL, why)
    return rotation


def _fingerprints(identity: PublicKey, parsed: Sequence[_Rotation]) -> tuple[bytes, ...]:
    if not parsed:
        return (identity.fingerprint,)
    for before, after in pairwise(parsed):
        if before.new.fingerprint != after.old.fingerprint:
            raise _failed("one leads to a key, and the next goes on from another")
    if parsed[-1].new.fingerprint != identity.fingerprint:
        raise _failed(f"they lead to the key {parsed[-1].new.fingerprint.hex()}, and it is another")
    fingerprints = (*(one.old.fingerprint for one in parsed), identity.fingerprint)
    if len(set(fingerprints)) != len(fingerprints):
        raise _failed("they come back to a key that was retired")
    return fingerprints


def _check_signatures(rotation: _Rotation) -> None:
    for key, signature, context in (
        (rotation.old, rotation.old_signature, CONTEXT_IDENTITY_ROTATION),
        (rotation.new, rotation.new_signature, CONTEXT_IDENTITY_POSSESSION),
    ):
        is_named = key.suite == signature.suite and key.fingerprint == signature.fingerprint
        if not is_named or not key.verify(context, rotation.header, signature.signature):
            name = key.fingerprint.hex()
            raise AtedbError(
                Reason.SIGNATURE_INVALID,
                f"a rotation of a server's identity is not signed by {name}",
                metadata={"fingerprint": name},
            )


def _failed(why: str) -> AtedbError:
    return AtedbError(
        Reason.VERIFICATION_FAILED, f"the rotations of the server's identity don't lead to it: {why}"
    )
