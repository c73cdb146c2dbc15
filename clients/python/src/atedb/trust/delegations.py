"""The delegations that a chain knows: whose events count as whose."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from atedb.errors import AtedbError, Reason
from atedb.events.delegation import Delegation
from atedb.limits import CHAIN_DELEGATIONS_MAX, DELEGATIONS_MAX
from atedb.trust.delegation_path import expired
from atedb.trust.key_ring import KeyRing, Undo


@dataclass(frozen=True, slots=True)
class KnownDelegation:
    """A delegation that a chain knows. Keys are named by their fingerprints; times are milliseconds since 1970-01-01 UTC."""

    subject: bytes
    issuer: bytes
    serial: bytes
    may_write: bool
    not_before_unix_ms: int
    expires_unix_ms: int

    def counts_at(self, time_unix_ms: int) -> bool:
        """Whether it counts at a time."""
        return self.not_before_unix_ms <= time_unix_ms < self.expires_unix_ms


class Delegations:
    """They were found good when seals showed them; what counts is looked at for each event, by the time of its commit."""

    def __init__(self) -> None:
        self._by_subject: dict[bytes, tuple[KnownDelegation, ...]] = {}
        self._known: dict[tuple[bytes, bytes, bytes], KnownDelegation] = {}

    def copy(self) -> "Delegations":
        """Give one that changes by itself."""
        other = Delegations()
        other._by_subject, other._known = dict(self._by_subject), dict(self._known)
        return other

    def learn(self, path: Iterable[Delegation], time_unix_ms: int, keys: KeyRing, undo: Undo) -> None:
        """Know a path of delegations. Raises TOO_MANY_DELEGATIONS.

        Those that have expired by a time make room, and those by or to a key that counts no more: so whoever filled a chain with
        delegations can be ended.
        """
        for delegation in path:
            one = KnownDelegation(
                delegation.subject.fingerprint,
                delegation.issuer,
                delegation.serial,
                delegation.may_write,
                delegation.not_before_unix_ms,
                delegation.expires_unix_ms,
            )
            name = (one.subject, one.issuer, one.serial)
            if name in self._known:
                continue
            self._remember(undo)
            if len(self._known) >= CHAIN_DELEGATIONS_MAX:
                self._make_room(time_unix_ms, keys)
            self._known[name] = one
            self._by_subject[one.subject] = (*self._by_subject.get(one.subject, ()), one)

    def stands_for(self, actor: bytes, time_unix_ms: int, keys: KeyRing) -> tuple[bytes, ...]:
        """Give the keys that events of another one count as, by delegations to it that count: its issuers, and theirs."""
        # Nearly always.
        if not self._by_subject:
            return ()

        def counts(one: KnownDelegation) -> bool:
            return one.may_write and one.counts_at(time_unix_ms) and not keys.is_changed(one.issuer)

        return self._issuers_of(actor, counts)

    def given_by(self, subject: bytes) -> tuple[bytes, ...]:
        """Give the keys that have delegated to another one, themselves or by others, whether or not that counts."""
        return self._issuers_of(subject, lambda _: True)

    def late_for(
        self,
        actors: Sequence[bytes],
        time_unix_ms: int,
        about: Mapping[str, str],
        allows: Callable[[Sequence[bytes]], bool],
    ) -> AtedbError | None:
        """Make the refusal of an event that would be allowed if a delegation counted at its time; None: another reason."""
        if not self._by_subject:
            return None
        subjects = [one for actor in actors for one in (actor, *self.given_by(actor))]
        if not allows(subjects):
            return None
        for subject in subjects:
            for one in self._by_subject.get(subject, ()):
                if one.may_write and not one.counts_at(time_unix_ms):
                    names = {"serial": one.serial.hex(), "issuer": one.issuer.hex()}
                    metadata = {**about, **names, "fingerprint": one.subject.hex()}
                    return expired(one.not_before_unix_ms, one.expires_unix_ms, metadata, time_unix_ms)
        return None

    def _issuers_of(self, actor: bytes, counts: Callable[[KnownDelegation], bool]) -> tuple[bytes, ...]:
        found: dict[bytes, None] = {}
        reached = [actor]
        # Paths may meet and lead in a circle: each key is passed once, by its shortest path.
        for _ in range(DELEGATIONS_MAX):
            given = [one for subject in reached for one in self._by_subject.get(subject, ())]
            issuers = dict.fromkeys(one.issuer for one in given if counts(one))
            reached = [issuer for issuer in issuers if issuer != actor and issuer not in found]
            found.update(dict.fromkeys(reached))
        return tuple(found)

    def _remember(self, undo: Undo) -> None:
        """Note how it is now, to be taken back."""
        before = (dict(self._by_subject), dict(self._known))

        def restore() -> None:
            self._by_subject, self._known = before

        undo.append(restore)

    def _make_room(self, time_unix_ms: int, keys: KeyRing) -> None:
        """Forget those that have expired or ended. Raises TOO_MANY_DELEGATIONS."""

        def has_ended(one: KnownDelegation) -> bool:
            is_revoked = keys.is_changed(one.subject) or keys.is_changed(one.issuer)
            return is_revoked or one.expires_unix_ms <= time_unix_ms

        self._known = {name: one for name, one in self._known.items() if not has_ended(one)}
        if len(self._known) >= CHAIN_DELEGATIONS_MAX:
            raise AtedbError(
                Reason.TOO_MANY_DELEGATIONS,
                f"the chain knows {CHAIN_DELEGATIONS_MAX} delegations that haven't expired or ended, which is the limit; end the key "
                "that has given many of them, wait until some expire, or write with a key that its rules name",
                metadata={"limit_delegations": str(CHAIN_DELEGATIONS_MAX)},
            )
        self._by_subject = {}
        for one in self._known.values():
            self._by_subject[one.subject] = (*self._by_subject.get(one.subject, ()), one)
