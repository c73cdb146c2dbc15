"""What acts make of a user."""

from dataclasses import replace

from atedb.account.act import Act, act_invalid
from atedb.account.changes import Change
from atedb.account.state import AccountState, ChangedKey, Step


def create_user(act: Act) -> Step:
    """Decide what the first act makes of a user. Raises ACT_INVALID."""
    if act.change.kind != "user_creation":
        raise act_invalid("the first act of a user creates it")
    _check_keys(act.change)
    state = AccountState(act.account, act.version, act.hash, keys=act.change)
    return Step(state, all_of=act.change.keys)


def change_user(before: AccountState, act: Act) -> Step:
    """Decide what a later act makes of a user. Raises ACT_INVALID, TOO_MANY_KEYS."""
    had, change = before.keys, act.change
    assert had is not None and had.key is not None, "a user was created with keys"
    state = replace(before, version=act.version, head=act.hash)
    sudo = had.sudo_key or had.key
    if change.kind == "user_rotation":
        return _rotate(before, state, had, change)
    if change.kind == "secrets_change":
        if had.secrets_hash is None:
            raise act_invalid("the user has no password that could be changed")
        _check_new_hash(had, change.secrets_hash)
        return Step(replace(state, keys=replace(had, secrets_hash=change.secrets_hash)), (sudo,))
    if change.kind == "delegation_revocation":
        is_own = any(key.fingerprint == change.fingerprint for key in had.keys)
        if is_own or before.has_changed(change.fingerprint):
            raise act_invalid(f"the key {change.fingerprint.hex()} is the user's own, or taken back already")
        revoked = state.with_changed([ChangedKey(change.fingerprint, act.version)])
        once = {key.fingerprint: key for key in (sudo, had.key)}
        return Step(revoked, tuple(once.values()))
    if change.kind == "user_removal":
        return Step(replace(state, is_removed=True), (sudo,))
    raise act_invalid("only the first act of a user creates it")


def _rotate(before: AccountState, state: AccountState, had: Change, change: Change) -> Step:
    fresh = change.keys
    if not fresh and change.secrets_hash is None:
        raise act_invalid("a rotation that replaces nothing")
    known = {key.fingerprint for key in had.keys}
    for key in fresh:
        if key.fingerprint in known or before.has_changed(key.fingerprint):
            raise act_invalid(f"the key {key.fingerprint.hex()} is one that the user has, or had before")
    if change.secrets_hash is not None:
        _check_new_hash(had, change.secrets_hash)
    keys = Change(
        "user_creation",
        change.key or had.key,
        change.sudo_key or had.sudo_key,
        change.recovery_key or had.recovery_key,
        change.secrets_hash or had.secrets_hash,
    )
    _check_keys(keys)
    replaced = (
        (change.key, had.key),
        (change.sudo_key, had.sudo_key),
        (change.recovery_key, had.recovery_key),
    )
    retired = [
        ChangedKey(old.fingerprint, state.version)
        for new, old in replaced
        if new is not None and old is not None
    ]
    assert had.key is not None, "a user was created with keys"
    sudo = had.sudo_key or had.key
    one_of = (sudo,) if had.recovery_key is None else (sudo, had.recovery_key)
    return Step(replace(state, keys=keys).with_changed(retired), one_of, fresh)


def _check_keys(keys: Change) -> None:
    """Refuse keys of which some are missing, or one has two roles."""
    there = [part is not None for part in (keys.sudo_key, keys.recovery_key, keys.secrets_hash)]
    if any(there) and not all(there):
        raise act_invalid(
            "of the key of sudo, the key of recovery and the hash of the secrets there are all or none"
        )
    assert keys.key is not None, "the strict form wants one"
    if keys.key.kem_suite == 0:
        raise act_invalid(
            f"nothing can be encrypted to the key {keys.key.fingerprint.hex()}, which is to be the user's"
        )
    if len({key.fingerprint for key in keys.keys}) < len(keys.keys):
        raise act_invalid("one key has two roles")


def _check_new_hash(had: Change, following: bytes | None) -> None:
    """Refuse a hash that comes back: it is of vaults that were sealed anew."""
    if had.secrets_hash == following:
        raise act_invalid("the hash of the secrets is the one from before")
