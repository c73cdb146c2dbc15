"""What proofs of keys sign (docs/format.md, "Proofs"): each part has a fixed size, so none can pass for another."""

from dataclasses import dataclass

from atedb.events.seal import TreeHead

_NO_EXPORTER = bytes(32)


@dataclass(frozen=True, slots=True)
class KeyProofClaim:
    """What a proof that a caller has a key is tied to, so that it counts nowhere else. 32 bytes each."""

    server_fingerprint: bytes
    chain_id: bytes
    conversation_id: bytes
    fingerprint: bytes
    exporter: bytes = _NO_EXPORTER
    """Of the tunnel that the stream is in; zeros where there is none."""

    def append_bytes(self) -> bytes:
        """Give what is signed to append without signatures."""
        parts = (
            self.exporter,
            self.server_fingerprint,
            self.chain_id,
            self.conversation_id,
            self.fingerprint,
        )
        assert all(len(part) == 32 for part in parts), "each part of a proof is 32 bytes"
        return b"".join(parts)

    def lock_bytes(self, primary_key: bytes) -> bytes:
        """Give what is signed to lock an object."""
        assert len(primary_key) == 16, "an object has a key of 16 bytes"
        return self.append_bytes() + primary_key

    def ticket_bytes(self, chain_key: str) -> bytes:
        """Give what is signed to be let into a private chain.

        The chain id is the server's word then: the chain key keeps a server from having the proof made for another chain.
        """
        return self.append_bytes() + chain_key.encode()

    def deletion_bytes(self, head: TreeHead) -> bytes:
        """Give what is signed to delete the chain, whose newest verified head is named."""
        return self.append_bytes() + head.size.to_bytes(8, "little") + head.root
