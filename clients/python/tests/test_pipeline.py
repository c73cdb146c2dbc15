"""The pipeline of appends against a server that is a few lines: it loses streams and rejects batches at random."""

import asyncio
import random

import pytest

from atedb import AtedbError, Conditions, KeyPair, NewEvent, Reason
from atedb.client.new_event import build_events
from atedb.client.notices import ignore
from atedb.client.pipeline import Outlet, PendingAppend, Pipeline, outcome_unknown
from atedb.client.writer_slot import WriterSlot, WriterState
from atedb.events.batch import parse_batch
from atedb.events.commit import CommitHeader
from atedb.v1 import chain_pb2, errors_pb2

CHAIN_ID = bytes(range(32))
KEY = KeyPair.generate()


class ModelServer:
    """Takes a writer's batches in order, each once, as a server does."""

    def __init__(self, choice: random.Random) -> None:
        self.choice = choice
        self.commits: list[CommitHeader] = []
        self.seals: list[bytes] = []
        self.texts: list[bytes] = []
        self.was_rejected = False

    def take(self, run: bytes) -> chain_pb2.AppendResponse:
        batch = parse_batch(run)
        seal = batch.seal
        if seal.hash in self.seals:
            return self._committed(self.seals.index(seal.hash))
        previous = self.seals[-1] if self.seals else None
        if seal.counter != len(self.seals) or seal.previous != previous:
            assert self.was_rejected, "it names the seal before it"
            return self._rejected(seal.hash, "PREDECESSOR_REJECTED")
        self.was_rejected = False
        if b"refused" in batch.events[0].data:
            self.was_rejected = True
            return self._rejected(seal.hash, "PRECONDITION_FAILED")
        first = len(self.texts)
        self.texts += [event.data for event in batch.events]
        self.commits.append(CommitHeader(len(self.seals), first, len(batch.events), 1, seal.hash))
        self.seals.append(seal.hash)
        return self._committed(-1)

    def _committed(self, at: int) -> chain_pb2.AppendResponse:
        answer = chain_pb2.AppendResponse(seal_hash=self.seals[at])
        answer.committed.commit_header = self.commits[at].encode()
        answer.committed.head.size = len(self.seals)
        return answer

    @staticmethod
    def _rejected(seal_hash: bytes, reason: str) -> chain_pb2.AppendResponse:
        rejected = chain_pb2.Rejected(reason=errors_pb2.ErrorReason.Value(f"ERROR_REASON_{reason}"))
        return chain_pb2.AppendResponse(seal_hash=seal_hash, rejected=rejected)


def append_of(text: str, *, alone: bool = False) -> PendingAppend:
    conditions = Conditions(lands_before=2**40) if alone else Conditions()
    built = build_events([NewEvent(data=text)], conditions)
    return PendingAppend(built, asyncio.get_running_loop().create_future())


def outlet_of(slot: WriterSlot, *, signs: bool = False) -> Outlet:
    return Outlet(slot, CHAIN_ID, KEY, signs, False, None, lambda: None)


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_is_lost_and_rejected_each_append_is_stored_once_in_order(seed: int) -> None:
    choice = random.Random(seed)
    server, pipeline = ModelServer(choice), Pipeline(lambda: None)
    slot = WriterSlot(None, None, WriterState.new(), ignore)
    appends: list[tuple[str, PendingAppend]] = []
    given_up: set[str] = set()
    while len(appends) < 60 or pipeline.is_busy:
        pipeline.attach(outlet_of(slot))
        wire: list[bytes] = []
        for _ in range(choice.randrange(1, 60)):
            for _ in range(choice.randrange(3) if len(appends) < 60 else 0):
                # One that is refused has its batch for itself, as all that have conditions.
                is_refused = choice.random() < 0.2
                text = f"{len(appends)}{' refused' if is_refused else ''}"
                appends.append((text, append_of(text, alone=is_refused)))
                pipeline.add(appends[-1][1])
            if choice.random() < 0.05 and appends:
                text, append = choice.choice(appends)
                if append in pipeline._queue:
                    pipeline.give_up(append)
                    given_up.add(text)
            while pipeline.has_next and choice.random() < 0.7:
                wire.append(pipeline.next_run())
            if wire and choice.random() < 0.7:
                pipeline.answer(server.take(wire.pop(0)))
        # What was on its way arrives, or not; its answers don't.
        for run in wire[: choice.randrange(len(wire) + 1)]:
            server.take(run)
        server.was_rejected = False
        pipeline.detach()
    stored = [text for text, _ in appends if "refused" not in text and text not in given_up]
    assert [text.decode() for text in server.texts] == stored
    assert pipeline.waiting_bytes == 0
    for text, append in appends:
        if text in given_up:
            assert not append.result.done()
        elif "refused" in text:
            error = append.result.exception()
            assert isinstance(error, AtedbError) and error.reason == Reason.PRECONDITION_FAILED
        else:
            assert server.texts[append.result.result().first_sequence].decode() == text
    assert slot.state.counter == len(server.seals)


async def test_what_the_server_can_not_answer_ends_it() -> None:
    choice = random.Random(1)

    def spoilt(change: object) -> None:
        server, pipeline = ModelServer(choice), Pipeline(lambda: None)
        slot = WriterSlot(None, None, WriterState.new(), ignore)
        pipeline.add(append_of("one"))
        pipeline.attach(outlet_of(slot))
        answer = server.take(pipeline.next_run())
        change(answer)  # type: ignore[operator]
        with pytest.raises(AtedbError) as refused:
            pipeline.answer(answer)
        assert refused.value.reason == Reason.VERIFICATION_FAILED
        assert slot.state.counter == 0, "nothing of it is believed"

    spoilt(lambda answer: setattr(answer, "seal_hash", bytes(32)))
    spoilt(lambda answer: answer.ClearField("committed"))
    spoilt(lambda answer: setattr(answer.committed, "commit_header", b"\x00"))
    spoilt(lambda answer: setattr(answer.committed.head, "size", 0))
    other = CommitHeader(0, 0, 1, 1, bytes(32)).encode()
    spoilt(lambda answer: setattr(answer.committed, "commit_header", other))
    idle = Pipeline(lambda: None)
    with pytest.raises(AtedbError) as refused:
        idle.answer(chain_pb2.AppendResponse())
    assert refused.value.reason == Reason.VERIFICATION_FAILED


async def test_a_writer_that_was_taken_over_sends_again_only_what_was_not_sent() -> None:
    server, pipeline = ModelServer(random.Random(1)), Pipeline(lambda: None)
    slot = WriterSlot(None, None, WriterState.new(), ignore)
    appends = [append_of(str(number), alone=True) for number in range(4)]
    for append in appends:
        pipeline.add(append)
    pipeline.attach(outlet_of(slot))
    for _ in range(2):
        pipeline.next_run()
    pipeline.detach()
    slot.renew()
    pipeline.fork(AtedbError(Reason.WRITER_TAKEN_OVER, "somebody else"))
    for append in appends[:2]:
        error = append.result.exception()
        assert isinstance(error, AtedbError) and error.reason == Reason.OUTCOME_UNKNOWN
        assert error.metadata == {"cause_reason": "WRITER_TAKEN_OVER"}
    pipeline.attach(outlet_of(slot, signs=True))
    while pipeline.has_next:
        run = pipeline.next_run()
        assert len(parse_batch(run).seal.signatures) == 1
        pipeline.answer(server.take(run))
    assert [append.result.result().first_sequence for append in appends[2:]] == [0, 1]
    assert str(outcome_unknown(AtedbError(Reason.INTERNAL, "why"), appends[0])).startswith(
        "OUTCOME_UNKNOWN: "
    )
