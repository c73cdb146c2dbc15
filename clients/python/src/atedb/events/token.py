"""Tokens: what a program is given to act by delegations, as one line of text."""

import base64
import binascii
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from atedb.crypto.keys import KeyPair, PublicKey
from atedb.encoding import owner_forms
from atedb.encoding.fields import FieldWriter, fields, messages_in
from atedb.encoding.strict import check_strict
from atedb.errors import AtedbError, Reason
from atedb.events.delegation import Delegation, parse_delegation
from atedb.limits import DELEGATION_BYTES_MAX, DELEGATIONS_MAX

TOKEN_MARK: Final = "atedb_token_v1_"  # noqa: S105 - it begins each token, so that those who look for secrets find them
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]+")
_TEXT_BYTES_MAX: Final = 2 * DELEGATION_BYTES_MAX * (DELEGATIONS_MAX + 1)
_TEXT_VARIABLE: Final = "ATEDB_TOKEN"
_FILE_VARIABLE: Final = "ATE_TOKEN"


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """A key pair, and a path of delegations to it. Only `text` shows its secrets.

    What is written by it counts as its issuer's, in the chains and for the time that it is for. It writes data and removes
    objects; it changes no rules and makes no chain. `atedb token` makes tokens.
    """

    key: KeyPair
    issuer: PublicKey
    """The key that the delegations begin with, which has the right by itself."""
    delegations: tuple[Delegation, ...]
    """In the order of the path; the last one's subject is the key."""

    @staticmethod
    def parse(text: str, where: str = "the token") -> "Token":
        """Read the text of a token; space around it doesn't matter. Signatures are not verified.

        `where`: what to call it in errors, of which none shows any of it. Raises REQUEST_INVALID for what is no token;
        DELEGATION_INVALID, UNSUPPORTED for what is in it.
        """
        trimmed = text.strip()
        encoded = trimmed.removeprefix(TOKEN_MARK)
        if not trimmed.startswith(TOKEN_MARK) or _BASE64URL.fullmatch(encoded) is None:
            raise _no_token(where, f'a token begins with "{TOKEN_MARK}", and is base64url behind it')
        try:
            message = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
            check_strict(owner_forms.TOKEN, message)
        except (AtedbError, binascii.Error, ValueError):
            # Offsets and names of fields tell nothing of a secret, but what was read may be in the cause.
            raise _no_token(where, "it is damaged") from None
        return _parse(message, where)

    @staticmethod
    def load(path: str | Path) -> "Token":
        """Read a token from a file that only its owner may read. Raises REQUEST_INVALID, STORAGE_FAILED; as `parse`."""
        try:
            with Path(path).open(encoding="utf-8") as file:
                status = os.fstat(file.fileno())
                # As ssh does: a file of another owner was made readable for us on purpose, by whoever runs the machine.
                if status.st_uid == os.getuid() and stat.S_IMODE(status.st_mode) & 0o077:
                    why = (
                        f"{path} is open to other users, so it is no secret. Close it with: chmod 600 {path}"
                    )
                    raise AtedbError(Reason.REQUEST_INVALID, why, metadata={"path": str(path)})
                text = file.read(_TEXT_BYTES_MAX + 1)
        except (OSError, UnicodeDecodeError) as error:
            why = f"cannot read the token file {path}: {type(error).__name__}"
            raise AtedbError(Reason.STORAGE_FAILED, why, metadata={"path": str(path)}) from error
        return Token.parse(text, str(path))

    @staticmethod
    def from_environment(environment: Mapping[str, str] = os.environ) -> "Token | None":
        """Give the token that variables name, as the commands read them; None: none does.

        ATEDB_TOKEN has the token itself; ATE_TOKEN a file with one, or one itself. Raises as `load` and `parse`.
        """
        text, named = environment.get(_TEXT_VARIABLE), environment.get(_FILE_VARIABLE)
        if text:
            return Token.parse(text, f"the token in {_TEXT_VARIABLE}")
        if not named:
            return None
        if named.startswith(TOKEN_MARK):
            return Token.parse(named, f"the token in {_FILE_VARIABLE}")
        return Token.load(named)

    def text(self) -> str:
        """Give the token as text: a secret, by which whoever has it can act."""
        seed, kem_seed = self.key.export_seeds()
        writer = FieldWriter().varint(1, self.key.public_key.suite).data(2, seed)
        writer.varint(3, self.key.public_key.kem_suite).data(4, kem_seed)
        for delegation in self.delegations:
            writer.data(5, delegation.message)
        message = writer.message(6, self.issuer.message()).finish()
        return TOKEN_MARK + base64.urlsafe_b64encode(message).decode("ascii").rstrip("=")

    def __repr__(self) -> str:
        return f"Token({self.key.fingerprint.hex()})"


def _parse(message: bytes, where: str) -> Token:
    numbers = {found.number: found.value for found in fields(message)}
    kem_seed = next(iter(messages_in(message, 4)), None)
    if (numbers.get(3, 0) == 0) != (kem_seed is None):
        raise _no_token(where, "it has half a KEM key")
    key = KeyPair(numbers[1], messages_in(message, 2)[0], kem_seed)
    path = tuple(parse_delegation(one) for one in messages_in(message, 5))
    issuer = PublicKey.parse(messages_in(message, 6)[0])
    first, last = path[0].issuer, path[-1].subject.fingerprint
    if (first, last) != (issuer.fingerprint, key.fingerprint):
        raise AtedbError(
            Reason.DELEGATION_INVALID,
            f"{where}: its delegations lead from the key {first.hex()} to {last.hex()}, and it is of "
            f"{issuer.fingerprint.hex()} and {key.fingerprint.hex()}",
        )
    return Token(key, issuer, path)


def _no_token(where: str, why: str) -> AtedbError:
    return AtedbError(Reason.REQUEST_INVALID, f"{where} is no token that can be used: {why}")
