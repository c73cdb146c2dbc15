"""What auth services say: whose keys count in the chains of an owner (docs/trust.md, "Owners")."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from atedb.crypto.keys import PublicKey
from atedb.encoding import owner_forms
from atedb.encoding.fields import fields, messages_in
from atedb.encoding.strict import check_strict
from atedb.errors import AtedbError, Reason
from atedb.events.owner import Owner, parse_owner
from atedb.events.seal import Signature

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class AnsweredChange:
    """A key of an owner that counts no more, and what has its place in every rule; None: nothing has."""

    fingerprint: bytes
    successor: bytes | None


@dataclass(frozen=True, slots=True)
class AuthAnswer:
    """An AuthAnswer message as it was read. Its signature and its rotations are not verified.

    Times are milliseconds since 1970-01-01 UTC.
    """

    owner: Owner
    version: int
    """How often the account was changed, up to what `changed` tells of."""
    issued_unix_ms: int
    expires_unix_ms: int
    """From then on it counts no more."""
    roots: tuple[PublicKey, ...]
    writers: tuple[PublicKey, ...]
    admitted: tuple[bytes, ...]
    changed: tuple[AnsweredChange, ...]
    """In the order in which they were changed."""
    is_unverified: bool
    """Nobody has checked that the name is the account's."""
    is_removed: bool
    identity: PublicKey
    """Of the auth service."""
    header: bytes
    """What the signature is over."""
    signature: Signature
    rotations: tuple[bytes, ...]
    """IdentityRotation messages, oldest first."""


def parse_auth_answer(message: bytes) -> AuthAnswer:
    """Read an AuthAnswer message. Raises NON_CANONICAL, and AUTH_ANSWER_INVALID for what it says."""
    check_strict(owner_forms.AUTH_ANSWER, message)
    (header,) = messages_in(message, 1)
    (signature,) = messages_in(message, 2)
    check_strict(owner_forms.AUTH_ANSWER_HEADER, header)
    values = {found.number: found.value for found in fields(header)}
    (owner,), (identity,) = messages_in(header, 2), messages_in(header, 12)
    answer = AuthAnswer(
        _about("its owner is none", lambda: parse_owner(owner.decode())),
        values.get(3, 0),
        values[4],
        values[5],
        _keys("one of its roots", messages_in(header, 6)),
        _keys("one of its writers", messages_in(header, 7)),
        tuple(messages_in(header, 8)),
        tuple(_parse_change(one) for one in messages_in(header, 9)),
        values.get(10) == 1,
        values.get(11) == 1,
        _keys("its identity", [identity])[0],
        header,
        Signature.parse(signature),
        tuple(messages_in(message, 3)),
    )
    _check(answer)
    return answer


def _parse_change(data: bytes) -> AnsweredChange:
    fingerprint, *successor = (data[found.start : found.end] for found in fields(data))
    return AnsweredChange(fingerprint, successor[0] if successor else None)


def _check(answer: AuthAnswer) -> None:
    """Check what the strict form doesn't say: every implementation refuses the same."""
    if answer.expires_unix_ms <= answer.issued_unix_ms:
        raise _invalid("it expires before it is given")
    roots = [key.fingerprint for key in answer.roots]
    writers = [key.fingerprint for key in answer.writers]
    _check_sorted("roots", roots)
    _check_sorted("writers", writers)
    _check_sorted("admitted keys", answer.admitted)
    counting = {*roots, *writers}
    if len(counting) < len(roots) + len(writers):
        raise _invalid("one of its roots is among its writers")
    retired = {change.fingerprint for change in answer.changed}
    if len(retired) < len(answer.changed):
        raise _invalid("it changes a key twice")
    for change in answer.changed:
        if change.successor in retired:
            name = change.fingerprint.hex()
            raise _invalid(f"it has the key {name} followed by one that counts no more, or by itself")
    for named in (*answer.admitted, *roots, *writers):
        if named in retired:
            raise _invalid(f"it names the key {named.hex()}, which it says to count no more")


def _check_sorted(what: str, fingerprints: Sequence[bytes]) -> None:
    if any(before >= after for before, after in pairwise(fingerprints)):
        raise _invalid(f"its {what} are not sorted by fingerprint, once each")


def _keys(what: str, messages: Sequence[bytes]) -> tuple[PublicKey, ...]:
    return _about(f"{what} is no key", lambda: tuple(PublicKey.parse(one) for one in messages))


def _about(what: str, read: Callable[[], _T]) -> _T:
    try:
        return read()
    except AtedbError as error:
        raise _invalid(f"{what}: {error.message}") from error


def _invalid(why: str) -> AtedbError:
    return AtedbError(Reason.AUTH_ANSWER_INVALID, f"the auth service's answer is not valid: {why}")
