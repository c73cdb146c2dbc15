"""The public keys that a chain knows, its roots among them, and which of them count no more."""

from collections.abc import Callable, Iterable, Mapping

from atedb.crypto.keys import PublicKey
from atedb.errors import AtedbError, Reason
from atedb.limits import CHAIN_KEYS_MAX

Undo = list[Callable[[], None]]
"""Takes changes back, the last one first."""


def take_back(undo: Undo) -> None:
    """Take all changes back."""
    while undo:
        undo.pop()()


class KeyRing:
    """Keys by their fingerprints. To know a key gives it no right."""

    def __init__(
        self,
        roots: Iterable[PublicKey],
        others: Iterable[PublicKey] = (),
        writers: Iterable[PublicKey] = (),
    ) -> None:
        """Begin with roots, other keys that are known, and writers that an auth service names."""
        self._roots = {root.fingerprint: root for root in roots}
        named = {writer.fingerprint: writer for writer in writers}
        self._writers = frozenset(named)
        self._keys = {**{key.fingerprint: key for key in others}, **named, **self._roots}
        self._successors: dict[bytes, bytes | None] = {}
        """What has followed each key that counts no more. Leads to no key twice."""
        self._changed: dict[bytes, bytes | None] = {}
        """What counts in the place of each: where its successors end."""

    def copy(self) -> "KeyRing":
        """Give one that changes by itself."""
        other = KeyRing(self._roots.values(), self._keys.values())
        other._writers = self._writers
        other._successors, other._changed = dict(self._successors), dict(self._changed)
        return other

    @property
    def roots(self) -> list[PublicKey]:
        """The roots, in the order of their fingerprints."""
        return [self._roots[one] for one in sorted(self._roots)]

    def find(self, fingerprint: bytes) -> PublicKey | None:
        """Find a key that is known, whether it counts or not."""
        return self._keys.get(fingerprint)

    def is_root(self, fingerprint: bytes) -> bool:
        """Whether it is a root's."""
        return fingerprint in self._roots

    def is_owner(self, fingerprint: bytes) -> bool:
        """Whether a key is a root, or one that may write where the root of the chain has no rule for it."""
        return fingerprint in self._roots or fingerprint in self._writers

    @property
    def root_fingerprints(self) -> list[bytes]:
        """Of the roots, sorted."""
        return sorted(self._roots)

    @property
    def writer_fingerprints(self) -> list[bytes]:
        """Of those that an auth service lets write where the root of the chain has no rule for it, sorted."""
        return sorted(self._writers)

    def current_of(self, fingerprint: bytes) -> bytes | None:
        """Give the key that counts where this one is named: itself, what it was replaced by, or none."""
        return self._changed.get(fingerprint, fingerprint)

    def is_changed(self, fingerprint: bytes) -> bool:
        """Whether the key counts no more."""
        return fingerprint in self._changed

    def names_of(self, fingerprint: bytes) -> list[bytes]:
        """All keys that this one counts for: itself, and those that it has replaced."""
        return [fingerprint, *(name for name, current in self._changed.items() if current == fingerprint)]

    def add(self, key: PublicKey, undo: Undo) -> None:
        """Know a key. Raises TOO_MANY_KEYS."""
        fingerprint = key.fingerprint
        if fingerprint in self._keys:
            return
        if len(self._keys) - len(self._roots) >= CHAIN_KEYS_MAX:
            raise AtedbError(
                Reason.TOO_MANY_KEYS,
                f"the chain knows {CHAIN_KEYS_MAX} public keys beside its roots, which is the limit",
                metadata={"limit_keys": str(CHAIN_KEYS_MAX)},
            )
        self._keys[fingerprint] = key

        def restore() -> None:
            del self._keys[fingerprint]

        undo.append(restore)

    def set_roots(self, roots: Iterable[PublicKey], undo: Undo) -> None:
        """Have other roots. Those before stay known, as other keys do."""
        after = {root.fingerprint: root for root in roots}
        for root in after.values():
            self.add(root, undo)
        before = self._roots
        self._roots = after

        def restore() -> None:
            self._roots = before

        undo.append(restore)

    def set_owners(self, roots: Iterable[PublicKey], writers: Iterable[PublicKey], undo: Undo) -> None:
        """Have the roots and writers that an auth service names.

        However many keys the chain knows already: nobody who shows it keys can keep it from learning whose it is.
        """
        before = (self._keys, self._roots, self._writers)

        def restore() -> None:
            self._keys, self._roots, self._writers = before

        undo.append(restore)
        self._roots = {root.fingerprint: root for root in roots}
        named = {writer.fingerprint: writer for writer in writers}
        self._writers = frozenset(named)
        self._keys = {**self._roots, **named, **self._keys}

    def change(self, fingerprint: bytes, successor: bytes | None, undo: Undo) -> None:
        """From now on a key doesn't count, and its successor, if there is one, counts wherever it is named."""
        self._note_changes(undo)
        self._successors[fingerprint] = successor
        for name in self.names_of(fingerprint):
            self._changed[name] = successor

    def follow(self, fingerprint: bytes, successor: bytes | None, undo: Undo) -> None:
        """Have what an auth service says follows a key, which counts no more.

        Its word goes before what the key has said itself: whoever has had the key of a role, and has it no more, would else keep
        the role's place in all rules. A key that was given up without a successor stays so.
        """
        is_first = not self.is_changed(fingerprint)
        if not is_first and self._successors.get(fingerprint) is None:
            return
        self._note_changes(undo)
        following = None if self._leads_to(successor, fingerprint) else successor
        self._successors[fingerprint] = following
        self._changed = _ends_of(self._successors)

    def _leads_to(self, fingerprint: bytes | None, other: bytes) -> bool:
        """Whether a key is another one, or that one is among those that have followed it."""
        at = fingerprint
        while at is not None:
            if at == other:
                return True
            at = self._successors.get(at)
        return False

    def _note_changes(self, undo: Undo) -> None:
        """Note how it is now, to be taken back."""
        before = (dict(self._successors), dict(self._changed))

        def restore() -> None:
            self._successors, self._changed = before

        undo.append(restore)


def _ends_of(successors: Mapping[bytes, bytes | None]) -> dict[bytes, bytes | None]:
    """Give what counts in the place of each key that was followed by another, or by none."""
    ends: dict[bytes, bytes | None] = {}
    for fingerprint in successors:
        passed: list[bytes] = []
        at: bytes | None = fingerprint
        # Each is passed once: where an end is known already, all those before it have the same.
        while at is not None and at in successors and at not in ends:
            passed.append(at)
            at = successors[at]
        end = ends[at] if at is not None and at in ends else at
        ends.update(dict.fromkeys(passed, end))
    return ends
