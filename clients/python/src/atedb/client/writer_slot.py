"""Where a writer stands, in a slot of the home folder that nobody else has while it is held."""

import asyncio
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from atedb.client.files import FileLock, JsonFields, make_folder, write_atomic
from atedb.client.lazy_saver import LazySaver
from atedb.client.notices import Notice, OnNotice
from atedb.errors import AtedbError, Reason

_FORMAT: Final = "atedb-writer-1"
_SALT_BYTES: Final = 16
_SLOTS_MAX: Final = 1_000
"""Processes that write to one chain with one key from one home folder at once."""


@dataclass(frozen=True, slots=True)
class WriterState:
    """So many of a writer's batches are acknowledged, and the last of them."""

    salt: bytes
    counter: int = 0
    """Of the next batch."""
    last_seal: bytes | None = None
    """Seal hash of the last one that is acknowledged."""

    @staticmethod
    def new() -> "WriterState":
        """Begin a writer that nobody has been."""
        return WriterState(secrets.token_bytes(_SALT_BYTES))


class WriterSlot:
    """A writer id is for one process at a time: a second one takes the next slot. The TypeScript client takes the same ones."""

    def __init__(
        self, path: Path | None, lock: FileLock | None, state: WriterState, on_notice: OnNotice
    ) -> None:
        self.path = path
        self.state = state
        self._lock = lock
        self._on_notice = on_notice
        self._saver = LazySaver(self._save)

    @staticmethod
    def acquire(home: Path | None, chain_id: bytes, fingerprint: bytes, on_notice: OnNotice) -> "WriterSlot":
        """Take the first free slot of a home folder, `writers/<chain id>/<fingerprint>/slot-N.json`.

        Without a home folder it is a new writer that is remembered nowhere. Raises STORAGE_FAILED.
        """
        if home is None:
            return WriterSlot(None, None, WriterState.new(), on_notice)
        folder = home / "writers" / chain_id.hex() / fingerprint.hex()[:16]
        make_folder(folder)
        for number in range(_SLOTS_MAX):
            lock = FileLock.try_take(folder / f"slot-{number}.lock")
            if lock is None:
                continue
            path = folder / f"slot-{number}.json"
            try:
                state = _read(path)
                slot = WriterSlot(path, lock, state or WriterState.new(), on_notice)
                if state is None:
                    # Before its first use, so that a restored server is noticed from the first batch on.
                    _write(path, slot.state)
            except BaseException:
                lock.release()
                raise
            return slot
        raise AtedbError(
            Reason.STORAGE_FAILED,
            f"{_SLOTS_MAX} processes write to the chain with this key from {home}. Stop some, or write from another home folder",
            metadata={"path": str(folder)},
        )

    def advance(self, counter: int, last_seal: bytes | None) -> None:
        """Note that the last batch that is acknowledged is another now. Saved within a second, and by `close`."""
        self.state = WriterState(self.state.salt, counter, last_seal)
        self._changed()

    def renew(self) -> None:
        """Go on as another writer: somebody else has used this one's id."""
        self.state = WriterState.new()
        self._changed()

    async def close(self) -> None:
        """Save what isn't saved, and free the slot."""
        await self._saver.close()
        if self._lock is not None:
            self._lock.release()

    def _changed(self) -> None:
        if self.path is not None:
            self._saver.changed()

    async def _save(self) -> None:
        assert self.path is not None, "it is saved only where there is a file"
        try:
            await asyncio.to_thread(_write, self.path, self.state)
        except AtedbError as error:
            message = f"where the writer stands could not be saved: {error.message}"
            self._on_notice(Notice("not-saved", message, cause=error))


def _read(path: Path) -> WriterState | None:
    fields = JsonFields.read(path, _FORMAT)
    if fields is None:
        return None
    counter = fields.count("counter")
    salt = fields.hex("salt", _SALT_BYTES)
    return WriterState(salt, counter, None if counter == 0 else fields.hex("lastSeal", 32))


def _write(path: Path, state: WriterState) -> None:
    fields: dict[str, Any] = {"format": _FORMAT, "salt": state.salt.hex(), "counter": state.counter}
    if state.last_seal is not None:
        fields["lastSeal"] = state.last_seal.hex()
    write_atomic(path, json.dumps(fields, indent=2) + "\n")
