"""Locks of a real server."""

import asyncio
from pathlib import Path

import pytest
from conftest import StartServer
from live_server import LiveServer

import atedb
from atedb import AtedbError, Conditions, NewEvent, Reason


async def test_one_holds_it_and_the_next_waits(server: LiveServer, tmp_path: Path) -> None:
    async with atedb.connect(server.address, home=tmp_path) as client:
        chain = await client.open("example.com/py/locks")
        await chain.append(NewEvent(name="door", data="shut"))
        lease = await chain.lock(name="door", ttl_s=5)
        assert lease.is_held
        with pytest.raises(AtedbError) as held:
            await chain.lock(name="door", wait=False)
        assert held.value.reason == Reason.LOCK_HELD
        waiting = asyncio.create_task(chain.lock(name="door"))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await chain.append(NewEvent(name="door", data="open"), conditions=Conditions(lease=lease))
        await lease.release()
        assert not lease.is_held and await lease.wait_lost() is None
        async with await waiting as second:
            assert second.token > lease.token
            with pytest.raises(AtedbError) as late:
                await chain.append(NewEvent(name="door", data="?"), conditions=Conditions(lease=lease))
            assert late.value.reason in (Reason.LEASE_LOST, Reason.PRECONDITION_FAILED)
            await chain.append(NewEvent(name="door"), conditions=Conditions(lease=second))


async def test_it_is_kept_alive_and_lost_with_the_server(start: StartServer, tmp_path: Path) -> None:
    server = await start()
    async with atedb.connect(server.address, home=tmp_path / "home") as client:
        chain = await client.open("example.com/py/lease")
        await chain.append("there")
        lease = await chain.lock(name="door", ttl_s=1.5)
        await asyncio.sleep(3.5)
        assert lease.is_held, lease.lost
        await server.kill()
        lost = await lease.wait_lost()
        assert lost is not None and lost.reason == Reason.CONNECTION_FAILED
        assert not lease.is_held
        await server.start()
        async with await chain.lock(name="door") as again:
            assert again.is_held
