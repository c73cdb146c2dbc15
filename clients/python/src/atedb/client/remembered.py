"""What is remembered of one chain of one server, in `chains/<host_port>/<chain key>/` of the home folder."""

import asyncio
import base64
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from atedb.client.files import FileLock, JsonFields, make_folder, write_atomic
from atedb.crypto.keys import PublicKey
from atedb.errors import AtedbError, Reason
from atedb.events.chain_key import ChainKey
from atedb.events.public_key_text import decode_base64
from atedb.events.seal import TreeHead
from atedb.trust.checkpoints import SignedHead, verify_checkpoint, verify_checkpoint_keys
from atedb.trust.identity_line import verify_identity_line

_FORMAT: Final = "atedb-chain-1"


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a client keeps of a chain from one run to the next."""

    chain_id: bytes
    head: TreeHead
    """The newest head that was verified."""
    checkpoint: SignedHead | None = None
    """The newest checkpoint of a head that was verified."""


def is_newer_checkpoint(found: SignedHead, known: SignedHead | None) -> bool:
    """Whether a checkpoint is to be remembered in place of another: of a larger tree, or of one as large by an identity that
    has followed since.
    """  # noqa: D205
    if known is None or found.head.size > known.head.size:
        return True
    is_same_size = found.head.size == known.head.size
    return is_same_size and found.signer.line.has_retired(known.signer.line.identity.fingerprint)


def _newer(known: Remembered | None, found: Remembered | None) -> Remembered | None:
    """Say what to go on with. What was there stays when it is of another chain: that is for people to decide."""
    if known is None or found is None:
        return known or found
    if found.chain_id != known.chain_id:
        return known
    is_signed_later = found.checkpoint is not None and is_newer_checkpoint(found.checkpoint, known.checkpoint)
    return Remembered(
        known.chain_id,
        max(known.head, found.head, key=lambda head: head.size),
        found.checkpoint if is_signed_later else known.checkpoint,
    )


class RememberedChain:
    """Several processes may share it: the head in it never goes back. Without a home folder it lasts as long as this object."""

    def __init__(self, home: Path | None, server: str, chain_key: ChainKey) -> None:
        self._newest: Remembered | None = None
        self._server = server
        self._chain_key = chain_key
        self.folder: Path | None = None
        if home is not None:
            place = re.sub(r":(\d+)\Z", r"_\1", server)
            self.folder = home.joinpath("chains", place, *chain_key.text.split("/"))

    @property
    def path(self) -> Path | None:
        """Of the file of the head."""
        return None if self.folder is None else self.folder / "head.json"

    def load(self) -> Remembered | None:
        """Say what is remembered now, by this process or another. Raises STORAGE_FAILED."""
        self._newest = _newer(self._newest, self._read())
        return self._newest

    async def note(self, remembered: Remembered) -> None:
        """Remember a head that was verified; durable on return. Raises STORAGE_FAILED."""
        self._newest = _newer(self._newest, remembered)
        if self.folder is None or self.path is None:
            return
        make_folder(self.folder)
        # Read, compare and write under a lock, so that of two processes neither undoes the other's.
        with await FileLock.take(self.folder / "head.lock"):
            stored = self._read()
            newest = _newer(stored, self._newest)
            if newest is None or newest == stored:
                return
            fields: dict[str, Any] = {
                "format": _FORMAT,
                "chainKey": self._chain_key.text,
                "chainId": newest.chain_id.hex(),
                "headSize": newest.head.size,
                "headRoot": newest.head.root.hex(),
            }
            if newest.checkpoint is not None:
                fields["checkpoint"] = _checkpoint_fields(newest.checkpoint)
            await asyncio.to_thread(write_atomic, self.path, _json_text(fields))

    def keep_evidence(
        self,
        why: str,
        *,
        genesis_header: bytes | None,
        known: TreeHead,
        served: TreeHead | None,
        consistency: list[bytes],
        remembered: SignedHead | None,
        signed: SignedHead | None,
    ) -> Path | None:
        """Keep evidence of two heads that can't both be true, for `atedb verify --evidence`.

        Returns the path of its file; None without a home folder, or where it can't be written, which must not hide the conflict.
        """
        if self.folder is None:
            return None
        evidence: dict[str, Any] = {
            "format": "atedb-evidence-1",
            "time": "1970-01-01T00:00:00.000Z",
            "server": self._server,
            "chainKey": self._chain_key.text,
            "why": why,
        }
        if genesis_header is not None:
            evidence["genesisHeader"] = _base64(genesis_header)
        evidence["rememberedHead"] = {"size": known.size, "root": known.root.hex()}
        if served is not None:
            evidence["servedHead"] = {"size": served.size, "root": served.root.hex()}
        evidence["consistency"] = [one.hex() for one in consistency]
        if remembered is not None:
            evidence["rememberedCheckpoint"] = _checkpoint_fields(remembered)
        if signed is not None:
            evidence["servedCheckpoint"] = _checkpoint_fields(signed)
        # By what it says: who tries again and again to open a chain that is gone keeps one file, of the first time.
        digest = sha256(_json_text(evidence).encode()).hexdigest()[:16]
        path = self.folder / f"conflict-{digest}.json"
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        try:
            make_folder(self.folder)
            if not path.exists():
                write_atomic(path, _json_text({**evidence, "time": now}))
        except AtedbError:
            return None
        return path

    def _read(self) -> Remembered | None:
        if self.path is None:
            return None
        fields = JsonFields.read(self.path, _FORMAT)
        if fields is None:
            return None
        chain_id = fields.hex("chainId", 32)
        head = TreeHead(fields.count("headSize"), fields.hex("headRoot", 32))
        checkpoint = fields.values.get("checkpoint")
        if checkpoint is None:
            return Remembered(chain_id, head)
        try:
            return Remembered(chain_id, head, _parse_checkpoint(checkpoint, chain_id))
        except (AtedbError, KeyError, TypeError, ValueError) as error:
            raise fields.unusable(f'its "checkpoint" does not verify: {error}') from error


def _json_text(fields: dict[str, Any]) -> str:
    return json.dumps(fields, indent=2, ensure_ascii=False) + "\n"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _checkpoint_fields(signed: SignedHead) -> dict[str, Any]:
    signer = signed.signer
    fields: dict[str, Any] = {
        "note": signed.note,
        "keys": _base64(signer.message),
        "identitySuite": signer.line.identity.suite,
        "identity": _base64(signer.line.identity.key),
    }
    if signer.line.rotations:
        fields["rotations"] = [_base64(one) for one in signer.line.rotations]
    return fields


def _parse_checkpoint(stored: dict[str, Any], chain_id: bytes) -> SignedHead:
    def decoded(text: str) -> bytes:
        data = decode_base64(text)
        if data is None:
            raise AtedbError(Reason.STORAGE_FAILED, "it has a field that is not in base64")
        return data

    identity = PublicKey.of(stored["identitySuite"], decoded(stored["identity"]))
    line = verify_identity_line(identity, [decoded(one) for one in stored.get("rotations", [])])
    signer = verify_checkpoint_keys(decoded(stored["keys"]), line)
    return verify_checkpoint(stored["note"], chain_id, signer)
