"""Delegations, tokens, and chains that are written by them."""

import asyncio

from histories import check_history
from refusals import refused
from replays import check_bad_replay, check_good_replay
from vectors import Case, data, run

from atedb.crypto import KeyPair, PublicKey
from atedb.errors import AtedbError
from atedb.events.batch import parse_batch
from atedb.events.delegation import parse_delegation, scope_covers
from atedb.events.token import Token
from atedb.trust.check_batch import check_batch
from atedb.trust.delegation_path import check_path, check_scope_of_path, verify_path
from atedb.trust.signers import vouched_by


@run("delegations", "keys")
def test_key(case: Case) -> None:
    key = PublicKey.parse(data(case["key"]))
    assert (key.message().hex(), key.fingerprint.hex()) == (case["key"], case["fingerprint"])
    made = KeyPair(case["suite"], data(case["seed"]), None).public_key
    assert (made.suite, made.key) == (key.suite, key.key)


@run("delegations", "good")
def test_delegation(case: Case) -> None:
    delegation = parse_delegation(data(case["message"]))
    assert {
        "header": delegation.header.hex(),
        "issuer": delegation.issuer.hex(),
        "subject": delegation.subject.message().hex(),
        "chains": list(delegation.chains),
        "mayWrite": delegation.may_write,
        "mayRead": delegation.may_read,
        "notBeforeUnixMs": delegation.not_before_unix_ms,
        "expiresUnixMs": delegation.expires_unix_ms,
        "serial": delegation.serial.hex(),
    } == {name: value for name, value in case.items() if name not in ("what", "message")}


@run("delegations", "bad")
def test_no_delegation(case: Case) -> None:
    with refused(case["reason"]):
        parse_delegation(data(case["message"]))


@run("delegations", "scopes")
def test_scope(case: Case) -> None:
    assert scope_covers(case["chains"], case["chainKey"]) == case["counts"]


def _walk(case: Case) -> bytes:
    path = [parse_delegation(data(one)) for one in case["delegations"]]
    check_path(path)
    verify_path(path, PublicKey.parse(data(case["issuer"])))
    if "chainKey" in case:
        rights = {None: None, "read": "to read", "write": "to write"}
        check_scope_of_path(path, case["chainKey"], rights[case.get("right")])
    return path[-1].subject.fingerprint


@run("delegations", "paths")
def test_path(case: Case) -> None:
    assert _walk(case).hex() == case["subject"]


@run("delegations", "badPaths")
def test_no_path(case: Case) -> None:
    with refused(case["reason"]):
        _walk(case)


@run("delegations", "tokens")
def test_token(case: Case) -> None:
    token = Token.parse(case["text"])
    seed, kem_seed = token.key.export_seeds()
    assert token.text() == case["text"].strip()
    assert (token.key.public_key.suite, seed.hex()) == (case["suite"], case["seed"])
    assert (None if kem_seed is None else kem_seed.hex()) == case.get("kemSeed")
    assert token.key.fingerprint.hex() == case["fingerprint"]
    assert token.issuer.message().hex() == case["issuer"]
    assert [one.message.hex() for one in token.delegations] == case["delegations"]


@run("delegations", "badTokens")
def test_no_token(case: Case) -> None:
    with refused(case["reason"]):
        Token.parse(case["text"])


@run("delegations", "badBatches")
def test_no_batch(case: Case) -> None:
    with refused(case["reason"]):
        batch = parse_batch(data(case["run"]))
        check_batch(batch)
        vouched_by(batch, "centralized")


@run("delegations", "histories")
def test_history(case: Case) -> None:
    check_history(case)


@run("delegations", "replays")
def test_replay(case: Case) -> None:
    asyncio.run(check_good_replay(case))


@run("delegations", "badReplays")
def test_no_replay(case: Case) -> None:
    asyncio.run(check_bad_replay(case))


def test_errors_of_tokens_show_nothing_of_them() -> None:
    text = "atedb_token_v1_" + "QUFB" * 40
    try:
        Token.parse(text)
    except AtedbError as error:
        assert "QUFB" not in str(error)
        assert error.__cause__ is None
        return
    raise AssertionError("it is no token")
