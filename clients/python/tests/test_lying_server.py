"""What a server can say that isn't true, and what comes of it."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path

import pytest
from live_server import LiveServer
from lying_server import LyingServer, replace_field, with_batches, without_data
from refusals import refused

import atedb
from atedb.account.vault import password_keys
from atedb.crypto.key_file import PassphraseCosts
from atedb.encoding.fields import messages_in
from atedb.errors import AtedbError, Reason
from atedb.events.commit import split_slice
from atedb.events.event import DROPPED, OMITTED, REDACTED
from atedb.events.owner import parse_owner

CHAIN = "example.com/liar/log"
LOG_OF_RANGE = 2
LOG_OF_STREAM = 2


@pytest.fixture(scope="module")
async def real(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveServer]:
    """A server with a chain: object `a` was written twice, `b` once."""
    folder = tmp_path_factory.mktemp("real")
    one = await LiveServer(folder, ["--no-wire-encryption"], auth=True).start()
    async with atedb.connect(one.address, home=folder / "home") as client:
        chain = await client.open(CHAIN, claim=True)
        for name, text in (("a", "first"), ("b", "second"), ("a", "third")):
            await chain.append(atedb.NewEvent(name=name, data=text))
    yield one
    await one.stop()


@pytest.fixture
async def liar(real: LiveServer) -> AsyncIterator[LyingServer]:
    async with LyingServer(real.address) as one:
        yield one


async def opened(liar: LyingServer, home: Path, client: atedb.Client) -> atedb.Chain:
    return await client.open(CHAIN, for_append=False, check_rules=True)


def in_slices(change: Callable[[bytes], Iterable[bytes]]) -> Callable[[str, int, bytes], Iterable[bytes]]:
    """Alter the slices of the log, of ranges and of streams."""

    def alter(method: str, _count: int, answer: bytes) -> Iterable[bytes]:
        slices = messages_in(answer, LOG_OF_RANGE) if method in ("ReadEvents", "Subscribe") else []
        if len(slices) != 1 or not _is_log(slices[0]):
            return [answer]
        return [replace_field(answer, LOG_OF_RANGE, lambda _, made=made: made) for made in change(slices[0])]

    return alter


def _is_log(content: bytes) -> bool:
    try:
        return len(split_slice(content)) > 0
    except AtedbError:
        return False


def gone(sequence: int, state: int, redaction: int = 0) -> Callable[[bytes], Iterable[bytes]]:
    """Leave the data of an event out."""
    return lambda data: [with_batches(data, lambda stored: without_data(stored, sequence, state, redaction))]


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


async def read(chain: atedb.Chain, **range_of: int) -> list[atedb.ChainEvent]:
    return [event async for event in chain.read(**range_of)]


async def follow(chain: atedb.Chain) -> None:
    caught_up = asyncio.Event()

    def told(signal: atedb.Signal) -> None:
        if signal.kind == "caught-up":
            caught_up.set()

    async for event in chain.subscribe(on_signal=told, reconnect_s=0):
        if event.sequence == 3 and caught_up.is_set():
            return


async def test_an_honest_one_is_believed(liar: LyingServer, tmp_path: Path) -> None:
    async with atedb.connect(liar.address, home=tmp_path) as client:
        chain = await opened(liar, tmp_path, client)
        assert [event.data for event in await read(chain)] == [b"", b"first", b"second", b"third"]
        assert (await chain.verify()).size == 4


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("one bit is another", lambda data: [flipped(data, len(data) // 2)]),
        ("one bit of each part is another", lambda data: [flipped(data, 40)]),
        ("it ends inside a batch", lambda data: [data[:-1]]),
        ("it begins inside a batch", lambda data: [data[1:]]),
        ("it comes twice", lambda data: [data, data]),
        ("it doesn't come", lambda data: []),
        ("its last batch is missing", lambda data: [_joined(split_slice(data)[:-1])]),
        ("its first batch is missing", lambda data: [_joined(split_slice(data)[1:])]),
        ("its batches are in another order", lambda data: [_joined(split_slice(data)[::-1])]),
        ("data that is the newest of its object was dropped", gone(3, DROPPED)),
        ("the only data of an object was dropped", gone(2, DROPPED)),
        ("data is left out, which nobody has asked for", gone(1, OMITTED)),
        ("data was redacted by nothing", gone(1, REDACTED, 9)),
        ("data was redacted by what comes before it", gone(2, REDACTED, 1)),
        ("data was redacted by what is no redaction", gone(1, REDACTED, 2)),
        ("the data of the genesis is gone", gone(0, DROPPED)),
    ],
)
async def test_a_history_that_isnt_true(
    liar: LyingServer, tmp_path: Path, what: str, change: Callable[[bytes], Iterable[bytes]]
) -> None:
    async with atedb.connect(liar.address, home=tmp_path) as client:
        chain = await opened(liar, tmp_path, client)
        liar.alter = in_slices(change)
        with pytest.raises(AtedbError) as reading:
            await read(chain)
        assert reading.value.reason == Reason.VERIFICATION_FAILED, what
        with refused(Reason.VERIFICATION_FAILED):
            await chain.verify()
        with pytest.raises(AtedbError) as following:
            async with asyncio.timeout(60):
                await follow(chain)
        assert following.value.reason == Reason.VERIFICATION_FAILED, what


def _joined(batches: list) -> bytes:
    from atedb.events.commit import encode_commit

    return b"".join(
        one.run
        + encode_commit(one.run, one.commit.header_bytes, one.commit.tree_root, one.commit.durable_offset)
        for one in batches
    )


async def test_what_may_be_gone_is_gone(liar: LyingServer, tmp_path: Path) -> None:
    async with atedb.connect(liar.address, home=tmp_path) as client:
        chain = await opened(liar, tmp_path, client)
        liar.alter = in_slices(gone(1, DROPPED))
        events = await read(chain)
        assert [(event.data, event.data_state) for event in events[1:]] == [
            (b"", "dropped"),
            (b"second", "present"),
            (b"third", "present"),
        ]
        await chain.verify()
        # A range that ends before what allows it is told of.
        told: list[atedb.UncheckedData] = []
        ranged = [event.sequence async for event in chain.read(end=3, on_unchecked=told.append)]
        assert ranged == [0, 1, 2]
        assert told == [atedb.UncheckedData(1, (1,))]


async def test_an_event_by_itself_is_told_of(liar: LyingServer, tmp_path: Path) -> None:
    def drop(sequence: int) -> Callable[[str, int, bytes], Iterable[bytes]]:
        def alter(method: str, _count: int, answer: bytes) -> Iterable[bytes]:
            if method != "GetEvent":
                return [answer]
            make = next(iter(gone(sequence, DROPPED)(messages_in(answer, 1)[0])))
            return [replace_field(answer, 1, lambda _: make)]

        return alter

    async with atedb.connect(liar.address, home=tmp_path) as client:
        chain = await client.open(CHAIN, for_append=False)
        liar.alter = drop(1)
        found = await chain.get(sequence=1)
        assert found is not None
        assert found.data_state == "dropped"
        for sequence in (2, 3):
            liar.alter = drop(sequence)
            with refused(Reason.VERIFICATION_FAILED):
                await chain.get(sequence=sequence)
        with refused(Reason.VERIFICATION_FAILED):
            await chain.get(name="a")


async def test_heads_that_contradict_each_other(liar: LyingServer, tmp_path: Path) -> None:
    def other_root(method: str, _count: int, answer: bytes) -> Iterable[bytes]:
        if method != "OpenChain":
            return [answer]
        return [replace_field(answer, 4, lambda head: replace_field(head, 2, lambda root: flipped(root, 7)))]

    async with atedb.connect(liar.address, home=tmp_path) as client:
        liar.alter = other_root
        with pytest.raises(AtedbError) as caught:
            await client.open(CHAIN, for_append=False)
        assert caught.value.reason in (Reason.HEAD_CONFLICT, Reason.VERIFICATION_FAILED)


async def test_an_answer_that_was_given_before(liar: LyingServer, real: LiveServer, tmp_path: Path) -> None:
    answers: list[bytes] = []

    def replay(method: str, count: int, answer: bytes) -> Iterable[bytes]:
        if method != "Append" or count < 2:
            return [answer]
        answers.append(answer)
        return [answers[0]]

    async with atedb.connect(liar.address, home=tmp_path) as client:
        chain = await client.open("example.com/replayed/log", claim=True)
        # The key is proven from the second stream on.
        await chain.append("first")
    async with atedb.connect(liar.address, home=tmp_path) as client:
        chain = await client.open("example.com/replayed/log")
        liar.alter = replay
        await chain.append("second")
        with refused(Reason.VERIFICATION_FAILED):
            await chain.append("third")


async def test_an_offer_that_isnt_what_was_wished_for(liar: LyingServer, tmp_path: Path) -> None:
    created: list[str] = []

    def with_offer(change: Callable[[bytes], bytes]) -> Callable[[str, int, bytes], Iterable[bytes]]:
        def alter(method: str, _count: int, answer: bytes) -> Iterable[bytes]:
            if method == "AppendBatch":
                created.append(method)
            return [replace_field(answer, 14, change) if method == "OpenChain" else answer]

        return alter

    offers: list[bytes] = []

    def keep(offer: bytes) -> bytes:
        offers.append(offer)
        return offer

    async with atedb.connect(liar.address, home=tmp_path) as client:
        liar.alter = with_offer(keep)
        await (await client.open("example.com/offered/log", claim=True)).append("one")
        created.clear()
        for change in (
            lambda offer: flipped(offer, len(offer) // 2),
            lambda offer: flipped(offer, len(offer) - 1),
            lambda _: offers[-1],
            lambda offer: offer[:-1],
            lambda _: b"",
        ):
            liar.alter = with_offer(change)
            chain = await client.open("example.com/offered/other")
            with refused(Reason.VERIFICATION_FAILED):
                await chain.append("nothing is created")
        liar.alter = with_offer(keep)
        # It offers one that isn't private, where that was wished for.
        wished = await client.open("example.com/offered/third", private=True)
        plain = next(one for one in reversed(offers) if one)
        liar.alter = with_offer(lambda _: plain)
        with refused(Reason.VERIFICATION_FAILED):
            await wished.append("nor this")
    assert created == []


def test_a_server_that_wants_to_guess_the_password() -> None:
    for costs in (PassphraseCosts(8_192, 3, 4), PassphraseCosts(65_536, 1, 4), PassphraseCosts(2**30, 3, 4)):
        with refused(Reason.VERIFICATION_FAILED):
            password_keys("correct horse", parse_owner("me@example.com"), bytes(16), costs)


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_is_changed_nothing_wrong_is_handed_on(
    liar: LyingServer, tmp_path: Path, seed: int
) -> None:
    """One byte of one answer is another, is missing, or is there twice: what is read is the truth, or an error of ours."""
    randomly = random.Random(seed)
    truth = [b"", b"first", b"second", b"third"]
    for round_ in range(12):
        method = randomly.choice(["OpenChain", "ReadEvents", "GetEvent", "Subscribe"])
        place, how = randomly.randrange(4), randomly.choice(["other", "missing", "twice"])
        share = randomly.random()

        def alter(
            called: str,
            count: int,
            answer: bytes,
            *,
            method: str = method,
            place: int = place,
            how: str = how,
            share: float = share,
        ) -> Iterable[bytes]:
            if called != method or count != place or not answer:
                return [answer]
            at = int(share * len(answer))
            byte = {
                "other": bytes([answer[at] ^ (1 << at % 8)]),
                "missing": b"",
                "twice": answer[at : at + 1] * 2,
            }
            return [answer[:at] + byte[how] + answer[at + 1 :]]

        liar.alter = alter
        about = f"seed {seed}, round {round_}: {method} {place} {how} {share}"
        try:
            async with atedb.connect(liar.address, home=tmp_path / f"home-{round_}") as client:
                chain = await client.open(CHAIN, for_append=False, check_rules=True)
                assert [event.data for event in await read(chain)] == truth, about
                found = await chain.get(name="b")
                assert found is not None, about
                assert found.data == b"second", about
                followed: list[bytes] = []
                async with asyncio.timeout(30):
                    async for event in chain.subscribe(reconnect_s=0):
                        followed.append(event.data)
                        if event.sequence == 3:
                            break
                assert followed == truth, about
        except AtedbError:
            continue
        except Exception as error:
            error.add_note(about)
            raise
