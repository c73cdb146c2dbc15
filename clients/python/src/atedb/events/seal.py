"""Seals: a writer's closing of one batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from atedb.crypto.domains import CONTEXT_SEAL, HASH_SEAL, HASH_WRITER
from atedb.crypto.hashes import tagged_hash
from atedb.crypto.keys import KeyPair, PublicKey
from atedb.crypto.merkle import merkle_root
from atedb.encoding import forms
from atedb.encoding.fields import FieldWriter, fields, frame, messages_in
from atedb.encoding.form_fields import MAGICS
from atedb.encoding.strict import check_strict
from atedb.errors import AtedbError, Reason
from atedb.events.event import RUN_SEAL


@dataclass(frozen=True, slots=True)
class TreeHead:
    """So many commits, and the root of their tree."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Precondition:
    """A condition on the chain, checked with the batch as one step."""

    kind: Literal["chain_unchanged", "lands_before", "key_unchanged", "fence"]
    number: int
    """The sequence that it is about; of a fence the token of the lease."""
    primary_key: bytes = b""


@dataclass(frozen=True, slots=True)
class WriterIdentity:
    """What a writer is: its id follows from the chain, its key and a random salt."""

    chain_id: bytes
    fingerprint: bytes
    salt: bytes

    def id(self) -> bytes:
        """Give the id: 32 bytes."""
        return tagged_hash(HASH_WRITER, self.chain_id, self.fingerprint, self.salt)


@dataclass(frozen=True, slots=True)
class Signature:
    """A Signature message."""

    suite: int
    fingerprint: bytes
    signature: bytes

    def message(self) -> bytes:
        """Serialise it."""
        writer = FieldWriter().varint(1, self.suite).data(2, self.fingerprint)
        return writer.data(3, self.signature).finish()

    @staticmethod
    def parse(data: bytes) -> "Signature":
        """Read it. Raises NON_CANONICAL."""
        check_strict(forms.SIGNATURE, data)
        suite, fingerprint, signature = fields(data)
        return Signature(
            suite.value, data[fingerprint.start : fingerprint.end], data[signature.start : signature.end]
        )

    @staticmethod
    def by(key: KeyPair, context: str, message: bytes) -> "Signature":
        """Sign."""
        return Signature(key.public_key.suite, key.fingerprint, key.sign(context, message))


def seal_hash(header: bytes) -> bytes:
    """Give the hash by which a seal is named, from its header's bytes."""
    return tagged_hash(HASH_SEAL, header)


def build_seal_header(
    writer: WriterIdentity,
    *,
    counter: int,
    previous: bytes | None,
    event_headers: Sequence[bytes],
    as_of: TreeHead | None = None,
    preconditions: Sequence[Precondition] = (),
) -> bytes:
    """Close a batch: make the header that is signed."""
    header = (
        FieldWriter()
        .fixed32(1, MAGICS["SealHeader"])
        .data(2, writer.chain_id)
        .data(3, writer.id())
        .data(4, writer.fingerprint)
        .data(5, writer.salt)
        .varint(6, counter)
        .data(7, previous)
        .varint(8, len(event_headers))
        .data(9, merkle_root(event_headers))
    )
    if as_of is not None and as_of.size > 0:
        header.varint(10, as_of.size).data(11, as_of.root)
    for condition in preconditions:
        header.message(12, _precondition_bytes(condition))
    return header.finish()


_CONDITIONS: Final = ("chain_unchanged", "lands_before", "key_unchanged", "fence")


def _precondition_bytes(condition: Precondition) -> bytes:
    place = _CONDITIONS.index(condition.kind) + 1
    inner = FieldWriter()
    if place > 2:
        inner.data(1, condition.primary_key).varint(2, condition.number)
    else:
        inner.varint(1, condition.number)
    return FieldWriter().message(place, inner.finish()).finish()


def sign_run(
    event_frames: Sequence[bytes],
    seal_header: bytes,
    keys: Sequence[KeyPair],
    shown: Sequence[PublicKey] = (),
    delegations: Sequence[bytes] = (),
) -> bytes:
    """Put a batch together: the events, then the seal, byte for byte what is sent, stored and replayed.

    `keys` sign it: none where a stream has proven the writer's. `shown` are public keys of signers that the chain may not
    know yet, and of who has delegated to one first. `delegations` are Delegation messages, one path in its order.
    """
    seal = FieldWriter().data(1, seal_header)
    for key in sorted(keys, key=lambda one: one.fingerprint):
        seal.message(2, Signature.by(key, CONTEXT_SEAL, seal_header).message())
    once = {key.fingerprint: key for key in shown}
    for public_key in sorted(once.values(), key=lambda one: one.fingerprint):
        seal.message(3, public_key.message())
    for delegation in delegations:
        seal.data(4, delegation)
    return b"".join((*event_frames, frame(RUN_SEAL, seal.finish())))


@dataclass(slots=True)
class SealView:
    """A seal, as it was read."""

    header: bytes
    hash: bytes
    signatures: tuple[Signature, ...]
    public_keys: tuple[bytes, ...]
    """PublicKey messages."""
    delegations: tuple[bytes, ...]
    """Delegation messages, one path of them."""
    chain_id: bytes
    writer_id: bytes
    fingerprint: bytes
    writer_salt: bytes
    counter: int
    previous: bytes | None
    events: int
    events_root: bytes
    as_of: TreeHead | None
    preconditions: tuple[Precondition, ...]


def parse_seal(data: bytes) -> SealView:
    """Read a Seal message. Raises NON_CANONICAL, BATCH_INVALID where it contradicts itself."""
    check_strict(forms.SEAL, data)
    (header,) = messages_in(data, 1)
    check_strict(forms.SEAL_HEADER, header)
    values: dict[int, int] = {}
    parts: dict[int, bytes] = {}
    preconditions: list[Precondition] = []
    for found in fields(header):
        values[found.number] = found.value
        if found.number == 12:
            preconditions.append(_parse_precondition(header[found.start : found.end]))
        elif found.wire_type == 2:
            parts[found.number] = header[found.start : found.end]
    counter, as_of_size = values.get(6, 0), values.get(10, 0)
    if (counter == 0) != (7 not in parts):
        raise AtedbError(
            Reason.BATCH_INVALID, "a seal names the seal before it, unless it is its writer's first"
        )
    if (as_of_size == 0) != (11 not in parts):
        raise AtedbError(Reason.BATCH_INVALID, "a seal names size and root of a head, or neither")
    return SealView(
        header,
        seal_hash(header),
        tuple(Signature.parse(one) for one in messages_in(data, 2)),
        tuple(messages_in(data, 3)),
        tuple(messages_in(data, 4)),
        parts[2],
        parts[3],
        parts[4],
        parts[5],
        counter,
        parts.get(7),
        values[8],
        parts[9],
        TreeHead(as_of_size, parts[11]) if as_of_size else None,
        tuple(preconditions),
    )


def _parse_precondition(data: bytes) -> Precondition:
    outer = next(fields(data))
    number, primary_key = 0, b""
    for found in fields(data, outer.start, outer.end):
        if found.wire_type == 2:
            primary_key = data[found.start : found.end]
        else:
            number = found.value
    kind: Literal["chain_unchanged", "lands_before", "key_unchanged", "fence"] = (
        "chain_unchanged"
        if outer.number == 1
        else "lands_before"
        if outer.number == 2
        else "key_unchanged"
        if outer.number == 3
        else "fence"
    )
    return Precondition(kind, number, primary_key)
