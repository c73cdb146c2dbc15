"""What a server has signed of a chain, and by which identity."""

from atedb.client.calls import ChainCalls
from atedb.client.messages import untrue
from atedb.crypto.keys import PublicKey
from atedb.encoding.fields import messages_in
from atedb.errors import AtedbError, Reason
from atedb.events.genesis import Genesis
from atedb.trust.checkpoints import CertifiedKeys, SignedHead, verify_checkpoint, verify_checkpoint_keys
from atedb.trust.identity_line import IdentityLine, verify_identity_line
from atedb.v1 import chain_pb2


class ServerSigned:
    """Verifies checkpoints of one chain by the identity that its server has shown."""

    def __init__(self, calls: ChainCalls) -> None:
        self._calls = calls
        self._signer: CertifiedKeys | None = None
        self.line: IdentityLine | None = None
        """The identity that was shown last, with those before it; None: none was."""

    def verify(
        self,
        answer: chain_pb2.OpenChainResponse,
        raw: bytes,
        identity: PublicKey,
        genesis: Genesis,
        before: SignedHead | None,
    ) -> SignedHead | None:
        """Verify the checkpoint of an opening. None where the server shows none, of a chain that it says is in trouble."""
        try:
            line = self._line_of(identity, messages_in(raw, 13))
            self.check_identity(line, genesis, before)
            keys = next(iter(messages_in(raw, 10)), b"")
            if self._signer is None or self._signer.line is not line or self._signer.message != keys:
                self._signer = verify_checkpoint_keys(keys, line)
        except AtedbError as error:
            if error.reason == Reason.SERVER_IDENTITY_MISMATCH:
                raise
            raise untrue(f"what it has signed does not verify: {error.message}") from error
        self.line = line
        if answer.checkpoint:
            return self.verify_note(answer.checkpoint, genesis.chain_id)
        if answer.trouble:
            return None
        raise untrue("it shows no checkpoint of its head")

    def _line_of(self, identity: PublicKey, rotations: list[bytes]) -> IdentityLine:
        known = self.line
        is_known = known is not None and known.identity.fingerprint == identity.fingerprint
        if known is not None and is_known and (not rotations or tuple(rotations) == known.rotations):
            return known
        return verify_identity_line(identity, rotations)

    def check_identity(self, line: IdentityLine, genesis: Genesis | None, before: SignedHead | None) -> None:
        """Refuse a server that isn't the one that the chain is kept by, nor follows from it."""
        named = None if genesis is None else genesis.server_identity
        due = [] if named is None else [named.fingerprint]
        is_back = False
        if before is not None:
            met = before.signer.line
            due.append(met.identity.fingerprint)
            is_back = met.has_retired(line.identity.fingerprint)
        for fingerprint in due:
            if not line.has(fingerprint) or is_back:
                raise AtedbError(
                    Reason.SERVER_IDENTITY_MISMATCH,
                    f"the chain {self._calls.chain_key.text} is kept by the server {fingerprint.hex()}, and {self._calls.server} is "
                    f"{line.identity.fingerprint.hex()}, and no rotation leads from the one to the other, or it was given up",
                    metadata={
                        "fingerprint": line.identity.fingerprint.hex(),
                        "expected": fingerprint.hex(),
                    },
                )

    def verify_note(self, note: str, chain_id: bytes) -> SignedHead:
        """Verify a checkpoint by the keys that were shown last. Raises VERIFICATION_FAILED."""
        if self._signer is None:
            raise untrue("the keys of its checkpoints were not shown")
        try:
            return verify_checkpoint(note, chain_id, self._signer)
        except AtedbError as error:
            raise untrue(f"what it has signed does not verify: {error.message}") from error
