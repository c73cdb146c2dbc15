"""Owners of chains: users `name@domain`, and groups `name`."""

from dataclasses import dataclass
from typing import Final, Literal

from atedb.errors import AtedbError, Reason
from atedb.events.chain_key import ChainKey, parse_chain_key
from atedb.limits import OWNER_BYTES_MAX

_NAME_RULE: Final = "1 to 63 of a-z 0-9 . _ + -, the first a letter or digit"
_GROUP_RULE: Final = f"the name of a group is {_NAME_RULE}"
_USER_RULE: Final = (
    f'the name of a user is {_NAME_RULE}, not ending in ".chain" or ".chain.new", and the domain is a domain name in lower-case '
    'ASCII, or "localhost"'
)


@dataclass(frozen=True, slots=True)
class Owner:
    """Who owns chains. `text` is its one spelling."""

    kind: Literal["user", "group"]
    text: str


def owner_of(chain_key: ChainKey) -> Owner:
    """Give the owner that a chain key names."""
    if chain_key.group is not None:
        return Owner("group", chain_key.group)
    return Owner("user", f"{chain_key.name}@{chain_key.domain}")


def parse_owner(text: str) -> Owner:
    """Read an owner. Raises REQUEST_INVALID, naming the part at fault and the two forms."""
    if len(text.encode(errors="surrogatepass")) > OWNER_BYTES_MAX:
        raise _invalid(text[:64], f"it is longer than {OWNER_BYTES_MAX} bytes")
    name, at, domain = text.partition("@")
    if "/" in text:
        raise _invalid(text, 'it has a "/"')
    try:
        return owner_of(parse_chain_key(f"{domain}/{name}/db" if at else f"{name}/db"))
    except AtedbError as error:
        # Its words are about a chain key, of which the owner is but a part.
        raise _invalid(text, _USER_RULE if at else _GROUP_RULE) from error


def _invalid(text: str, why: str) -> AtedbError:
    return AtedbError(
        Reason.REQUEST_INVALID,
        f"{text!r} is no owner of chains: {why}. An owner is a user name@domain (as me@example.com) or a group (as team), lower "
        "case only",
        metadata={"owner": text[:OWNER_BYTES_MAX]},
    )
