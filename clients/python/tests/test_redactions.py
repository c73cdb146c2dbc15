"""Data that was erased, on a real server."""

from pathlib import Path

from conftest import StartServer
from live_server import run_atedb
from refusals import refused

import atedb
from atedb.errors import Reason


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
        redacted = await clear.redact(sequences=[2, 1, 1])
        assert (redacted.committed.first_sequence, redacted.gone_before) == (5, ())
        with refused(Reason.DATA_GONE):
            await clear.redact(sequences=[1])
        with refused(Reason.REDACTION_INVALID):
            await clear.redact(sequences=[5])
        with refused(Reason.EVENT_NOT_FOUND):
            await clear.redact(name="nobody wrote it")
        with refused(Reason.SEQUENCE_OUT_OF_RANGE):
            await clear.redact(sequences=[1, 99])
        for wrong in ({}, {"sequences": []}, {"name": "object", "sequences": [1]}):
            with refused(Reason.REQUEST_INVALID):
                await clear.redact(**wrong)
    ran = await run_atedb("redact", f"ate://{server.address}/{name}_too", "3", "--yes", home=home)
    assert ran.code == 0, ran.errors
    async with atedb.connect(server.address, home=tmp_path / "stranger") as client:
        chain = await client.open(name)
        with refused(Reason.KEY_NOT_ALLOWED):
            await chain.redact(name="object")
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
        await chain.redact(name="object")
        events = [event async for event in chain.read(start=2, end=5)]
        assert [event.data_state for event in events] == ["redacted"] * 3
        last = await chain.get(name="object")
        assert last is not None
        assert last.data_state == "redacted"
