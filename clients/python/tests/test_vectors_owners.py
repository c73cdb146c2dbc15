"""Whose chains are: answers of auth services, and chains that hold them."""

import asyncio

import pytest
from refusals import refused
from replays import replayed
from vectors import Case, data, run

from atedb.crypto import KeyPair, PublicKey
from atedb.encoding.fields import FieldWriter
from atedb.errors import AtedbError
from atedb.events.auth_answer import AuthAnswer, parse_auth_answer
from atedb.events.batch import parse_batch
from atedb.events.genesis import parse_genesis
from atedb.events.seal import TreeHead
from atedb.trust.auth_answer import verify_auth_answer, verify_held
from atedb.trust.authority import Authority, CommitPlace
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
    genesis = parse_genesis(data(case["genesis"]))
    authority = Authority.of(genesis)
    for place, decided in enumerate(case["batches"]):
        batch = parse_batch(data(decided["run"]))
        verdict: tuple[str | None, int | None] = (None, None)
        try:
            authority.keys_of(batch)
            authority.decide(batch, CommitPlace(decided["timeUnixMs"], genesis.chain_key.text))
        except AtedbError as error:
            index = error.metadata.get("event_index")
            verdict = (error.reason.value, None if index is None else int(index))
        assert verdict == (decided.get("reason"), decided.get("event")), f"batch {place}: {decided['what']}"


@run("ownership", "good")
def test_replay_of_an_owned_chain(case: Case) -> None:
    verifier, batches = asyncio.run(replayed([data(one) for one in case["slices"]]))
    assert verifier.head() == TreeHead(case["size"], data(case["root"]))
    assert verifier.next_sequence == case["nextSequence"]
    assert [one.vouched_by for one in batches] == case["vouchedBy"]
    assert verifier.genesis.chain_id.hex() == case["chainId"]
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
    with pytest.raises(AtedbError) as caught:
        asyncio.run(replayed([data(one) for one in case["slices"]]))
    assert caught.value.reason == "VERIFICATION_FAILED"
    commit = caught.value.metadata.get("commit")
    assert (None if commit is None else int(commit)) == case.get("commit")


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
