"""The public keys that a chain knows, its roots among them, and which of them count no more."""

from collections.abc import Callable, Iterable

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

    def __init__(self, roots: Iterable[PublicKey], others: Iterable[PublicKey] = ()) -> None:
        self._roots = {root.fingerprint: root for root in roots}
        self._keys = {**{key.fingerprint: key for key in others}, **self._roots}
        self._changed: dict[bytes, bytes | None] = {}

    def copy(self) -> "KeyRing":
        """Give one that changes by itself."""
        other = KeyRing(self._roots.values(), self._keys.values())
        other._changed = dict(self._changed)
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

    def change(self, fingerprint: bytes, successor: bytes | None, undo: Undo) -> None:
        """From now on a key doesn't count, and its successor, if there is one, counts wherever it is named."""
        before = dict(self._changed)
        for name in self.names_of(fingerprint):
            self._changed[name] = successor

        def restore() -> None:
            self._changed = before

        undo.append(restore)
