"""Who keeps a chain, and who says whose it is (docs/trust.md, "Owners")."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from atedb.crypto.keys import PublicKey
from atedb.errors import AtedbError, Reason
from atedb.events.auth_answer import AuthAnswer
from atedb.events.batch import Batch, invalid_event
from atedb.events.genesis import Genesis
from atedb.events.identity_rotation import IdentityRotation
from atedb.trust.key_ring import KeyRing, Undo


@dataclass(frozen=True, slots=True)
class OwnerRecord:
    """What the auth service of a chain has said last of its owner, but for roots and writers: see `KeyRing`.

    Times are milliseconds since 1970-01-01 UTC.
    """

    owner: str
    """`name@domain`, or the name of a group."""
    identity: PublicKey
    """Of the auth service now."""
    version: int
    issued_unix_ms: int
    expires_unix_ms: int
    """From then on it counts no more."""
    admitted: tuple[bytes, ...]
    """Fingerprints, sorted."""
    is_unverified: bool
    is_removed: bool


def _record_of(answer: AuthAnswer, identity: PublicKey) -> OwnerRecord:
    return OwnerRecord(
        answer.owner.text,
        identity,
        answer.version,
        answer.issued_unix_ms,
        answer.expires_unix_ms,
        answer.admitted,
        answer.is_unverified,
        answer.is_removed,
    )


@dataclass(slots=True)
class Ownership:
    """Changed by what the server adds, and by nothing else."""

    server_identity: PublicKey | None = None
    """Of the server now; None in distributed chains."""
    owner: OwnerRecord | None = None
    """None: the chain has no auth service."""

    @staticmethod
    def of(genesis: Genesis) -> "Ownership":
        """Begin with what the genesis of a chain says."""
        answer = genesis.answer
        record = None if answer is None else _record_of(answer, answer.identity)
        return Ownership(genesis.server_identity, record)

    def copy(self) -> "Ownership":
        """Give one that changes by itself."""
        return Ownership(self.server_identity, self.owner)

    def admits(self, fingerprint: bytes) -> bool:
        """Whether the auth service lets a key open the chain if it is private."""
        return self.owner is not None and fingerprint in self.owner.admitted

    def check_takes(self, time_unix_ms: int) -> None:
        """Refuse whatever isn't the server's own, where nobody says any more whose keys count.

        `time_unix_ms`: of the commit. Raises OWNER_REMOVED, AUTH_ANSWER_EXPIRED.
        """
        record = self.owner
        if record is None:
            return
        if record.is_removed:
            raise AtedbError(
                Reason.OWNER_REMOVED,
                f"the account {record.owner} was removed, so its chains take nothing any more. They can be read",
                metadata={"owner": record.owner},
            )
        if time_unix_ms >= record.expires_unix_ms:
            raise AtedbError(
                Reason.AUTH_ANSWER_EXPIRED,
                f"what the auth service has said of {record.owner} counts since {in_utc(record.expires_unix_ms)} no more, so the "
                "chain takes nothing until it can be asked again. It can be read. Try again later, or have the auth service "
                "looked after",
                metadata={"owner": record.owner, "expired_unix_ms": str(record.expires_unix_ms)},
            )

    def decide(self, batch: Batch, time_unix_ms: int, keys: KeyRing, undo: Undo) -> None:
        """Have the state after a batch of the server's own. That it is the server's was found by `server_of`.

        `time_unix_ms`: of its commit. Raises AUTH_ANSWER_INVALID, BATCH_INVALID, naming the event.
        """
        for index, event in enumerate(batch.events):
            if event.kind == "server_identity":
                self._rotate(index, batch.rotation_of(index), undo)
            else:
                self._answer(index, batch.answer_of(index), time_unix_ms, keys, undo)

    def _rotate(self, index: int, rotation: IdentityRotation, undo: Undo) -> None:
        """Have an identity followed by another one: the server's, the auth service's, or both where that is in the server."""
        old, new = rotation.old.fingerprint, rotation.new
        server, record = self.server_identity, self.owner
        is_servers = server is not None and server.fingerprint == old
        is_services = record is not None and record.identity.fingerprint == old
        if not is_servers and not is_services:
            raise invalid_event(
                index,
                f"the identity {old.hex()} is followed by another one, and is neither the server's nor its auth service's now",
            )
        if record is not None and is_services:
            record = replace(record, identity=new)
        self._set(new if is_servers else server, record, undo)

    def _answer(self, index: int, answer: AuthAnswer, time_unix_ms: int, keys: KeyRing, undo: Undo) -> None:
        before = self.owner
        if before is None:
            raise _invalid(index, "the chain has no auth service")
        _check_follows(index, answer, before)
        if answer.version == before.version:
            _check_same(index, answer, before, keys)
        if answer.expires_unix_ms <= time_unix_ms:
            raise _invalid(index, f"it counts no more since {in_utc(answer.expires_unix_ms)}")
        self._set(self.server_identity, _record_of(answer, before.identity), undo)
        keys.set_owners(answer.roots, answer.writers, undo)
        for change in answer.changed:
            keys.follow(change.fingerprint, change.successor, undo)

    def _set(self, server_identity: PublicKey | None, owner: OwnerRecord | None, undo: Undo) -> None:
        before = (self.server_identity, self.owner)
        self.server_identity, self.owner = server_identity, owner

        def restore() -> None:
            self.server_identity, self.owner = before

        undo.append(restore)


def _check_follows(index: int, answer: AuthAnswer, before: OwnerRecord) -> None:
    """Refuse an answer that isn't the next one of a chain. Raises AUTH_ANSWER_INVALID."""
    if answer.owner.text != before.owner:
        raise _invalid(index, f"it is about {answer.owner.text}, and the chain is {before.owner}'s")
    if answer.identity.fingerprint != before.identity.fingerprint:
        raise _invalid(
            index,
            f"it is signed by {answer.identity.fingerprint.hex()}, and the auth service is "
            f"{before.identity.fingerprint.hex()}",
        )
    is_newer = answer.version > before.version or (
        answer.version == before.version and answer.expires_unix_ms > before.expires_unix_ms
    )
    if not is_newer:
        raise _invalid(
            index,
            f"it has the version {answer.version} and counts until {answer.expires_unix_ms}, and the chain has one of version "
            f"{before.version} until {before.expires_unix_ms}",
        )


def _check_same(index: int, answer: AuthAnswer, before: OwnerRecord, keys: KeyRing) -> None:
    """Refuse an answer that says something else under the same version. Raises AUTH_ANSWER_INVALID.

    Versions count all changes of an account, so it is another account of the same name: the service has lost the first one, and
    somebody else has the name now.
    """
    roots = [key.fingerprint for key in answer.roots]
    writers = [key.fingerprint for key in answer.writers]
    is_same = (
        (roots, writers) == (keys.root_fingerprints, keys.writer_fingerprints)
        and answer.admitted == before.admitted
        and not answer.changed
        and (answer.is_unverified, answer.is_removed) == (before.is_unverified, before.is_removed)
    )
    if not is_same:
        raise _invalid(
            index,
            f"it says something else of {before.owner} than the chain has under the same version {answer.version}: that is "
            "another account of this name",
        )


def in_utc(time_unix_ms: int) -> str:
    """Write a time for people; one beyond the calendar as its number."""
    try:
        return datetime.fromtimestamp(time_unix_ms / 1_000, UTC).isoformat(timespec="milliseconds")
    except (OverflowError, ValueError, OSError):
        return f"{time_unix_ms} ms after 1970"


def _invalid(index: int, why: str) -> AtedbError:
    return AtedbError(
        Reason.AUTH_ANSWER_INVALID,
        f"event {index}: the answer of the auth service can't be taken: {why}",
        metadata={"event_index": str(index)},
    )
