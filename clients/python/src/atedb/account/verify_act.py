"""Verifies acts: that each is the next one of its account, what it may change, and by whom it must be signed."""

from atedb.account.act import Act, act_invalid
from atedb.account.changes import OF_GROUPS
from atedb.account.group_state import change_group, create_group
from atedb.account.state import AccountState, Step
from atedb.account.user_state import change_user, create_user
from atedb.crypto.domains import CONTEXT_ACT
from atedb.errors import AtedbError, Reason


def verify_act(before: AccountState | None, act: Act) -> AccountState:
    """Verify that an act is the next of an account, and signed by those who may, and no others. Returns what the account is then.

    Raises ACCOUNT_UNKNOWN, ACCOUNT_EXISTS, ACCOUNT_REMOVED, VERSION_CONFLICT, ACT_INVALID, TOO_MANY_KEYS, GROUP_LIMIT,
    ACT_NOT_ALLOWED, SIGNATURE_INVALID.
    """
    step = _next_state(before, act)
    known = {key.fingerprint: key for key in (*step.one_of, *step.all_of)}
    signed = {one.fingerprint for one in act.signatures}
    authorised = [key for key in step.one_of if key.fingerprint in signed]
    is_whole = (
        all(key.fingerprint in signed for key in step.all_of)
        and len(authorised) == (1 if step.one_of else 0)
        and all(fingerprint in known for fingerprint in signed)
    )
    if not is_whole:
        raise AtedbError(
            Reason.ACT_NOT_ALLOWED,
            f"the act {act.version} of {act.account.text} is not signed by those who may, and nobody else",
            metadata={
                "account": act.account.text,
                "signed": ",".join(sorted(one.hex() for one in signed)),
            },
        )
    for signature in act.signatures:
        key = known[signature.fingerprint]
        if key.suite != signature.suite or not key.verify(CONTEXT_ACT, act.header, signature.signature):
            name = key.fingerprint.hex()
            raise AtedbError(
                Reason.SIGNATURE_INVALID,
                f"the signature of the key {name} over the act does not verify",
                metadata={"fingerprint": name},
            )
    return step.state


def _next_state(before: AccountState | None, act: Act) -> Step:
    """Decide what an act makes of an account, apart from its signatures."""
    text = act.account.text
    is_of_group = act.account.kind == "group"
    if before is None:
        if act.version > 0:
            why = f"there is no account {text}"
            raise AtedbError(Reason.ACCOUNT_UNKNOWN, why, metadata={"account": text})
        if is_of_group != (act.change.kind in OF_GROUPS):
            raise act_invalid(f"{text} is the name of a {act.account.kind}, and the act creates no such")
        return create_group(act) if is_of_group else create_user(act)
    if before.account != act.account:
        raise act_invalid(f"it is of the account {text}, and not of {before.account.text}")
    _check_place(before, act)
    fits = act.change.kind in OF_GROUPS or act.change.kind == "delegation_revocation"
    if is_of_group:
        if not fits:
            raise act_invalid(f"{text} is a group, and the act is of a user")
        return change_group(before, act)
    if act.change.kind in OF_GROUPS:
        raise act_invalid(f"{text} is a user, and the act is of a group")
    return change_user(before, act)


def _check_place(before: AccountState, act: Act) -> None:
    """Refuse an act that isn't the account's next one."""
    text = act.account.text
    metadata = {"account": text, "version": str(before.version)}
    if act.version == 0:
        raise AtedbError(Reason.ACCOUNT_EXISTS, f"there is an account {text} already", metadata=metadata)
    if before.is_removed:
        raise AtedbError(Reason.ACCOUNT_REMOVED, f"the account {text} was removed", metadata=metadata)
    if act.version != before.version + 1 or act.previous != before.head:
        raise AtedbError(
            Reason.VERSION_CONFLICT,
            f"the act is number {act.version} of the account {text}, and its last one was number {before.version}, or is another "
            "than the act names. Somebody else has changed the account: fetch it again",
            metadata=metadata,
        )
