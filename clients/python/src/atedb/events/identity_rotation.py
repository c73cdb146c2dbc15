"""Rotations: one identity key vouches for the next (docs/identity.md)."""

from dataclasses import dataclass

from atedb.crypto.domains import CONTEXT_IDENTITY_POSSESSION, CONTEXT_IDENTITY_ROTATION
from atedb.crypto.keys import PublicKey
from atedb.encoding import owner_forms
from atedb.encoding.fields import fields
from atedb.encoding.strict import check_strict
from atedb.errors import AtedbError, Reason
from atedb.events.seal import Signature


@dataclass(frozen=True, slots=True)
class IdentityRotation:
    """An IdentityRotation message as it was read. Its signatures are not verified."""

    header: bytes
    old: PublicKey
    new: PublicKey
    old_signature: Signature
    new_signature: Signature

    def verify(self) -> None:
        """Verify both signatures. Raises SIGNATURE_INVALID."""
        for key, signature, context in (
            (self.old, self.old_signature, CONTEXT_IDENTITY_ROTATION),
            (self.new, self.new_signature, CONTEXT_IDENTITY_POSSESSION),
        ):
            is_named = key.suite == signature.suite and key.fingerprint == signature.fingerprint
            if not is_named or not key.verify(context, self.header, signature.signature):
                name = key.fingerprint.hex()
                raise AtedbError(
                    Reason.SIGNATURE_INVALID,
                    f"a rotation of a server's identity is not signed by {name}",
                    metadata={"fingerprint": name},
                )


def parse_identity_rotation(message: bytes) -> IdentityRotation:
    """Read an IdentityRotation message. Raises NON_CANONICAL, REQUEST_INVALID, UNSUPPORTED."""
    check_strict(owner_forms.IDENTITY_ROTATION, message)
    header, old_signature, new_signature = (message[f.start : f.end] for f in fields(message))
    check_strict(owner_forms.IDENTITY_ROTATION_HEADER, header)
    _, old, new, _ = (header[f.start : f.end] for f in fields(header))
    rotation = IdentityRotation(
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
