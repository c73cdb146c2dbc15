"""Sessions and calls of the tunnel, as their client sees them (docs/wire.md, "Calls" and "Sessions")."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from atedb.crypto.hpke import aes_gcm_open
from atedb.crypto.keys import PublicKey
from atedb.encoding import wire_forms
from atedb.encoding.fields import FieldWriter, fields, frame
from atedb.encoding.strict import check_strict
from atedb.errors import AtedbError, Reason
from atedb.limits import GRPC_MESSAGE_BYTES_MAX
from atedb.tunnel.key_schedule import SessionSecrets, expand

FRAMES_PER_KEY: Final = 1_024
FRAME_PAYLOAD_BYTES_MAX: Final = GRPC_MESSAGE_BYTES_MAX - 96
_TAG_BYTES: Final = 16
_ID_BYTES: Final = 16

_DUE_SHARE: Final = 0.75
"""Of what a session may have: when so much is used it should be renewed."""
_USABLE_SHARE: Final = 0.95
"""And when so much is, it must be."""


class FrameType(IntEnum):
    """What a frame is."""

    OPEN = 1
    MESSAGE = 2
    HALF_CLOSE = 3
    STATUS = 4
    HEADERS = 5


class OpenedFrame(NamedTuple):
    """What a frame holds."""

    type: FrameType
    payload: bytes


def frame_invalid(why: str) -> AtedbError:
    """Make the refusal of a frame; the call has failed then."""
    return AtedbError(
        Reason.WIRE_FRAME_INVALID,
        f"a frame of the tunnel is not the next one of its call: {why}. Nothing of it was handed on",
    )


@dataclass(frozen=True, slots=True)
class SessionTerms:
    """How long a session lasts: milliseconds in all, milliseconds idle, bytes of frames both ways."""

    lifetime_ms: int
    idle_ms: int
    bytes_max: int


class ClientSession:
    """A session: any number of calls at once, on any connections."""

    def __init__(
        self,
        session_id: bytes,
        key_bits: int,
        identity: PublicKey,
        session_secrets: SessionSecrets,
        terms: SessionTerms,
        *,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self.id = session_id
        self.key_bits = key_bits
        self.identity = identity
        """Of the server, as it has proven it."""
        self.terms = terms
        self._secrets: SessionSecrets | None = session_secrets
        self.exporter = session_secrets.exporter
        """What proofs of keys within this session are tied to."""
        self._random = random
        self._created = self._used = time.monotonic()
        self._bytes = 0
        self._next_call = 0

    @property
    def is_usable(self) -> bool:
        """Whether calls can be opened in it: it has not ended, and won't before the call has reached the server."""
        return self._secrets is not None and self._used_share() < _USABLE_SHARE

    @property
    def is_due(self) -> bool:
        """Whether it should be replaced by a new one, while calls go on in this one."""
        return self._secrets is None or self._used_share() >= _DUE_SHARE

    def open_call(self) -> "CallCrypto":
        """Begin a call. Raises WIRE_SESSION_UNKNOWN where the session is not usable any more."""
        if not self.is_usable or self._secrets is None:
            raise AtedbError(
                Reason.WIRE_SESSION_UNKNOWN, "the session of the tunnel has ended. Make a new one"
            )
        call = self._next_call
        # Never used twice, also for a call that fails.
        self._next_call += 1
        self._used = time.monotonic()
        return CallCrypto(
            self.id, self.key_bits, call, self._random(_ID_BYTES), self._secrets, count=self._count
        )

    def end(self) -> None:
        """Forget the roots of its keys. Calls that are open have their own."""
        self._secrets = None

    def _count(self, size: int) -> None:
        self._bytes += size
        self._used = time.monotonic()

    def _used_share(self) -> float:
        now = time.monotonic()
        return max(
            (now - self._created) * 1_000 / self.terms.lifetime_ms,
            (now - self._used) * 1_000 / self.terms.idle_ms,
            self._bytes / self.terms.bytes_max,
        )


class _Direction:
    """One direction of a call: of each frame in turn its key, its nonce, and what it is bound to."""

    def __init__(self, session_id: bytes, key_bits: int, call: int, sender: int, secret: bytes) -> None:
        self._place = session_id + call.to_bytes(8, "big") + bytes([sender])
        self._key_bytes = key_bits // 8
        self._secret = secret
        self._key = expand(secret, self._key_bytes, "key")
        self._counter = 0

    def next(self, frame_type: int) -> tuple[bytes, bytes, bytes]:
        counter = self._counter
        if counter > 0 and counter % FRAMES_PER_KEY == 0:
            # What was sealed before can't be opened with what is known from here on.
            self._secret = expand(self._secret, 32, "ratchet")
            self._key = expand(self._secret, self._key_bytes, "key")
        self._counter += 1
        number = counter.to_bytes(8, "big")
        return self._key, bytes(4) + number, self._place + number + bytes([frame_type])


class CallCrypto:
    """One call: seals what its client sends, opens what it is answered. After a frame that is refused nothing opens."""

    def __init__(
        self,
        session_id: bytes,
        key_bits: int,
        call: int,
        random: bytes,
        session_secrets: SessionSecrets,
        *,
        count: Callable[[int], None],
    ) -> None:
        self._session_id = session_id
        self._key_bits = key_bits
        self._call = call
        self._random = random
        self._secrets = session_secrets
        self._count = count
        self._sending = _Direction(session_id, key_bits, call, 0, session_secrets.client_secret(call, random))
        self._receiving: _Direction | None = None
        self._has_sent = False
        self._is_broken = False
        self._has_begun = False
        self.has_ended = False
        """Whether the server has sealed how the call ended. Without it the call was cut, and its outcome is not known."""
        self.exporter = session_secrets.exporter

    def seal(self, frame_type: FrameType, payload: bytes) -> bytes:
        """Seal the next frame: a serialised CallRequest. First comes `OPEN`, last `HALF_CLOSE`. Raises DATA_TOO_LARGE."""
        if len(payload) > FRAME_PAYLOAD_BYTES_MAX:
            raise AtedbError(
                Reason.DATA_TOO_LARGE,
                f"a message of {len(payload)} bytes does not fit into a frame of the tunnel",
                metadata={"limit": str(FRAME_PAYLOAD_BYTES_MAX), "size": str(len(payload))},
            )
        head = FieldWriter()
        if not self._has_sent:
            self._has_sent = True
            head.data(1, self._session_id).varint(2, self._call).data(3, self._random)
        key, nonce, aad = self._sending.next(frame_type)
        sealed = head.varint(4, frame_type).finish() + frame(5, AESGCM(key).encrypt(nonce, payload, aad))
        self._count(len(sealed))
        return sealed

    def open(self, message: bytes) -> OpenedFrame:
        """Open the next frame: a serialised CallResponse. Raises WIRE_FRAME_INVALID; the call has failed then."""
        if self._is_broken:
            raise frame_invalid("one before it was refused, or the call is over")
        # Until it is known to be good.
        self._is_broken = True
        opened = self._open(message)
        self._is_broken = False
        return opened

    def _open(self, message: bytes) -> OpenedFrame:
        try:
            check_strict(wire_forms.CALL_RESPONSE, message)
        except AtedbError as error:
            raise frame_invalid(error.message) from error
        random = ciphertext = b""
        number = 0
        for found in fields(message):
            if found.number == 1:
                random = message[found.start : found.end]
            elif found.number == 2:
                number = found.value
            else:
                ciphertext = message[found.start : found.end]
        if (self._receiving is None) != bool(random):
            raise frame_invalid("the first one has random bytes, and no other has")
        if self._receiving is None:
            secret = self._secrets.server_secret(self._call, self._random, random)
            self._receiving = _Direction(self._session_id, self._key_bits, self._call, 1, secret)
        if self.has_ended or len(ciphertext) < _TAG_BYTES:
            raise frame_invalid("it comes after the one that ends the call, or is shorter than its tag")
        key, nonce, aad = self._receiving.next(number)
        payload = aes_gcm_open(key, nonce, aad, ciphertext)
        if payload is None:
            raise frame_invalid("it was changed, moved or repeated, or one before it is missing")
        frame_type = FrameType(number)
        may_come = {FrameType.MESSAGE, FrameType.STATUS} | (set() if self._has_begun else {FrameType.HEADERS})
        if frame_type not in may_come:
            raise frame_invalid(f"one of type {number} must not come now")
        self._has_begun = True
        self.has_ended = frame_type is FrameType.STATUS
        self._count(len(message))
        return OpenedFrame(frame_type, payload)
