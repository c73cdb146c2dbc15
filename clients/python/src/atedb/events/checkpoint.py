"""Checkpoints: C2SP notes under the heads of chains (docs/checkpoints.md)."""

import re
import unicodedata
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from atedb.crypto import ed25519
from atedb.encoding.fields import BYTES, fields
from atedb.errors import AtedbError, Reason
from atedb.events.public_key_text import decode_base64
from atedb.events.seal import Signature, TreeHead
from atedb.limits import INTEGER_MAX

_BYTES_MAX: Final = 131_072
_LINES_MAX: Final = 18
_PREFIX: Final = "atedb/"
_DASH: Final = "\u2014"
_ED25519_TYPE: Final = b"\x01"
_MLDSA44_TYPE: Final = b"\x06"


def _refused(why: str) -> AtedbError:
    return AtedbError(Reason.NON_CANONICAL, f"it is not a checkpoint of a chain: {why}")


@dataclass(frozen=True, slots=True)
class NoteKeys:
    """The keys that a server signs checkpoints with."""

    ed25519: bytes
    mldsa44: bytes

    @staticmethod
    def of(ed25519_key: bytes, mldsa44_key: bytes) -> "NoteKeys":
        """Take raw keys. Raises REQUEST_INVALID for what is none."""
        fault = (
            "have other lengths"
            if len(ed25519_key) != 32 or len(mldsa44_key) != 1312
            else ed25519.point_fault(ed25519_key)
        )
        if fault is not None:
            raise AtedbError(Reason.REQUEST_INVALID, f"the keys of notes can't be used: one {fault}")
        return NoteKeys(ed25519_key, mldsa44_key)

    def claim(self) -> bytes:
        """Give the bytes that a server's identity signs."""
        return self.ed25519 + self.mldsa44

    def key_id(self, origin: str, *, is_ed25519: bool) -> bytes:
        """Give the id of one of them on the checkpoints of a chain."""
        parts = (_ED25519_TYPE, self.ed25519) if is_ed25519 else (_MLDSA44_TYPE, self.mldsa44)
        return sha256(origin.encode() + b"\n" + b"".join(parts)).digest()[:4]

    def verify_ed25519(self, message: bytes, signature: bytes) -> bool:
        """Whether a signature is the one key's."""
        return ed25519.verify(self.ed25519, message, signature)

    def verify_mldsa44(self, message: bytes, signature: bytes) -> bool:
        """Whether a signature is the other key's: pure ML-DSA, with an empty context."""
        try:
            MLDSA44PublicKey.from_public_bytes(self.mldsa44).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class CheckpointClaim:
    """A head, and when it was the chain's newest by the clock of the server that signs it."""

    chain_id: bytes
    head: TreeHead
    time_unix_s: int

    @property
    def origin(self) -> str:
        """The name of the note and of its keys."""
        return _PREFIX + self.chain_id.hex()

    def text(self) -> bytes:
        """Give the note's text, which the Ed25519 line signs."""
        import base64  # noqa: PLC0415

        root = base64.b64encode(self.head.root).decode("ascii")
        return f"{self.origin}\n{self.head.size}\n{root}\n".encode()

    def cosigned(self) -> bytes:
        """Give what the ML-DSA-44 line signs: the `cosigned_message` of C2SP tlog-cosignature."""
        origin = self.origin.encode("ascii")
        named = bytes([len(origin)]) + origin
        numbers = [number.to_bytes(8, "big") for number in (self.time_unix_s, 0, self.head.size)]
        return b"subtree/v1\n\x00" + named + numbers[0] + named + numbers[1] + numbers[2] + self.head.root


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """A signature line of a note."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class ParsedCheckpoint:
    """A checkpoint as it was read. Nothing of it is verified."""

    chain_id: bytes
    head: TreeHead
    signatures: tuple[NoteSignature, ...]


def parse_checkpoint(note: str) -> ParsedCheckpoint:
    """Read a checkpoint: three lines of text, no extension lines, signature lines of anybody. Raises NON_CANONICAL."""
    try:
        size = len(note.encode())
    except UnicodeEncodeError:
        raise _refused("it is not valid Unicode") from None
    if size > _BYTES_MAX:
        raise _refused(f"it has more than {_BYTES_MAX} bytes")
    if any(one < " " and one != "\n" for one in note):
        raise _refused("it has a control character")
    text, empty_line, signatures = note.rpartition("\n\n")
    if not empty_line:
        raise _refused("no empty line is before its signatures")
    lines = text.split("\n")
    if len(lines) > 3:
        raise _refused("its text has more than three lines")
    origin, tree_size, root_text = (*lines, "", "")[:3]
    if re.fullmatch(_PREFIX + "[0-9a-f]{64}", origin) is None:
        raise _refused('its origin is not "atedb/" and the 64 hexadecimal digits of a chain id')
    if re.fullmatch("[1-9][0-9]*", tree_size, re.ASCII) is None or int(tree_size) > INTEGER_MAX:
        raise _refused("its tree size is not a number from 1 to 2^53 - 1 in decimal")
    root = decode_base64(root_text)
    if root is None or len(root) != 32:
        raise _refused("its root hash is not 32 bytes in base64")
    head = TreeHead(int(tree_size), root)
    return ParsedCheckpoint(bytes.fromhex(origin.removeprefix(_PREFIX)), head, _parse_signatures(signatures))


def _parse_signatures(text: str) -> tuple[NoteSignature, ...]:
    if not text.endswith("\n"):
        raise _refused("its last line has no end")
    lines = text[:-1].split("\n")
    if len(lines) > _LINES_MAX:
        raise _refused(f"it has more than {_LINES_MAX} signature lines")
    signatures: list[NoteSignature] = []
    for line in lines:
        words = line.split(" ")
        data = decode_base64(words[2]) if len(words) == 3 else None
        if data is None or words[0] != _DASH or len(data) <= 4 or not _is_name(words[1]):
            raise _refused("one of its signature lines is none")
        signatures.append(NoteSignature(words[1], data[:4], data[4:]))
    return tuple(signatures)


def _is_name(text: str) -> bool:
    return text != "" and not any(
        one == "+" or one.isspace() or unicodedata.category(one)[0] == "Z" for one in text
    )


def split_cosignature(cosignature: bytes) -> tuple[int, bytes] | None:
    """Give the time and the ML-DSA-44 signature in a cosignature; None where it isn't one, or says no time."""
    if len(cosignature) < 8:
        return None
    time = int.from_bytes(cosignature[:8], "big")
    return None if time == 0 or time > INTEGER_MAX else (time, cosignature[8:])


def parse_checkpoint_keys(message: bytes) -> tuple[NoteKeys, Signature]:
    """Read a CheckpointKeys message. Its signature is not verified. Raises NON_CANONICAL, REQUEST_INVALID."""
    parts: dict[int, bytes] = {}
    for found in fields(message):
        if found.wire_type == BYTES:
            parts.setdefault(found.number, message[found.start : found.end])
    if not {1, 2, 3} <= parts.keys():
        raise AtedbError(Reason.NON_CANONICAL, "checkpoint keys are two keys and a signature")
    return NoteKeys.of(parts[1], parts[2]), Signature.parse(parts[3])
