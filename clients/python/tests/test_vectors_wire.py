"""The tunnel, its client's end; and that all vectors are run."""

from refusals import refused
from vectors import Case, cases, data, run

from atedb.tunnel.handshake import ClientHandshake
from atedb.tunnel.key_schedule import SessionSecrets
from atedb.tunnel.session import CallCrypto, FrameType


def _begin(inputs: Case) -> ClientHandshake:
    random = [data(inputs["clientRandom"]), *(data(one["seed"]) for one in inputs["seeds"])]
    key_bits = inputs["clientKeyBits"]
    up_to = key_bits if len(inputs["seeds"]) == 1 else 256
    return ClientHandshake(key_bits, shares_up_to=up_to, random=lambda _: random.pop(0))


def _call(case: Case, call: int, random: str) -> CallCrypto:
    roots = SessionSecrets(*(data(case[part]) for part in ("clientRoot", "serverRoot", "exporter")))
    session_id = data(case["inputs"]["sessionId"])
    return CallCrypto(session_id, case["keyBits"], call, data(random), roots, count=lambda _: None)


@run("wire", "cases")
def test_handshake_and_calls(case: Case) -> None:
    handshake = _begin(case["inputs"])
    assert handshake.hello.hex() == case["clientHello"]
    finished = handshake.finish(data(case["serverHello"]))
    assert finished.finished.hex() == case["clientFinished"]
    session = finished.session
    assert (session.exporter.hex(), session.id.hex()) == (case["exporter"], case["inputs"]["sessionId"])
    assert [one.hex() for one in finished.rotations] == case["inputs"]["rotations"]
    for one in case["calls"]:
        _check_call(case, one)


def _check_call(case: Case, said: Case) -> None:
    call = _call(case, said["call"], said["clientRandom"])
    sent = 0
    for frame in (one for one in said["frames"] if one["sender"] == "client"):
        # Those in between are not in the vectors.
        for _ in range(sent, frame["index"]):
            call.seal(FrameType.MESSAGE, bytes(9))
        sealed = call.seal(FrameType(frame["type"]), data(frame["payload"]))
        assert sealed.hex() == frame["message"]
        sent = frame["index"] + 1
    received = [one for one in said["frames"] if one["sender"] == "server"]
    # A client can't make what lies between a server's frames.
    if [one["index"] for one in received] == list(range(len(received))):
        for frame in received:
            assert call.open(data(frame["message"])) == (frame["type"], data(frame["payload"]))
        assert call.has_ended


@run("wire", "refusals")
def test_no_handshake(case: Case) -> None:
    inputs = cases("wire", "cases")[case["case"]]["inputs"]
    with refused("WIRE_HANDSHAKE_FAILED"):
        _begin(inputs).finish(data(case["serverHello"]))


@run("wire", "badCalls")
def test_no_frame(case: Case) -> None:
    call = _call(cases("wire", "cases")[case["case"]], case["call"], case["clientRandom"])
    for place, message in enumerate(case["messages"]):
        if place < case["good"]:
            call.open(data(message))
        else:
            with refused("WIRE_FRAME_INVALID"):
                call.open(data(message))


def test_a_handshake_is_for_one_use() -> None:
    (case, *_) = cases("wire", "cases")
    handshake = _begin(case["inputs"])
    handshake.finish(data(case["serverHello"]))
    with refused("WIRE_HANDSHAKE_FAILED"):
        handshake.finish(data(case["serverHello"]))
