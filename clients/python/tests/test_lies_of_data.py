"""Data that isn't sent, for reasons that are true or not, lists of children, and streams that are cut while a slice is verified."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable

import pytest
from live_server import LiveServer
from lying_server import LyingServer, honest, replace_field, with_batches, without_data
from refusals import refused

import atedb
from atedb.crypto.hashes import leaf_hash
from atedb.encoding.fields import FieldWriter, messages_in
from atedb.errors import AtedbError, Reason
from atedb.events.commit import split_slice
from atedb.events.event import DROPPED, EXPIRED, OMITTED, REDACTED

KEPT = "example.com/liar/kept"
FAMILY = "example.com/liar/family"
MANY = "example.com/liar/many"
LARGE = "large " * 100
Alter = Callable[[str, int, bytes], Iterable[bytes]]


@pytest.fixture(scope="module")
async def real(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveServer]:
    """A server that speaks in clear, with some chains."""
    folder = tmp_path_factory.mktemp("real")
    one = await LiveServer(folder, ["--no-wire-encryption"]).start()
    async with atedb.connect(one.address, home=folder / "home") as client:
        # 1: a rule, by which all but the newest two may go. 2 to 5: data.
        chain = await client.open(KEPT)
        rule = atedb.Authorisation(retain=atedb.RetentionRule(count=2))
        await chain.append(atedb.NewEvent(kind="rules", rules=rule))
        for name, text in (("a", "first"), ("b", LARGE), ("c", "third"), ("d", LARGE)):
            await chain.append(atedb.NewEvent(name=name, data=text))
        await _make_family(await client.open(FAMILY))
    other = folder / "other"
    async with atedb.connect(one.address, home=folder / "home") as client:
        everyone = atedb.Authorisation(write=atedb.WriteRule("everyone"))
        chain = await client.open(MANY)
        await chain.append(atedb.NewEvent(kind="rules", rules=everyone))
        await chain.append("2")
        async with atedb.connect(one.address, home=other) as another:
            theirs = await another.open(MANY)
            for number in range(3, 6):
                await theirs.append(str(number))
        await chain.append("6")
    yield one
    await one.stop()


async def _make_family(chain: atedb.Chain) -> None:
    """1: the parent. 2, 3: children, in a collection and not. 4: one elsewhere, which 5 moves here."""
    diary = atedb.primary_key_from_name("diary")
    pages = atedb.primary_key_from_name("pages")
    await chain.append(atedb.NewEvent(name="diary", data="diary"))
    await chain.append(
        [
            atedb.NewEvent(parent=diary, collection=pages, primary_key=bytes([2]) * 16, data="page"),
            atedb.NewEvent(parent=diary, primary_key=bytes([3]) * 16, data=LARGE),
        ]
    )
    await chain.append(atedb.NewEvent(primary_key=bytes([1]) * 16, data="moved"))
    await chain.append(atedb.NewEvent(kind="rules", primary_key=bytes([1]) * 16, parent=diary, moves=True))


@pytest.fixture
async def liar(real: LiveServer) -> AsyncIterator[LyingServer]:
    async with LyingServer(real.address) as one:
        yield one


def gone(state: int, *sequences: int) -> Alter:
    """Leave the data of some events out, in ranges, streams and single events."""

    def without(data: bytes) -> bytes:
        for sequence in sequences:
            data = with_batches(data, lambda one, of=sequence: without_data(one, of, state))
        return data

    def alter(method: str, _count: int, answer: bytes) -> Iterable[bytes]:
        field = {"ReadEvents": 2, "Subscribe": 2, "GetEvent": 1}.get(method)
        slices = [] if field is None else messages_in(answer, field)
        if len(slices) != 1 or not _is_log(slices[0]):
            return [answer]
        return [replace_field(answer, field or 0, without)]

    return alter


def _is_log(content: bytes) -> bool:
    try:
        return len(split_slice(content)) > 0
    except AtedbError:
        return False


def reader(liar: LyingServer) -> atedb.Client:
    return atedb.connect(liar.address, home="", encryption="plain")


async def followed(chain: atedb.Chain, last: int, **options: int) -> list[atedb.ChainEvent]:
    """Follow to a sequence, and until all was sent."""
    caught_up = asyncio.Event()

    def told(signal: atedb.Signal) -> None:
        if signal.kind == "caught-up":
            caught_up.set()

    events: list[atedb.ChainEvent] = []
    async with asyncio.timeout(60), chain.subscribe(on_signal=told, reconnect_s=0, **options) as stream:
        waiting = asyncio.ensure_future(caught_up.wait())
        while not (events and events[-1].sequence >= last and waiting.done()):
            following = asyncio.ensure_future(anext(stream))
            await asyncio.wait([following, waiting], return_when=asyncio.FIRST_COMPLETED)
            if following.done():
                events.append(following.result())
            else:
                following.cancel()
                # What fails now has failed by now.
                await asyncio.wait([following])
                waiting = asyncio.ensure_future(caught_up.wait())
                if events and events[-1].sequence >= last:
                    break
    return events


@pytest.mark.parametrize("checks", [True, False])
async def test_what_a_rule_has_let_go_may_be_gone(liar: LyingServer, checks: bool) -> None:
    async with reader(liar) as client:
        chain = await client.open(KEPT, for_append=False, check_rules=checks)
        liar.alter = gone(EXPIRED, 2, 3)
        states = ["present", "present", "expired", "expired", "present", "present"]
        assert [event.data_state async for event in chain.read()] == states
        # Also by who begins behind the rule, and takes the server's word for it else.
        assert [event.data_state async for event in chain.read(start=3)] == states[3:]
        await chain.verify()
        found = await chain.get(sequence=3)
        assert found is not None
        assert (found.data_state, found.data) == ("expired", b"")
        assert [event.data_state for event in await followed(chain, 5, start=2)] == states[2:]
        told: list[atedb.UncheckedData] = []
        async for _ in chain.read(end=4, on_unchecked=told.append):
            pass
        assert told == [atedb.UncheckedData(1, (3,))]


@pytest.mark.parametrize("checks", [True, False])
async def test_what_no_rule_has_let_go_may_not(liar: LyingServer, checks: bool) -> None:
    async with reader(liar) as client:
        chain = await client.open(KEPT, for_append=False, check_rules=checks)
        liar.alter = gone(EXPIRED, 4)
        for start in (0, 3):
            with pytest.raises(AtedbError) as reading:
                async for _ in chain.read(start=start):
                    pass
            assert reading.value.reason == Reason.VERIFICATION_FAILED
            assert reading.value.metadata["sequence"] == "4"
            with refused(Reason.VERIFICATION_FAILED):
                await followed(chain, 99, start=start)
        with refused(Reason.VERIFICATION_FAILED):
            await chain.verify()
        with refused(Reason.VERIFICATION_FAILED):
            await chain.get(sequence=4)


async def test_what_allows_data_to_be_gone_is_asked_for_once(liar: LyingServer) -> None:
    asked = 0

    def alter(method: str, _count: int, answer: bytes) -> Iterable[bytes]:
        nonlocal asked
        if method != "GetEvent":
            return [answer]
        asked += 1
        for sequence in (2, 3, 4):
            names_next = lambda one, at=sequence: without_data(one, at, REDACTED, at + 1)  # noqa: E731
            answer = replace_field(answer, 1, lambda data, make=names_next: with_batches(data, make))
        return [answer]

    async with reader(liar) as client:
        chain = await client.open(KEPT, for_append=False)
        liar.alter = alter
        with refused(Reason.VERIFICATION_FAILED):
            await chain.get(sequence=2)
        # Else a server decides how many events are asked for, and how deep that goes.
        assert asked == 2


async def test_rules_of_an_object_are_not_its_newest_event(liar: LyingServer) -> None:
    """By them its newest data would seem to be written over."""
    async with reader(liar) as client:
        chain = await client.open(FAMILY, for_append=False)
        key = bytes([1]) * 16
        rules: list[bytes] = []

        def keep(method: str, _count: int, answer: bytes) -> Iterable[bytes]:
            if method == "GetEvent":
                rules.append(answer)
            return [answer]

        liar.alter = keep
        moved = await chain.get(sequence=5)
        assert moved is not None
        assert (moved.kind, moved.primary_key) == ("rules", key)
        asked = 0

        def alter(method: str, _count: int, answer: bytes) -> Iterable[bytes]:
            nonlocal asked
            if method != "GetEvent":
                return [answer]
            asked += 1
            return rules if asked > 1 else gone(DROPPED, 4)(method, _count, answer)

        liar.alter = alter
        with refused(Reason.VERIFICATION_FAILED):
            await chain.get(sequence=4)
        with refused(Reason.VERIFICATION_FAILED):
            await chain.get(primary_key=key)
        assert asked == 3


async def test_large_data_is_left_out_and_loaded(liar: LyingServer) -> None:
    async with reader(liar) as client:
        chain = await client.open(KEPT, for_append=False)
        states = ["present", "present", "present", "omitted", "present", "omitted"]
        events = [event async for event in chain.read(data_up_to=10)]
        assert [event.data_state for event in events] == states
        assert [event.data_state for event in await followed(chain, 5, data_up_to=10)] == states
        loaded = [event async for event in chain.load(events)]
        assert [event.data_state for event in loaded] == ["present"] * 6
        assert loaded == [event async for event in chain.read()]
        assert [event async for event in chain.load([])] == []
        for wrong in (-1, 2**53):
            with refused(Reason.REQUEST_INVALID):
                [event async for event in chain.read(data_up_to=wrong)]
        # Who has asked for something else, or for nothing, doesn't take it.
        liar.alter = gone(OMITTED, 3)
        for up_to in (None, 600):
            with refused(Reason.VERIFICATION_FAILED):
                [event async for event in chain.read(data_up_to=up_to)]


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("of another event", lambda answer: replace_field(answer, 1, lambda _: bytes(32))),
        ("other data", lambda answer: replace_field(answer, 2, lambda data: data[:-1] + b"!")),
        ("it doesn't come", lambda answer: None),
        (
            "it was dropped, and is the newest of its object",
            lambda answer: FieldWriter().data(1, messages_in(answer, 1)[0]).varint(4, DROPPED).finish(),
        ),
        (
            "it has expired, and is among the newest",
            lambda answer: FieldWriter().data(1, messages_in(answer, 1)[0]).varint(4, EXPIRED).finish(),
        ),
        # The stub's enumerations have a sign: counted from the end of all states, it is left out.
        (
            "its state is -4",
            lambda answer: (
                FieldWriter().data(1, messages_in(answer, 1)[0]).finish()
                + b"\x20\xfc"
                + b"\xff" * 8
                + b"\x01"
            ),
        ),
    ],
)
async def test_data_that_is_not_what_was_asked_for(
    liar: LyingServer, what: str, change: Callable[[bytes], bytes | None]
) -> None:
    async with reader(liar) as client:
        chain = await client.open(KEPT, for_append=False)
        events = [event async for event in chain.read(start=5, data_up_to=10)]
        assert leaf_hash(events[0].header)

        def alter(method: str, _count: int, answer: bytes) -> Iterable[bytes]:
            made = change(answer) if method == "LoadData" else answer
            return [] if made is None else [made]

        liar.alter = alter
        with refused(Reason.VERIFICATION_FAILED):
            [event async for event in chain.load(events)]
        liar.alter = honest
        # Of what has expired since it was left out, the rule says so.
        older = [event async for event in chain.read(start=3, end=4, data_up_to=10)]
        if "expired" in what:
            liar.alter = alter
            assert [event.data_state async for event in chain.load(older)] == ["expired"]


async def test_children_are_listed_as_their_events_have_them(liar: LyingServer) -> None:
    async with reader(liar) as client:
        chain = await client.open(FAMILY, for_append=False, check_rules=True)
        children = [child async for child in chain.children(name="diary")]
        assert [(child.event.sequence, child.moved_by) for child in children] == [
            (4, 5),
            (3, None),
            (2, None),
        ]
        assert [child.event.data for child in children] == [b"moved", LARGE.encode(), b"page"]
        diary = atedb.primary_key_from_name("diary")
        assert {child.parent for child in children} == {diary}
        after = [child async for child in chain.children(primary_key=diary, after=children[0].name, limit=1)]
        assert after == children[1:2]
        pages = [child async for child in chain.children(name="diary", collection="pages")]
        assert pages == children[2:]
        assert [child async for child in chain.children(name="nobody")] == []
        for wrong in (
            {},
            {"name": "a", "primary_key": diary},
            {"primary_key": b"short"},
            {"name": "a", "limit": -1},
        ):
            with refused(Reason.REQUEST_INVALID):
                [child async for child in chain.children(**wrong)]

        def alter(method: str, _count: int, answer: bytes) -> Iterable[bytes]:
            if method != "ListChildren":
                return [answer]
            return [replace_field(answer, 1, lambda head: replace_field(head, 2, lambda _: bytes(32)))]

        liar.alter = alter
        with refused(Reason.HEAD_CONFLICT):
            [child async for child in chain.children(name="diary")]
        liar.alter = lambda method, _count, answer: [] if method == "ListChildren" else [answer]
        with refused(Reason.VERIFICATION_FAILED):
            [child async for child in chain.children(name="diary")]


async def test_a_stream_that_is_cut_while_a_key_is_asked_for_loses_nothing(liar: LyingServer) -> None:
    asked = 0

    def alter(method: str, _count: int, answer: bytes) -> Iterable[bytes]:
        nonlocal asked
        if method != "GetKeys":
            return [answer]
        asked += 1
        return [] if asked <= 2 else [answer]

    async with reader(liar) as client:
        chain = await client.open(MANY, for_append=False)
        liar.alter = alter
        signals: list[str] = []
        async with asyncio.timeout(60):
            stream = chain.subscribe(start=2, on_signal=lambda signal: signals.append(signal.kind))
            events = [await anext(stream) for _ in range(5)]
            await stream.aclose()
        assert [event.data for event in events] == [b"2", b"3", b"4", b"5", b"6"]
        assert signals.count("reconnecting") == 2


async def test_a_wait_that_is_cancelled_loses_nothing(liar: LyingServer) -> None:
    async with reader(liar) as client:
        chain = await client.open(MANY, for_append=False)
        texts: list[bytes] = []
        cancelled = 0
        async with asyncio.timeout(60), chain.subscribe(start=2) as stream:
            while len(texts) < 5:
                waiting = asyncio.ensure_future(anext(stream))
                # As few steps of the loop as it takes to be in the middle of something, then one more each time.
                for _ in range(cancelled):
                    await asyncio.sleep(0)
                if not waiting.done():
                    waiting.cancel()
                    cancelled += 1
                    await asyncio.wait([waiting])
                if not waiting.cancelled():
                    texts.append((await waiting).data)
        assert texts == [b"2", b"3", b"4", b"5", b"6"]
        assert cancelled > 3


async def test_two_who_wait_for_one_stream_have_each_event_once(liar: LyingServer) -> None:
    async with reader(liar) as client:
        chain = await client.open(MANY, for_append=False)
        async with asyncio.timeout(60), chain.subscribe(start=2) as stream:
            events = await asyncio.gather(*(anext(stream) for _ in range(5)))
        assert sorted(event.data for event in events) == [b"2", b"3", b"4", b"5", b"6"]
        with pytest.raises(StopAsyncIteration):
            await anext(stream)
