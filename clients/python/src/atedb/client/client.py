"""A client of one server."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from atedb.client.accounts import Accounts
from atedb.client.acting_keys import ActingKeys
from atedb.client.chain import Chain
from atedb.client.chain_options import ChainOptions
from atedb.client.claim_owner import claim_owner
from atedb.client.group_keys import GroupKeys, OpenedGroup, open_group
from atedb.client.home import default_home
from atedb.client.identity_check import IdentityCheck, LookUpIdentity
from atedb.client.known_groups import KnownGroups
from atedb.client.known_hosts import KnownHosts
from atedb.client.login import LoggedIn
from atedb.client.notices import OnNotice, ignore
from atedb.client.opened import Expected
from atedb.client.own_keys import Key, OwnKeys
from atedb.client.tls import TlsOptions
from atedb.client.transport import Transport
from atedb.client.tunnel_agreement import Encryption
from atedb.crypto.keys import KeyPair, PublicKey
from atedb.errors import AtedbError, Reason, invalid
from atedb.events.chain_key import ChainKey, ServerAddress, parse_chain_key, parse_server_address
from atedb.events.genesis import TrustMode
from atedb.events.token import Token

_RECONNECT_S: Final = 60.0
_KEY_BITS_LEAST: Final = 128


class Client:
    """A client of one server. Make one with `connect`; nothing is sent before it is needed."""

    def __init__(
        self,
        address: ServerAddress,
        *,
        home: Path | None,
        passphrase: str | None,
        token: Token | str | None,
        auth: str | None,
        auth_tls: TlsOptions | None,
        encryption: Encryption,
        tls: TlsOptions | None,
        look_up_identity: LookUpIdentity | None,
        on_notice: OnNotice,
    ) -> None:
        self._home = home
        self._token = Token.parse(token) if isinstance(token, str) else token
        self._on_notice = on_notice
        self._keys = OwnKeys(home, passphrase, on_notice)
        self._chains: list[Chain] = []
        hosts = KnownHosts(home)

        def transport(to: ServerAddress, wanted: Encryption, through: TlsOptions | None) -> Transport:
            look_up = look_up_identity if to == address else None
            check = IdentityCheck(to, hosts, look_up, on_notice)
            return Transport(to, encryption=wanted, identity_check=check, tls=through)

        self._transport = transport(address, encryption, tls)
        self._transport_to = transport
        self._is_auth_named = auth is not None
        self._where_logged_in: tuple[Transport, KnownGroups] | None = None
        place = address if auth is None else parse_server_address(auth)
        is_here = place.server == address.server and place.pinned in (None, address.pinned)
        is_plain = is_here and encryption == "plain"
        self._is_unsafe = is_plain and tls is None
        # Who is on the way could keep the other one from encryption. And within TLS alone nothing ties what is signed to this
        # server: a hostile one, to which somebody logs in, could pass it on to another one. Nothing is sent before it is needed.
        is_tunnel = is_plain or (is_here and isinstance(encryption, int))
        through = tls if is_here else auth_tls
        self._accounts = self._transport if is_tunnel else transport(place, _KEY_BITS_LEAST, through)
        self._groups = KnownGroups(home, place.server, on_notice)
        self.accounts = Accounts(self._safely)
        """The accounts of the server's auth service: creating, changing and recovering them."""

    @property
    def server(self) -> str:
        """`host:port`."""
        return self._transport.address.server

    @property
    def server_identity(self) -> PublicKey | None:
        """The identity that the server has proven last; None before, and without encryption."""
        return self._transport.tunnel.proven_identity

    async def login(self, account: str, password: str, *, totp_code: str | None = None) -> LoggedIn:
        """Log in to an account, `name@domain`, of the server's auth service; `open(chain, key=logged_in)` acts as it.

        The server is never sent the password. `totp_code`: of the second factor, six digits; a login needs none. Raises
        LOGIN_FAILED, LOGIN_LOCKED, UNSUPPORTED where the server has no accounts; AUTH_LINK_UNSAFE where `plain` was asked for.
        """
        return await self.accounts.login(account, password, totp_code=totp_code)

    async def open_group(self, name: str, *, key: Key = None) -> OpenedGroup:
        """Read a group, and open what a member's key opens of it; all of its acts are verified.

        `key`: the member's, as of `open`. Raises GROUP_DENIED for a key without a role in it; VERIFICATION_FAILED, also where it
        isn't the group that was met before.
        """
        own = self._keys.load(key)
        former = [one for one in self._keys.at_hand(key) if one is not own]
        return await self._open_group(name, [own, *former])

    async def _open_group(self, name: str, own: Sequence[KeyPair]) -> OpenedGroup:
        try:
            return await open_group(self._safely(), self._groups, name, own)
        except AtedbError as error:
            place = self._other_than_says(error)
            if place is None:
                raise
            return await open_group(*place, name, own)

    def _other_than_says(self, error: AtedbError) -> tuple[Transport, KnownGroups] | None:
        """Say where a group is that the server doesn't keep, since it asks another one: where the user is logged in.

        Which one it asks is its own affair: it may know it by another name, and is not to choose whom keys are proven to. One
        that asks nobody who owns its chains has nothing to do with a group of that name elsewhere. None: there is none, or a
        server was named.
        """
        if self._is_auth_named or error.reason != Reason.UNSUPPORTED or not error.metadata.get("auth_server"):
            return None
        if self._where_logged_in is None:
            server = self._keys.logged_in_at()
            place = None if server is None else parse_server_address(server)
            if place is None or place.server == self.server:
                return None
            known = KnownGroups(self._home, place.server, self._on_notice)
            self._where_logged_in = self._transport_to(place, _KEY_BITS_LEAST, None), known
        return self._where_logged_in

    def _safely(self) -> Transport:
        """Give a connection that is encrypted, for accounts and groups. Raises AUTH_LINK_UNSAFE."""
        if self._is_unsafe:
            raise AtedbError(
                Reason.AUTH_LINK_UNSAFE,
                f"accounts and groups go over encrypted connections only, and that to {self.server} is to be plain. Leave "
                "`encryption` out, or use TLS",
                metadata={"server": self.server},
            )
        return self._accounts

    async def open(
        self,
        chain: str,
        *,
        key: Key = None,
        token: Token | str | None = None,
        for_append: bool = True,
        chain_id: bytes | None = None,
        trust_mode: TrustMode | None = None,
        confidential: bool = False,
        private: bool = False,
        pad: bool = False,
        claim: bool = False,
        check_rules: bool | None = None,
        sign_batches: bool = False,
        sign_as_member: bool = True,
        reconnect_s: float = _RECONNECT_S,
    ) -> Chain:
        """Open a chain, by its key: `domain/name/db` or `group/db`.

        `key`: the one to write with, its name in the home folder, or an account that was logged in to; None: that of whoever is
        logged in on this machine (`atedb login`), else the default one, which is made when it is needed.
        `token`: to act by instead of a key, or its text; None: that of the client, if it has one and no key is named.
        `for_append`: a chain that isn't there is created by the first append; else that is CHAIN_NOT_FOUND.
        `chain_id`, `trust_mode`, `confidential`, `private`: what is demanded of the chain; the latter two are also what a chain
        is created as.
        `claim`: whether the name of its owner is claimed for the key, where nobody has it, and the server has an auth service and
        runs on this machine.
        `pad`: whether sealed data is padded to a length that many others share.
        `check_rules`: whether all that is read is checked to have been allowed, for which all before it is read; None: where the
        server isn't trusted with that.
        `sign_batches`: whether each batch is signed, also where a proof of the key would do.
        `sign_as_member`: whether what is written by the key of a group's role is signed by the member's own key, too, and names it
        as its author.
        `reconnect_s`: how long appends wait for a lost server.

        Raises CHAIN_NOT_FOUND, CHAIN_ID_MISMATCH, TRUST_MODE_MISMATCH, SERVER_IDENTITY_MISMATCH, HEAD_CONFLICT,
        CONNECTION_FAILED and others.
        """
        chain_key = parse_chain_key(chain)
        acting = self._token if token is None and key is None else token
        if acting is not None and key is not None:
            raise invalid("token", "a key and a token exclude each other: a token has a key of its own")
        if isinstance(acting, str):
            acting = Token.parse(acting)
        keys = ActingKeys(
            lambda: self._keys.load(key),
            lambda: self._keys.at_hand(key),
            token=acting,
            roles=self._roles_of(chain_key, claims=claim and for_append) if acting is None else None,
        )
        expected = Expected(chain_id, trust_mode, confidential, private, acting is not None)
        options = ChainOptions(
            expected,
            pad,
            # Of a group, before its key is asked for.
            claim and chain_key.kind == "user",
            check_rules,
            sign_batches,
            sign_as_member,
            reconnect_s,
        )
        opened = Chain(
            self._transport,
            chain_key,
            options,
            home=self._home,
            keys=keys,
            on_notice=self._on_notice,
        )
        await opened.open(for_append=for_append)
        # Those that were closed hold what was verified of them.
        self._chains = [one for one in self._chains if not one.is_closed]
        self._chains.append(opened)
        return opened

    async def close(self) -> None:
        """Close all chains, then the connection. What closing a chain has failed with is raised when all are closed."""
        chains, self._chains = self._chains, []
        failed: AtedbError | None = None
        try:
            for chain in chains:
                try:
                    await chain.close()
                except AtedbError as error:
                    failed = failed or error
        finally:
            await self._transport.close()
            if self._accounts is not self._transport:
                await self._accounts.close()
            if self._where_logged_in is not None:
                await self._where_logged_in[0].close()
        if failed is not None:
            raise failed

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _roles_of(self, chain_key: ChainKey, *, claims: bool) -> GroupKeys | None:
        """Give the keys that the user has by a role, for a group's chain."""
        group = chain_key.group
        if group is None:
            return None

        async def claim(own: KeyPair) -> None:
            notice = await claim_owner(self._transport, chain_key, own)
            if notice is not None:
                self._on_notice(notice)

        async def open_by(own: Sequence[KeyPair]) -> OpenedGroup:
            return await self._open_group(group, own)

        return GroupKeys(open_by, claim if claims else None, self._on_notice)


def connect(
    server: str,
    *,
    home: Path | str | None = None,
    passphrase: str | None = None,
    token: Token | str | None = None,
    auth: str | None = None,
    auth_tls: TlsOptions | None = None,
    encryption: Encryption = "auto",
    tls: TlsOptions | None = None,
    look_up_identity: LookUpIdentity | None = None,
    on_notice: OnNotice = ignore,
) -> Client:
    """Make a client of a server: `host[:port]`, or `ate://host[:port]`, and `#sha256:<fingerprint>` to pin its identity key.

    `home`: where keys, known servers and what was verified are kept; None: ATE_HOME, else ~/.ate. An empty text: nothing is
    kept, and the key lasts as long as the client. `passphrase`: of keys that are encrypted. `token`: to act by instead of keys, where
    none is named; `Token.from_environment()` is what the commands act by. `auth`: the server that keeps accounts and groups, where
    this one asks another who owns its chains (`atedb solo --auth`); where it isn't named, who is logged in (`atedb login`) asks
    for groups there; `auth_tls`: whether the tunnel to that one is within TLS.
    `encryption`: `auto` is what the
    server requires, and always where it is known to encrypt or is pinned; else the least bits of keys, or `plain`.
    `look_up_identity`: how the identity of a server that was never met is looked up. Raises REQUEST_INVALID.
    """
    folder = default_home() if home is None else Path(home) if str(home) else None
    return Client(
        parse_server_address(server),
        home=folder,
        passphrase=passphrase,
        token=token,
        auth=auth,
        auth_tls=auth_tls,
        encryption=encryption,
        tls=tls,
        look_up_identity=look_up_identity,
        on_notice=on_notice,
    )
