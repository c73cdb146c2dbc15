"""Following a chain of a real server."""

import asyncio
import contextlib
from pathlib import Path

import pytest
from conftest import StartServer
from live_server import LiveServer

import atedb
from atedb import AtedbError, Reason, Signal


async def take(events, count: int) -> list[bytes]:
    taken = []
    async with contextlib.aclosing(events):
        async for event in events:
            taken.append(event.data)
            if len(taken) == count:
                break
    return taken


async def test_history_then_what_comes(server: LiveServer, tmp_path: Path) -> None:
    async with atedb.connect(server.address, home=tmp_path) as client:
        chain = await client.open("example.com/py/follow")
        await chain.append(["one", "two"])
        signals: list[Signal] = []
        following = asyncio.create_task(take(chain.subscribe(start=1, on_signal=signals.append), 4))
        now = asyncio.create_task(take(chain.subscribe(start="now"), 2))
        while not any(signal.kind == "caught-up" for signal in signals):
            await asyncio.sleep(0.01)
        # Of the other it is not known whether it has begun: so it may have both, or be cut to them.
        await asyncio.sleep(0.5)
        await chain.append("three")
        await chain.append("four")
        assert await following == [b"one", b"two", b"three", b"four"]
        assert await now == [b"three", b"four"]


async def test_a_start_that_is_none_is_refused(server: LiveServer, tmp_path: Path) -> None:
    async with atedb.connect(server.address, home=tmp_path) as client:
        chain = await client.open("example.com/py/start")
        await chain.append("one")
        for start in (-1, "start", None, 2**53):
            with pytest.raises(AtedbError) as refused:
                await take(chain.subscribe(start=start), 1)
            assert refused.value.reason == Reason.REQUEST_INVALID


async def test_it_goes_on_after_the_server_was_killed(start: StartServer, tmp_path: Path) -> None:
    server = await start("--no-wire-encryption")
    async with atedb.connect(server.address, home=tmp_path / "home") as client:
        chain = await client.open("example.com/py/resume")
        await chain.append("0")
        signals: list[Signal] = []
        following = asyncio.create_task(take(chain.subscribe(start=1, on_signal=signals.append), 6))
        while not any(signal.kind == "caught-up" for signal in signals):
            await asyncio.sleep(0.01)
        for number in range(1, 3):
            await chain.append(str(number))
        await server.kill()
        await server.start()
        for number in range(3, 6):
            await chain.append(str(number))
        assert await following == [str(number).encode() for number in range(6)]
        assert any(signal.kind == "reconnecting" for signal in signals)


async def test_distributed_chains_are_followed_with_their_rules(
    distributed: LiveServer, tmp_path: Path
) -> None:
    async with atedb.connect(distributed.address, home=tmp_path) as client:
        chain = await client.open("team/py_distributed", trust_mode="distributed")
        await chain.append([f"{number}" for number in range(40)])
        assert await take(chain.subscribe(start=31), 10) == [f"{n}".encode() for n in range(30, 40)]
        events = [event async for event in chain.read(start=38, limit=2)]
        assert [event.data for event in events] == [b"37", b"38"]
        assert {event.vouched_by for event in events} == {"writer"}
        # Behind what was verified, too.
        assert [event.data async for event in chain.read(start=2, end=4)] == [b"1", b"2"]
