"""Chains from which data is gone: by compaction, and by redaction."""

import asyncio
from hashlib import sha256
from typing import Any

import pytest
from histories import check_history
from refusals import refused
from replays import check_good_replay, replayed
from vectors import Case, data, run

from atedb.errors import AtedbError
from atedb.events.batch import Batch, parse_batch
from atedb.events.commit import split_slice
from atedb.events.event import DATA_STATES, MARK_AUTHORITY, MARK_SEALED
from atedb.log.segment import parse_segment_header, scan_segment
from atedb.trust.check_batch import check_batch
from atedb.trust.owed_data import refuse_unallowed


def gone_in(slices: list[bytes]) -> list[dict[str, Any]]:
    """Give the events whose data is gone, as cases have them."""
    found: list[dict[str, Any]] = []
    for stored in (one for part in slices for one in split_slice(part)):
        for index, event in enumerate(parse_batch(stored.run).events):
            if event.data_state == 0:
                continue
            sequence = stored.commit.header.first_sequence + index
            named = {"redaction": event.redacted_by} if event.redacted_by else {}
            found.append({"sequence": sequence, "state": DATA_STATES[event.data_state], **named})
    return found


def _slices(case: Case) -> list[bytes]:
    return [data(one) for one in case["slices"]]


@run("compaction", "good")
def test_gone_and_allowed(case: Case) -> None:
    verifier = asyncio.run(check_good_replay(case))
    assert not verifier.owed.is_owed
    assert gone_in(_slices(case)) == case["gone"]


@run("compaction", "owing")
def test_gone_and_owed(case: Case) -> None:
    verifier = asyncio.run(check_good_replay(case))
    assert gone_in(_slices(case)) == case["gone"]
    left = verifier.owed.left(100)
    assert [one.sequence for one in left] == case["owed"]
    with refused("VERIFICATION_FAILED"):
        refuse_unallowed(left)


@run("compaction", "bad")
def test_gone_and_not_allowed(case: Case) -> None:
    with pytest.raises(AtedbError) as caught:
        asyncio.run(replayed(_slices(case)))
    assert caught.value.reason == "VERIFICATION_FAILED"
    about = {
        name: int(value) for name, value in caught.value.metadata.items() if name in ("commit", "sequence")
    }
    assert about == {name: case[name] for name in ("commit", "sequence") if name in case}


@run("compaction", "badBatches")
def test_no_batch(case: Case) -> None:
    with refused(case["reason"]):
        check_batch(parse_batch(data(case["run"])), "stored" if case["stored"] else "appended")


@run("compaction", "histories")
def test_who_may_redact(case: Case) -> None:
    check_history(case)


@run("compaction", "decisions")
def test_what_a_compaction_drops(case: Case) -> None:
    """A server's to decide; here it is decided once more, by the table of docs/compaction.md."""
    batches = [
        (parse_batch(stored.run), stored.commit.header)
        for part in _slices(case)
        for stored in split_slice(part)
    ]
    newest: dict[bytes, int] = {}
    last: dict[bytes, int] = {}
    for batch, header in batches:
        last[batch.seal.writer_id] = header.commit
        for index, event in enumerate(batch.events):
            if event.kind in ("data", "tombstone"):
                newest[event.primary_key] = header.first_sequence + index

    def decide(batch: Batch, index: int, sequence: int, commit: int, time_unix_ms: int) -> str:
        event = batch.events[index]
        reasons = (
            (event.kind != "data", "not-data"),
            (event.data_state != 0, "gone"),
            (newest.get(event.primary_key) == sequence, "newest"),
            (bool(event.marks & MARK_AUTHORITY & ~MARK_SEALED), "authority"),
            (time_unix_ms >= case["horizonUnixMs"], "young"),
            (last[batch.seal.writer_id] == commit, "last-batch"),
        )
        return next((name for holds, name in reasons if holds), "dropped")

    assert [
        decide(batch, index, header.first_sequence + index, header.commit, header.time_unix_ms)
        for batch, header in batches
        for index in range(len(batch.events))
    ] == case["decisions"]


@run("compaction", "segments")
def test_rewritten_segment(case: Case) -> None:
    original, rewritten = data(case["original"]), data(case["rewritten"])
    assert sha256(original).hexdigest() == case["originalSha256"]
    assert sha256(rewritten).hexdigest() == case["sha256"]
    scan = scan_segment(rewritten, case["segment"], case["generation"])
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
        "generation": scan.header.generation,
        "originalSha256": (scan.header.original_sha256 or b"").hex(),
    }
    assert found == {name: case[name] for name in found}
    assert gone_in([rewritten[scan.header.bytes_ : scan.end]]) == case["gone"]
    # Nothing that is proven differs.
    before = scan_segment(original, case["segment"])
    assert [one.commit.header_bytes for one in before.batches] == [
        one.commit.header_bytes for one in scan.batches
    ]
    for one, other in zip(before.batches, scan.batches, strict=True):
        first, second = parse_batch(one.run), parse_batch(other.run)
        assert [event.header for event in first.events] == [event.header for event in second.events]
        assert first.seal.header == second.seal.header


@run("compaction", "unreadable")
def test_unreadable_header(case: Case) -> None:
    with refused(case["reason"]):
        parse_segment_header(data(case["file"]), case["segment"], case["generation"])
