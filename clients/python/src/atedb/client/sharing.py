"""Events that say who reads: read keys that are made and handed out, and who is let into a private chain."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from atedb.client.group_keys import RoleKeysNow
from atedb.client.new_event import NewEvent
from atedb.client.read_keys import ReadKeys
from atedb.crypto.data_key import READ_KEY_BYTES, read_key_id
from atedb.crypto.keys import PublicKey
from atedb.errors import AtedbError, Reason, invalid
from atedb.events.rules import Authorisation, ReadRule
from atedb.events.sealed_data import wrap_read_key
from atedb.limits import ADMITTED_KEYS_MAX
from atedb.trust.authority import Authority

_READERS_AN_EVENT_MAX: Final = 12
"""A key that is shown, and a read key that is wrapped for it, take 4.5 KiB of the 64 KiB that the header of an event may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedObject:
    """An object whose data is shared. None of these: the root of the chain, and so all that inherits from it."""

    primary_key: bytes | None = None
    name: str | None = None
    """Names the object instead: among the children of its parent, or in the chain."""
    label: bytes | None = None
    """What its key is made from, with its parent, if that is how it came about."""
    parent: bytes | None = None

    def event(self) -> NewEvent:
        """Make an event that is about its rules."""
        return NewEvent(
            kind="rules",
            primary_key=self.primary_key,
            name=self.name,
            label=self.label,
            parent=self.parent,
        ).identified()


@dataclass(frozen=True, slots=True)
class ReaderChange:
    """Events that change who reads, and the read key that they hand out, if it is a new one."""

    events: list[NewEvent]
    read_key: bytes | None = field(default=None, repr=False)


def set_readers(chain_id: bytes, shared: SharedObject, readers: Sequence[PublicKey]) -> ReaderChange:
    """Make a new read key, handed out to these and to nobody else. What was written before stays under the key of before."""
    read_key = secrets.token_bytes(READ_KEY_BYTES)
    first, *others = _hand_out(chain_id, shared, read_key, readers)
    rule = Authorisation(read=ReadRule("read_key", read_key_id(read_key)))
    return ReaderChange([replace(first, rules=rule), *others], read_key)


def add_readers(
    chain_id: bytes,
    authority: Authority,
    read_keys: ReadKeys,
    shared: SharedObject,
    readers: Sequence[PublicKey],
) -> list[NewEvent]:
    """Hand out the read key that an object has now. Raises READ_KEY_MISSING; REQUEST_INVALID where the data is in clear."""
    key_id = _sealed_by(authority, shared)
    read_key = read_keys.find(key_id, chain_id)
    if read_key is None:
        raise read_key_missing(key_id, read_keys.holders_of(key_id))
    return _hand_out(chain_id, shared, read_key, readers)


def readers_without(
    authority: Authority,
    read_keys: ReadKeys,
    shared: SharedObject,
    removed: Sequence[bytes],
    own: PublicKey,
) -> list[PublicKey]:
    """Say who stays: those who were given the read key, less these and less those that count no more.

    A successor isn't taken in their place: roots, who may not read it, can replace keys. Raises REQUEST_INVALID where one of
    them doesn't read it; KEY_UNKNOWN.
    """
    holders = read_keys.holders_of(_sealed_by(authority, shared))
    for fingerprint in removed:
        if fingerprint == own.fingerprint:
            why = f"{fingerprint.hex()} is the key that you write with, and who sets readers is one of them"
            raise invalid("readers", why)
        if fingerprint not in holders:
            why = f"{fingerprint.hex()} was not given the read key, so it can't be taken off"
            raise invalid("readers", why)
    return [
        _known_key(authority, holder)
        for holder in holders
        if holder not in removed and not authority.keys.is_changed(holder)
    ]


def _known_key(authority: Authority, holder: bytes) -> PublicKey:
    key = authority.keys.find(holder)
    if key is None:
        raise AtedbError(
            Reason.KEY_UNKNOWN,
            f"the chain doesn't know the public key {holder.hex()} of a reader. Set all readers instead",
            metadata={"fingerprint": holder.hex()},
        )
    return key


def is_clear_chain(authority: Authority, shared: SharedObject) -> bool:
    """Whether what is shared is the whole chain, whose data is in clear: then there is no read key to hand out."""
    if shared.event().primary_key is not None:
        return False
    rule = authority.read_rule_for(None, None)
    return rule is not None and rule.kind == "everyone"


def admit(authority: Authority, readers: Sequence[PublicKey]) -> list[NewEvent]:
    """Let readers into a private chain; nothing where they may open it already. Only a root may append that."""
    strangers = {key.fingerprint for key in readers if not authority.admits(key.fingerprint)}
    if not strangers:
        return []
    if len(authority.admitted) + len(strangers) > ADMITTED_KEYS_MAX:
        raise AtedbError(
            Reason.TOO_MANY_KEYS,
            f"the chain lets in {len(authority.admitted)} keys besides those that its other rules name, and {ADMITTED_KEYS_MAX} is "
            "the limit. Take some off first",
            metadata={"limit_keys": str(ADMITTED_KEYS_MAX)},
        )
    # Named, not shown: an event shows few keys, and to be let in a key shows itself.
    admitted = tuple(sorted(authority.admitted | strangers))
    return [NewEvent(kind="rules", rules=Authorisation(admit=admitted))]


def keep_out(authority: Authority, removed: Sequence[bytes]) -> list[NewEvent]:
    """Let keys into a private chain no more; nothing where they weren't let in by the rule for that."""
    # A key that was replaced is named by the one of before.
    staying = tuple(
        sorted(
            one
            for one in authority.admitted
            if one not in removed and authority.keys.current_of(one) not in removed
        )
    )
    if len(staying) == len(authority.admitted):
        return []
    return [NewEvent(kind="rules", rules=Authorisation(admit=staying))]


def read_key_missing(key_id: bytes, holders: Sequence[bytes]) -> AtedbError:
    """Make the failure of a read key that none of the client's keys was given."""
    who = ", ".join(holder.hex() for holder in holders)
    ask = (
        f"these were: {who}. Ask one of them who may change who reads to share it"
        if who
        else "nobody was given it, as far as is known"
    )
    return AtedbError(
        Reason.READ_KEY_MISSING,
        f"the read key {key_id.hex()} was not given to any of your keys; {ask}",
        metadata={"read_key_id": key_id.hex(), "holders": who.replace(", ", ",")},
    )


def _sealed_by(authority: Authority, shared: SharedObject) -> bytes:
    event = shared.event()
    rule = authority.read_rule_for(event.primary_key, event.parent)
    if rule is None or rule.kind != "read_key":
        why = "its data is not sealed, so there is no read key to hand out or take back: set its readers first (set_readers)"
        raise invalid("object", why)
    return rule.read_key_id


def _hand_out(
    chain_id: bytes, shared: SharedObject, read_key: bytes, readers: Sequence[PublicKey]
) -> list[NewEvent]:
    """Hand out a read key, to as many readers an event as fit."""
    once = list({reader.fingerprint: reader for reader in readers}.values())
    event = shared.event()
    return [
        replace(
            event,
            public_keys=some,
            wrapped_keys=[wrap_read_key(chain_id, read_key, reader) for reader in some],
        )
        for some in (
            once[at : at + _READERS_AN_EVENT_MAX] for at in range(0, len(once), _READERS_AN_EVENT_MAX)
        )
    ]


def renewed_readers(authority: Authority, read_keys: ReadKeys, roles: RoleKeysNow) -> list[PublicKey] | None:
    """Say who is to read a chain, where its read key was handed out to keys that roles of its group have no more.

    These are the keys that the roles have now, and all others that count. None: nothing is to be changed. Raises KEY_UNKNOWN
    where the public key of one who stays is not known.
    """
    rule = authority.read_rule_for(None, None)
    if rule is None or rule.kind != "read_key":
        return None
    holders = read_keys.holders_of(rule.read_key_id)
    if all(roles.successor_of(holder) is None for holder in holders):
        return None
    staying: list[PublicKey] = []
    for holder in holders:
        successor = roles.successor_of(holder)
        if successor is not None:
            staying.append(successor)
        elif not authority.keys.is_changed(holder):
            staying.append(_known_key(authority, holder))
    return staying
