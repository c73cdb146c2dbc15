"""What acts make of a group."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from atedb.account.act import Act, act_invalid
from atedb.account.changes import RoleChange, RoleWrap
from atedb.account.roles import GROUP_ROLES, check_role_name, includes_role, role_above
from atedb.account.state import AccountState, ChangedKey, Role, Step
from atedb.crypto.keys import PublicKey
from atedb.errors import AtedbError, Reason
from atedb.limits import GROUP_MEMBERS_MAX, GROUP_ROLES_MAX


def create_group(act: Act) -> Step:
    """Decide what the first act makes of a group. Raises ACT_INVALID, GROUP_LIMIT."""
    if act.change.kind != "group_creation":
        raise act_invalid("the first act of a group creates it")
    state = _change_roles(AccountState(act.account, act.version, act.hash), act.change.roles)
    for name in GROUP_ROLES:
        state.role(name)
    owners = state.role("owner").members
    if sum(len(role.members) for role in state.roles) != 1 or not owners:
        raise act_invalid("a group is created with one member, who is its owner")
    return Step(state, all_of=(owners[0].act_key,))


def change_group(before: AccountState, act: Act) -> Step:
    """Decide what a later act makes of a group. Raises ACT_INVALID, GROUP_LIMIT, TOO_MANY_KEYS."""
    change = act.change
    state = replace(before, version=act.version, head=act.hash)
    owners = [member.act_key for member in before.role("owner").members]
    delegates = [member.key for member in before.role("delegate").members]
    if change.kind == "group_creation":
        raise act_invalid("only the first act of a group creates it")
    if change.kind == "group_removal":
        return Step(replace(state, is_removed=True), tuple(owners))
    if change.kind == "delegation_revocation":
        is_roles = any(role.key.fingerprint == change.fingerprint for role in before.roles)
        if is_roles or before.has_changed(change.fingerprint):
            raise act_invalid(f"the key {change.fingerprint.hex()} is a role's, or taken back already")
        revoked = state.with_changed([ChangedKey(change.fingerprint, act.version)])
        return Step(revoked, _once([*owners, *delegates]))
    is_owners = any(role.name in ("owner", "delegate") for role in change.roles)
    return Step(_change_roles(state, change.roles), _once(owners if is_owners else [*owners, *delegates]))


def openers_of(state: AccountState, name: str) -> set[bytes]:
    """Give the fingerprints of the keys of all who can open a role's secret."""
    return {
        member.key.fingerprint
        for role in state.roles
        if includes_role(role.name, name)
        for member in role.members
    }


def _change_roles(before: AccountState, changes: Sequence[RoleChange]) -> AccountState:
    """Give the group with some roles changed, all at once."""
    roles = {role.name: role for role in before.roles}
    last = ""
    for change in changes:
        check_role_name(change.name)
        if change.name <= last:
            raise act_invalid("its roles are not sorted by name, once each")
        last = change.name
        roles[change.name] = _changed_role(roles.get(change.name), change)
    all_roles = tuple(roles[name] for name in sorted(roles))
    retired = [
        ChangedKey(role.key.fingerprint, before.version, role.name)
        for role in before.roles
        if roles[role.name].key is not role.key
    ]
    state = replace(before, roles=all_roles, changed=(*before.changed, *retired))
    _check_keys(before, state)
    _check_lost(before, state)
    whole = replace(state, roles=tuple(_with_wraps(role, state) for role in all_roles))
    _check_recipients(whole, changes)
    if not whole.role("owner").members:
        raise act_invalid("the group would have no owner left")
    _check_limits(whole)
    return whole.with_changed([])


def _changed_role(role: Role | None, change: RoleChange) -> Role:
    name = change.name
    key = change.key or (None if role is None else role.key)
    if key is None:
        raise act_invalid(f"the role {name} is new, and has no key")
    _check_sorted(f"those removed from the role {name}", change.removed)
    _check_sorted(f"the wraps of the role {name}", [wrap.recipient for wrap in change.wraps])
    members = {} if role is None else {one.key.fingerprint: one for one in role.members}
    for fingerprint in change.removed:
        if members.pop(fingerprint, None) is None:
            why = f"{fingerprint.hex()} is removed from the role {name}, and doesn't have it"
            raise act_invalid(why)
    for member in change.added:
        own = member.key
        if own.kem_suite == 0:
            raise act_invalid(f"nothing can be encrypted to {own.fingerprint.hex()}")
        if own.fingerprint in members:
            raise act_invalid(f"{own.fingerprint.hex()} is added to the role {name}, and has it")
        members[own.fingerprint] = member
    kept = role.wraps if role is not None and change.key is None else ()
    wraps = {wrap.recipient: wrap for wrap in (*kept, *change.wraps)}
    return Role(name, key, tuple(members[one] for one in sorted(members)), tuple(wraps.values()))


def _check_keys(before: AccountState, after: AccountState) -> None:
    """Refuse new keys of roles that were somebody's in the group: what a key was for is never unclear."""
    names: set[bytes] = set()
    had = {role.key.fingerprint for role in before.roles}
    had.update(one.fingerprint for one in before.changed)
    had.update(one.key.fingerprint for role in after.roles for one in role.members)
    for role in after.roles:
        name = role.key.fingerprint
        if name in names:
            raise act_invalid(f"two roles have the key {name.hex()}")
        names.add(name)
        if any(one.key is role.key for one in before.roles):
            continue
        if role.key.kem_suite == 0:
            raise act_invalid(f"nothing can be encrypted to the key of {role.name}")
        if name in had:
            raise act_invalid(f"the new key of {role.name}, {name.hex()}, is one that the group had before")


def _check_lost(before: AccountState, after: AccountState) -> None:
    """Refuse that whoever could open a role's secret, and can't any more, could go on with it: it has another key then."""
    keys = {role.name: role.key for role in after.roles}
    for role in before.roles:
        if keys[role.name] is not role.key:
            continue
        lost = openers_of(before, role.name) - openers_of(after, role.name)
        if lost:
            raise act_invalid(
                f"the key {min(lost).hex()} has the secret of the role {role.name}, and is to have it no more: so the role gets "
                "another key in the same act"
            )


def _with_wraps(role: Role, state: AccountState) -> Role:
    """Give the role with the wraps that are wanted after an act. Raises ACT_INVALID where one is missing."""
    above = role_above(role.name)
    wanted = {member.key.fingerprint for member in role.members}
    if above is not None:
        wanted.add(state.role(above).key.fingerprint)
    wraps = {wrap.recipient: wrap for wrap in role.wraps}
    for recipient in sorted(wanted):
        if recipient not in wraps:
            raise act_invalid(f"the secret of the role {role.name} is not wrapped for {recipient.hex()}")
    # Those of before that nobody wants any more are gone.
    kept: list[RoleWrap] = [wraps[recipient] for recipient in sorted(wanted)]
    return replace(role, wraps=tuple(kept))


def _check_recipients(after: AccountState, changes: Sequence[RoleChange]) -> None:
    """Refuse an act that gives a secret to anybody who hasn't the role."""
    for change in changes:
        wanted = {wrap.recipient for wrap in after.role(change.name).wraps}
        for wrap in change.wraps:
            if wrap.recipient not in wanted:
                raise act_invalid(
                    f"the secret of the role {change.name} is wrapped for {wrap.recipient.hex()}, which has no role that opens it"
                )


def _check_limits(state: AccountState) -> None:
    members = sum(len(role.members) for role in state.roles)
    for count, most, what in (
        (members, GROUP_MEMBERS_MAX, "members in all its roles"),
        (len(state.roles), GROUP_ROLES_MAX, "roles"),
    ):
        if count > most:
            text = state.account.text
            raise AtedbError(
                Reason.GROUP_LIMIT,
                f"the group {text} would have {count} {what}, and {most} is the limit",
                metadata={"account": text, "limit": str(most)},
            )


def _check_sorted(what: str, fingerprints: Sequence[bytes]) -> None:
    if any(before >= after for before, after in pairwise(fingerprints)):
        raise act_invalid(f"{what} are not sorted, once each")


def _once(keys: Sequence[PublicKey]) -> tuple[PublicKey, ...]:
    """Give keys once each: a signer who is an owner and a delegate is one."""
    return tuple({key.fingerprint: key for key in keys}.values())
