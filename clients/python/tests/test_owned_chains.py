"""Chains that an auth service owns, on a server as it is by default: claims, tokens, logins, groups."""

import asyncio
from pathlib import Path

import pytest
from conftest import StartServer
from live_server import LiveServer, run_atedb
from refusals import refused

import atedb
from atedb.errors import AtedbError, Reason

CHAIN = "example.com/me/log"


async def texts(chain: atedb.Chain) -> list[bytes]:
    return [event.data async for event in chain.read() if event.kind == "data"]


async def test_a_name_that_nobody_has_is_claimed_where_that_is_wanted(
    owned: LiveServer, tmp_path: Path
) -> None:
    told: list[str] = []
    async with atedb.connect(
        owned.address, home=tmp_path / "home", on_notice=lambda notice: told.append(notice.kind)
    ) as client:
        chain = await client.open("example.com/claimer/log")
        with refused(Reason.OWNER_UNKNOWN):
            await chain.append("nobody has the name")
        chain = await client.open("example.com/claimer/log", claim=True)
        await chain.append("one")
        assert chain.genesis is not None
        assert chain.genesis.answer is not None
        assert chain.genesis.answer.owner.text == "claimer@example.com"
        assert chain.genesis.roots[0].fingerprint == chain.own_key.fingerprint
        assert (await chain.verify()).size == 2
        # The name is had, and so its next chain is made without asking.
        other = await client.open("example.com/claimer/other", confidential=True, private=True)
        await other.set_readers([])
        await other.append("two")
        assert await texts(other) == [b"two"]
        assert other.genesis is not None
        assert (other.genesis.private, other.genesis.confidential) == (True, True)
    assert "chain-created" in told
    async with atedb.connect(owned.address, home=tmp_path / "stranger") as client:
        chain = await client.open("example.com/claimer/third", claim=True)
        with pytest.raises(AtedbError) as strange:
            await chain.append("somebody else's name")
        assert strange.value.reason == Reason.KEY_NOT_ALLOWED
        assert strange.value.metadata["owner"] == "claimer@example.com"


async def test_a_token_writes_and_reads_what_it_is_for(owned: LiveServer, tmp_path: Path) -> None:
    home = tmp_path / "home"
    async with atedb.connect(owned.address, home=home) as client:
        chain = await client.open("example.com/issuer/log", claim=True, private=True)
        await chain.append("by the issuer")
        issuer = chain.own_key.fingerprint
    file = tmp_path / "token"
    made = await run_atedb(
        "token", "new", "example.com/issuer/log", "--write", "--read", "--output", str(file), home=home
    )
    assert made.code == 0, made.errors
    token = atedb.Token.load(file)
    assert token.text() == file.read_text().strip()
    assert token.issuer.fingerprint == issuer
    assert atedb.Token.from_environment({"ATE_TOKEN": str(file)}) is not None
    assert file.read_text().strip() not in repr(token)
    # By a program that has the token and nothing else.
    async with atedb.connect(owned.address, home="", token=token) as client:
        chain = await client.open("example.com/issuer/log")
        for text in ("one", "two"):
            await chain.append(text)
        await chain.append(atedb.NewEvent(kind="tombstone", name="nothing"))
        assert await texts(chain) == [b"by the issuer", b"one", b"two"]
        last = await chain.get(sequence=3)
        assert last is not None
        assert last.fingerprint == token.key.fingerprint
        async with await chain.lock(name="thing") as lease:
            assert lease.is_held
        with refused(Reason.KEY_NOT_ALLOWED):
            await chain.append(atedb.NewEvent(kind="rules", rules=atedb.Authorisation(admit=())))
        with refused(Reason.CHAIN_NOT_FOUND):
            await client.open("example.com/issuer/none")
        with refused(Reason.REQUEST_INVALID):
            await client.open("example.com/issuer/log", token=token, key="default")
    # The owner reads it with its rules: each delegation counts by the time of its commit.
    async with atedb.connect(owned.address, home=home) as client:
        chain = await client.open("example.com/issuer/log", check_rules=True)
        assert (await chain.verify()).size == 5
        assert await texts(chain) == [b"by the issuer", b"one", b"two"]
        await chain.append(
            atedb.NewEvent(kind="key_change", key_change=atedb.KeyChange(token.key.fingerprint))
        )
    async with atedb.connect(owned.address, home="", token=token.text()) as client:
        with refused(Reason.KEY_REVOKED):
            await client.open("example.com/issuer/log")


@pytest.mark.parametrize(
    "text", ["", "atedb_token_v1_", "atedb_token_v1_AAAA", "atedb_token_v1_\u00e9", "ATE", "x" * 100]
)
def test_what_is_no_token(text: str) -> None:
    with pytest.raises(AtedbError) as caught:
        atedb.Token.parse(text)
    assert caught.value.reason == Reason.REQUEST_INVALID
    assert "AAAA" not in str(caught.value)


async def test_logging_in(owned: LiveServer, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("correct horse battery")
    password.chmod(0o600)
    created = await run_atedb(
        "user",
        "create",
        "user@example.com",
        "--password-file",
        str(password),
        "--server",
        owned.address,
        home=tmp_path / "home",
    )
    assert created.code == 0, created.errors
    async with atedb.connect(owned.address, home="") as client:
        with refused(Reason.LOGIN_FAILED):
            await client.login("user@example.com", "wrong horse battery")
        with refused(Reason.LOGIN_FAILED):
            await client.login("nobody@example.com", "correct horse battery")
        with refused(Reason.REQUEST_INVALID):
            await client.login("a-group", "correct horse battery")
        me = await client.login("user@example.com", "correct horse battery")
        assert (me.is_unverified, me.has_second_factor) == (True, False)
        chain = await client.open("example.com/user/log", key=me)
        await chain.append("logged in")
        assert await texts(chain) == [b"logged in"]
    # Whoever is logged in on this machine writes by that key, as the commands do.
    async with atedb.connect(owned.address, home=tmp_path / "home") as client:
        chain = await client.open("example.com/user/sealed", confidential=True)
        await chain.set_readers([])
        await chain.append("for the key of then")
        assert chain.own_key == me.key.public_key
    rotated = await run_atedb("user", "rotate-key", "--password-file", str(password), home=tmp_path / "home")
    assert rotated.code == 0, rotated.errors
    async with atedb.connect(owned.address, home="") as client:
        now = await client.login("user@example.com", "correct horse battery")
        assert [one.fingerprint for one in now.former_keys] == [me.key.fingerprint]
        chain = await client.open("example.com/user/sealed", key=now)
        assert await texts(chain) == [b"for the key of then"]
        await (await client.open("example.com/user/log", key=now)).append("by the key of now")
    async with atedb.connect(owned.address, home=tmp_path / "home") as client:
        chain = await client.open("example.com/user/sealed")
        assert await texts(chain) == [b"for the key of then"]
        assert chain.own_key == now.key.public_key
        old = await client.open("example.com/user/log", key=me.key)
        with refused(Reason.KEY_REVOKED):
            await old.append("by the key of then")
        assert (await old.verify()).size == 4
    async with atedb.connect(owned.address, home="", encryption="plain") as client:
        with refused(Reason.AUTH_LINK_UNSAFE):
            await client.login("user@example.com", "correct horse battery")


def test_accounts_are_spoken_of_through_the_tunnel() -> None:
    """Within TLS alone what a login signs would be tied to no server, which could pass it on to another one."""
    tls = atedb.TlsOptions()
    for options, is_own in (
        ({}, True),
        ({"tls": tls}, True),
        ({"encryption": 256}, False),
        ({"encryption": 128, "tls": tls}, False),
        ({"encryption": "plain", "tls": tls}, False),
        ({"auth": "localhost:5001"}, True),
        ({"auth": "localhost:5001", "encryption": "plain"}, True),
        ({"auth": "localhost", "encryption": 128}, False),
    ):
        client = atedb.connect("localhost", home="", **options)
        assert (client._safely() is not client._transport) == is_own, options


async def test_a_group_writes_by_its_roles(owned: LiveServer, tmp_path: Path) -> None:
    homes = {name: tmp_path / name for name in ("owner", "writer", "reader", "stranger")}
    keys: dict[str, atedb.PublicKey] = {}
    for name, home in homes.items():
        async with atedb.connect(owned.address, home=home) as client:
            keys[name] = (await client.open("example.com/x/none")).own_key
    async with atedb.connect(owned.address, home=homes["owner"]) as client:
        chain = await client.open("team/plans", claim=True, confidential=True, private=True)
        await chain.set_readers([])
        await chain.append("by the owner")
        group = await client.open_group("team")
        assert group.highest == "owner"
        observers = group.state.role("observer").key
        await chain.add_readers([observers])
        event = await chain.get(sequence=2)
        assert event is not None
        assert event.author == keys["owner"].fingerprint
        assert event.fingerprint == group.keys["owner"].fingerprint
    for name, role in (("writer", "contributor"), ("reader", "observer")):
        file = tmp_path / f"{name}.pub"
        file.write_text(atedb_public(keys[name]))
        added = await run_atedb(
            "group", "add", "team", role, str(file), "--server", owned.address, home=homes["owner"]
        )
        assert added.code == 0, added.errors
    async with atedb.connect(owned.address, home=homes["writer"]) as client:
        chain = await client.open("team/plans")
        # What is for observers is for those who have a higher role, too.
        assert await texts(chain) == [b"by the owner"]
        await asyncio.gather(*(chain.append(text) for text in ("one", "two")))
        assert chain.own_key.fingerprint != keys["writer"].fingerprint
    async with atedb.connect(owned.address, home=homes["reader"]) as client:
        chain = await client.open("team/plans", for_append=False)
        assert await texts(chain) == [b"by the owner", b"one", b"two"]
        with refused(Reason.KEY_NOT_ALLOWED):
            await chain.append("may not")
    async with atedb.connect(owned.address, home=homes["stranger"]) as client:
        with refused(Reason.KEY_NOT_ALLOWED):
            await client.open("team/plans")
        with refused(Reason.GROUP_DENIED):
            await client.open_group("team")
    removed = await run_atedb(
        "group",
        "remove",
        "team",
        "observer",
        keys["reader"].fingerprint.hex(),
        "--server",
        owned.address,
        home=homes["owner"],
    )
    assert removed.code == 0, removed.errors
    # An owner hands a new read key out before anything else is appended; who was removed is let in no more.
    async with atedb.connect(owned.address, home=homes["owner"]) as client:
        chain = await client.open("team/plans")
        before = (await chain.rules()).read_rule_for(None, None)
        await chain.append("three")
        rules = await chain.rules()
        assert rules.read_rule_for(None, None) != before
        assert rules.owner is not None
        assert rules.owner.owner == "team"
    async with atedb.connect(owned.address, home=homes["writer"]) as client:
        assert (await texts(await client.open("team/plans")))[-1] == b"three"
    async with atedb.connect(owned.address, home=homes["reader"]) as client:
        with refused(Reason.KEY_NOT_ALLOWED):
            await client.open("team/plans", for_append=False)


def atedb_public(key: atedb.PublicKey) -> str:
    from atedb.events.public_key_text import public_key_text

    return public_key_text(key) + "\n"


async def test_a_group_that_another_server_keeps(
    owned: LiveServer, start: StartServer, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    async with atedb.connect(owned.address, home=home) as client:
        await (await client.open("elsewhere/here", claim=True)).append("makes the group")
    chains = await start("--auth", f"ate://{owned.address}", auth=True)
    told: list[str] = []
    async with atedb.connect(
        chains.address, home=home, on_notice=lambda notice: told.append(notice.kind)
    ) as client:
        chain = await client.open("elsewhere/there")
        with refused(Reason.KEY_NOT_ALLOWED):
            await chain.append("by a key that is no role's")
    assert "group-elsewhere" in told
    async with atedb.connect(chains.address, home=home, auth=owned.address) as client:
        chain = await client.open("elsewhere/there")
        await chain.append("by the owner")
        assert await texts(chain) == [b"by the owner"]
        assert (await chain.verify()).size == 2


async def test_who_is_logged_in_elsewhere_is_a_member_there(
    owned: LiveServer, server: LiveServer, start: StartServer, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    password = tmp_path / "password"
    password.write_text("correct horse battery\n")
    password.chmod(0o600)
    made = await run_atedb(
        *("user", "create", "anna@example.com", "--password-file", str(password)),
        *("--server", owned.address),
        home=home,
    )
    assert made.code == 0, made.errors
    async with atedb.connect(owned.address, home=home) as client:
        await (await client.open("loggedin/here", claim=True)).append("makes the group")
        own = (await client.open("example.com/anna/diary")).own_key
    chains = await start("--auth", f"ate://{owned.address}", auth=True)
    async with atedb.connect(chains.address, home=home) as client:
        chain = await client.open("loggedin/there")
        await chain.append("by the owner")
        event = await chain.get(sequence=1)
        assert event is not None
        assert (event.author, event.data) == (own.fingerprint, b"by the owner")
    # Whom the server names is not asked: that would be to choose whom keys are proven to.
    lies = await start("--auth", "ate://127.0.0.1:1", auth=True)
    async with atedb.connect(lies.address, home=home) as client:
        group = await client.open_group("loggedin")
        assert group.highest == "owner"
    # And one that asks nobody has nothing to do with a group of that name elsewhere.
    async with atedb.connect(server.address, home=home) as client:
        chain = await client.open("loggedin/free")
        await chain.append("mine")
        event = await chain.get(sequence=1)
        assert event is not None
        assert event.fingerprint == own.fingerprint


async def test_where_there_are_no_groups_whoever_comes_first_owns_the_chain(
    server: LiveServer, distributed: LiveServer, tmp_path: Path
) -> None:
    for place, encryption in ((server, "auto"), (distributed, "plain"), (distributed, "auto")):
        async with atedb.connect(place.address, home=tmp_path / "home", encryption=encryption) as client:
            chain = await client.open(f"nobodys/{encryption}", claim=True)
            await chain.append("mine")
            event = await chain.get(sequence=1)
            assert event is not None
            assert (event.author, event.fingerprint) == (None, chain.own_key.fingerprint)
