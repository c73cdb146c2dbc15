"""How a server's identity key came to be the one that it is (docs/identity.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from atedb.crypto.keys import PublicKey
from atedb.errors import AtedbError, Reason
from atedb.events.identity_rotation import IdentityRotation, parse_identity_rotation
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


def verify_identity_line(identity: PublicKey, rotations: Sequence[bytes]) -> IdentityLine:
    """Verify that rotations lead to an identity: each is signed by the key that it retires and by the one that follows.

    That it is the right server isn't checked. Raises NON_CANONICAL, REQUEST_INVALID, UNSUPPORTED for bytes that are none,
    SIGNATURE_INVALID, and VERIFICATION_FAILED where they are too many, have a gap, come back to a key, or lead elsewhere.
    """
    # Before anything is parsed: what a server sends is not to cost more than a real one's.
    if len(rotations) > IDENTITY_ROTATIONS_MAX:
        raise _failed(f"it shows {len(rotations)}, and may show {IDENTITY_ROTATIONS_MAX}")
    parsed = [parse_identity_rotation(one) for one in rotations]
    fingerprints = _fingerprints(identity, parsed)
    for rotation in parsed:
        rotation.verify()
    return IdentityLine(identity, tuple(rotations), fingerprints)


def _fingerprints(identity: PublicKey, parsed: Sequence[IdentityRotation]) -> tuple[bytes, ...]:
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


def _failed(why: str) -> AtedbError:
    return AtedbError(
        Reason.VERIFICATION_FAILED, f"the rotations of the server's identity don't lead to it: {why}"
    )
