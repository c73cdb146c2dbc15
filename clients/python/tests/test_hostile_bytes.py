"""Whatever bytes a server sends: they are taken as what they were before they were changed, or refused with an `AtedbError`.

Nothing else is raised, and nothing hangs. Each input follows from `ATEDB_TEST_SEED` and its number, which a failure prints;
`ATEDB_FUZZ_ROUNDS` says how many there are of each kind.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest
from mutator import Mutator
from test_vectors_basics import FORMS
from test_vectors_left import _verifier as verifier_of_children
from test_vectors_wire import _begin as begun_handshake
from test_vectors_wire import _call as begun_call
from vectors import Case, cases, data

from atedb.client.children import children_message
from atedb.client.loading import loaded_data
from atedb.client.messages import parsed
from atedb.client.pipeline import rejection
from atedb.client.statuses import error_from_status, own_details
from atedb.crypto import PublicKey
from atedb.crypto.merkle import verify_consistency, verify_inclusion
from atedb.encoding.strict import check_strict
from atedb.errors import AtedbError
from atedb.events.auth_answer import parse_auth_answer
from atedb.events.batch import parse_batch
from atedb.events.commit import split_slice
from atedb.events.delegation import parse_delegation
from atedb.events.genesis import Genesis
from atedb.log.segment import scan_segment
from atedb.trust.auth_answer import verify_auth_answer
from atedb.trust.check_batch import check_batch, verify_genesis
from atedb.trust.check_loaded import check_loaded
from atedb.trust.checkpoints import verify_checkpoint, verify_checkpoint_keys
from atedb.trust.delegation_path import check_path, verify_path
from atedb.trust.identity_line import verify_identity_line
from atedb.trust.replay import ReplayVerifier, VerifiedBatch
from atedb.v1 import chain_pb2

SEED = int(os.environ.get("ATEDB_TEST_SEED") or 1)
ROUNDS = int(os.environ.get("ATEDB_FUZZ_ROUNDS") or 200)


@pytest.fixture(autouse=True)
def no_hang() -> Iterator[None]:
    """End what hangs, where the system can: the trace says on which input."""

    def expired(*_: object) -> None:
        raise TimeoutError("it hangs")

    before = signal.signal(signal.SIGALRM, expired)
    signal.alarm(60 + ROUNDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def hold(use: Callable[[bytes], None], changed: bytes, number: int) -> None:
    """Use what was changed: it is taken, or refused as is due."""
    try:
        use(changed)
    except AtedbError:
        return
    except BaseException as error:
        error.add_note(f"input {number} of ATEDB_TEST_SEED={SEED}: {changed.hex()}")
        raise


def each(choose: Callable[[Mutator], tuple[bytes, Callable[[bytes], None]]], others: Sequence[bytes]) -> None:
    """Change so many of some bytes, and use each."""
    for number in range(ROUNDS):
        chance = Mutator(SEED, number)
        good, use = choose(chance)
        hold(use, chance.changed(good, others), number)


def all_of(name: str, of: str, part: str) -> list[bytes]:
    return [data(case[part]) for case in cases(name, of)]


def test_messages_of_every_form() -> None:
    good = all_of("strict-form", "good", "bytes")

    def strict(chance: Mutator) -> tuple[bytes, Callable[[bytes], None]]:
        case = chance.one_of(cases("strict-form", "good"))
        return data(case["bytes"]), lambda changed: check_strict(FORMS[case["message"]], changed)

    each(strict, good)

    def read(changed: bytes) -> None:
        own_details(changed, "it has failed")
        error_from_status(13, "it has failed", changed, "a server")
        for message in (chain_pb2.OpenChainResponse, chain_pb2.LockResponse, chain_pb2.SubscribeResponse):
            parsed(message, changed)
        raise rejection(parsed(chain_pb2.Rejected, changed))

    each(lambda chance: (chance.one_of(good), read), good)


def test_runs() -> None:
    good = all_of("batches", "good", "run")

    def check(changed: bytes) -> None:
        batch = parse_batch(changed)
        check_batch(batch, "stored")
        for index in range(len(batch.events)):
            batch.authority_of(index)

    each(lambda chance: (chance.one_of(good), check), good)


def test_segments() -> None:
    good = cases("segments", "whole")

    def choose(chance: Mutator) -> tuple[bytes, Callable[[bytes], None]]:
        case = chance.one_of(good)
        return data(case["file"]), lambda changed: _check_scan(changed, case["segment"])

    each(choose, all_of("segments", "whole", "file"))


def _check_scan(changed: bytes, segment: int) -> None:
    scan = scan_segment(changed, segment)
    assert scan.end <= max(len(changed), scan.header.bytes_)


@dataclass(frozen=True, slots=True)
class History:
    """A chain that verifies."""

    genesis: Genesis
    slices: list[bytes]
    batches: list[VerifiedBatch]


def _history(case: Case) -> History:
    slices = [data(one) for one in case["slices"]]
    genesis, _ = verify_genesis(split_slice(slices[0])[0].run)
    return History(genesis, slices, _verified(genesis, slices))


def _verified(genesis: Genesis, slices: Sequence[bytes]) -> list[VerifiedBatch]:
    verifier = ReplayVerifier(genesis)

    async def all_of_them() -> list[VerifiedBatch]:
        return [batch for one in slices for batch in await verifier.verify(one)]

    return asyncio.run(all_of_them())


def test_histories_are_their_beginning() -> None:
    """Not hashed or signed, and so a server's to change: what storage needs of a commit, why data is gone that is, signatures
    where a server vouches, and keys that are shown twice."""
    lists = [
        ("replays", "good"),
        ("compaction", "good"),
        ("ownership", "good"),
        ("delegations", "replays"),
        ("retention", "good"),
    ]
    histories = [_history(case) for name, of in lists for case in cases(name, of)]
    others = [one for history in histories for one in history.slices]

    def choose(chance: Mutator) -> tuple[bytes, Callable[[bytes], None]]:
        history = chance.one_of(histories)
        at = chance.below(len(history.slices))

        def check(changed: bytes) -> None:
            slices = [*history.slices[:at], changed, *history.slices[at + 1 :]]
            asyncio.run(_check_beginning(history, slices))

        return history.slices[at], check

    each(choose, others)


async def _check_beginning(history: History, slices: Sequence[bytes]) -> None:
    verifier = ReplayVerifier(history.genesis)
    place = 0
    for one in slices:
        # As far as it is verified it may be used, whatever comes then.
        for batch in await verifier.verify(one):
            assert place < len(history.batches), "it is longer than it was"
            _check_same(batch, history.batches[place])
            place += 1
    assert verifier.head().size == place


def _check_same(batch: VerifiedBatch, due: VerifiedBatch) -> None:
    assert batch.commit.header_bytes == due.commit.header_bytes
    assert batch.batch.seal.header == due.batch.seal.header
    for event, was in zip(batch.batch.events, due.batch.events, strict=True):
        assert event.header == was.header
        assert event.data_state != 0 or event.data == was.data
    assert batch.vouched_by in ("server", due.vouched_by), "it is signed"


def test_checkpoints() -> None:
    keys = cases("checkpoints", "keys")[0]
    line = verify_identity_line(PublicKey.parse(data(keys["identity"])), [])
    signer = verify_checkpoint_keys(data(keys["message"]), line)
    good = cases("checkpoints", "good")
    signed = [verify_checkpoint(case["note"], data(case["chainId"]), signer) for case in good]
    said = {(one.head, one.time_unix_s) for one in signed}
    notes = [case["note"].encode() for case in good]

    def choose(chance: Mutator) -> tuple[bytes, Callable[[bytes], None]]:
        case = chance.one_of(good)

        def check(changed: bytes) -> None:
            # Lines of other signers are nobody's to believe, and may be changed.
            text = changed.decode(errors="replace")
            found = verify_checkpoint(text, data(case["chainId"]), signer)
            assert (found.head, found.time_unix_s) in said

        return case["note"].encode(), check

    each(choose, notes)

    def check_keys(changed: bytes) -> None:
        assert verify_checkpoint_keys(changed, line).keys == signer.keys

    each(lambda _: (data(keys["message"]), check_keys), all_of("checkpoints", "keys", "message"))


def test_answers_of_auth_services() -> None:
    """Which of its rotations come with an answer is not signed: what each says is."""
    good = all_of("auth-answers", "good", "message")
    said = {parse_auth_answer(one).header for one in good}

    def check(changed: bytes) -> None:
        answer = parse_auth_answer(changed)
        verify_auth_answer(answer)
        verify_identity_line(answer.identity, answer.rotations)
        assert answer.header in said

    each(lambda chance: (chance.one_of(good), check), good)


def test_delegations() -> None:
    good = cases("delegations", "paths")
    messages = [data(one) for case in good for one in case["delegations"]]
    said = {parse_delegation(one).header for one in messages}

    def choose(chance: Mutator) -> tuple[bytes, Callable[[bytes], None]]:
        case = chance.one_of(good)
        path = [data(one) for one in case["delegations"]]
        at = chance.below(len(path))

        def check(changed: bytes) -> None:
            read = [parse_delegation(one) for one in (*path[:at], changed, *path[at + 1 :])]
            check_path(read)
            verify_path(read, PublicKey.parse(data(case["issuer"])))
            assert all(one.header in said for one in read)

        return path[at], check

    each(choose, messages)


def test_handshakes_and_frames() -> None:
    good = cases("wire", "cases")

    def choose_hello(chance: Mutator) -> tuple[bytes, Callable[[bytes], None]]:
        case = chance.one_of(good)

        def check(changed: bytes) -> None:
            begun_handshake(case["inputs"]).finish(changed)
            assert changed.hex() == case["serverHello"], "it was changed, and agrees"

        return data(case["serverHello"]), check

    each(choose_hello, all_of("wire", "cases", "serverHello"))

    frames = [
        (case, call, [data(one["message"]) for one in call["frames"] if one["sender"] == "server"])
        for case in good
        for call in case["calls"]
    ]

    def choose_frame(chance: Mutator) -> tuple[bytes, Callable[[bytes], None]]:
        case, said, messages = chance.one_of(frames)
        at = chance.below(min(2, len(messages)))

        def check(changed: bytes) -> None:
            call = begun_call(case, said["call"], said["clientRandom"])
            for one in messages[:at]:
                call.open(one)
            call.open(changed)
            assert changed == messages[at], "it was changed, and opens"

        return messages[at], check

    each(choose_frame, [one for _, _, messages in frames for one in messages])


def test_proofs_of_trees() -> None:
    for number in range(ROUNDS):
        chance = Mutator(SEED, number)
        one = chance.one_of(cases("merkle", "inclusion"))
        proof = _changed_proof(chance, one)
        is_good = verify_inclusion(
            leaf=data(one["leaf"]), index=one["index"], size=one["size"], proof=proof, root=data(one["root"])
        )
        assert is_good == ([part.hex() for part in proof] == one["proof"]), f"input {number}"
        two = chance.one_of(cases("merkle", "consistency"))
        proof = _changed_proof(chance, two)
        is_good = verify_consistency(
            first=two["first"],
            second=two["second"],
            first_root=data(two["firstRoot"]),
            second_root=data(two["secondRoot"]),
            proof=proof,
        )
        assert is_good == ([part.hex() for part in proof] == two["proof"]), f"input {number}"


def _changed_proof(chance: Mutator, case: Case) -> list[bytes]:
    proof = [data(one) for one in case["proof"]]
    at = chance.below(len(proof))
    if not proof or chance.below(4) == 0:
        proof.insert(at, bytes(chance.below(3) * 16))
    elif chance.below(3) == 0:
        del proof[at]
    else:
        proof[at] = chance.changed(proof[at], proof)
    return proof


def test_lists_of_children() -> None:
    """Of a list it is the server's word that none is left out, and that there is nothing newer."""
    chain = _history(cases("children", "chain")[0])
    known = {
        (event.header, one.commit.header_bytes): event.data
        for one in chain.batches
        for event in one.batch.events
    }
    good = cases("children", "good")

    def choose(chance: Mutator) -> tuple[bytes, Callable[[bytes], None]]:
        case = chance.one_of(good)
        messages = [data(one) for one in case["messages"]]
        at = chance.below(len(messages))

        async def check_all(changed: bytes) -> None:
            verifier = verifier_of_children(case)
            for place, one in enumerate((*messages[:at], changed, *messages[at + 1 :])):
                message = children_message(one)
                # The client ties the first head to what it knows.
                if place == 0 and message.head != children_message(messages[0]).head:
                    return
                for child in (await verifier.take(message))[0]:
                    event = child.own.batch.events[child.sequence - child.own.commit.header.first_sequence]
                    due = known[event.header, child.own.commit.header_bytes]
                    assert child.is_gone or event.data == due

        return messages[at], lambda changed: asyncio.run(check_all(changed))

    each(choose, [data(one) for case in good for one in case["messages"]])


def test_data_that_is_loaded() -> None:
    good = cases("left-out", "loads")

    def choose(chance: Mutator) -> tuple[bytes, Callable[[bytes], None]]:
        case = chance.one_of(good)

        def check(changed: bytes) -> None:
            loaded = loaded_data(changed)
            check_loaded(case["sequence"], data(case["header"]), loaded)
            # That it is gone something else has to allow.
            is_same = loaded.data == data(case.get("data"))
            assert loaded.data_state != 0 or is_same or "state" in case

        return data(case["answer"]), check

    each(choose, all_of("left-out", "loads", "answer"))
