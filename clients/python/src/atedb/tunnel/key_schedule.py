"""Which key is made from what: docs/wire.md, "Handshake" and "Calls"."""

import hmac

from atedb.crypto.hashes import prefix_of, tagged_hash
from atedb.crypto.hpke import hkdf_expand, hkdf_extract

_TAG = "atedb/v1/wire-"


def transcript(name: str, *parts: bytes) -> bytes:
    """Hash the transcript so far and what was added, under the name of the step."""
    return tagged_hash(_TAG + name, *parts)


def info(name: str, *parts: bytes) -> bytes:
    """Make the `info` of a key: length of the tag in one byte, tag, and what else it is for."""
    return b"".join((prefix_of(_TAG + name), *parts))


def expand(key: bytes, length: int, name: str, *parts: bytes) -> bytes:
    """Make a key."""
    return hkdf_expand(key, info(name, *parts), length)


class HandshakeKeys:
    """What both ends make of the secret that one has sent to the other."""

    def __init__(self, secret: bytes, parameters_hash: bytes, key_bits: int) -> None:
        self._secret = hkdf_extract(parameters_hash, secret)
        self._key_bytes = key_bits // 8

    def proof_key(self) -> bytes:
        """Derive the key that the server's proof, and nothing else, is sealed with."""
        return expand(self._secret, self._key_bytes, "proof-key")

    def finished(self, end: str, transcript_hash: bytes) -> bytes:
        """Make the MAC of one end, `client` or `server`, over a transcript."""
        key = expand(self._secret, 32, f"{end}-finished")
        return hmac.digest(key, transcript_hash, "sha256")

    def session_secrets(self, transcript_hash: bytes) -> "SessionSecrets":
        """Make the secrets of the session, of the whole transcript."""
        master = expand(self._secret, 32, "master", transcript_hash)
        return SessionSecrets(
            *(expand(master, 32, name) for name in ("client-root", "server-root", "exporter"))
        )


class SessionSecrets:
    """The roots of a session's keys, and the exporter, which proofs of keys are tied to."""

    def __init__(self, client_root: bytes, server_root: bytes, exporter: bytes) -> None:
        self._client_root = client_root
        self._server_root = server_root
        self.exporter = exporter

    def client_secret(self, call: int, client_random: bytes) -> bytes:
        """Make the first secret of what the client sends in a call."""
        return expand(self._client_root, 32, "call", call.to_bytes(8, "big"), client_random)

    def server_secret(self, call: int, client_random: bytes, server_random: bytes) -> bytes:
        """Make the first secret of what the server sends in it."""
        number = call.to_bytes(8, "big")
        return expand(self._server_root, 32, "call", number, client_random, server_random)

    def __repr__(self) -> str:
        return "SessionSecrets(…)"
