"""Paths of delegations: from a key that has a right to the one that acts by it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from atedb.crypto.domains import CONTEXT_DELEGATION, CONTEXT_DELEGATION_POSSESSION
from atedb.crypto.keys import PublicKey
from atedb.errors import AtedbError, Reason
from atedb.events.batch import Batch, invalid_batch
from atedb.events.delegation import Delegation, scope_covers
from atedb.events.seal import Signature
from atedb.trust.key_ring import KeyRing
from atedb.trust.ownership import in_utc


def check_path(path: Sequence[Delegation]) -> None:
    """Check that delegations are one path, in its order: each is by the subject of the one before, and says no more than that.

    Whether they are signed is `verify_path`; whether the first issuer has any right is the chain's to say. Raises
    DELEGATION_INVALID.
    """
    passed: set[bytes] = set()
    before: Delegation | None = None
    for delegation in path:
        if before is not None:
            _check_follows(delegation, before)
        passed.add(delegation.issuer)
        if delegation.subject.fingerprint in passed:
            raise _invalid(delegation, "it leads back to a key that the path has passed")
        before = delegation


def _check_follows(delegation: Delegation, before: Delegation) -> None:
    if delegation.issuer != before.subject.fingerprint:
        raise _invalid(
            delegation,
            f"it is by the key {delegation.issuer.hex()}, and the one before it is to {before.subject.fingerprint.hex()}",
        )
    for entry in delegation.chains:
        if not scope_covers(before.chains, entry):
            raise _invalid(delegation, f"it names {entry}, which the one before it doesn't")
    for gives, gave, right in (
        (delegation.may_write, before.may_write, "to write"),
        (delegation.may_read, before.may_read, "to read"),
    ):
        if gives and not gave:
            raise _invalid(delegation, f"it gives the right {right}, which its issuer wasn't given")
    if (
        delegation.not_before_unix_ms < before.not_before_unix_ms
        or delegation.expires_unix_ms > before.expires_unix_ms
    ):
        raise _invalid(delegation, "it counts for longer than the one before it")


def verify_path(path: Iterable[Delegation], issuer: PublicKey) -> None:
    """Verify the signatures of a path, one delegation after the other. Raises DELEGATION_INVALID naming the one.

    `issuer`: the key of the first one's issuer.
    """
    by = issuer
    for delegation in path:
        _verify(delegation, by, delegation.signature, CONTEXT_DELEGATION)
        _verify(delegation, delegation.subject, delegation.possession, CONTEXT_DELEGATION_POSSESSION)
        by = delegation.subject


def _verify(delegation: Delegation, key: PublicKey, signature: Signature, context: str) -> None:
    is_named = signature.suite == key.suite and signature.fingerprint == key.fingerprint
    if not is_named or not key.verify(context, delegation.header, signature.signature):
        why = f"the signature of the key {key.fingerprint.hex()} over it does not verify"
        raise _invalid(delegation, why)


def check_scope_of_path(
    path: Iterable[Delegation], chain_key: str, right: Literal["to read", "to write"] | None = None
) -> None:
    """Refuse a path that doesn't count in a chain, or gives no right to something. Raises DELEGATION_OUT_OF_SCOPE."""
    for delegation in path:
        about = {**delegation.about(), "chains": ",".join(delegation.chains)}
        ask = f"Ask its issuer, {about['issuer']}, for another"
        if not scope_covers(delegation.chains, chain_key):
            raise AtedbError(
                Reason.DELEGATION_OUT_OF_SCOPE,
                f"the delegation {about['serial']} counts in {', '.join(delegation.chains)}, and not in {chain_key}. {ask}",
                metadata=about,
            )
        gives = {None: True, "to read": delegation.may_read, "to write": delegation.may_write}
        if not gives[right]:
            raise AtedbError(
                Reason.DELEGATION_OUT_OF_SCOPE,
                f"the delegation {about['serial']} gives no right {right}. {ask}",
                metadata=about,
            )


def expired(
    not_before_unix_ms: int, expires_unix_ms: int, about: Mapping[str, str], time_unix_ms: int
) -> AtedbError:
    """Make the refusal of a delegation that doesn't count at a time. Times are milliseconds since 1970-01-01 UTC."""
    is_early = time_unix_ms < not_before_unix_ms
    when = (
        f"counts from {in_utc(not_before_unix_ms)} on only"
        if is_early
        else f"has expired at {in_utc(expires_unix_ms)}"
    )
    return AtedbError(
        Reason.DELEGATION_EXPIRED,
        f"the delegation {about['serial']} {when}, and the server's clock is at {in_utc(time_unix_ms)}. Ask its issuer, "
        f"{about['issuer']}, for another",
        metadata=about,
    )


def check_shown_path(batch: Batch, signers: Sequence[bytes]) -> None:
    """Check that the delegations that a seal shows are one path, and of its signers: to one of them, or by one.

    Who is an issuer may so end a key that the chain hasn't seen yet. So nobody makes a chain know any number of them. Raises
    DELEGATION_INVALID, BATCH_INVALID.
    """
    path = batch.delegations()
    check_path(path)
    last = path[-1].subject.fingerprint
    if last in signers or any(one.issuer in signers for one in path):
        return
    raise invalid_batch(
        f"its seal shows a delegation to {last.hex()}, which is not one of its signers', nor is it by one"
    )


def issuer_of_shown(batch: Batch, keys: KeyRing) -> PublicKey | None:
    """Find the key that the delegations of a batch begin with; None where it shows none. Raises KEY_UNKNOWN."""
    if not batch.seal.delegations:
        return None
    issuer = batch.delegations()[0].issuer
    found = keys.find(issuer)
    if found is None:
        found = next((key for key in batch.seal_keys() if key.fingerprint == issuer), None)
    if found is not None:
        return found
    raise AtedbError(
        Reason.KEY_UNKNOWN,
        f"the chain doesn't know the public key {issuer.hex()}, whose delegation is shown. Show it, too",
        metadata={"fingerprint": issuer.hex()},
    )


def _invalid(delegation: Delegation, why: str) -> AtedbError:
    about = delegation.about()
    return AtedbError(
        Reason.DELEGATION_INVALID,
        f"the delegation {about['serial']}, to the key {about['fingerprint']}, is not valid: {why}",
        metadata=about,
    )
