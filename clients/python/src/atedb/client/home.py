"""Keys in a user's home folder, which the `atedb` command and the TypeScript client share."""

import os
import re
import stat
from pathlib import Path
from typing import Final

from atedb.client.files import make_folder, storage_failed, write_atomic
from atedb.client.notices import Notice, OnNotice
from atedb.crypto.key_file import format_key_file, parse_key_file
from atedb.crypto.keys import KeyPair
from atedb.errors import AtedbError, Reason, invalid

DEFAULT_KEY: Final = "default"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_KEY_FILE_BYTES_MAX: Final = 65_536


def default_home() -> Path:
    """Give the home folder: ATE_HOME, else ~/.ate."""
    return Path(os.environ.get("ATE_HOME") or Path.home() / ".ate")


def key_path(home: Path, name: str) -> Path:
    """Give the path of a key by its name. Raises REQUEST_INVALID."""
    if _NAME.fullmatch(name) is None:
        raise invalid("key", f"{name!r} is no name of a key: lower-case letters, digits, '.', '_' and '-'")
    return home / "keys" / f"{name}.key"


def load_key(home: Path, name: str, passphrase: str | None = None) -> KeyPair | None:
    """Load a key; None where there is none. Raises REQUEST_INVALID where others may read its file, or it is none."""
    path = key_path(home, name)
    try:
        with path.open(encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            if os.fstat(file.fileno()).st_uid == os.getuid() and stat.S_IMODE(mode) & 0o077:
                why = f"{path} is open to other users, so it is no secret. Close it with: chmod 600 {path}"
                raise AtedbError(Reason.REQUEST_INVALID, why, metadata={"path": str(path)})
            text = file.read(_KEY_FILE_BYTES_MAX + 1)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise storage_failed(f"cannot read {path}", error) from error
    return parse_key_file(text, str(path), passphrase=passphrase)


def load_or_make_key(home: Path, name: str | None, passphrase: str | None, on_notice: OnNotice) -> KeyPair:
    """Load the key to write with. Only the default one is made where there is none: a name that was given and isn't there is
    a mistake. Raises REQUEST_INVALID.
    """  # noqa: D205
    key = load_key(home, name or DEFAULT_KEY, passphrase)
    if key is not None:
        return key
    path = key_path(home, name or DEFAULT_KEY)
    if name is not None:
        raise invalid("key", f"there is no key {name!r}: {path} isn't there")
    key = KeyPair.generate()
    make_folder(path.parent)
    try:
        write_atomic(path, format_key_file(key), replace=False)
    except AtedbError as error:
        # Another process has made it meanwhile.
        other = load_key(home, DEFAULT_KEY, passphrase)
        if other is None:
            raise error from None
        return other
    message = (
        f'made the key "{DEFAULT_KEY}", with the fingerprint {key.fingerprint.hex()}, in {path}. Keep a copy'
    )
    on_notice(Notice("key-created", message, metadata={"path": str(path)}))
    return key
