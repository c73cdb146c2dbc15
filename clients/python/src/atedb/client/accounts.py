"""The accounts of an auth service. The server is never sent a password, a private key or a recovery code (docs/accounts.md)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal

from atedb.account.account_secrets import (
    AccountSecrets,
    MadeRecovery,
    check_password,
    make_recovery,
    make_secrets,
    parse_secrets,
    secrets_hash,
)
from atedb.account.changes import Change
from atedb.account.recovery_code import parse_recovery_code
from atedb.account.vault import OpeningKeys, recovery_keys, vault_failed
from atedb.client.acts import SERVICE, VerifiedAccount, next_act, read_account, submit_act
from atedb.client.conversation import Conversation
from atedb.client.login import LoggedIn, OpenedLogin, open_login, sign_challenge, user_of
from atedb.client.messages import parsed, signature_message
from atedb.client.transport import Transport
from atedb.client.unary import unary
from atedb.crypto.domains import CONTEXT_RECOVERY
from atedb.crypto.key_file import PassphraseCosts
from atedb.crypto.keys import KeyPair
from atedb.errors import AtedbError, Reason
from atedb.events.owner import Owner
from atedb.limits import FORMER_KEYS_MAX
from atedb.v1 import auth_pb2

_RECOVERY_S: Final = 15 * 60.0
"""Time enough to fetch a mail; the server takes no longer either."""


@dataclass(frozen=True, slots=True)
class AuthDescription:
    """How accounts are created at a server."""

    codes_by: Literal["none", "mail", "operator"]
    """How the codes reach users; `none`: users are created on the server's own machine, and stay unverified."""
    terms: str
    """What users have to accept; empty: nothing."""


@dataclass(frozen=True, slots=True, repr=False)
class CreatedUser:
    """A user that was created."""

    key: KeyPair
    recovery_code: str
    """To be shown once, and kept by the user: it recovers the account. A secret."""
    is_code_sent: bool
    """Whether a code was sent: the user is there when `Accounts.verify` has entered it."""


@dataclass(frozen=True, slots=True)
class Sudo(LoggedIn):
    """Somebody who has also shown the second factor, if there is one."""

    sudo_key: KeyPair
    """What acts on the account are signed with."""
    verified: VerifiedAccount
    """The account, as its acts say it."""


@dataclass(frozen=True, slots=True, repr=False)
class Renewed:
    """An account whose keys, or whose recovery code, were replaced."""

    key: KeyPair
    former_keys: tuple[KeyPair, ...]
    """As `LoggedIn` has them: one that was replaced is the first."""
    recovery_code: str
    """The new one; the one before counts no more. To be shown once. A secret."""


class Accounts:
    """The accounts of an auth service. `Client.accounts` is one."""

    def __init__(self, transport: Callable[[], Transport], costs: PassphraseCosts | None = None) -> None:
        """`costs`: of passwords that are set."""
        self._transport = transport
        self._costs = costs or PassphraseCosts()

    async def describe(self) -> AuthDescription:
        """Say how accounts are created here. Raises UNSUPPORTED where the server has no accounts."""
        answer = parsed(auth_pb2.DescribeAuthResponse, await self._call("DescribeAuth", b""))
        if answer.auth_server:
            raise AtedbError(
                Reason.UNSUPPORTED,
                f"the server keeps no accounts and no groups: it says that {answer.auth_server} does. Connect to that one, or name "
                "it as the auth server",
                metadata={"auth_server": answer.auth_server},
            )
        names: dict[int, Literal["mail", "operator"]] = {
            auth_pb2.CODE_DELIVERY_MAIL: "mail",
            auth_pb2.CODE_DELIVERY_OPERATOR: "operator",
        }
        return AuthDescription(names.get(answer.code_delivery, "none"), answer.terms)

    async def create(
        self,
        account: str,
        password: str,
        *,
        key: KeyPair | None = None,
        totp_secret: bytes | None = None,
        accepted_terms: str | None = None,
    ) -> CreatedUser:
        """Create a user, `name@domain`.

        `key`: the user's; None: a new one. One that has claimed the name gets a password. `totp_secret`: of a second factor,
        see `atedb.make_totp_secret`. `accepted_terms`: as `describe` gave them. Raises REQUEST_INVALID for a name or a password that
        can't be; ACCOUNT_EXISTS, SIGN_UP_CLOSED, TERMS_NOT_ACCEPTED, ACCOUNT_LIMIT, MAIL_FAILED; CONNECTION_FAILED and others.
        """
        owner = user_of(account)
        check_password(password)
        own, sudo_key = key or KeyPair.generate(), KeyPair.generate(for_signing_only=True)
        recovery = make_recovery(owner, [own, sudo_key])
        secrets = await self._make_secrets(owner, password, [own], sudo_key, recovery.vault, totp_secret)
        fresh = (sudo_key.public_key, recovery.key.public_key, secrets_hash(secrets))
        signers = [own, sudo_key, recovery.key]
        claimed = None if key is None else await self._claimed_by(owner, key)
        if claimed is not None:
            act = next_act(owner, claimed.state, Change("user_rotation", None, *fresh), signers)
            await submit_act(self._transport(), act, secrets)
            return CreatedUser(own, recovery.code, False)
        act = next_act(owner, None, Change("user_creation", own.public_key, *fresh), signers)
        request = auth_pb2.CreateUserRequest(act=act, secrets=secrets)
        if accepted_terms:
            request.accepted_terms = sha256(accepted_terms.encode()).digest()
        raw = await self._call("CreateUser", request.SerializeToString())
        return CreatedUser(own, recovery.code, parsed(auth_pb2.CreateUserResponse, raw).code_sent)

    async def verify(self, account: str, fingerprint: bytes, code: str) -> None:
        """Enter the code that was sent to an account. `fingerprint`: of the user's key. Raises CODE_INVALID, ACCOUNT_EXISTS."""
        request = auth_pb2.VerifyUserRequest(
            account=user_of(account).text, fingerprint=fingerprint, code=code
        )
        await self._call("VerifyUser", request.SerializeToString())

    async def send_code(self, account: str) -> None:
        """Have a code sent to an account that is unverified. Raises ACCOUNT_UNKNOWN, SIGN_UP_CLOSED, ACCOUNT_LIMIT, MAIL_FAILED."""
        request = auth_pb2.SendCodeRequest(account=user_of(account).text)
        await self._call("SendCode", request.SerializeToString())

    async def read(self, account: str) -> VerifiedAccount:
        """Read an account's acts, verified. Raises ACCOUNT_UNKNOWN, VERIFICATION_FAILED."""
        return await read_account(self._transport(), user_of(account))

    async def login(self, account: str, password: str, *, totp_code: str | None = None) -> LoggedIn:
        """Log in, as `Client.login`. It needs no second factor."""
        return (await open_login(self._transport(), user_of(account), password, totp_code)).logged_in

    async def sudo(self, account: str, password: str, *, totp_code: str | None = None) -> Sudo:
        """Log in, and show the second factor, if there is one: for what changes the account.

        Raises LOGIN_FAILED, also where the code is missing; LOGIN_LOCKED; VERIFICATION_FAILED where the server keeps other secrets
        than the account's acts have the hash of.
        """
        sudo, _ = await self._sudo(user_of(account), password, totp_code)
        return sudo

    async def change_password(
        self, account: str, password: str, new_password: str, *, totp_code: str | None = None
    ) -> Sudo:
        """Replace the password. Raises as `sudo`; VERSION_CONFLICT where the account was changed meanwhile; REQUEST_INVALID."""
        check_password(new_password)
        owner = user_of(account)
        sudo, secrets = await self._sudo(owner, password, totp_code)
        await self._replace_secrets(owner, sudo, secrets, new_password, secrets.totp_secret)
        return sudo

    async def change_second_factor(
        self, account: str, password: str, totp_secret: bytes | None, *, totp_code: str | None = None
    ) -> Sudo:
        """Replace the secret of the second factor; None: there is none any more. Raises as `change_password`."""
        owner = user_of(account)
        sudo, secrets = await self._sudo(owner, password, totp_code)
        await self._replace_secrets(owner, sudo, secrets, password, totp_secret)
        return sudo

    async def rotate_key(self, account: str, password: str, *, totp_code: str | None = None) -> Renewed:
        """Replace the user's key, as one does whose key was stolen: the new one has its place in all chains of the user.

        The old one counts nowhere any more. It stays in the vaults, and opens what was sealed for it. The recovery code is replaced,
        too. Raises as `sudo`; VERSION_CONFLICT, TOO_MANY_KEYS.
        """
        owner = user_of(account)
        sudo, secrets = await self._sudo(owner, password, totp_code)
        key = KeyPair.generate()
        former = (sudo.key, *sudo.former_keys)[:FORMER_KEYS_MAX]
        recovery = make_recovery(owner, [key, sudo.sudo_key, *former])
        made = await self._make_secrets(
            owner, password, [key, *former], sudo.sudo_key, recovery.vault, secrets.totp_secret
        )
        change = Change("user_rotation", key.public_key, None, recovery.key.public_key, secrets_hash(made))
        act = next_act(owner, sudo.verified.state, change, [sudo.sudo_key, key, recovery.key])
        await submit_act(self._transport(), act, made)
        return Renewed(key, former, recovery.code)

    async def revoke_delegation(self, account: str, fingerprint: bytes, key: KeyPair) -> None:
        """Have a delegated key count no more in any chain of a user. `key`: the user's, or that of sudo.

        Raises ACCOUNT_UNKNOWN, ACT_NOT_ALLOWED for another key, ACT_INVALID where it was taken back already, TOO_MANY_KEYS,
        VERSION_CONFLICT.
        """
        owner = user_of(account)
        before = await read_account(self._transport(), owner)
        change = Change("delegation_revocation", fingerprint=fingerprint)
        await submit_act(self._transport(), next_act(owner, before.state, change, [key]))

    async def remove(self, account: str, password: str, *, totp_code: str | None = None) -> None:
        """Remove an account, for good. Its chains take nothing any more. Raises as `sudo`; VERSION_CONFLICT."""
        owner = user_of(account)
        sudo, _ = await self._sudo(owner, password, totp_code)
        act = next_act(owner, sudo.verified.state, Change("user_removal"), [sudo.sudo_key])
        await submit_act(self._transport(), act)

    async def recover(
        self,
        account: str,
        recovery_code: str,
        new_password: str,
        *,
        totp_secret: bytes | None = None,
        ask_code: Callable[[], Awaitable[str]] | None = None,
    ) -> Renewed:
        """Recover an account with its recovery code: it gets a new password, a new code, and another second factor or none.

        `ask_code`: asked for the code that was sent to the account, where codes are sent. Raises LOGIN_FAILED, LOGIN_LOCKED;
        REQUEST_INVALID for a code or a password that can't be; VERIFICATION_FAILED; CONNECTION_FAILED and others.
        """
        check_password(new_password)
        owner = user_of(account)
        opening = recovery_keys(parse_recovery_code(recovery_code), owner)
        talk = Conversation(self._transport(), SERVICE + "Recover", timeout_s=_RECOVERY_S)
        try:
            grant = await self._prove_recovery(talk, owner, opening, ask_code)
            account_is = await read_account(self._transport(), owner)
            secrets = _checked_secrets(account_is, grant)
            key, sudo_key, *former = opening.open_vault("recovery", secrets.recovery_vault)
            _check_keys(account_is, key, sudo_key, "recovery")
            following = make_recovery(owner, [key, sudo_key, *former])
            made = await self._make_secrets(
                owner, new_password, [key, *former], sudo_key, following.vault, totp_secret
            )
            act = _recovery_act(owner, account_is, opening, following, made)
            change = auth_pb2.SubmitActRequest(act=act, secrets=made)
            await talk.say(auth_pb2.RecoverRequest(change=change))
            await talk.half_close()
            await talk.due(auth_pb2.RecoverResponse, "changed")
            return Renewed(key, tuple(former), following.code)
        finally:
            talk.cancel()

    async def _prove_recovery(
        self,
        talk: Conversation,
        owner: Owner,
        opening: OpeningKeys,
        ask_code: Callable[[], Awaitable[str]] | None,
    ) -> bytes:
        """Show that one has the recovery code, and the one that was sent. Returns the account's secrets."""
        await talk.say(auth_pb2.RecoverRequest(account=owner.text))
        challenge = (await talk.due(auth_pb2.RecoverResponse, "challenge")).challenge
        signature = sign_challenge(talk, challenge, owner, opening.signer, CONTEXT_RECOVERY)
        proof = auth_pb2.LoginProof(signature=signature_message(signature))
        await talk.say(auth_pb2.RecoverRequest(proof=proof))
        if (await talk.due(auth_pb2.RecoverResponse, "proven")).proven.code_sent:
            if ask_code is None:
                why = (
                    f"a code was sent to {owner.text}, and nobody is there to be asked for it: give ask_code"
                )
                raise AtedbError(Reason.CODE_INVALID, why, metadata={"account": owner.text})
            await talk.say(auth_pb2.RecoverRequest(code=await ask_code()))
        return (await talk.due(auth_pb2.RecoverResponse, "grant")).grant.secrets

    async def _sudo(self, owner: Owner, password: str, totp_code: str | None) -> tuple[Sudo, AccountSecrets]:
        opened: OpenedLogin = await open_login(self._transport(), owner, password, totp_code)
        if not opened.secrets:
            why = f"the account {owner.text} has a second factor, and this needs a code of it"
            raise AtedbError(Reason.LOGIN_FAILED, why, metadata={"account": owner.text})
        account = await read_account(self._transport(), owner)
        secrets = _checked_secrets(account, opened.secrets)
        (sudo_key, *_) = opened.opening.open_vault("sudo", secrets.sudo_vault)
        was = opened.logged_in
        _check_keys(account, was.key, sudo_key, "sudo")
        return (
            Sudo(
                was.account,
                was.key,
                was.former_keys,
                was.has_second_factor,
                was.is_unverified,
                sudo_key,
                account,
            ),
            secrets,
        )

    async def _replace_secrets(
        self, owner: Owner, sudo: Sudo, secrets: AccountSecrets, password: str, totp_secret: bytes | None
    ) -> None:
        made = await self._make_secrets(
            owner,
            password,
            [sudo.key, *sudo.former_keys],
            sudo.sudo_key,
            secrets.recovery_vault,
            totp_secret,
        )
        change = Change("secrets_change", secrets_hash=secrets_hash(made))
        await submit_act(
            self._transport(), next_act(owner, sudo.verified.state, change, [sudo.sudo_key]), made
        )

    async def _make_secrets(
        self,
        owner: Owner,
        password: str,
        keys: Sequence[KeyPair],
        sudo_key: KeyPair,
        recovery_vault: bytes,
        totp_secret: bytes | None,
    ) -> bytes:
        # It takes a moment, in which everything else goes on.
        return await asyncio.to_thread(
            make_secrets,
            owner,
            password,
            keys,
            sudo_key,
            recovery_vault=recovery_vault,
            totp_secret=totp_secret,
            costs=self._costs,
        )

    async def _claimed_by(self, owner: Owner, key: KeyPair) -> VerifiedAccount | None:
        """Give an account that has a key and no password, if this is the key."""
        try:
            account = await read_account(self._transport(), owner)
        except AtedbError as error:
            if error.reason == Reason.ACCOUNT_UNKNOWN:
                return None
            raise
        keys = account.keys
        is_own = keys.key is not None and keys.key.fingerprint == key.fingerprint
        return account if is_own and keys.secrets_hash is None and not account.state.is_removed else None

    async def _call(self, method: str, request: bytes) -> bytes:
        return await unary(self._transport(), SERVICE + method, request)


def _checked_secrets(account: VerifiedAccount, message: bytes) -> AccountSecrets:
    """Read the secrets of an account, if they are those that its acts have the hash of. Raises VERIFICATION_FAILED."""
    if account.keys.secrets_hash != secrets_hash(message):
        raise vault_failed("secrets")
    return parse_secrets(message)


def _check_keys(account: VerifiedAccount, key: KeyPair, sudo_key: KeyPair, vault: str) -> None:
    """Check that keys are those that an account's acts name. Raises VERIFICATION_FAILED."""
    keys = account.keys
    sudo = keys.sudo_key or keys.key
    is_own = keys.key is not None and keys.key.fingerprint == key.fingerprint
    if not is_own or sudo is None or sudo.fingerprint != sudo_key.fingerprint:
        raise vault_failed(vault)


def _recovery_act(
    owner: Owner, account: VerifiedAccount, opening: OpeningKeys, following: MadeRecovery, secrets: bytes
) -> bytes:
    change = Change("user_rotation", None, None, following.key.public_key, secrets_hash(secrets))
    return next_act(owner, account.state, change, [opening.signer, following.key])
