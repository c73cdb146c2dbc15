"""Accounts that are created, changed and recovered, with a second factor and without, at a real server."""

import hmac
import struct
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from live_server import LiveServer, run_atedb
from refusals import refused

import atedb
from atedb.account.account_secrets import check_password, make_recovery, make_secrets, parse_secrets
from atedb.account.recovery_code import make_recovery_code, parse_recovery_code
from atedb.account.vault import password_keys, recovery_keys
from atedb.client.accounts import Accounts
from atedb.client.login import OpenedLogin, open_login
from atedb.crypto.key_file import PassphraseCosts
from atedb.errors import Reason
from atedb.events.owner import parse_owner

PASSWORD = "four words about nothing"
CHEAP = PassphraseCosts(19_456, 2, 1)
"""The least that is done."""


def totp_code(secret: bytes, *, steps: int = 0) -> str:
    """RFC 6238: SHA-1, six digits, 30 seconds."""
    digest = hmac.digest(secret, struct.pack(">Q", int(time.time()) // 30 + steps), "sha1")
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFF_FFFF) % 1_000_000:06}"


def test_a_code_of_the_second_factor() -> None:
    """So that the tests' own is right: the first of RFC 6238, appendix B, of which six digits."""
    digest = hmac.digest(b"12345678901234567890", struct.pack(">Q", 59 // 30), "sha1")
    at = digest[-1] & 15
    assert (int.from_bytes(digest[at : at + 4], "big") & 0x7FFF_FFFF) % 1_000_000 == 287_082


def test_a_recovery_code() -> None:
    code, secret = make_recovery_code()
    assert len(code) == 34
    assert parse_recovery_code(code) == secret
    assert parse_recovery_code(code.lower().replace("-", " ")) == secret
    lookalikes = str.maketrans("OIB", "018")
    assert parse_recovery_code(code.translate(lookalikes)) == secret
    other = "B" if code[0] != "B" else "C"
    for wrong in ("", code[:-1], code + "A", other + code[1:], code[:-1] + "1", "\u0131" * 28, "0" * 28):
        if wrong != code:
            with refused(Reason.REQUEST_INVALID):
                parse_recovery_code(wrong)


def test_vaults_open_as_what_they_were_sealed_as() -> None:
    me, you = parse_owner("me@example.com"), parse_owner("you@example.com")
    key, other = atedb.KeyPair.generate(), atedb.KeyPair.generate()
    opening = recovery_keys(bytes(16), me)
    sealed = opening.seal_vault("sudo", [key, other])
    opened = opening.open_vault("sudo", sealed)
    assert [one.fingerprint for one in opened] == [key.fingerprint, other.fingerprint]
    for keys, name, data in (
        (opening, "key", sealed),
        (recovery_keys(bytes(16), you), "sudo", sealed),
        (recovery_keys(bytes([1]) * 16, me), "sudo", sealed),
        (opening, "sudo", sealed[:-1] + bytes([sealed[-1] ^ 1])),
    ):
        with refused(Reason.VERIFICATION_FAILED):
            keys.open_vault(name, data)
    with refused(Reason.VERIFICATION_FAILED):
        password_keys(PASSWORD, me, bytes(16), PassphraseCosts(19_455, 2, 1))
    with refused(Reason.REQUEST_INVALID):
        check_password("1234567")
    recovery = make_recovery(me, [key, other])
    for wrong in (15, 65):
        with refused(Reason.REQUEST_INVALID):
            make_secrets(
                me, PASSWORD, [key], other, recovery_vault=b"x", totp_secret=bytes(wrong), costs=CHEAP
            )
    message = make_secrets(
        me, PASSWORD, [key], other, recovery_vault=recovery.vault, totp_secret=bytes(16), costs=CHEAP
    )
    secrets = parse_secrets(message)
    assert (secrets.costs, secrets.totp_secret) == (CHEAP, bytes(16))
    assert (
        password_keys(PASSWORD, me, secrets.salt, CHEAP).signer.fingerprint == secrets.login_key.fingerprint
    )
    with refused(Reason.NON_CANONICAL):
        parse_secrets(message + b"\x00")


def cheap(client: atedb.Client) -> Accounts:
    """Accounts whose new passwords cost the least, so that tests don't wait for them."""
    return Accounts(client._safely, CHEAP)


async def test_an_account_with_a_second_factor(owned: LiveServer, tmp_path: Path) -> None:
    async with atedb.connect(owned.address, home=tmp_path) as client:
        accounts = cheap(client)
        me = "second@example.com"
        assert await accounts.describe() == atedb.AuthDescription("none", "")
        secret = atedb.make_totp_secret()
        with refused(Reason.REQUEST_INVALID):
            await accounts.create(me, "short")
        with refused(Reason.REQUEST_INVALID):
            await accounts.create("a_group", PASSWORD)
        created = await accounts.create(me, PASSWORD, totp_secret=secret)
        assert not created.is_code_sent
        assert created.recovery_code not in repr(created)
        with refused(Reason.ACCOUNT_EXISTS):
            await accounts.create(me, PASSWORD)
        account = await accounts.read(me)
        assert account.is_unverified
        assert account.keys.key == created.key.public_key
        # A login needs no code, and what changes the account does.
        logged_in = await client.login(me, PASSWORD)
        assert (logged_in.key.fingerprint, logged_in.has_second_factor) == (created.key.fingerprint, True)
        chain = await client.open("example.com/second/log", key=logged_in)
        await chain.append("by the account")
        with refused(Reason.LOGIN_FAILED):
            await accounts.sudo(me, PASSWORD)
        with refused(Reason.LOGIN_FAILED):
            await accounts.sudo(me, "another password", totp_code=totp_code(secret, steps=-1))
        # Each of these still counts if the next step begins meanwhile.
        sudo = await accounts.sudo(me, PASSWORD, totp_code=totp_code(secret))
        assert sudo.sudo_key.public_key == account.keys.sudo_key
        # A code counts once.
        with refused(Reason.LOGIN_FAILED):
            await accounts.sudo(me, PASSWORD, totp_code=totp_code(secret, steps=-2))
        await accounts.change_second_factor(me, PASSWORD, None, totp_code=totp_code(secret, steps=1))
        assert not (await accounts.sudo(me, PASSWORD)).has_second_factor


async def test_a_password_and_what_recovers_it(owned: LiveServer, tmp_path: Path) -> None:
    async with atedb.connect(owned.address, home=tmp_path) as client:
        accounts = cheap(client)
        me = "changes@example.com"
        created = await accounts.create(me, PASSWORD)
        other, third = "another password", "a third password"
        with refused(Reason.REQUEST_INVALID):
            await accounts.change_password(me, PASSWORD, "short")
        await accounts.change_password(me, PASSWORD, other)
        with refused(Reason.LOGIN_FAILED):
            await accounts.login(me, PASSWORD)
        assert (await accounts.login(me, other)).key.fingerprint == created.key.fingerprint
        with refused(Reason.LOGIN_FAILED):
            await accounts.recover(me, make_recovery_code()[0], third)
        recovered = await accounts.recover(me, created.recovery_code.lower(), third)
        assert recovered.key.fingerprint == created.key.fingerprint
        with refused(Reason.LOGIN_FAILED):
            await accounts.recover(me, created.recovery_code, third)
        with refused(Reason.LOGIN_FAILED):
            await accounts.login(me, other)
        renewed = await accounts.rotate_key(me, third)
        assert renewed.former_keys[0].fingerprint == created.key.fingerprint
        logged_in = await accounts.login(me, third)
        assert logged_in.key.fingerprint == renewed.key.fingerprint
        assert [one.fingerprint for one in logged_in.former_keys] == [created.key.fingerprint]
        # What the command makes of it is the same.
        ran = await run_atedb("user", "show", me, "--server", owned.address, home=tmp_path)
        assert ran.code == 0, ran.errors
        assert renewed.key.fingerprint.hex() in ran.output
        again = await accounts.recover(me, renewed.recovery_code, PASSWORD)
        assert [one.fingerprint for one in again.former_keys] == [created.key.fingerprint]
        delegate = atedb.KeyPair.generate()
        await accounts.revoke_delegation(me, delegate.fingerprint, again.key)
        with refused(Reason.ACT_INVALID):
            await accounts.revoke_delegation(me, delegate.fingerprint, again.key)
        await accounts.remove(me, PASSWORD)
        with refused(Reason.LOGIN_FAILED):
            await accounts.login(me, PASSWORD)


async def test_a_name_that_was_claimed_gets_a_password(owned: LiveServer, tmp_path: Path) -> None:
    async with atedb.connect(owned.address, home=tmp_path) as client:
        chain = await client.open("example.com/claims/log", claim=True)
        await chain.append("by the key alone")
        accounts = cheap(client)
        key = client._keys.load(None)
        created = await accounts.create("claims@example.com", PASSWORD, key=key)
        assert created.key is key
        assert (await accounts.sudo("claims@example.com", PASSWORD)).key.fingerprint == key.fingerprint


async def test_secrets_that_were_changed_at_the_server(
    owned: LiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = "robbed@example.com"
    owner = parse_owner(me)
    async with atedb.connect(owned.address, home=tmp_path) as client:
        accounts = cheap(client)
        await accounts.create(me, PASSWORD)
        sudo = await accounts.sudo(me, PASSWORD)
        others = make_secrets(
            owner, PASSWORD, [sudo.key], sudo.sudo_key, recovery_vault=b"x", totp_secret=None, costs=CHEAP
        )

        async def robbed(*arguments: Any) -> OpenedLogin:
            return replace(await open_login(*arguments), secrets=others)

        monkeypatch.setattr("atedb.client.accounts.open_login", robbed)
        with refused(Reason.VERIFICATION_FAILED):
            await accounts.sudo(me, PASSWORD)
        with refused(Reason.VERIFICATION_FAILED):
            await accounts.change_password(me, PASSWORD, "another password")
