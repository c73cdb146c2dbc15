"""The servers that a user has met, in the file `known_hosts` of the home folder (docs/identity.md)."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from atedb.client.files import FileLock, make_folder, read_text, write_atomic
from atedb.errors import AtedbError, Reason
from atedb.events.chain_key import fingerprint_text, parse_fingerprint_text, parse_server_address
from atedb.trust.identity_line import IdentityLine

_HEAD: Final = """\
# Servers that atedb has met here, a line each: host:port, then the fingerprint of the server's identity key, then those of the
# keys that it had before. A server whose line is deleted is met for the first time again. See docs/identity.md.
"""

Verdict = Literal["first", "known", "rotated", "retired", "forked", "changed"]


@dataclass(frozen=True, slots=True)
class KnownHost:
    """A server that was met, by its identity keys: fingerprints in hexadecimal."""

    server: str
    fingerprint: str
    former: tuple[str, ...] = ()
    """Newest first."""

    @staticmethod
    def of(server: str, line: IdentityLine, before: "KnownHost | None") -> "KnownHost":
        """Say what is to be known of a server whose identity was accepted."""
        fingerprint, *shown = (one.hex() for one in reversed(line.fingerprints))
        older = before.former if before is not None else ()
        return KnownHost(
            server, fingerprint, (*shown, *(one for one in older if one not in {fingerprint, *shown}))
        )


def judge(known: KnownHost | None, line: IdentityLine) -> Verdict:
    """Judge a server's line by what is known of the server.

    `retired`: it is a key that the server has given up. `forked`: it follows from one that it had before, and not from those
    that are known to have followed from that.
    """
    if known is None:
        return "first"
    fingerprints = [one.hex() for one in line.fingerprints]
    if fingerprints[-1] == known.fingerprint:
        return "known"
    # First: a line that leads back to such a key is no way to it either.
    if fingerprints[-1] in known.former:
        return "retired"
    if known.fingerprint in fingerprints:
        return "rotated"
    return "forked" if any(one in fingerprints for one in known.former) else "changed"


class KnownHosts:
    """The file. Without a home folder it lasts as long as this object."""

    def __init__(self, home: Path | None) -> None:
        self._home = home
        self._kept = ""

    async def find(self, server: str) -> KnownHost | None:
        """Find a server. Raises STORAGE_FAILED."""
        return self._parse(self._read()).get(server)

    async def remember(self, server: str, line: IdentityLine) -> Verdict:
        """Keep an identity that was met for the first time, or that follows from the known one; durable on return.

        Returns the verdict by what is known then, so that of two who meet a server at once only one meets it first.
        """

        def decide(before: KnownHost | None) -> tuple[Verdict, KnownHost | None]:
            verdict = judge(before, line)
            keeps = verdict in ("first", "rotated")
            return verdict, KnownHost.of(server, line, before) if keeps else before

        return await self._change(server, decide)

    async def _change(
        self, server: str, decide: Callable[[KnownHost | None], tuple[Verdict, KnownHost | None]]
    ) -> Verdict:
        if self._home is None:
            verdict, host = decide(self._parse(self._kept).get(server))
            self._kept = _replaced(self._kept, server, host)
            return verdict
        make_folder(self._home)
        with await FileLock.take(self._home / "known_hosts.lock"):
            text = self._read()
            before = self._parse(text).get(server)
            verdict, host = decide(before)
            if host != before:
                write_atomic(self._home / "known_hosts", _replaced(text, server, host))
        return verdict

    def _read(self) -> str:
        if self._home is None:
            return self._kept
        text = read_text(self._home / "known_hosts")
        return _HEAD if text is None else text

    def _parse(self, text: str) -> dict[str, KnownHost]:
        hosts: dict[str, KnownHost] = {}
        for number, line in enumerate(text.split("\n"), 1):
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            try:
                address = parse_server_address(words[0])
                fingerprint, *former = (parse_fingerprint_text(one) for one in words[1:])
                if address.pinned is not None or address.server in hosts:
                    raise ValueError
            except (AtedbError, ValueError) as error:
                why = f"line {number} of {self._home}/known_hosts can't be used. Mend or delete that line"
                raise AtedbError(Reason.STORAGE_FAILED, why) from error
            hosts[address.server] = KnownHost(address.server, fingerprint, tuple(former))
        return hosts


def _replaced(text: str, server: str, host: KnownHost | None) -> str:
    """Give the text with another line for a server. All other lines stay as they are."""
    lines = text.removesuffix("\n").split("\n") if text else []

    def is_of_server(line: str) -> bool:
        words = line.split()
        return (
            bool(words) and not words[0].startswith("#") and parse_server_address(words[0]).server == server
        )

    written = (
        [] if host is None else [" ".join([server, *map(fingerprint_text, (host.fingerprint, *host.former))])]
    )
    places = [place for place, line in enumerate(lines) if is_of_server(line)]
    if places:
        lines[places[0] : places[0] + 1] = written
    else:
        lines += written
    return "".join(f"{line}\n" for line in lines)
