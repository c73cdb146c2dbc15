"""Events that change keys: the roots of a chain, and keys that count no more."""

from atedb.errors import Reason
from atedb.trust.act import Act, counts_no_more, names_of
from atedb.trust.delegations import Delegations
from atedb.trust.key_ring import KeyRing, Undo


def require_root(act: Act, keys: KeyRing, what: str) -> None:
    """Refuse an event that isn't from a root of the chain. Raises KEY_NOT_ALLOWED."""
    if not any(keys.is_root(actor) for actor in act.actors):
        why = f"only a root of the chain may {what}"
        allowed = names_of(keys.root_fingerprints)
        raise act.refused(Reason.KEY_NOT_ALLOWED, why, rule="roots", allowed=allowed)


def change_roots(act: Act, keys: KeyRing, owner: str | None, undo: Undo) -> None:
    """Have other roots: it takes more than half of those before, and no auth service that says which they are.

    `owner`: whom an auth service speaks of; None without one. Raises KEY_NOT_ALLOWED, KEY_REVOKED.
    """
    if owner is not None:
        why = f"the roots of this chain are the keys of {owner}, as the auth service says them. Change the account's keys instead"
        raise act.refused(Reason.KEY_NOT_ALLOWED, why, rule="roots", owner=owner)
    roots = keys.roots
    agreed = sum(root.fingerprint in act.actors for root in roots)
    if 2 * agreed <= len(roots):
        why = f"other roots take the signatures of more than half of the {len(roots)} there are"
        raise act.refused(Reason.KEY_NOT_ALLOWED, why, rule="roots")
    after = act.said.roots or ()
    for root in after:
        if keys.is_changed(root.fingerprint):
            raise counts_no_more(act, root.fingerprint)
    keys.set_roots(after, undo)


def change_key(act: Act, keys: KeyRing, delegations: Delegations, undo: Undo) -> None:
    """Have a key count no more, and perhaps another in its place. Raises KEY_NOT_ALLOWED, KEY_REVOKED, TOO_MANY_KEYS."""
    change = act.said.key_change
    assert change is not None, "check_events has passed it"
    fingerprint, successor = change.fingerprint, change.successor
    if keys.is_root(fingerprint):
        why = f"{fingerprint.hex()} is a root of the chain. Change the roots instead"
        raise act.refused(Reason.KEY_NOT_ALLOWED, why, rule="roots")
    if keys.is_changed(fingerprint):
        raise counts_no_more(act, fingerprint)
    # A key may always give itself up, and whom it trusts is its owner's to say. What was delegated is its giver's to end, and no
    # more.
    is_givers = successor is None and any(
        issuer in act.actors for issuer in delegations.given_by(fingerprint)
    )
    if fingerprint not in act.actors and not is_givers:
        require_root(act, keys, f"change the key {fingerprint.hex()}")
    if successor is None:
        keys.change(fingerprint, None, undo)
        return
    if successor.fingerprint == fingerprint or keys.is_changed(successor.fingerprint):
        raise counts_no_more(act, successor.fingerprint)
    keys.add(successor, undo)
    keys.change(fingerprint, successor.fingerprint, undo)
