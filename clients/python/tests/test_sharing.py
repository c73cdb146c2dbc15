"""Who reads: confidential chains, objects with readers of their own, private chains."""

from pathlib import Path

import pytest
from live_server import LiveServer

import atedb
from atedb import (
    AtedbError,
    Authorisation,
    KeyPair,
    NewEvent,
    Reason,
    SharedObject,
    WriteRule,
)


async def texts_of(address: str, chain: str, key: KeyPair) -> list[tuple[str | None, bytes]]:
    async with atedb.connect(address, home="") as client:
        opened = await client.open(chain, key=key, for_append=False)
        events = [event async for event in opened.read(start=1) if event.kind == "data"]
    return [(None if event.sealed is None else event.sealed.state, event.data) for event in events]


@pytest.mark.parametrize("mode", ["centralized", "distributed"])
async def test_a_confidential_chain_is_read_by_its_readers_alone(
    mode: str, server: LiveServer, distributed: LiveServer, tmp_path: Path
) -> None:
    address = (server if mode == "centralized" else distributed).address
    name = f"example.com/py/secret_{mode}"
    reader, stranger = KeyPair.generate(), KeyPair.generate()
    async with atedb.connect(address, home=tmp_path) as client:
        chain = await client.open(name, confidential=True)
        with pytest.raises(AtedbError) as refused:
            await chain.append("too early")
        assert refused.value.reason == Reason.CHAIN_NOT_FOUND
        await chain.set_readers([])
        await chain.append("for me")
        await chain.add_readers([reader.public_key])
        await chain.append(["for both", NewEvent(name="diary", data="also")])
        assert await texts_of(address, name, reader) == [
            ("open", b"for me"),
            ("open", b"for both"),
            ("open", b"also"),
        ]
        assert await texts_of(address, name, stranger) == [("no key", b"")] * 3
        await chain.remove_readers([reader.fingerprint])
        await chain.append("for me alone")
        assert (await texts_of(address, name, reader))[-1] == ("no key", b"")
        own = [event.data async for event in chain.read(start=1) if event.kind == "data"]
        assert own == [b"for me", b"for both", b"also", b"for me alone"]
        await chain.verify()
        with pytest.raises(AtedbError) as unknown:
            await chain.remove_readers([stranger.fingerprint])
        assert unknown.value.reason == Reason.REQUEST_INVALID
    # A client that has never seen the rules learns them before it sends.
    async with atedb.connect(address, home=tmp_path) as client:
        chain = await client.open(name)
        await chain.append("sealed by another run")
        event = await chain.get(sequence=(await chain.append("and again")).first_sequence)
        assert event is not None and event.data == b"and again"
        assert event.sealed is not None and event.sealed.state == "open"


async def test_more_readers_than_an_event_has_room_for(server: LiveServer) -> None:
    many = [KeyPair.generate() for _ in range(17)]
    async with atedb.connect(server.address, home="") as client:
        chain = await client.open("example.com/py/many", confidential=True)
        await chain.set_readers([key.public_key for key in many])
        await chain.append("for all")
    for key in (many[0], many[-1]):
        assert await texts_of(server.address, "example.com/py/many", key) == [("open", b"for all")]


async def test_one_object_of_a_chain_in_clear_is_sealed_with_what_is_below_it(
    server: LiveServer, tmp_path: Path
) -> None:
    name = "example.com/py/objects"
    reader = KeyPair.generate()
    async with atedb.connect(server.address, home=tmp_path) as client:
        chain = await client.open(name)
        await chain.append("public")
        await chain.set_readers([reader.public_key], SharedObject(name="letters"))
        letters = atedb.primary_key_from_name("letters")
        await chain.append([NewEvent(name="letters", data="sealed"), NewEvent(parent=letters, data="below")])
        # In the order of the calls, also before anything of it is verified.
        box = await chain.append(NewEvent(kind="data", parent=letters, name="box", data="a box"))
        await chain.append(
            NewEvent(
                parent=atedb.child_primary_key(letters, atedb.primary_key_from_name("box")), data="in it"
            )
        )
        await chain.append("public again")
        assert box.first_sequence > 0
    states = [state for state, _ in await texts_of(server.address, name, KeyPair.generate())]
    assert states == [None, "no key", "no key", "no key", "no key", None]
    assert [data for _, data in await texts_of(server.address, name, reader)] == [
        b"public",
        b"sealed",
        b"below",
        b"a box",
        b"in it",
        b"public again",
    ]


async def test_others_write_when_a_rule_lets_them(server: LiveServer, tmp_path: Path) -> None:
    friend = KeyPair.generate()
    name = "example.com/py/friends"
    async with atedb.connect(server.address, home=tmp_path) as client:
        chain = await client.open(name)
        rule = Authorisation(write=WriteRule.any_of(friend.fingerprint))
        await chain.append(NewEvent(kind="rules", name="wall", rules=rule, public_keys=[friend.public_key]))
        async with atedb.connect(server.address, home="") as other:
            theirs = await other.open(name, key=friend)
            await theirs.append(NewEvent(name="wall", data="I was here"))
            with pytest.raises(AtedbError) as refused:
                await theirs.append(NewEvent(name="door", data="nor there"))
            assert refused.value.reason == Reason.KEY_NOT_ALLOWED
            await theirs.append(NewEvent(name="wall", data="again"))
        events = [event async for event in chain.read(start=2)]
        assert [event.fingerprint for event in events] == [friend.fingerprint] * 2
        assert (await chain.rules()).keys.find(friend.fingerprint) == friend.public_key


async def test_a_private_chain_lets_in_whom_it_names(server: LiveServer, tmp_path: Path) -> None:
    name = "example.com/py/private"
    guest = KeyPair.generate()
    async with atedb.connect(server.address, home=tmp_path) as client:
        chain = await client.open(name, private=True)
        await chain.append("behind a door")
        for key in (guest, KeyPair.generate()):
            with pytest.raises(AtedbError) as refused:
                await texts_of(server.address, name, key)
            assert refused.value.reason in (Reason.CHAIN_PRIVATE, Reason.KEY_NOT_ALLOWED)
        await chain.add_readers([guest.public_key])
        assert await texts_of(server.address, name, guest) == [(None, b"behind a door")]
        await chain.remove_readers([guest.fingerprint])
        with pytest.raises(AtedbError):
            await texts_of(server.address, name, guest)
