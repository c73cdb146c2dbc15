"""Data that a rule has let go, data that was left out, and lists of children."""

import asyncio

from refusals import refused
from replays import check_bad_replay, check_good_replay
from test_vectors_gone import gone_in
from vectors import Case, cases, covers, data, maybe, run

from atedb.client.children import children_message
from atedb.client.loading import loaded_data
from atedb.crypto.keys import PublicKey
from atedb.errors import Reason
from atedb.events.batch import Batch, parse_batch
from atedb.events.commit import split_slice
from atedb.events.event import DATA_STATES, OMITTED
from atedb.events.genesis import Genesis
from atedb.events.rules import RetentionRule
from atedb.events.seal import TreeHead
from atedb.trust.check_batch import check_batch, verify_genesis
from atedb.trust.check_gone import check_omitted
from atedb.trust.check_loaded import check_loaded
from atedb.trust.children import AskedChildren, ChildrenVerifier, ListedChild, child_order
from atedb.trust.owed_data import refuse_unallowed
from atedb.trust.replay import ReplayStart, ReplayVerifier
from atedb.trust.retention import EventPlace, RetentionFloor

covers("children", "chain")


def _floor(case: Case) -> RetentionFloor:
    return RetentionFloor(case["sequence"], case["timeUnixMs"])


def _slices(case: Case) -> list[bytes]:
    return [data(one) for one in case["slices"]]


@run("retention", "floors")
def test_what_a_rule_lets_go(case: Case) -> None:
    floor = RetentionFloor()
    for head in case["heads"]:
        rule = RetentionRule(head.get("ageMs", 0), head.get("count", 0))
        floor = floor.raised(
            rule if rule.lets_go else None,
            next_sequence=head["nextSequence"],
            time_unix_ms=head["timeUnixMs"],
        )
        assert floor == _floor(head["floor"])
    for name, due in (("gone", True), ("kept", False)):
        for event in case[name]:
            assert floor.lets_go(EventPlace(event["sequence"], event["timeUnixMs"])) == due


@run("retention", "good", "owing")
def test_expired_and_what_is_owed(case: Case) -> None:
    verifier = asyncio.run(check_good_replay(case))
    assert gone_in(_slices(case)) == case["gone"]
    assert verifier.retained == _floor(case["retained"])
    left = verifier.owed.left(100)
    assert [one.sequence for one in left] == case.get("owed", [])
    assert verifier.owed.is_owed == bool(left)
    if left:
        with refused("VERIFICATION_FAILED"):
            refuse_unallowed(left)


@run("retention", "bad")
def test_expired_and_not_allowed(case: Case) -> None:
    asyncio.run(check_bad_replay(case))


@run("retention", "badBatches")
def test_no_batch(case: Case) -> None:
    with refused(case["reason"]):
        check_batch(parse_batch(data(case["run"])), "stored" if case["stored"] else "appended")


@run("retention", "middles")
def test_a_reader_that_begins_after_the_rule(case: Case) -> None:
    slices = _slices(case)
    genesis, _ = verify_genesis(split_slice(slices[0])[0].run)
    start = ReplayStart(case["commit"], case["sequence"], tuple(data(one) for one in case["frontier"]))
    verifier = ReplayVerifier(genesis, start)
    for one in slices[case["slice"] :]:
        asyncio.run(verifier.verify(one))
    assert [one.sequence for one in verifier.owed.left(100)] == case["owed"]
    verifier.owed.settle_below(_floor(case["retained"]))
    assert verifier.owed.is_owed != case["allowed"]


def _checked(case: Case) -> Batch:
    batch = parse_batch(data(case["run"]))
    up_to = case.get("upTo")
    check_batch(batch, "stored" if up_to is None else "trimmed")
    if up_to is not None:
        check_omitted(batch, up_to)
    return batch


@run("left-out", "good")
def test_data_that_is_left_out(case: Case) -> None:
    batch = _checked(case)
    left_out = [place for place, event in enumerate(batch.events) if event.data_state == OMITTED]
    assert left_out == case["omitted"]


@run("left-out", "bad")
def test_data_that_may_not_be_left_out(case: Case) -> None:
    with refused(case["reason"]):
        _checked(case)


@run("left-out", "loads")
def test_data_that_was_loaded(case: Case) -> None:
    loaded = loaded_data(data(case["answer"]))
    check_loaded(case["sequence"], data(case["header"]), loaded)
    assert DATA_STATES[loaded.data_state] == case.get("state", "present")
    assert loaded.data == data(case.get("data"))
    assert loaded.redaction == case.get("redaction")


@run("left-out", "badLoads")
def test_what_is_not_the_data(case: Case) -> None:
    with refused(Reason.VERIFICATION_FAILED):
        check_loaded(case["sequence"], data(case["header"]), loaded_data(data(case["answer"])))


async def _nobody(_: bytes) -> PublicKey | None:
    return None


def _genesis() -> Genesis:
    (chain,) = cases("children", "chain")
    genesis, _ = verify_genesis(split_slice(data(chain["slices"][0]))[0].run)
    return genesis


def _verifier(case: Case) -> ChildrenVerifier:
    after = case.get("after")
    order = after and child_order(maybe(after.get("collection")), data(after["primaryKey"]))
    asked = AskedChildren(maybe(case.get("parent")), maybe(case.get("collection")), order, case.get("limit"))
    return ChildrenVerifier(_genesis(), _nobody, asked)


def test_the_chain_of_the_lists() -> None:
    (chain,) = cases("children", "chain")
    verifier = ReplayVerifier(_genesis())
    for one in _slices(chain):
        asyncio.run(verifier.verify(one))
    assert verifier.head() == TreeHead(chain["head"]["size"], data(chain["head"]["root"]))


@run("children", "good")
def test_a_list_of_children(case: Case) -> None:
    verifier = _verifier(case)
    found: list[ListedChild] = []
    for place, one in enumerate(case["messages"]):
        message = children_message(data(one))
        if place == 0:
            assert message.head == TreeHead(case["known"]["size"], data(case["known"]["root"]))
        found.extend(asyncio.run(verifier.take(message))[0])
    assert [_shown(child) for child in found] == case["children"]


def _shown(child: ListedChild) -> Case:
    event = child.own.batch.events[child.sequence - child.own.commit.header.first_sequence]
    parts = {
        "sequence": child.sequence,
        "movedBy": child.moved_by,
        "primaryKey": event.primary_key.hex(),
        "parent": child.place.parent and child.place.parent.hex(),
        "collection": child.place.collection and child.place.collection.hex(),
        "data": None if child.is_gone else event.data.hex(),
        "gone": child.is_gone or None,
    }
    return {name: value for name, value in parts.items() if value is not None}


@run("children", "bad")
def test_a_list_that_isnt_true(case: Case) -> None:
    verifier = _verifier(case)
    messages = [data(one) for one in case["messages"]]
    for one in messages[: case["message"]]:
        asyncio.run(verifier.take(children_message(one)))
    with refused(Reason.VERIFICATION_FAILED):
        asyncio.run(verifier.take(children_message(messages[case["message"]])))


@run("children", "orders")
def test_what_children_are_ordered_by(case: Case) -> None:
    assert child_order(maybe(case.get("collection")), data(case["primaryKey"])).hex() == case["order"]
