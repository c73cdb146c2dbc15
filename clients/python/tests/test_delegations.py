"""Delegations that a chain knows: how many, and who makes room."""

from dataclasses import replace

from refusals import refused
from vectors import cases, data

from atedb.crypto import KeyPair
from atedb.errors import Reason
from atedb.events.delegation import parse_delegation
from atedb.limits import CHAIN_DELEGATIONS_MAX
from atedb.trust.delegations import Delegations
from atedb.trust.key_ring import KeyRing, Undo, take_back


def test_what_has_expired_or_ended_makes_room() -> None:
    given = parse_delegation(data(cases("delegations", "good")[0]["message"]))
    flooder, root = (KeyPair.generate(for_signing_only=True).fingerprint for _ in range(2))
    keys = KeyRing([])
    known = Delegations()

    def made(number: int, *, by: bytes, until: int = 200) -> list:
        serial = number.to_bytes(16)
        return [replace(given, serial=serial, issuer=by, not_before_unix_ms=0, expires_unix_ms=until)]

    for number in range(CHAIN_DELEGATIONS_MAX):
        is_late = number < 10
        known.learn(made(number, by=flooder, until=150 if is_late else 200), 100, keys, [])
    one_more = made(9_000, by=root)
    # What is known is no news.
    known.learn(made(5, by=flooder), 100, keys, [])
    with refused(Reason.TOO_MANY_DELEGATIONS):
        known.copy().learn(one_more, 149, keys, [])
    undo: Undo = []
    known.learn(one_more, 150, keys, undo)
    subject = given.subject.fingerprint
    assert known.given_by(subject) == (flooder, root)
    take_back(undo)
    assert known.given_by(subject) == (flooder,)
    keys.change(flooder, None, [])
    ended = known.copy()
    ended.learn(one_more, 100, keys, [])
    assert ended.given_by(subject) == (root,)
    assert known.given_by(subject) == (flooder,)
