"""Whole events that go under a snapshot, on a real server."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from conftest import StartServer
from live_server import LiveServer, run_atedb
from refusals import refused

import atedb
from atedb.errors import Reason

_DAYS = 8
_NAME = "example.com/py/state"


async def _fill(server: LiveServer, home: Path) -> atedb.Chain:
    """Write objects that are written over, one that is removed, and a child of one."""
    async with atedb.connect(server.address, home=home) as client:
        chain = await client.open(_NAME)
        for number in range(12):
            await chain.append([atedb.NewEvent(name=f"object {at}", data=f"{number}") for at in range(3)])
        await chain.append(atedb.NewEvent(name="removed", data="x"))
        await chain.append(atedb.NewEvent(name="removed", kind="tombstone"))
        parent = atedb.primary_key_from_name("object 0")
        await chain.append(atedb.NewEvent(name="child", parent=parent, data="a child"))
    return chain


async def _forget(server: LiveServer, home: Path) -> None:
    """Have a week pass, and let go what no longer matters."""
    await server.stop()
    await server.start(ahead_days=_DAYS)
    address = f"ate://{server.address}/{_NAME}"
    for command in ("snapshot", "compact"):
        ran = await run_atedb(command, address, home=home, ahead_days=_DAYS)
        assert ran.code == 0, ran.errors


async def _state(events: AsyncIterator[atedb.ChainEvent]) -> dict[bytes, bytes]:
    state: dict[bytes, bytes] = {}
    async for event in events:
        if event.kind == "data":
            state[event.primary_key] = event.data
        elif event.kind == "tombstone":
            state.pop(event.primary_key, None)
    return state


@pytest.mark.parametrize("mode", ["centralized", "distributed"])
async def test_a_chain_under_a_snapshot_is_read_as_before(
    start: StartServer, tmp_path: Path, mode: str
) -> None:
    flags = ["--trust", mode] + (["--no-wire-encryption"] if mode == "distributed" else [])
    server = await start(*flags)
    home = tmp_path / "home"
    await _fill(server, home)
    async with atedb.connect(server.address, home=tmp_path / "reader") as client:
        chain = await client.open(_NAME, for_append=False, check_rules=True)
        before = [event async for event in chain.read()]
        state = await _state(chain.read())
        # Read up to what is in the middle of what goes, by the rules.
        assert len([event async for event in chain.read(end=20)]) == 20
        stream = chain.subscribe(start=0)
        first = await anext(stream)
        assert first.sequence == 0
        await _forget(server, home)
        await stream.aclose()
        # From where the rules were verified to, which is within what is gone.
        rest = [event async for event in chain.read(start=20)]
        left = [event async for event in chain.read()]
        assert rest == [event for event in left if event.sequence >= 20]
    gone = {event.sequence for event in before} - {event.sequence for event in left}
    assert len(gone) > 30
    assert [event for event in before if event.sequence not in gone] == left[:-1]
    assert left[-1].kind == "snapshot"
    size = left[-1].commit + 1

    async with atedb.connect(server.address, home=tmp_path / "another") as client:
        chain = await client.open(_NAME, for_append=False, check_rules=True)
        assert (await chain.verify()).size == size
        assert await _state(chain.read()) == state
        followed: list[int] = []
        async for event in chain.subscribe(reconnect_s=0):
            followed.append(event.sequence)
            if event.kind == "snapshot":
                break
        assert followed == [event.sequence for event in left]
        for sequence in sorted(gone)[::10]:
            with refused(Reason.EVENT_GONE):
                await chain.get(sequence=sequence)
        for event in left:
            assert await chain.get(sequence=event.sequence) == event
        removed = await chain.get(name="removed")
        assert removed is None
        newest = await chain.get(name="object 2")
        assert newest is not None
        assert newest.data == b"11"
        children = [child async for child in chain.children(name="object 0")]
        assert [child.event.data for child in children] == [b"a child"]

    # From anywhere, in parts, with and without the rules.
    for check_rules in (False, True):
        async with atedb.connect(server.address, home=tmp_path / f"parts {check_rules}") as client:
            chain = await client.open(_NAME, for_append=False, check_rules=check_rules)
            parts: list[atedb.ChainEvent] = []
            told: list[atedb.UncheckedData] = []
            for begin in range(0, 42, 7):
                end = None if begin == 35 else begin + 7
                async for event in chain.read(start=begin, end=end, on_unchecked=told.append):
                    parts.append(event)
            assert parts == left
            assert any(left[-1].sequence in one.sequences for one in told)
            for begin in range(1, 42, 8):
                rest = [event async for event in chain.read(start=begin)]
                assert rest == [event for event in left if event.sequence >= begin]

    async with atedb.connect(server.address, home=home) as client:
        chain = await client.open(_NAME)
        await chain.append(atedb.NewEvent(name="object 0", data="young"))
        assert (await _state(chain.read()))[atedb.primary_key_from_name("object 0")] == b"young"


async def test_who_has_read_what_goes_is_told(start: StartServer, tmp_path: Path) -> None:
    """What would show that something was removed may be gone, too: so it isn't gone on from there."""
    server = await start()
    home = tmp_path / "home"
    async with atedb.connect(server.address, home=home) as client:
        chain = await client.open(_NAME)
        for number in range(120):
            await chain.append(atedb.NewEvent(name="object", data=f"{number} ".encode() * 30_000))
        stream = chain.subscribe(start=0)
        for due in range(3):
            assert (await anext(stream)).sequence == due
        await _forget(server, home)
        with refused(Reason.HISTORY_COMPACTED):
            async for _ in stream:
                pass
        # Begun anew, there is what is left.
        assert [event.sequence async for event in chain.read()] == [0, 120, 121]


async def test_who_was_away_goes_on(start: StartServer, tmp_path: Path) -> None:
    server = await start()
    await server.stop()
    await server.start(ahead_days=_DAYS, waits=True)
    home = tmp_path / "home"
    async with atedb.connect(server.address, home=home) as client:
        chain = await client.open(_NAME)
        await chain.append(atedb.NewEvent(name="object", data="before"))
        async with atedb.connect(server.address, home=home) as another:
            other = await another.open(_NAME)
            for number in range(5):
                await other.append(atedb.NewEvent(name="object", data=f"{number}"))
        server.go_ahead()
        address = f"ate://{server.address}/{_NAME}"
        ran = await run_atedb("snapshot", address, home=home, ahead_days=_DAYS)
        assert ran.code == 0, ran.errors
        # Its stream is as it was, and it has seen none of that.
        with refused(Reason.STALE):
            await chain.append("on a condition", conditions=atedb.Conditions(unchanged_since=2))
        await chain.append("later")
        assert [event.data async for event in chain.read(start=8)] == [b"later"]
