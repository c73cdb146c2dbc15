"""Histories: who may do what, whole replays, and files of segments."""

import asyncio
from hashlib import sha256

from refusals import refused
from replays import check_bad_replay, replayed
from vectors import Case, cases, data, run

from atedb.crypto import KeyPair, PublicKey
from atedb.errors import AtedbError
from atedb.events.batch import parse_batch
from atedb.events.rules import read_confidentiality
from atedb.events.seal import TreeHead
from atedb.events.sealed_data import open_sealed_data, unwrap_read_key
from atedb.log.segment import scan_segment
from atedb.trust.authority import Authority, CommitPlace
from atedb.trust.key_ring import KeyRing, take_back
from atedb.trust.replay import ReplayVerifier, VerifiedBatch


@run("authorisation", "keys")
def test_person(case: Case) -> None:
    assert PublicKey.parse(data(case["key"])).message().hex() == case["key"]


def _keys(places: list[int]) -> list[PublicKey]:
    all_keys = cases("authorisation", "keys")
    return [PublicKey.parse(data(all_keys[place]["key"])) for place in places]


@run("authorisation", "histories")
def test_history(case: Case) -> None:
    ring = KeyRing(_keys(case["roots"]), _keys(case["known"]))
    place_of_commit = CommitPlace(1, "example.com/me/test")
    authority = Authority(ring, confidential=case["confidential"], private=False)
    for place, decided in enumerate(case["batches"]):
        batch = parse_batch(data(decided["run"]))
        verdict: tuple[str | None, int | None] = (None, None)
        try:
            authority.keys_of(batch)
            # What was decided can be taken back, and is decided alike again.
            take_back(authority.decide(batch, place_of_commit))
            authority.keys_of(batch)
            authority.decide(batch, place_of_commit)
        except AtedbError as error:
            index = error.metadata.get("event_index")
            verdict = (error.reason.value, None if index is None else int(index))
        assert verdict == (decided.get("reason"), decided.get("event")), f"batch {place}"


def test_histories_have_every_verdict() -> None:
    verdicts = {
        decided.get("reason") for one in cases("authorisation", "histories") for decided in one["batches"]
    }
    assert {None, "KEY_NOT_ALLOWED", "KEY_REVOKED", "KEY_UNKNOWN", "PARENT_INVALID"} < verdicts


@run("replays", "good")
def test_replay(case: Case) -> None:
    verifier, batches = asyncio.run(replayed([data(one) for one in case["slices"]]))
    assert verifier.head() == TreeHead(case["size"], data(case["root"]))
    assert verifier.next_sequence == case["nextSequence"]
    assert [one.vouched_by for one in batches] == case["vouchedBy"]
    assert verifier.genesis.chain_id.hex() == case["chainId"]
    if "opened" in case:
        assert _opened(case, verifier, batches) == {one["sequence"]: one["data"] for one in case["opened"]}


def _opened(case: Case, verifier: ReplayVerifier, batches: list[VerifiedBatch]) -> dict[int, str]:
    """Open what is sealed, with the key that the case has."""
    chain_id = verifier.genesis.chain_id
    key = KeyPair(case["suite"], data(case["seed"]), data(case["kemSeed"]))
    read_keys: dict[bytes, bytes] = {}
    opened: dict[int, str] = {}
    for batch, commit in ((one.batch, one.commit) for one in batches):
        for index, event in enumerate(batch.events):
            for wrapped in batch.authority_of(index).wrapped_keys:
                read_key = unwrap_read_key(chain_id, wrapped, key)
                assert read_key is not None
                read_keys[wrapped.read_key_id] = read_key
            confidentiality = read_confidentiality(event.header)
            if confidentiality is None:
                continue
            text = open_sealed_data(
                read_keys[confidentiality.read_key_id],
                chain_id=chain_id,
                header=event.header,
                confidentiality=confidentiality,
                data=event.data,
            )
            assert text is not None
            opened[commit.header.first_sequence + index] = text.hex()
    return opened


@run("replays", "bad")
def test_no_replay(case: Case) -> None:
    asyncio.run(check_bad_replay(case))


@run("segments", "real", "whole", "tail", "damage")
def test_segment(case: Case) -> None:
    scan = scan_segment(data(case["file"]), case["segment"])
    found = {
        "verdict": scan.verdict,
        "start": scan.header.bytes_,
        "end": scan.end,
        "durable": scan.durable,
        "batches": len(scan.batches),
        "nextCommit": scan.next_commit,
        "nextSequence": scan.next_sequence,
        "treeRoot": scan.tree_root.hex(),
        "hasFooter": scan.footer is not None,
    }
    assert found == {name: case[name] for name in found}


@run("segments", "unreadable")
def test_unreadable_segment(case: Case) -> None:
    with refused(case["reason"]):
        scan_segment(data(case["file"]), case["segment"])


def test_a_segment_is_a_slice_that_verifies() -> None:
    (case,) = cases("segments", "real")
    file = data(case["file"])
    verifier, _ = asyncio.run(replayed([file[case["start"] : case["end"]]]))
    assert verifier.head() == TreeHead(case["nextCommit"], data(case["treeRoot"]))
    assert sha256(file).digest()
