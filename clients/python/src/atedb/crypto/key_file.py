"""Key files (docs/format.md, "Key files"): a pair as JSON, in clear or sealed with a passphrase."""

import base64
import json
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from atedb.crypto.composite import SEED_BYTES, SUITES, Suite
from atedb.crypto.data_key import open_once, seal_once
from atedb.crypto.domains import AAD_KEY_FILE
from atedb.crypto.kem import KEM_SEED_BYTES, MLKEM768_X25519, new_seed
from atedb.crypto.keys import KEM_SUITE_MLKEM768_X25519, KeyPair, PublicKey
from atedb.errors import AtedbError, Reason

_FORMAT: Final = "atedb-key-1"
_SALT_BYTES: Final = 16
_TAG_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class PassphraseCosts:
    """What making a key of a passphrase costs: Argon2id, RFC 9106."""

    memory_kib: int = 65_536
    passes: int = 3
    lanes: int = 4

    @property
    def are_payable(self) -> bool:
        """Whether they are spent: a file that somebody else has made could take the whole machine."""
        return (
            1 <= self.lanes <= 16
            and 1 <= self.passes <= 64
            and 8 * self.lanes <= self.memory_kib <= 1_048_576
        )


def format_key_file(
    pair: KeyPair,
    *,
    created: datetime | None = None,
    passphrase: str | None = None,
    costs: PassphraseCosts | None = None,
) -> str:
    """Write the text of a key file. It holds the seeds, and so is a secret, unless a passphrase seals it."""
    seed, kem_seed = pair.export_seeds()
    public = pair.public_key
    when = (created or datetime.now(UTC)).astimezone(UTC)
    text: dict[str, Any] = {
        "format": _FORMAT,
        "suite": SUITES[public.suite].name,
        "public": _encode(public.key),
        "created": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    if kem_seed is not None:
        text |= {"kem": MLKEM768_X25519.name, "kemPublic": _encode(public.kem_key)}
    if passphrase is None:
        text["seed"] = _encode(seed)
        if kem_seed is not None:
            text["kemSeed"] = _encode(kem_seed)
    else:
        if passphrase == "":
            raise AtedbError(Reason.REQUEST_INVALID, "the passphrase is empty; choose one that is not")
        spent = costs or PassphraseCosts()
        salt = new_seed()[:_SALT_BYTES]
        key = derive_key(passphrase, salt, spent)
        text["sealed"] = {
            "kdf": "argon2id",
            "memoryKib": spent.memory_kib,
            "passes": spent.passes,
            "lanes": spent.lanes,
            "salt": _encode(salt),
            "cipher": "aes-256-gcm",
            "data": _encode(seal_once(key, _aad(public), seed + (kem_seed or b""))),
        }
    return json.dumps(text, indent=2) + "\n"


def parse_key_file(text: str, where: str = "the file", *, passphrase: str | None = None) -> KeyPair:
    """Read the text of a key file.

    Raises UNSUPPORTED for another format or suite, REQUEST_INVALID for anything else that is not a whole and unaltered
    key file, and for a wrong or missing passphrase. No message shows any of the text.
    """
    file = _Fields.parse(text, where)
    if file.values.get("format") != _FORMAT:
        raise file.refused(Reason.UNSUPPORTED, f"its format is not {_FORMAT!r}")
    suite = _suite_of(file)
    public_key = file.data("public", suite.public_key_bytes)
    kem_parts = [file.values.get(name) for name in ("kem", "kemSeed", "kemPublic")]
    has_kem = any(part is not None for part in kem_parts)
    _check_created(file)
    if has_kem:
        if file.values.get("kem") != MLKEM768_X25519.name:
            raise file.refused(Reason.UNSUPPORTED, f"its kem is not {MLKEM768_X25519.name!r}")
        kem_public = file.data("kemPublic", MLKEM768_X25519.public_key_bytes)
        public = PublicKey.of(suite.number, public_key, KEM_SUITE_MLKEM768_X25519, kem_public)
    else:
        public = PublicKey.of(suite.number, public_key)
    if "sealed" in file.values:
        if "seed" in file.values or "kemSeed" in file.values:
            raise file.refused(Reason.REQUEST_INVALID, "it is sealed, and has a seed in clear")
        seeds = _open(file, public, passphrase, SEED_BYTES + (KEM_SEED_BYTES if has_kem else 0))
        seed, kem_seed = seeds[:SEED_BYTES], seeds[SEED_BYTES:] or None
    else:
        seed = file.data("seed", SEED_BYTES)
        kem_seed = file.data("kemSeed", KEM_SEED_BYTES) if has_kem else None
    pair = KeyPair(suite.number, seed, kem_seed)
    if pair.fingerprint != public.fingerprint:
        raise file.refused(Reason.REQUEST_INVALID, "its seeds and public keys do not belong together")
    return pair


def _suite_of(file: "_Fields") -> Suite:
    for suite in SUITES.values():
        if suite.name == file.values.get("suite"):
            return suite
    raise file.refused(Reason.UNSUPPORTED, "its suite is not known; a newer client may read it")


def _check_created(file: "_Fields") -> None:
    created = file.values.get("created")
    try:
        datetime.fromisoformat(created if isinstance(created, str) else "")
    except ValueError:
        raise file.refused(Reason.REQUEST_INVALID, '"created" is not a time') from None


def _open(file: "_Fields", public: PublicKey, passphrase: str | None, seeds_bytes: int) -> bytes:
    sealed = file.values["sealed"]
    if not isinstance(sealed, dict):
        raise file.refused(Reason.REQUEST_INVALID, '"sealed" is not an object')
    inner = _Fields(sealed, file.where)
    for name, known in (("kdf", "argon2id"), ("cipher", "aes-256-gcm")):
        if inner.values.get(name) != known:
            raise file.refused(Reason.UNSUPPORTED, f"its {name} is not {known!r}")
    costs = PassphraseCosts(*(inner.count(name) for name in ("memoryKib", "passes", "lanes")))
    if not costs.are_payable:
        raise file.refused(Reason.REQUEST_INVALID, "its costs are not ones that are paid")
    salt = inner.data("salt", _SALT_BYTES)
    data = inner.data("data", seeds_bytes + _TAG_BYTES)
    if passphrase is None:
        raise file.refused(Reason.REQUEST_INVALID, "it is sealed with a passphrase, and none was given")
    seeds = open_once(derive_key(passphrase, salt, costs), _aad(public), data)
    if seeds is None:
        raise file.refused(Reason.REQUEST_INVALID, "the passphrase is another one, or it was altered")
    return seeds


def derive_key(passphrase: str, salt: bytes, costs: PassphraseCosts) -> bytes:
    """Make 32 bytes of a passphrase or a password. Takes as long as the costs say."""
    # Composed: one text is one passphrase, whichever keyboard it is typed on.
    text = unicodedata.normalize("NFC", passphrase).encode()
    kdf = Argon2id(
        salt=salt, length=32, iterations=costs.passes, lanes=costs.lanes, memory_cost=costs.memory_kib
    )
    return kdf.derive(text)


def _aad(public: PublicKey) -> bytes:
    """Tie sealed seeds to their key: those of another file don't open in this one."""
    return AAD_KEY_FILE.encode("ascii") + public.fingerprint


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


@dataclass(frozen=True, slots=True)
class _Fields:
    values: dict[str, Any]
    where: str

    @staticmethod
    def parse(text: str, where: str) -> "_Fields":
        try:
            values = json.loads(text)
        except ValueError:
            # The parser's own message quotes the text, so it is left out.
            values = None
        if not isinstance(values, dict):
            raise _Fields({}, where).refused(Reason.REQUEST_INVALID, "it is not a JSON object")
        return _Fields(values, where)

    def data(self, name: str, length: int) -> bytes:
        value = self.values.get(name)
        if isinstance(value, str):
            from atedb.events.public_key_text import decode_base64  # noqa: PLC0415 - a higher room

            data = decode_base64(value)
            if data is not None and len(data) == length:
                return data
        raise self.refused(Reason.REQUEST_INVALID, f'"{name}" is not {length} bytes in base64')

    def count(self, name: str) -> int:
        value = self.values.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else -1

    def refused(self, reason: Reason, why: str) -> AtedbError:
        return AtedbError(
            reason,
            f"{self.where} is not a key file that can be used: {why}",
            metadata={"path": self.where},
        )
