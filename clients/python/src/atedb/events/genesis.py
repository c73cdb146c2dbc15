"""The genesis: what a chain is, said once by its first event."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from atedb.crypto.domains import HASH_CHAIN, HASH_ROOTS
from atedb.crypto.hashes import tagged_hash
from atedb.crypto.keys import PublicKey
from atedb.encoding import forms
from atedb.encoding.fields import FieldWriter, fields, messages_in
from atedb.encoding.form_fields import MAGICS
from atedb.encoding.strict import check_strict
from atedb.errors import AtedbError, Reason
from atedb.events.auth_answer import AuthAnswer, parse_auth_answer
from atedb.events.chain_key import ChainKey, parse_chain_key
from atedb.events.owner import owner_of

TrustMode = Literal["centralized", "distributed"]


@dataclass(frozen=True, slots=True)
class Genesis:
    """What a chain is. Its id is the hash of the header that says it, so nothing of it can ever change."""

    chain_key: ChainKey
    trust_mode: TrustMode
    roots: tuple[PublicKey, ...]
    """Sorted by fingerprint. Where an auth service says whose the chain is, those of its answer."""
    created_unix_ms: int
    salt: bytes
    server_identity: PublicKey | None
    """Of a centralized chain."""
    private: bool
    confidential: bool
    answer: AuthAnswer | None
    """What its auth service said of the owner when the chain was made; None: it has none."""
    header: bytes

    @property
    def chain_id(self) -> bytes:
        """32 bytes."""
        return chain_id_of(self.header)

    @property
    def signers(self) -> tuple[PublicKey, ...]:
        """The keys that sign it: its roots, or where an auth service names them the server alone."""
        if self.answer is None or self.server_identity is None:
            return self.roots
        return (self.server_identity,)


def chain_id_of(header: bytes) -> bytes:
    """Give the id of the chain that these header bytes of a genesis event begin."""
    return tagged_hash(HASH_CHAIN, header)


def roots_fingerprint(roots: Iterable[PublicKey]) -> bytes:
    """Give the fingerprint that a chain key may carry of the roots that have signed its genesis."""
    return tagged_hash(HASH_ROOTS, *sorted(root.fingerprint for root in roots))


def build_genesis(
    chain_key: ChainKey,
    trust_mode: TrustMode,
    roots: Iterable[PublicKey],
    *,
    created_unix_ms: int,
    salt: bytes,
    server_identity: PublicKey | None = None,
    private: bool = False,
    confidential: bool = False,
) -> bytes:
    """Make the header bytes of a genesis event. Nothing is checked that a reader checks; see `parse_genesis`."""
    genesis = FieldWriter().string(1, chain_key.text).varint(2, 1 if trust_mode == "centralized" else 2)
    for root in sorted(roots, key=lambda one: one.fingerprint):
        genesis.message(3, root.message())
    genesis.varint(4, created_unix_ms).data(5, salt)
    if server_identity is not None:
        genesis.message(6, server_identity.message())
    genesis.varint(7, int(private)).varint(8, int(confidential))
    header = FieldWriter().fixed32(1, MAGICS["EventHeader"]).varint(2, 1)
    return header.message(15, genesis.finish()).finish()


def _invalid(why: str) -> AtedbError:
    return AtedbError(Reason.GENESIS_INVALID, f"the genesis is not valid: {why}")


def parse_genesis(header: bytes) -> Genesis:
    """Read the genesis out of the header bytes of a chain's first event.

    Raises NON_CANONICAL, GENESIS_INVALID, CHAIN_KEY_INVALID. Signatures are not checked here, they are over the seal.
    """
    check_strict(forms.EVENT_HEADER, header)
    for found in fields(header):
        if found.number not in (1, 2, 15):
            raise _invalid("its event has fields beside the genesis")
        if found.number == 2 and found.value != 1:
            raise _invalid("its event is of another kind")
    inner = next(iter(messages_in(header, 15)), None)
    if inner is None:
        raise _invalid("its event holds no genesis")
    numbers: dict[int, int] = {}
    parts: dict[int, bytes] = {}
    roots: list[PublicKey] = []
    for found in fields(inner):
        content = inner[found.start : found.end]
        if found.number == 3:
            roots.append(_key_of("one of its roots", content))
        elif found.wire_type == 2:
            parts[found.number] = content
        else:
            numbers[found.number] = found.value
    for before, after in pairwise(roots):
        if before.fingerprint >= after.fingerprint:
            raise _invalid("its roots are not sorted by fingerprint, once each")
    trust_mode: TrustMode = "centralized" if numbers[2] == 1 else "distributed"
    server = _key_of("the server's identity", parts[6]) if 6 in parts else None
    if (trust_mode == "centralized") != (server is not None):
        raise _invalid(f"a {trust_mode} chain's names {'no' if server else 'a'} server")
    chain_key = parse_chain_key(parts[1].decode())
    answer = _answer_in(chain_key, trust_mode, parts.get(9), parts.get(10))
    if (answer is None) != bool(roots):
        raise _invalid(
            "it names no roots"
            if answer is None
            else "it names roots, which the answer of its auth service does"
        )
    return Genesis(
        chain_key,
        trust_mode,
        tuple(roots) if answer is None else answer.roots,
        numbers[4],
        parts[5],
        server,
        numbers.get(7) == 1,
        numbers.get(8) == 1,
        answer,
        header,
    )


def _answer_in(
    chain_key: ChainKey, trust_mode: TrustMode, identity_message: bytes | None, message: bytes | None
) -> AuthAnswer | None:
    """Read what the auth service of a chain said when that was made."""
    if identity_message is None and message is None:
        return None
    if identity_message is None or message is None:
        raise _invalid("an auth service is named with what it says, and the one is there without the other")
    identity = _key_of("the auth service's identity", identity_message)
    if trust_mode != "centralized":
        raise _invalid("a distributed chain has no auth service, and it names one's identity")
    try:
        answer = parse_auth_answer(message)
    except AtedbError as error:
        raise _invalid(error.message) from error
    owner = owner_of(chain_key)
    if answer.owner.text != owner.text:
        raise _invalid(f"its auth service speaks of {answer.owner.text}, and the chain is {owner.text}'s")
    if answer.identity.fingerprint != identity.fingerprint:
        raise _invalid("what its auth service says is signed by another one than it names")
    if answer.rotations or answer.changed:
        raise _invalid("what its auth service says tells of what was before, and nothing was")
    if answer.is_removed:
        raise _invalid(f"the account {answer.owner.text} was removed")
    return answer


def _key_of(what: str, message: bytes) -> PublicKey:
    try:
        return PublicKey.parse(message)
    except AtedbError as error:
        raise _invalid(f"{what} is no key: {error.message}") from error
