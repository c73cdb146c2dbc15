"""Whose chains are: answers of auth services, and chains that hold them."""

import asyncio

from histories import check_history
from refusals import refused
from replays import check_bad_replay, check_good_replay
from vectors import Case, data, run

from atedb.crypto import KeyPair, PublicKey
from atedb.encoding.fields import FieldWriter
from atedb.events.auth_answer import AuthAnswer, parse_auth_answer
from atedb.events.batch import parse_batch
from atedb.trust.auth_answer import verify_auth_answer, verify_held
from atedb.trust.check_batch import check_batch, verify_genesis
from atedb.trust.identity_line import verify_identity_line


@run("auth-answers", "keys")
def test_key_of_answers(case: Case) -> None:
    _check_key(case)


@run("ownership", "keys")
def test_key_of_owners(case: Case) -> None:
    _check_key(case)


def _check_key(case: Case) -> None:
    key = PublicKey.parse(data(case["key"]))
    assert (key.message().hex(), key.fingerprint.hex()) == (case["key"], case["fingerprint"])
    made = KeyPair(case["suite"], data(case["seed"]), None).public_key
    assert (made.suite, made.key) == (key.suite, key.key)


def _verified(message: bytes) -> AuthAnswer:
    answer = parse_auth_answer(message)
    verify_auth_answer(answer)
    verify_identity_line(answer.identity, answer.rotations)
    return answer


@run("auth-answers", "good")
def test_answer(case: Case) -> None:
    answer = _verified(data(case["message"]))
    assert {
        "header": answer.header.hex(),
        "owner": answer.owner.text,
        "version": answer.version,
        "issuedUnixMs": answer.issued_unix_ms,
        "expiresUnixMs": answer.expires_unix_ms,
        "roots": [key.fingerprint.hex() for key in answer.roots],
        "writers": [key.fingerprint.hex() for key in answer.writers],
        "admitted": [one.hex() for one in answer.admitted],
        "unverified": answer.is_unverified,
        "removed": answer.is_removed,
        "identity": answer.identity.fingerprint.hex(),
    } == {
        name: case[name]
        for name in (
            "header",
            "owner",
            "version",
            "issuedUnixMs",
            "expiresUnixMs",
            "roots",
            "writers",
            "admitted",
            "unverified",
            "removed",
            "identity",
        )
    }
    changed = [
        {"fingerprint": one.fingerprint.hex()}
        | ({} if one.successor is None else {"successor": one.successor.hex()})
        for one in answer.changed
    ]
    assert changed == case["changed"]
    line = verify_identity_line(answer.identity, answer.rotations)
    assert [one.hex() for one in line.fingerprints] == case["leadsFrom"]
    if "held" in case:
        held = FieldWriter().data(1, answer.header).message(2, answer.signature.message())
        assert held.finish().hex() == case["held"]
        assert not _verified(data(case["held"])).rotations


@run("auth-answers", "bad")
def test_no_answer(case: Case) -> None:
    with refused(case["reason"]):
        _verified(data(case["message"]))


@run("ownership", "histories")
def test_history_of_an_owner(case: Case) -> None:
    check_history(case)


@run("ownership", "good")
def test_replay_of_an_owned_chain(case: Case) -> None:
    verifier = asyncio.run(check_good_replay(case))
    authority = verifier.authority
    owner, server = authority.owner, authority.server_identity
    assert owner is not None
    assert server is not None
    found = {
        "owner": owner.owner,
        "version": owner.version,
        "expiresUnixMs": owner.expires_unix_ms,
        "roots": [one.hex() for one in authority.keys.root_fingerprints],
        "writers": [one.hex() for one in authority.keys.writer_fingerprints],
        "admitted": [one.hex() for one in owner.admitted],
        "unverified": owner.is_unverified,
        "removed": owner.is_removed,
        "authIdentity": owner.identity.fingerprint.hex(),
        "serverIdentity": server.fingerprint.hex(),
    }
    assert found == {name: case[name] for name in found}


@run("ownership", "bad")
def test_no_replay_of_an_owned_chain(case: Case) -> None:
    asyncio.run(check_bad_replay(case))


@run("ownership", "badGeneses")
def test_no_genesis_of_an_owned_chain(case: Case) -> None:
    with refused(case["reason"]):
        verify_genesis(data(case["run"]))


@run("ownership", "badBatches")
def test_no_batch_of_a_server(case: Case) -> None:
    with refused(case["reason"]):
        batch = parse_batch(data(case["run"]))
        check_batch(batch)
        verify_held(batch, None)
