"""Chain keys, and the addresses of chains and servers."""

import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from atedb.errors import AtedbError, Reason
from atedb.limits import CHAIN_KEY_BYTES_MAX

DEFAULT_PORT: Final = 5000

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._+-]{0,62}")
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_DB: Final = re.compile(r"([a-z0-9_]{1,64})(?:@([a-z2-7]{52}))?")
_CHAIN_FOLDER: Final = re.compile(r"\.chain(\.new)?\Z")
_ADDRESS: Final = re.compile(r"(ate|ws)://(\[[0-9a-fA-F:.]+\]|[^\s/:\[\]@#?]+)(?::([0-9]{1,5}))?(?:/(.*))?")
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")
_PIN_MARK: Final = "sha256:"


@dataclass(frozen=True, slots=True)
class ChainKey:
    """A chain key, taken apart: of a user (`domain`, `name`), or of a `group`."""

    text: str
    db: str
    domain: str | None = None
    name: str | None = None
    group: str | None = None
    roots_fingerprint: str | None = None
    """In base32: of the roots that have signed its genesis."""

    @property
    def kind(self) -> str:
        """`user` or `group`."""
        return "user" if self.group is None else "group"


def _bad_key(text: str, why: str) -> AtedbError:
    return AtedbError(
        Reason.CHAIN_KEY_INVALID,
        f"{text[:64]!r} is not a chain key: {why}. A chain key is domain/name/db (as example.com/me/mydb) or "
        "group/db (as team/mydb), lower case only.",
        metadata={"chain_key": text},
    )


def parse_chain_key(text: str) -> ChainKey:
    """Parse a chain key. Raises CHAIN_KEY_INVALID. Whether a domain exists is not checked."""
    if len(text.encode(errors="surrogatepass")) > CHAIN_KEY_BYTES_MAX:
        raise _bad_key(text, f"it is longer than {CHAIN_KEY_BYTES_MAX} bytes")
    parts = text.split("/")
    if not 2 <= len(parts) <= 3:
        raise _bad_key(text, f"it has {len(parts)} part{'' if len(parts) == 1 else 's'}")
    match = _DB.fullmatch(parts[-1])
    if match is None:
        raise _bad_key(text, f"{parts[-1]!r} is not a database name")
    db, roots = match.groups()
    if len(parts) == 2:
        if _NAME.fullmatch(parts[0]) is None:
            raise _bad_key(text, f"{parts[0]!r} is not a group name")
        return ChainKey(text, db, group=parts[0], roots_fingerprint=roots)
    domain, name = parts[0], parts[1]
    if not _is_domain(domain):
        raise _bad_key(text, f"{domain!r} is not a domain name in lower-case ASCII, nor 'localhost'")
    # The folder of a user so named would be, or become, that of the group chain beside it.
    if _NAME.fullmatch(name) is None or _CHAIN_FOLDER.search(name) is not None:
        raise _bad_key(text, f"{name!r} is not a user name")
    return ChainKey(text, db, domain=domain, name=name, roots_fingerprint=roots)


def _is_domain(text: str) -> bool:
    labels = text.split(".")
    return text == "localhost" or (
        len(text) <= 253 and len(labels) >= 2 and all(_LABEL.fullmatch(label) for label in labels)
    )


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a server is."""

    host: str
    """A name or an IP address, IPv6 without brackets."""
    port: int
    server: str
    """`host:port`, IPv6 in brackets: one spelling a server."""
    pinned: str | None
    """Fingerprint of the identity key that it must have, in hexadecimal."""


@dataclass(frozen=True, slots=True)
class ChainAddress:
    """Where a chain is."""

    server: ServerAddress
    chain_key: ChainKey

    @property
    def text(self) -> str:
        """`ate://host:port/<chain key>`, without the fingerprint."""
        return f"ate://{self.server.server}/{self.chain_key.text}"


def _bad_address(text: str, why: str) -> AtedbError:
    return AtedbError(
        Reason.REQUEST_INVALID,
        f"{text!r} is not an address: {why}. An address is ate://host[:port]/chain-key[#sha256:fingerprint], "
        f"as ate://localhost/example.com/me/mydb; the port is {DEFAULT_PORT} unless named.",
        metadata={"field": "address", "address": text},
    )


def parse_chain_address(text: str) -> ChainAddress:
    """Parse `ate://host[:port]/<chain key>`, or the older `ws://host[:port]/db/<chain key>`.

    Raises REQUEST_INVALID, and CHAIN_KEY_INVALID for its chain key.
    """
    server, path = _split_address(text)
    if path == "":
        raise _bad_address(text, "it names no chain")
    return ChainAddress(server, parse_chain_key(path))


def parse_server_address(text: str) -> ServerAddress:
    """Parse `ate://host[:port]`, or just `host[:port]`. Raises REQUEST_INVALID."""
    server, path = _split_address(text if "://" in text else f"ate://{text}")
    if path != "":
        raise _bad_address(text, f"it names a chain too, {path!r}")
    return server


def _split_address(text: str) -> tuple[ServerAddress, str]:
    before, mark, pin = text.partition("#")
    pinned = _parse_pin(text, pin) if mark else None
    match = _ADDRESS.fullmatch(before)
    if match is None or any(unicodedata.category(one).startswith("C") for one in match[2]):
        raise _bad_address(text, "it is of another form; an IPv6 address stands in brackets, as ate://[::1]")
    scheme, spelt, port_text, path = match.groups()
    path = path or ""
    port = DEFAULT_PORT if port_text is None else int(port_text)
    if not 1 <= port <= 65_535:
        raise _bad_address(text, f"{port_text} is not a port from 1 to 65535")
    if scheme == "ws":
        if path not in ("", "db") and not path.startswith("db/"):
            raise _bad_address(text, "after the host of a ws:// address comes /db/")
        path = path.removeprefix("db").removeprefix("/")
    if spelt.startswith("["):
        host = _shortest_ipv6(text, spelt[1:-1])
        return ServerAddress(host, port, f"[{host}]:{port}", pinned), path
    host = spelt.lower()
    return ServerAddress(host, port, f"{host}:{port}", pinned), path


def _shortest_ipv6(text: str, digits: str) -> str:
    """Spell an IPv6 address as browsers do (RFC 5952, mapped IPv4 in hexadecimal)."""
    try:
        address = ipaddress.IPv6Address(digits)
    except ValueError:
        raise _bad_address(text, f"[{digits}] is no IPv6 address") from None
    if address.ipv4_mapped is not None:
        low = int(address) & 0xFFFF_FFFF
        return f"::ffff:{low >> 16:x}:{low & 0xFFFF:x}"
    return address.compressed


def _parse_pin(address: str, text: str) -> str:
    fault = fingerprint_fault(text)
    if fault is not None:
        why = f"what follows the # is the fingerprint of the server's identity: {fault}"
        raise _bad_address(address, why)
    return text.removeprefix(_PIN_MARK)


def fingerprint_text(fingerprint: bytes | str) -> str:
    """Spell a fingerprint as it stands in addresses: `sha256:` and 64 hexadecimal digits."""
    return _PIN_MARK + (fingerprint if isinstance(fingerprint, str) else fingerprint.hex())


def fingerprint_fault(text: str) -> str | None:
    """Say what is wrong with a fingerprint that has its mark; None: nothing."""
    if not text.startswith(_PIN_MARK):
        return f"it begins with {_PIN_MARK}, and other hashes than SHA-256 are not known"
    if _FINGERPRINT.fullmatch(text.removeprefix(_PIN_MARK)) is None:
        return f"after {_PIN_MARK} come 64 hexadecimal digits in lower case, and nothing else"
    return None


def parse_fingerprint_text(text: str) -> str:
    """Parse that form, or the bare digits. Returns the digits. Raises REQUEST_INVALID."""
    fault = fingerprint_fault(text if ":" in text else _PIN_MARK + text)
    if fault is None:
        return text.rpartition(":")[2]
    raise AtedbError(
        Reason.REQUEST_INVALID,
        f"{text!r} is no fingerprint of a key: {fault}",
        metadata={"field": "fingerprint"},
    )
