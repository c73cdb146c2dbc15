"""What events say of rights and keys: rules, keys that are shown, handed out and changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from atedb.crypto.keys import PublicKey
from atedb.encoding.fields import FieldWriter, fields, messages_in
from atedb.errors import AtedbError, Reason
from atedb.events.redaction import Redaction, parse_redaction, redaction_bytes
from atedb.events.snapshot import Snapshot, parse_snapshot

RuleKind = Literal["everyone", "nobody", "any_of", "inherit"]


@dataclass(frozen=True, slots=True)
class WriteRule:
    """Who may write an object, or add to it. Of adding, there is no `inherit`."""

    kind: RuleKind
    fingerprints: tuple[bytes, ...] = ()
    """Of `any_of`: sorted, once each, 1 to 16 of 32 bytes."""

    @staticmethod
    def any_of(*fingerprints: bytes) -> "WriteRule":
        """Allow any of some keys."""
        return WriteRule("any_of", tuple(sorted(set(fingerprints))))


@dataclass(frozen=True, slots=True)
class ReadRule:
    """Whether an object's data is sealed, and with which read key."""

    kind: Literal["everyone", "read_key", "inherit"]
    read_key_id: bytes = b""


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """For how long data is kept: what is so old, or not among the newest so many events, may go. 0: not by that."""

    age_ms: int = 0
    count: int = 0

    @property
    def lets_go(self) -> bool:
        """Whether it lets anything go."""
        return self.age_ms > 0 or self.count > 0


@dataclass(frozen=True, slots=True)
class Authorisation:
    """The rules that an event sets. What is None stays as it is."""

    write: WriteRule | None = None
    add: WriteRule | None = None
    read: ReadRule | None = None
    admit: tuple[bytes, ...] | None = None
    retain: RetentionRule | None = None


@dataclass(frozen=True, slots=True)
class Confidentiality:
    """What seals an event's data; 32 bytes each."""

    read_key_id: bytes
    random: bytes
    commitment: bytes


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A read key for one reader."""

    read_key_id: bytes
    recipient: bytes
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A key that counts no more, and what has its place."""

    fingerprint: bytes
    successor: PublicKey | None = None


@dataclass(frozen=True, slots=True)
class EventAuthority:
    """All that an event says of rights and keys."""

    authorisation: Authorisation | None = None
    public_keys: tuple[PublicKey, ...] = ()
    wrapped_keys: tuple[WrappedKey, ...] = ()
    sign_with: tuple[bytes, ...] = ()
    author: bytes | None = None
    moves: bool = False
    roots: tuple[PublicKey, ...] | None = None
    key_change: KeyChange | None = None
    label: bytes | None = None
    auth_answer: bytes | None = None
    """An AuthAnswer message, as it lies."""
    server_identity: bytes | None = None
    """An IdentityRotation message, as it lies."""
    redaction: Redaction | None = None
    snapshot: Snapshot | None = None


NO_AUTHORITY = EventAuthority()

_RULE_FIELDS: dict[str, int] = {"everyone": 1, "nobody": 2, "any_of": 3, "inherit": 4}
_RULE_KINDS: dict[int, RuleKind] = {1: "everyone", 2: "nobody", 3: "any_of", 4: "inherit"}


def _fingerprints_bytes(fingerprints: Sequence[bytes]) -> bytes:
    writer = FieldWriter()
    for fingerprint in fingerprints:
        writer.message(1, fingerprint)
    return writer.finish()


def _write_rule_bytes(rule: WriteRule) -> bytes:
    return FieldWriter().message(_RULE_FIELDS[rule.kind], _fingerprints_bytes(rule.fingerprints)).finish()


def _read_rule_bytes(rule: ReadRule) -> bytes:
    number = {"everyone": 1, "read_key": 2, "inherit": 3}[rule.kind]
    return FieldWriter().message(number, rule.read_key_id).finish()


def _authorisation_bytes(rules: Authorisation) -> bytes:
    writer = FieldWriter()
    if rules.write is not None:
        writer.message(1, _write_rule_bytes(rules.write))
    if rules.add is not None:
        writer.message(2, _write_rule_bytes(rules.add))
    if rules.read is not None:
        writer.message(3, _read_rule_bytes(rules.read))
    if rules.admit is not None:
        writer.message(4, _fingerprints_bytes(rules.admit))
    if rules.retain is not None:
        retain = FieldWriter().varint(1, rules.retain.age_ms).varint(2, rules.retain.count)
        writer.message(5, retain.finish())
    return writer.finish()


def write_early(
    header: FieldWriter, authority: EventAuthority, confidentiality: Confidentiality | None
) -> None:
    """Write the fields that come before an event's type: 6 to 11."""
    if authority.authorisation is not None:
        header.message(6, _authorisation_bytes(authority.authorisation))
    if confidentiality is not None:
        parts = FieldWriter().data(1, confidentiality.read_key_id).data(2, confidentiality.random)
        header.message(7, parts.data(3, confidentiality.commitment).finish())
    for key in authority.public_keys:
        header.message(8, key.message())
    for one in authority.wrapped_keys:
        parts = FieldWriter().data(1, one.read_key_id).data(2, one.recipient).data(3, one.wrapped)
        header.message(9, parts.finish())
    for fingerprint in authority.sign_with:
        header.message(10, fingerprint)
    header.data(11, authority.author)


def write_late(header: FieldWriter, authority: EventAuthority) -> None:
    """Write the fields that come after an event's time: 16 to 23."""
    header.varint(16, int(authority.moves))
    if authority.roots is not None:
        roots = FieldWriter()
        for root in authority.roots:
            roots.message(1, root.message())
        header.message(17, roots.finish())
    if authority.key_change is not None:
        change = FieldWriter().data(1, authority.key_change.fingerprint)
        if authority.key_change.successor is not None:
            change.message(2, authority.key_change.successor.message())
        header.message(18, change.finish())
    header.data(19, authority.label)
    if authority.redaction is not None:
        header.message(23, redaction_bytes(authority.redaction))


def read_authority(header: bytes) -> EventAuthority:  # noqa: PLR0912 - one case a field
    """Read what a header, which is in the strict form, says of rights and keys.

    Raises UNSUPPORTED and REQUEST_INVALID for a key that is none, BATCH_INVALID where what must be sorted isn't.
    """
    authorisation: Authorisation | None = None
    public_keys: list[PublicKey] = []
    wrapped_keys: list[WrappedKey] = []
    sign_with: list[bytes] = []
    author: bytes | None = None
    moves = False
    roots: tuple[PublicKey, ...] | None = None
    key_change: KeyChange | None = None
    label: bytes | None = None
    auth_answer: bytes | None = None
    server_identity: bytes | None = None
    redaction: Redaction | None = None
    snapshot: Snapshot | None = None
    for found in fields(header):
        if found.wire_type != 2 and found.number != 16:
            continue
        content = header[found.start : found.end]
        match found.number:
            case 6:
                authorisation = parse_authorisation(content)
            case 8:
                public_keys.append(PublicKey.parse(content))
            case 9:
                wrapped_keys.append(WrappedKey(*_contents(content)))
            case 10:
                sign_with.append(content)
            case 11:
                author = content
            case 16:
                moves = found.value == 1
            case 17:
                roots = tuple(PublicKey.parse(one) for one in messages_in(content, 1))
                check_sorted("the roots", [root.fingerprint for root in roots])
            case 18:
                fingerprint, *successor = _contents(content)
                key_change = KeyChange(fingerprint, PublicKey.parse(successor[0]) if successor else None)
            case 19:
                label = content
            case 20:
                auth_answer = content
            case 21:
                server_identity = content
            case 22:
                snapshot = parse_snapshot(content)
            case 23:
                redaction = parse_redaction(content)
            case _:
                pass
    check_sorted("the keys that sign with the writer", sign_with)
    return EventAuthority(
        authorisation,
        tuple(public_keys),
        tuple(wrapped_keys),
        tuple(sign_with),
        author,
        moves,
        roots,
        key_change,
        label,
        auth_answer,
        server_identity,
        redaction,
        snapshot,
    )


def read_confidentiality(header: bytes) -> Confidentiality | None:
    """Read what seals an event's data from its header; None where it is in clear."""
    for content in messages_in(header, 7):
        return Confidentiality(*_contents(content))
    return None


def parse_authorisation(data: bytes) -> Authorisation:
    """Read rules, which are in the strict form. Raises BATCH_INVALID where keys are not sorted."""
    write = add = None
    read: ReadRule | None = None
    admit: tuple[bytes, ...] | None = None
    retain: RetentionRule | None = None
    for found in fields(data):
        content = data[found.start : found.end]
        if found.number == 1:
            write = _parse_write_rule(content)
        elif found.number == 2:
            add = _parse_write_rule(content)
        elif found.number == 3:
            read = _parse_read_rule(content)
        elif found.number == 4:
            admit = tuple(_contents(content))
            check_sorted("the keys that are let in", admit)
        else:
            parts = {part.number: part.value for part in fields(content)}
            retain = RetentionRule(parts.get(1, 0), parts.get(2, 0))
    return Authorisation(write, add, read, admit, retain)


def _parse_write_rule(data: bytes) -> WriteRule:
    found = next(fields(data))
    fingerprints = tuple(_contents(data[found.start : found.end]))
    check_sorted("the keys of a rule", fingerprints)
    return WriteRule(_RULE_KINDS[found.number], fingerprints)


def _parse_read_rule(data: bytes) -> ReadRule:
    found = next(fields(data))
    if found.number == 2:
        return ReadRule("read_key", data[found.start : found.end])
    return ReadRule("everyone" if found.number == 1 else "inherit")


def _contents(data: bytes) -> list[bytes]:
    """Give the contents of all fields of a message that has fields of bytes and messages only."""
    return [data[found.start : found.end] for found in fields(data)]


def check_sorted(what: str, fingerprints: Sequence[bytes]) -> None:
    """Refuse what isn't sorted, once each. Raises BATCH_INVALID."""
    for before, after in pairwise(fingerprints):
        if before >= after:
            why = f"{what} are not sorted by fingerprint, once each: {after.hex()} is out of place"
            raise AtedbError(Reason.BATCH_INVALID, why)
