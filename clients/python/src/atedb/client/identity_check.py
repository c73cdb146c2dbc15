"""Which server it is: judged before anything else is sent (docs/identity.md)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from atedb.client.known_hosts import KnownHost, KnownHosts, Verdict, judge
from atedb.client.notices import Notice, OnNotice
from atedb.crypto.keys import PublicKey
from atedb.errors import AtedbError, Reason
from atedb.events.chain_key import ServerAddress, fingerprint_text, parse_fingerprint_text
from atedb.trust.identity_line import IdentityLine, verify_identity_line

LookUpIdentity = Callable[[str], Awaitable[Sequence[str] | None]]
"""Looks up which identity keys `host:port` has, by a way that can be trusted; None where it is certain that there are none."""


@dataclass(frozen=True, slots=True)
class IdentityCheck:
    """Judges what a server has proven: by the fingerprint in its address, else by the servers that are known, else by what is
    looked up, else it is trusted at first use. A key that any of these name vouches for those that rotations lead to from
    there. One that a known server has given up is refused in every case.
    """  # noqa: D205

    address: ServerAddress
    known_hosts: KnownHosts
    look_up: LookUpIdentity | None
    on_notice: OnNotice

    async def must_encrypt(self) -> bool:
        """Whether the server is known, so that it has to encrypt."""
        return self.address.pinned is not None or await self.known_hosts.find(self.address.server) is not None

    async def accept(self, identity: PublicKey, rotations: Sequence[bytes]) -> IdentityLine:
        """Accept an identity that was proven, or refuse it.

        Raises VERIFICATION_FAILED, SERVER_IDENTITY_MISMATCH, SERVER_IDENTITY_CHANGED, CONNECTION_FAILED where a look-up
        failed. Nothing may be sent then.
        """
        server, pinned = self.address.server, self.address.pinned
        try:
            line = verify_identity_line(identity, rotations)
        except AtedbError as error:
            why = (
                f"what {server} says of its identity does not verify: {error.message}. Nothing was sent to it"
            )
            raise AtedbError(Reason.VERIFICATION_FAILED, why, metadata={"server": server}) from error
        fingerprints = {one.hex() for one in line.fingerprints}
        if pinned is not None and pinned not in fingerprints:
            raise self._mismatch(line, [pinned], "its address names")
        known = await self.known_hosts.find(server)
        verdict = judge(known, line)
        if verdict == "known":
            return line
        self._refuse(verdict, line, known)
        # What is pinned is said for this time; what is known otherwise stays.
        if verdict == "changed":
            return line
        if verdict == "first" and pinned is None and self.look_up is not None:
            await self._compare_published(line, self.look_up)
        await self._remember(line, verdict, known)
        return line

    def _refuse(self, verdict: Verdict, line: IdentityLine, known: KnownHost | None) -> None:
        is_refused = verdict in ("retired", "forked") or (
            verdict == "changed" and self.address.pinned is None
        )
        if not is_refused or known is None:
            return
        server = self.address.server
        raise AtedbError(
            Reason.SERVER_IDENTITY_CHANGED,
            f"{server} has proven another identity key, {_shown(line)}, than it was known by here, "
            f"{fingerprint_text(known.fingerprint)} ({verdict}): it was set up anew, or somebody answers in its place. Nothing "
            "was sent. Find out which; to accept the new one, delete its line in known_hosts",
            metadata={
                "server": server,
                "fingerprint": line.identity.fingerprint.hex(),
                "expected": known.fingerprint,
            },
        )

    async def _compare_published(self, line: IdentityLine, look_up: LookUpIdentity) -> None:
        server = self.address.server
        try:
            found = await look_up(server)
            published = None if found is None else [parse_fingerprint_text(one) for one in found]
        except Exception as error:
            why = f"the identity that {server} is to have could not be looked up: {error}. Nothing was sent to it"
            raise AtedbError(Reason.CONNECTION_FAILED, why, metadata={"server": server}) from error
        if published is not None and not {one.hex() for one in line.fingerprints} & set(published):
            raise self._mismatch(line, published, "is published")

    async def _remember(self, line: IdentityLine, verdict: Verdict, known: KnownHost | None) -> None:
        server = self.address.server
        try:
            found = await self.known_hosts.remember(server, line)
        except AtedbError as error:
            message = f"who {server} is could not be saved: {error.message}"
            self.on_notice(Notice("not-saved", message, cause=error))
            return
        if found == "known":
            return
        # Another process was faster, and has met another server.
        self._refuse(found, line, await self.known_hosts.find(server))
        if verdict == "rotated" and known is not None:
            message = (
                f"{server} has another identity key now, {_shown(line)}, for which the one before vouches"
            )
            self.on_notice(Notice("server-rotated", message, metadata={"server": server}))
        elif self.address.pinned is None:
            message = f"met {server} for the first time: its identity is {_shown(line)}. Compare it with what the server prints"
            fingerprint = line.identity.fingerprint.hex()
            self.on_notice(
                Notice("server-met", message, metadata={"server": server, "fingerprint": fingerprint})
            )

    def _mismatch(self, line: IdentityLine, due: Sequence[str], how: str) -> AtedbError:
        server = self.address.server
        named = ", ".join(map(fingerprint_text, due))
        return AtedbError(
            Reason.SERVER_IDENTITY_MISMATCH,
            f"{server} has proven the identity {_shown(line)}, and {how} {named}, from which no rotation leads to it. Nothing "
            "was sent",
            metadata={"server": server, "fingerprint": line.identity.fingerprint.hex(), "expected": due[0]},
        )


def _shown(line: IdentityLine) -> str:
    return fingerprint_text(line.identity.fingerprint)
