"""Small private files: replaced in one step, and locked between processes, those of the TypeScript client too."""

import asyncio
import json
import os
import secrets
import sqlite3
from pathlib import Path
from typing import Any, Final

from atedb.errors import AtedbError, Reason

_SQLITE_BUSY: Final = 5


def storage_failed(doing: str, error: Exception) -> AtedbError:
    """Make the failure of a file."""
    return AtedbError(Reason.STORAGE_FAILED, f"{doing}: {error}")


def make_folder(path: Path) -> None:
    """Make a folder and those above it, for their owner alone. Raises STORAGE_FAILED."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise storage_failed(f"cannot make {path}", error) from error


def write_atomic(path: Path, text: str, *, replace: bool = True) -> None:
    """Write a file of mode 0600 so that after a crash its path names what was there before, or all of the text.

    Durable on return. Raises STORAGE_FAILED; FileExistsError is its cause where one is there and may not be replaced.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(temporary, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        try:
            if replace:
                temporary.replace(path)
            else:
                # A link, unlike a rename, fails when the name is taken, so that two processes can't both win.
                os.link(temporary, path)
                temporary.unlink()
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise storage_failed(f"cannot write {path}", error) from error


def read_text(path: Path) -> str | None:
    """Read a file; None where there is none. Raises STORAGE_FAILED."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise storage_failed(f"cannot read {path}", error) from error


class JsonFields:
    """The fields of a small JSON file of our own. Raises STORAGE_FAILED for what isn't as it is written."""

    def __init__(self, path: Path, values: dict[str, Any]) -> None:
        self.path = path
        self.values = values

    @staticmethod
    def read(path: Path, form: str) -> "JsonFields | None":
        """Read a file of a form; None where there is none."""
        text = read_text(path)
        if text is None:
            return None
        try:
            values = json.loads(text)
        except ValueError:
            values = None
        fields = JsonFields(path, values if isinstance(values, dict) else {})
        if fields.values.get("format") != form:
            raise fields.unusable(f"its format is not {form!r}")
        return fields

    def hex(self, name: str, size: int) -> bytes:
        """Read a field of so many bytes in hexadecimal."""
        value = self.values.get(name)
        try:
            data = bytes.fromhex(value) if isinstance(value, str) else b""
        except ValueError:
            data = b""
        if len(data) != size:
            raise self.unusable(f'"{name}" is not {size} bytes in hexadecimal')
        return data

    def count(self, name: str) -> int:
        """Read a field that counts something."""
        value = self.values.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.unusable(f'"{name}" is not a whole number')
        return value

    def unusable(self, why: str) -> AtedbError:
        """Make the failure of a file that can't be used."""
        return AtedbError(
            Reason.STORAGE_FAILED,
            f"{self.path} can't be used: {why}. If it was damaged, delete it: what it holds is learned again",
            metadata={"path": str(self.path)},
        )


class FileLock:
    """An exclusive lock between processes, which a crash releases.

    It is an empty SQLite database in an exclusive transaction: so that Python, Node and all others that have SQLite, whose
    own file locks differ, exclude each other.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    @staticmethod
    def try_take(path: Path) -> "FileLock | None":
        """Take it, or say at once, by None, that it is held. Raises STORAGE_FAILED."""
        try:
            database = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise storage_failed(f"cannot lock {path}", error) from error
        try:
            database.execute("PRAGMA locking_mode = EXCLUSIVE")
            database.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            database.close()
            if error.sqlite_errorcode & 0xFF == _SQLITE_BUSY:
                return None
            raise storage_failed(f"cannot lock {path}", error) from error
        if not os.access(path, os.W_OK):
            # A file that can't be written is opened for reading, and its lock is then none that others would see.
            database.close()
            raise AtedbError(Reason.STORAGE_FAILED, f"cannot lock {path}: it can't be written")
        return FileLock(database)

    @staticmethod
    async def take(path: Path, *, tries: int = 200) -> "FileLock":
        """Take it, waiting for some seconds. Raises STORAGE_FAILED."""
        for _ in range(tries):
            lock = FileLock.try_take(path)
            if lock is not None:
                return lock
            await asyncio.sleep(0.025)
        raise AtedbError(Reason.STORAGE_FAILED, f"another process holds {path} for too long")

    def release(self) -> None:
        """Give it up. The file stays, since deleting it would be a race."""
        self._database.close()

    def __enter__(self) -> "FileLock":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
