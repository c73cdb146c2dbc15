"""Chains of which whole events and commits are gone."""

import asyncio
from typing import Any

import pytest
from refusals import refused
from replays import check_bad_replay, check_good_replay
from vectors import Case, data, run

from atedb.encoding import forms
from atedb.encoding.gap_forms import GAP, GONE_EVENT
from atedb.encoding.strict import check_strict
from atedb.errors import AtedbError
from atedb.events.batch import parse_batch
from atedb.events.commit import split_slice
from atedb.events.seal import TreeHead
from atedb.events.snapshot import GoneRuns, WriterSeal, hash_of_writers
from atedb.trust.check_batch import check_batch, verify_genesis
from atedb.trust.owed_data import refuse_unallowed
from atedb.trust.replay import ReplayStart, ReplayVerifier

_FORMS = {"Snapshot": forms.SNAPSHOT, "GoneEvent": GONE_EVENT, "Gap": GAP}


@run("gaps", "forms")
def test_messages(case: Case) -> None:
    check_strict(_FORMS[case["message"]], data(case["bytes"]))


@run("gaps", "badForms")
def test_no_messages(case: Case) -> None:
    with refused("NON_CANONICAL"):
        check_strict(_FORMS[case["message"]], data(case["bytes"]))


@run("gaps", "runHashes")
def test_hashes_of_what_is_gone(case: Case) -> None:
    runs = GoneRuns()
    for (first, end), due in zip(case["added"], case["states"], strict=True):
        state = runs.state_at(first)
        last = state.last
        found: dict[str, Any] = {"at": first}
        if last is not None:
            found |= {"before": last.before.hex(), "first": last.first, "end": last.end}
        if state.begun is not None:
            found["goneFrom"] = state.begun
        assert found == due
        runs.add(first, end)
    assert runs.finish().hex() == case["hash"]


@run("gaps", "writerHashes")
def test_hashes_of_writers(case: Case) -> None:
    writers = [
        WriterSeal(data(one["writerId"]), one["counter"], data(one["sealHash"])) for one in case["writers"]
    ]
    assert hash_of_writers(writers).hex() == case["hash"]


@run("gaps", "batches")
def test_batches(case: Case) -> None:
    batch = parse_batch(data(case["run"]))
    check_batch(batch, "stored")
    assert len(batch.events) == case["events"]
    assert [place for place, event in enumerate(batch.events) if event.kind == "gone"] == case["gone"]
    assert batch.seal.events_root.hex() == case["eventsRoot"]


@run("gaps", "badBatches")
def test_no_batches(case: Case) -> None:
    with refused(case["reason"]):
        check_batch(parse_batch(data(case["run"])), "stored" if case.get("stored") else "appended")


def _gone(case: Case) -> list[list[int]]:
    """Give the sequences that are gone, from one up to before another."""
    runs: list[list[int]] = []
    there = 0
    for stored in (one for part in case["slices"] for one in split_slice(data(part))):
        header = stored.commit.header
        places = enumerate(parse_batch(stored.run).events, header.first_sequence)
        for sequence in (sequence for sequence, event in places if event.kind != "gone"):
            if sequence > there:
                runs.append([there, sequence])
            there = sequence + 1
    return runs


@run("gaps", "good")
def test_gone_and_allowed(case: Case) -> None:
    verifier = asyncio.run(check_good_replay(case))
    assert not verifier.owed.is_owed
    assert _gone(case) == case["gone"]


@run("gaps", "owing")
def test_the_snapshot_is_owed(case: Case) -> None:
    verifier = asyncio.run(check_good_replay(case))
    left = verifier.owed.left(100)
    assert [one.sequence for one in left] == case["owed"]
    with refused("VERIFICATION_FAILED"):
        refuse_unallowed(left)


@run("gaps", "bad")
def test_gone_and_not_allowed(case: Case) -> None:
    asyncio.run(check_bad_replay(case))


async def _check_reading(case: Case, verifier: ReplayVerifier, slices: list[bytes]) -> None:
    async def read() -> None:
        for one in slices:
            await verifier.verify(one)

    if "reason" in case:
        with pytest.raises(AtedbError) as caught:
            await read()
        named = {"commit": "failsAt", "sequence": "failsOf", "snapshot": "snapshot", "from": "from"}
        due = {name: str(case[field]) for name, field in named.items() if field in case}
        assert (caught.value.reason.value, caught.value.metadata) == (case["reason"], due)
        return
    await read()
    assert verifier.head() == TreeHead(case["size"], data(case["root"]))
    assert verifier.next_sequence == case["nextSequence"]
    assert [one.sequence for one in verifier.owed.left(100)] == case.get("owed", [])


@run("gaps", "compacted")
def test_a_reader_that_goes_on(case: Case) -> None:
    slices = [data(one) for one in case["slices"]]
    genesis, _ = verify_genesis(split_slice(slices[0])[0].run)
    asyncio.run(_check_reading(case, ReplayVerifier(genesis), slices))


@run("gaps", "resumed")
def test_a_reader_that_begins_anew(case: Case) -> None:
    slices = [data(one) for one in case["slices"]]
    genesis, _ = verify_genesis(split_slice(slices[0])[0].run)
    before = ReplayVerifier(genesis)
    for one in slices[: case["slice"]]:
        asyncio.run(before.verify(one))
    asyncio.run(_check_reading(case, before.reading_on(), slices[case["slice"] :]))


@run("gaps", "middles")
def test_a_reader_that_begins_in_the_middle(case: Case) -> None:
    slices = [data(one) for one in case["slices"]]
    genesis, _ = verify_genesis(split_slice(slices[0])[0].run)
    start = ReplayStart(case["commit"], case["sequence"], tuple(data(one) for one in case["frontier"]))
    asyncio.run(_check_reading(case, ReplayVerifier(genesis, start), slices[case["slice"] :]))
