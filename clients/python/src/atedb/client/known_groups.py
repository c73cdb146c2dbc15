"""What is remembered of the groups of one server, in `groups/<host_port>/` of the home folder."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from atedb.account.act import Act
from atedb.client.files import FileLock, JsonFields, make_folder, write_atomic
from atedb.client.notices import Notice, OnNotice
from atedb.errors import AtedbError, Reason

_FORMAT: Final = "atedb-group-1"


class _KnownAct(NamedTuple):
    """The newest act that was seen of a group: its hash names all acts before it as well."""

    version: int
    hash: bytes


class KnownGroups:
    """A group that was met stays the one that it was, whatever the server says later.

    Without a home folder that lasts as long as this object.
    """

    def __init__(self, home: Path | None, server: str, on_notice: OnNotice) -> None:
        """Take the groups of a server, `host:port`."""
        self._server = server
        self._on_notice = on_notice
        self._folder = None if home is None else home / "groups" / re.sub(r":(\d+)$", r"_\1", server)
        self._met: dict[str, _KnownAct] = {}

    def check(self, group: str, acts: Sequence[Act]) -> None:
        """Check that acts, which were verified, go on from those that were met before.

        Raises VERIFICATION_FAILED where they don't; STORAGE_FAILED where what is remembered can't be read.
        """
        known = _newer(self._met.get(group), self._read(group))
        if known is None:
            return
        if known.version < len(acts) and acts[known.version].hash == known.hash:
            return
        path = self._path_of(group)
        why = (
            f"has fewer acts than were seen before, {known.version + 1}"
            if known.version >= len(acts)
            else "is not the one that was met before under this name"
        )
        forget = "" if path is None else f". If the group was made anew, delete {path}"
        raise AtedbError(
            Reason.VERIFICATION_FAILED,
            f"the group {group}, as the server shows it, {why}: nothing is done by its keys{forget}",
            metadata={"account": group} | ({} if path is None else {"path": str(path)}),
        )

    def note(self, group: str, newest: Act) -> None:
        """Remember what was checked. Where it can't be written, a notice says so."""
        found = _KnownAct(newest.version, newest.hash)
        self._met[group] = _newer(self._met.get(group), found) or found
        try:
            self._write(group, found)
        except AtedbError as error:
            message = (
                f"the group {group} could not be saved, and may be another one next time: {error.message}"
            )
            self._on_notice(Notice("not-saved", message, error, {"server": self._server}))

    def _write(self, group: str, found: _KnownAct) -> None:
        path = self._path_of(group)
        if self._folder is None or path is None:
            return

        def is_known() -> bool:
            known = self._read(group)
            return known is not None and known.version >= found.version

        if is_known():
            return
        make_folder(self._folder)
        lock = FileLock.try_take(self._folder / "groups.lock")
        # Another process is writing: what is not remembered now is when the group is opened next.
        if lock is None:
            return
        with lock:
            if is_known():
                return
            fields = {
                "format": _FORMAT,
                "group": group,
                "version": found.version,
                "hash": found.hash.hex(),
            }
            write_atomic(path, f"{json.dumps(fields, indent=2)}\n")

    def _read(self, group: str) -> _KnownAct | None:
        path = self._path_of(group)
        fields = None if path is None else JsonFields.read(path, _FORMAT)
        return None if fields is None else _KnownAct(fields.count("version"), fields.hex("hash", 32))

    def _path_of(self, group: str) -> Path | None:
        """Names of groups have neither slashes nor are they ".."."""
        return None if self._folder is None else self._folder / f"{group}.json"


def _newer(one: _KnownAct | None, other: _KnownAct | None) -> _KnownAct | None:
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda known: known.version)
