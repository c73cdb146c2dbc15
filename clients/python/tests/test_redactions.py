"""Data that was erased, on a real server."""

from pathlib import Path

from conftest import StartServer
from live_server import run_atedb

import atedb


async def test_what_was_redacted_is_read_as_that(start: StartServer, tmp_path: Path) -> None:
    server = await start()
    home = tmp_path / "home"
    name = "example.com/py/redacted"
    async with atedb.connect(server.address, home=home) as client:
        clear = await client.open(name)
        sealed = await client.open(f"{name}_too", confidential=True)
        await sealed.set_readers([])
        for chain in (clear, sealed):
            for text in ("one", "two", "three"):
                await chain.append(atedb.NewEvent(name="object", data=text))
            await chain.append("another")
    for chain_name, sequences in ((name, ["1", "2"]), (f"{name}_too", ["3"])):
        address = f"ate://{server.address}/{chain_name}"
        ran = await run_atedb("redact", address, *sequences, "--yes", home=home)
        assert ran.code == 0, ran.errors
    async with atedb.connect(server.address, home=tmp_path / "reader") as client:
        chain = await client.open(name, for_append=False, check_rules=True)
        assert (await chain.verify()).size == 6
        events = [event async for event in chain.read()]
        assert [(event.kind, event.data, event.data_state, event.redacted_by) for event in events[1:]] == [
            ("data", b"", "redacted", 5),
            ("data", b"", "redacted", 5),
            ("data", b"three", "present", None),
            ("data", b"another", "present", None),
            ("redaction", b"", "present", None),
        ]
        assert events[5].authority.redaction == atedb.Redaction((1, 2))
        gone = await chain.get(sequence=1)
        assert gone is not None
        assert (gone.data_state, gone.redacted_by) == ("redacted", 5)
        told: list[atedb.UncheckedData] = []
        assert len([event async for event in chain.read(end=5, on_unchecked=told.append)]) == 5
        assert told == [atedb.UncheckedData(2, (1, 2))]
        followed = []
        async for event in chain.subscribe(reconnect_s=0):
            followed.append(event.data_state)
            if event.sequence == 5:
                break
        assert followed == ["present", "redacted", "redacted", "present", "present", "present"]
    async with atedb.connect(server.address, home=home) as client:
        chain = await client.open(f"{name}_too")
        events = [event async for event in chain.read(start=2)]
        assert [event.sealed.state for event in events if event.sealed] == ["open", "gone", "open", "open"]
        assert (await chain.get(sequence=3)) == events[1]
        # Rules go on being as they were.
        await chain.append("after it")
        assert [event.data async for event in chain.read(start=7)] == [b"after it"]
