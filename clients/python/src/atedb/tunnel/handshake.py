"""A handshake, as its client sees it (docs/wire.md, "Handshake")."""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from atedb.crypto.domains import CONTEXT_WIRE
from atedb.crypto.hpke import aes_gcm_open, hpke_open
from atedb.crypto.kem import KEM_SEED_BYTES, KEMS, MLKEM768_X25519, MLKEM1024_P384, Kem, KemPrivateKey
from atedb.crypto.keys import PublicKey
from atedb.encoding import wire_forms
from atedb.encoding.fields import BYTES, FieldWriter, fields
from atedb.encoding.form_fields import MAGICS
from atedb.encoding.strict import MessageForm, check_strict
from atedb.errors import AtedbError, Reason
from atedb.events.seal import Signature
from atedb.tunnel.key_schedule import HandshakeKeys, info, transcript
from atedb.tunnel.session import ClientSession, SessionTerms

_T = TypeVar("_T")

KEY_SIZES: Final = (128, 192, 256)


def handshake_failed(why: str) -> AtedbError:
    """Make the refusal of a server's part of a handshake: nothing may be sent to such a server."""
    return AtedbError(
        Reason.WIRE_HANDSHAKE_FAILED,
        f"the handshake has failed: {why}. Something was changed on the way, or one end has a defect; try again, and find "
        "out if it stays so",
    )


def kem_for(key_bits: int) -> Kem:
    """Give the KEM that is as strong as keys of a size."""
    return MLKEM1024_P384 if key_bits == 256 else MLKEM768_X25519


@dataclass(frozen=True, slots=True)
class FinishedHandshake:
    """What a server has proven, and the session that comes of it."""

    identity: PublicKey
    """The server's. Who it should be is for the caller to say, before it sends `finished`."""
    rotations: tuple[bytes, ...]
    """IdentityRotation messages, oldest first: not looked into here."""
    finished: bytes
    """A serialised ClientFinished, to be sent."""
    session: ClientSession


class ClientHandshake:
    """A handshake. For one use."""

    def __init__(
        self,
        key_bits: int,
        *,
        shares_up_to: int,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """Make keys for it.

        `key_bits`: the smallest size of keys that is taken. `shares_up_to`: the largest that a share is sent for. `random`
        gives bytes of which it is told the number; another one in tests.
        """
        self._key_bits = key_bits
        self._random = random
        sizes = [size for size in KEY_SIZES if size == key_bits or key_bits < size <= shares_up_to]
        offered = sorted({kem_for(size).number for size in sizes})
        hello_random = random(32)
        self._keys = {number: KemPrivateKey(KEMS[number], random(KEM_SEED_BYTES)) for number in offered}
        hello = FieldWriter().fixed32(1, MAGICS["ClientHello"]).data(2, hello_random)
        hello.varint(3, key_bits)
        for number, key in self._keys.items():
            hello.message(4, FieldWriter().varint(1, number).data(2, key.public_key).finish())
        self.hello = hello.finish()

    def finish(self, server_hello: bytes) -> FinishedHandshake:
        """Take the server's hello: it is for ours, from the owner of the identity key that it names, and nothing was changed.

        Raises WIRE_HANDSHAKE_FAILED; nothing may be sent to such a server.
        """
        keys_of_hello, self._keys = self._keys, {}
        hello = _parts(wire_forms.SERVER_HELLO, server_hello)
        parameters_bytes, sealed_proof = hello.data(1), hello.data(2)
        parameters = _parts(wire_forms.SERVER_PARAMETERS, parameters_bytes)
        key_bits, kem_number = parameters.number(2), parameters.number(4)
        self._check_choice(key_bits, kem_number, keys_of_hello)
        t1 = transcript("client-hello", self.hello)
        t2 = transcript("parameters", t1, parameters_bytes)
        secret = hpke_open(
            keys_of_hello[kem_number],
            KEMS[kem_number],
            info=info("secret", t1),
            aad=b"",
            sealed=_enc(parameters, KEMS[kem_number]) + parameters.data(6),
        )
        if secret is None:
            raise handshake_failed("the server's secret does not open")
        keys = HandshakeKeys(secret, t2, key_bits)
        proof_bytes = aes_gcm_open(keys.proof_key(), bytes(12), t2, sealed_proof)
        if proof_bytes is None:
            raise handshake_failed("the server's proof does not open")
        proof = _parts(wire_forms.SERVER_PROOF, proof_bytes)
        identity = _parts(wire_forms.SERVER_IDENTITY, proof.data(2))
        key = _reading(lambda: PublicKey.parse(identity.data(2)))
        t5 = _verify(keys, t2, proof, key)
        finished = FieldWriter().fixed32(1, MAGICS["ClientFinished"])
        terms = SessionTerms(identity.number(4), identity.number(5), identity.number(6))
        return FinishedHandshake(
            key,
            tuple(identity.all(3)),
            finished.data(2, keys.finished("client", t5)).finish(),
            ClientSession(
                parameters.data(3), key_bits, key, keys.session_secrets(t5), terms, random=self._random
            ),
        )

    def _check_choice(self, key_bits: int, kem: int, offered: dict[int, KemPrivateKey]) -> None:
        """Refuse a size that is weaker than ours, or than its KEM, whoever has made it so."""
        if key_bits not in KEY_SIZES:
            raise handshake_failed(f"keys of {key_bits} bits are none")
        if key_bits < self._key_bits:
            why = (
                f"the server has chosen keys of {key_bits} bits, and at least {self._key_bits} were asked for"
            )
            raise handshake_failed(why)
        if kem != kem_for(key_bits).number or kem not in offered:
            raise handshake_failed(f"the server has chosen KEM {kem}, which does not fit")


def _enc(parameters: "_Parts", kem: Kem) -> bytes:
    encapsulated = parameters.data(5)
    if len(encapsulated) != kem.encapsulated_bytes:
        raise handshake_failed("what the server has encapsulated has another length")
    return encapsulated


def _verify(keys: HandshakeKeys, t2: bytes, proof: "_Parts", key: PublicKey) -> bytes:
    """Verify the server's signature and MAC. Returns the hash of the whole transcript."""
    t3 = transcript("identity", t2, proof.data(2))
    signature_bytes = proof.data(3)
    signature = _reading(lambda: Signature.parse(signature_bytes))
    is_named = signature.suite == key.suite and signature.fingerprint == key.fingerprint
    if not is_named or not key.verify(CONTEXT_WIRE, t3, signature.signature):
        raise handshake_failed("the signature of the server's identity key does not verify")
    t4 = transcript("signature", t3, signature_bytes)
    if not hmac.compare_digest(keys.finished("server", t4), proof.data(4)):
        raise handshake_failed("the server's MAC does not verify")
    return transcript("finished", t4, proof.data(4))


class _Parts:
    """The fields of a message that is in the strict form."""

    def __init__(self, message: bytes) -> None:
        self._numbers: dict[int, int] = {}
        self._data: dict[int, list[bytes]] = {}
        for found in fields(message):
            if found.wire_type == BYTES:
                self._data.setdefault(found.number, []).append(message[found.start : found.end])
            else:
                self._numbers[found.number] = found.value

    def number(self, field: int) -> int:
        return self._numbers.get(field, 0)

    def data(self, field: int) -> bytes:
        return self._data[field][0]

    def all(self, field: int) -> list[bytes]:
        return self._data.get(field, [])


def _parts(form: MessageForm, message: bytes) -> _Parts:
    _reading(lambda: check_strict(form, message))
    return _Parts(message)


def _reading(read: Callable[[], _T]) -> _T:
    """Read what a server has sent; what can't be read fails the handshake."""
    try:
        return read()
    except AtedbError as error:
        raise handshake_failed(error.message) from error
