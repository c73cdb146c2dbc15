"""The user's own keys: of the home folder, of a login, or given."""

import json
from pathlib import Path
from typing import Any, Final

from atedb.client.files import read_text
from atedb.client.home import DEFAULT_KEY, load_key, load_or_make_key
from atedb.client.login import LoggedIn
from atedb.client.notices import OnNotice
from atedb.crypto.keys import KeyPair
from atedb.errors import AtedbError, Reason, invalid

Key = str | KeyPair | LoggedIn | None
"""Who acts: by a name in the home folder, a key, or an account that was logged in to; None: by the default key."""

_LOGIN_FORMAT: Final = "atedb-login-2"


class OwnKeys:
    """Keys are loaded once. Without a home folder the default one lasts as long as this object."""

    def __init__(self, home: Path | None, passphrase: str | None, on_notice: OnNotice) -> None:
        """Take the folder, and the passphrase of keys in it that are sealed."""
        self._home = home
        self._passphrase = passphrase
        self._on_notice = on_notice
        self._loaded: dict[str, KeyPair] = {}

    def load(self, key: Key) -> KeyPair:
        """Load the key to write with. Only the default one is made where there is none. Raises REQUEST_INVALID."""
        if isinstance(key, KeyPair):
            return key
        if isinstance(key, LoggedIn):
            return key.key
        name = key or self._default()
        if name not in self._loaded:
            if self._home is not None:
                named = None if name == DEFAULT_KEY and key is None else name
                self._loaded[name] = load_or_make_key(self._home, named, self._passphrase, self._on_notice)
            elif key is None:
                self._loaded[name] = KeyPair.generate()
            else:
                raise invalid("key", "there is no home folder to load it from")
        return self._loaded[name]

    def at_hand(self, key: Key) -> list[KeyPair]:
        """Give the keys that chains are opened and data is read with: none is made for that.

        The first is the one to write with; of who is logged in those follow that the account had before.
        """
        if isinstance(key, KeyPair):
            return [key]
        if isinstance(key, LoggedIn):
            return [key.key, *key.former_keys]
        names = [key] if key is not None else [self._default(), *self._former()]
        found = (self._find(name) for name in names)
        return [one for one in found if one is not None]

    def _find(self, name: str) -> KeyPair | None:
        if name not in self._loaded and self._home is not None:
            found = load_key(self._home, name, self._passphrase)
            if found is not None:
                self._loaded[name] = found
        return self._loaded.get(name)

    def _default(self) -> str:
        """Give the name of the key of whoever is logged in on this machine, as the commands take it; else the default one."""
        name = self._login().get("key", DEFAULT_KEY)
        return str(name)

    def _former(self) -> list[str]:
        return [str(name) for name in self._login().get("formerKeys", [])]

    def logged_in_at(self) -> str | None:
        """Give the `host:port` of where somebody on this machine is logged in; None: nobody is. Raises as `load`."""
        server = self._login().get("server")
        return None if server is None else str(server)

    def _login(self) -> dict[str, Any]:
        """Read who is logged in, in `login.json` of the home folder. Raises REQUEST_INVALID, STORAGE_FAILED."""
        path = None if self._home is None else self._home / "login.json"
        text = None if path is None else read_text(path)
        if text is None:
            return {}
        try:
            values = json.loads(text)
            is_login = values["format"] == _LOGIN_FORMAT and isinstance(values["key"], str)
            is_login = is_login and isinstance(values["formerKeys"], list)
        except (ValueError, TypeError, KeyError):
            is_login = False
        if not is_login:
            why = (
                f"{path} does not say who is logged in as this version reads it. Delete it, and log in again"
            )
            raise AtedbError(Reason.REQUEST_INVALID, why, metadata={"path": str(path)})
        return dict(values)
