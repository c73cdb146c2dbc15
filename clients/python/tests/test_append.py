"""Appending to a real server: order, exactly once, conditions, writer slots."""

import asyncio
import json
from pathlib import Path

import pytest
from conftest import StartServer
from live_server import LiveServer

import atedb
from atedb import AtedbError, Conditions, NewEvent, Reason


async def read_all(chain: atedb.Chain) -> list[bytes]:
    return [event.data async for event in chain.read(start=1)]


async def test_what_is_appended_is_read_back_verified(server: LiveServer, tmp_path: Path) -> None:
    notices: list[str] = []
    told = lambda notice: notices.append(notice.kind)  # noqa: E731
    async with atedb.connect(server.address, home=tmp_path, on_notice=told) as client:
        async with await client.open("example.com/py/append") as chain:
            first = await chain.append("hello")
            assert (first.first_sequence, first.last_sequence, first.commit) == (1, 1, 1)
            both = await chain.append([NewEvent(name="a", data=b"1", type="t"), b"2"])
            assert (both.first_sequence, both.last_sequence) == (2, 3)
            events = [event async for event in chain.read()]
            assert [event.kind for event in events] == ["genesis", "data", "data", "data"]
            assert [event.data for event in events[1:]] == [b"hello", b"1", b"2"]
            assert events[2].primary_key == atedb.primary_key_from_name("a")
            assert (events[2].type, events[2].vouched_by) == ("t", "server")
            found = await chain.get(name="a")
            assert found is not None and found.sequence == 2
            assert await chain.get(name="nothing") is None
            assert (await chain.verify()).size == 3
            assert chain.checkpoint is not None
    assert notices == ["server-met", "key-created", "chain-created"]


async def test_many_appends_at_once_keep_their_order(server: LiveServer, tmp_path: Path) -> None:
    async with atedb.connect(server.address, home=tmp_path) as client:
        chain = await client.open("example.com/py/order")
        texts = [f"{number}".encode() for number in range(1_500)]
        done = await asyncio.gather(*(chain.append(text) for text in texts))
        assert await read_all(chain) == texts
        assert [one.first_sequence for one in done] == list(range(1, 1_501))
        assert done[-1].commit < 300, "small appends share batches"


async def test_a_second_run_goes_on_as_the_same_writer(server: LiveServer, tmp_path: Path) -> None:
    for text in ("one", "two"):
        async with atedb.connect(server.address, home=tmp_path) as client:
            await (await client.open("example.com/py/again")).append(text)
    async with atedb.connect(server.address, home=tmp_path) as client:
        chain = await client.open("example.com/py/again", for_append=False)
        events = [event async for event in chain.read(start=1)]
    assert len({event.writer_id for event in events}) == 1


async def test_two_at_once_take_two_slots_of_a_home(server: LiveServer, tmp_path: Path) -> None:
    async with (
        atedb.connect(server.address, home=tmp_path) as one,
        atedb.connect(server.address, home=tmp_path) as other,
    ):
        first, second = await one.open("example.com/py/slots"), await other.open("example.com/py/slots")
        await first.append("from one")
        await second.append("from the other")
        await first.append("from one again")
        events = [event async for event in second.read(start=1)]
        assert len({event.writer_id for event in events}) == 2
        assert len({event.fingerprint for event in events}) == 1
    slots = sorted(path.name for path in tmp_path.glob("writers/*/*/slot-*.json"))
    assert slots == ["slot-0.json", "slot-1.json"]
    for slot in tmp_path.glob("writers/*/*/slot-*.json"):
        assert json.loads(slot.read_text())["counter"] >= 1
        assert slot.stat().st_mode & 0o077 == 0


async def test_each_event_is_stored_once_though_the_server_is_killed(
    start: StartServer, tmp_path: Path
) -> None:
    server = await start()
    async with atedb.connect(server.address, home=tmp_path / "home") as client:
        chain = await client.open("example.com/py/killed")
        await chain.append("before")
        appends = [asyncio.create_task(chain.append(f"{number}")) for number in range(600)]
        while sum(append.done() for append in appends) < 50:
            appends.append(asyncio.create_task(chain.append(f"{len(appends)}")))
            await asyncio.sleep(0.005)
        await server.kill()
        appends += [asyncio.create_task(chain.append(f"{len(appends) + extra}")) for extra in range(100)]
        await server.start()
        await asyncio.gather(*appends)
        expected = [b"before", *(f"{number}".encode() for number in range(len(appends)))]
        assert await read_all(chain) == expected
        events = [event async for event in chain.read(start=1)]
        assert len({event.writer_id for event in events}) == 1
        await chain.verify()


async def test_a_condition_that_fails_fails_its_append_alone(server: LiveServer, tmp_path: Path) -> None:
    async with atedb.connect(server.address, home=tmp_path) as client:
        chain = await client.open("example.com/py/conditions")
        await chain.append(NewEvent(name="counter", data="1"))
        async with atedb.connect(server.address, home="") as stranger:
            other = await stranger.open("example.com/py/conditions")
            with pytest.raises(AtedbError) as refused:
                await other.append("I may not")
            assert refused.value.reason == Reason.KEY_NOT_ALLOWED
        results = await asyncio.gather(
            chain.append("a"),
            chain.append("late", conditions=Conditions(lands_before=2)),
            chain.append("b"),
            chain.append(
                NewEvent(name="counter", data="2"),
                conditions=Conditions(objects_unchanged_since=[(atedb.primary_key_from_name("counter"), 2)]),
            ),
            return_exceptions=True,
        )
        failed = results[1]
        assert isinstance(failed, AtedbError) and failed.reason == Reason.PRECONDITION_FAILED
        assert not any(isinstance(one, Exception) for one in (results[0], results[2], results[3]))
        assert await read_all(chain) == [b"1", b"a", b"b", b"2"]


async def test_what_can_not_be_stored_says_why(server: LiveServer, tmp_path: Path) -> None:
    async with atedb.connect(server.address, home=tmp_path) as client:
        chain = await client.open("example.com/py/limits")
        for events, reason in (
            ([], Reason.REQUEST_INVALID),
            (NewEvent(primary_key=b"short"), Reason.REQUEST_INVALID),
            (NewEvent(kind="rules", data="data"), Reason.REQUEST_INVALID),
            (b"x" * 4_000_000, Reason.DATA_TOO_LARGE),
            (["e"] * 16_385, Reason.TOO_MANY_EVENTS),
        ):
            with pytest.raises(AtedbError) as refused:
                await chain.append(events)
            assert refused.value.reason == reason, events[:1] if isinstance(events, list) else reason
        with pytest.raises(AtedbError) as refused:
            await client.open("Example.com/py/limits")
        assert refused.value.reason == Reason.CHAIN_KEY_INVALID
        with pytest.raises(AtedbError) as refused:
            await client.open("example.com/py/not_there", for_append=False)
        assert refused.value.reason == Reason.CHAIN_NOT_FOUND
        with pytest.raises(AtedbError) as refused:
            await client.open("example.com/py/limits", trust_mode="distributed")
        assert refused.value.reason == Reason.TRUST_MODE_MISMATCH


async def test_who_is_cancelled_is_not_sent_and_takes_nobody_along(
    start: StartServer, tmp_path: Path
) -> None:
    server = await start()
    async with atedb.connect(server.address, home=tmp_path / "home") as client:
        chain = await client.open("example.com/py/cancelled")
        await chain.append("first")
        await server.kill()
        # What a stream has taken is on its way, and can't be called back: the writer has to have noticed that there is none.
        while chain._writer._pipeline._outlet is not None:
            await asyncio.sleep(0.01)
        given_up = asyncio.create_task(chain.append("given up"))
        kept = asyncio.create_task(chain.append("kept"))
        await asyncio.sleep(0.2)
        given_up.cancel()
        await asyncio.wait({given_up})
        assert given_up.cancelled()
        await server.start()
        await kept
        assert await read_all(chain) == [b"first", b"kept"]


async def test_a_server_that_stays_lost_leaves_no_doubt_about_what_was_not_sent(
    start: StartServer, tmp_path: Path
) -> None:
    server = await start()
    async with atedb.connect(server.address, home=tmp_path / "home") as client:
        chain = await client.open("example.com/py/lost", reconnect_s=3)
        await chain.append("first")
        await server.kill()
        # The writer has noticed it.
        await asyncio.sleep(0.5)
        with pytest.raises(AtedbError) as lost:
            await chain.append("second")
        assert lost.value.reason in (Reason.CONNECTION_FAILED, Reason.OUTCOME_UNKNOWN)
        await server.start()
        await chain.append("third")
        assert await read_all(chain) == [b"first", b"third"]


async def test_a_restored_server_is_noticed(start: StartServer, tmp_path: Path) -> None:
    server = await start()
    home = tmp_path / "home"
    async with atedb.connect(server.address, home=home) as client:
        await (await client.open("example.com/py/restored")).append("one")
    await server.stop()
    log = server.folder / "logs"
    backup = tmp_path / "backup"
    log.rename(backup)
    import shutil

    shutil.copytree(backup, log)
    await server.start()
    async with atedb.connect(server.address, home=home) as client:
        await (await client.open("example.com/py/restored")).append("two")
    await server.stop()
    shutil.rmtree(log)
    backup.rename(log)
    await server.start()
    async with atedb.connect(server.address, home=home) as client:
        with pytest.raises(AtedbError) as gone:
            await client.open("example.com/py/restored")
        assert gone.value.reason == Reason.HEAD_CONFLICT
        assert Path(gone.value.metadata["evidence"]).exists()
        # Once for all who try again.
        with pytest.raises(AtedbError) as again:
            await client.open("example.com/py/restored")
        assert again.value.metadata["evidence"] == gone.value.metadata["evidence"]
