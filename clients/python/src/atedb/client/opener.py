"""Opens one chain, as often as needed, and believes nothing: every head is proven to extend the one known before."""

from atedb.client.calls import ChainCalls
from atedb.client.lazy_saver import LazySaver
from atedb.client.messages import TIMEOUT_S, content_of, key_in, parsed, untrue
from atedb.client.notices import Notice, OnNotice
from atedb.client.opened import Expected, KnownHead, Opened, OpenedChain, WriterStanding, tree_head
from atedb.client.remembered import Remembered, RememberedChain, is_newer_checkpoint
from atedb.client.server_signed import ServerSigned
from atedb.crypto.merkle import verify_consistency
from atedb.encoding.fields import messages_in
from atedb.errors import AtedbError, Reason
from atedb.events.commit import split_slice
from atedb.events.genesis import Genesis, TrustMode
from atedb.events.seal import TreeHead
from atedb.trust.check_batch import verify_genesis
from atedb.trust.checkpoints import SignedHead
from atedb.trust.identity_line import IdentityLine
from atedb.v1 import chain_pb2, event_pb2


class ChainOpener:
    """Opens one chain."""

    def __init__(
        self, calls: ChainCalls, expected: Expected, remembered: RememberedChain, on_notice: OnNotice
    ) -> None:
        self._calls = calls
        self._expected = expected
        self._remembered = remembered
        self._on_notice = on_notice
        self.genesis: Genesis | None = None
        self._saver = LazySaver(self._save)
        self.known = KnownHead(lambda _: self._saver.changed())
        self.checkpoint: SignedHead | None = None
        """The newest one that is known to be of the verified history."""
        self.next_sequence = 0
        """As the server said at the last opening."""
        self._signed = ServerSigned(calls)

    async def open(
        self, *, for_append: bool = False, creates: bool = False, writer_id: bytes | None = None
    ) -> Opened:
        """Open the chain. `for_append`: one that isn't there is an answer; `creates`: with what the server offers to make.

        Raises CHAIN_NOT_FOUND; CHAIN_ID_MISMATCH, TRUST_MODE_MISMATCH, SERVER_IDENTITY_MISMATCH and others where it is not what
        is expected; HEAD_CONFLICT, VERIFICATION_FAILED where the server can't be believed.
        """
        before = self.known.newest
        remembered = self._remembered.load() if before is None else None
        known = before if remembered is None else remembered.head
        if remembered is not None and remembered.checkpoint is not None:
            self._keep(remembered.checkpoint)
        signed_before = self.checkpoint
        answer, raw = await self._ask(known, for_append=for_append, creates=creates, writer_id=writer_id)
        identity = key_in(raw, 1)
        self._calls.transport.check_proven(identity)
        mode: TrustMode = (
            "centralized" if answer.trust_mode == event_pb2.TRUST_MODE_CENTRALIZED else "distributed"
        )
        if not answer.HasField("genesis"):
            if known is not None:
                raise await self.conflict("the chain is not there any more", known=known, served=None)
            self._check_creation(mode, for_append=for_append)
            return Opened(identity, mode, None, _offer_in(raw))
        genesis, leaf = self._check_genesis(content_of(raw, 3), remembered)
        head = tree_head(answer.head)
        signed = self._signed.verify(answer, raw, identity, genesis, signed_before)
        # Every tree of the chain extends that of its genesis alone.
        await self._check_head(head, known or TreeHead(1, leaf), list(answer.consistency), signed)
        self.genesis = self.genesis or genesis
        if signed is not None:
            await self._check_checkpoint(signed, head, list(answer.checkpoint_consistency), signed_before)
        self.known.advance(before, head)
        if signed is not None:
            self._keep(signed)
        self.next_sequence = answer.next_sequence
        return Opened(
            identity,
            mode,
            OpenedChain(
                self.genesis, head, answer.next_sequence, answer.trouble, WriterStanding.of(answer, raw)
            ),
        )

    async def extend(self, head: TreeHead) -> TreeHead:
        """Have it proven that the chain as it is now extends a head. Returns the head that it has now.

        Raises HEAD_CONFLICT where it doesn't.
        """
        answer, _ = await self._ask(head)
        if not answer.HasField("genesis"):
            raise await self.conflict("the chain is not there any more", known=head, served=None)
        served = tree_head(answer.head)
        await self._check_head(served, head, list(answer.consistency), None)
        return served

    async def tie(self, served: TreeHead, known: TreeHead) -> None:
        """Compare a head that was served with a known one, which it must extend. Raises HEAD_CONFLICT."""
        await self.check_not_behind(served, known)
        if served.size == known.size:
            return
        request = chain_pb2.GetProofRequest(
            chain_key=self._calls.chain_key.text, from_size=known.size, size=served.size
        )
        raw = await self._calls.unary("GetProof", request.SerializeToString())
        answer = parsed(chain_pb2.GetProofResponse, raw)
        await self._check_head(served, known, list(answer.consistency), None)

    async def check_not_behind(
        self, served: TreeHead, known: TreeHead, signed: SignedHead | None = None
    ) -> None:
        """Refuse a served head that is older than the known one, or of its size and another. Raises HEAD_CONFLICT."""
        if served.size < known.size:
            why = "its chain is shorter than it was"
            raise await self.conflict(why, known=known, served=served, signed=signed)
        if served.size == known.size and served.root != known.root:
            why = "its chain has another history than it had"
            raise await self.conflict(why, known=known, served=served, signed=signed)

    async def verify_checkpoint(self, note: str) -> SignedHead:
        """Verify a checkpoint of the chain, which was opened before. Raises VERIFICATION_FAILED.

        The server may have been started anew with another identity, which the one before vouches for: an opening shows that.
        """
        assert self.genesis is not None, "it was opened"
        try:
            return self._signed.verify_note(note, self.genesis.chain_id)
        except AtedbError:
            await self.open()
        return self._signed.verify_note(note, self.genesis.chain_id)

    async def keep_checkpoint(
        self, signed: SignedHead, root: bytes | None, before: SignedHead | None
    ) -> None:
        """Compare a checkpoint with the tree that was replayed, and with the one before; keep it.

        `root`: that the tree had at its size, as far as that is known. Raises HEAD_CONFLICT.
        """
        if root is not None and root != signed.head.root:
            known = TreeHead(signed.head.size, root)
            why = "it has signed another history than the one it has sent"
            raise await self.conflict(why, known=known, served=signed.head, signed=signed)
        await self._check_not_older(signed, before)
        newest = self.known.newest
        if root is None and newest is not None:
            older, newer = sorted((signed.head, newest), key=lambda head: head.size)
            await self.tie(newer, older)
        self._keep(signed)

    async def conflict(
        self,
        why: str,
        *,
        known: TreeHead,
        served: TreeHead | None,
        consistency: list[bytes] | None = None,
        signed: SignedHead | None = None,
    ) -> AtedbError:
        """Keep evidence of two heads that can't both be true, and make the error that says so."""
        path = self._remembered.keep_evidence(
            why,
            genesis_header=None if self.genesis is None else self.genesis.header,
            known=known,
            served=served,
            consistency=consistency or [],
            remembered=self.checkpoint,
            signed=signed,
        )
        server, chain_key = self._calls.server, self._calls.chain_key.text
        metadata = {
            "chain_key": chain_key,
            "known_size": str(known.size),
            "known_root": known.root.hex(),
        }
        if served is not None:
            metadata |= {"served_size": str(served.size), "served_root": served.root.hex()}
        if path is not None:
            metadata["evidence"] = str(path)
        forget = (
            ""
            if self._remembered.path is None
            else f". To accept it as it is now, delete {self._remembered.path}"
        )
        return AtedbError(
            Reason.HEAD_CONFLICT,
            f"{server} contradicts what was verified before of {chain_key}: {why}. It was restored or repaired, or its history was "
            f"rewritten: find out which before trusting it{forget}",
            metadata=metadata,
        )

    async def check_challenge(self, chain_id: bytes, line: IdentityLine) -> None:
        """Refuse to prove a key for another chain or server than is known. Raises CHAIN_ID_MISMATCH, SERVER_IDENTITY_MISMATCH."""
        remembered = self._remembered.load()
        self._check_chain_id(chain_id, remembered)
        checkpoint = None if remembered is None else remembered.checkpoint
        self._signed.check_identity(line, self.genesis, checkpoint)

    async def close(self) -> None:
        """Save what isn't saved."""
        await self._saver.close()

    async def _ask(
        self,
        known: TreeHead | None,
        *,
        for_append: bool = False,
        creates: bool = False,
        writer_id: bytes | None = None,
    ) -> tuple[chain_pb2.OpenChainResponse, bytes]:
        line = self._signed.line
        request = chain_pb2.OpenChainRequest(
            chain_key=self._calls.chain_key.text,
            known_size=1 if known is None else known.size,
            for_append=for_append,
            writer_id=writer_id or b"",
            known_identity=b"" if line is None else line.identity.fingerprint,
        )
        if creates:
            request.wishes.private = self._expected.private
            request.wishes.confidential = self._expected.confidential
        try:
            raw = await self._calls.unary("OpenChain", request.SerializeToString(), timeout=TIMEOUT_S)
        except AtedbError as error:
            if known is None:
                raise
            if error.reason == Reason.SEQUENCE_OUT_OF_RANGE:
                raise await self._shorter(known) from error
            if error.reason != Reason.CHAIN_NOT_FOUND:
                raise
            raise await self.conflict("the chain is not there any more", known=known, served=None) from error
        return parsed(chain_pb2.OpenChainResponse, raw), raw

    async def _shorter(self, known: TreeHead) -> AtedbError:
        """Say what is wrong with a chain that is shorter than what was verified: or it is another chain altogether."""
        answer, raw = await self._ask(None)
        genesis, _ = self._check_genesis(content_of(raw, 3), self._remembered.load())
        head = tree_head(answer.head)
        lost = [one for one in answer.damages if one.HasField("first_sequence")]
        if lost:
            return AtedbError(
                Reason.CHAIN_DAMAGED,
                f"{self._calls.server} says that its chain {genesis.chain_key.text} is damaged, and no longer has all that was "
                f"verified of it here: {known.size} commits were, and {head.size} can be read",
                metadata={
                    "known_size": str(known.size),
                    "served_size": str(head.size),
                    "file": lost[0].file,
                },
            )
        identity = key_in(raw, 1)
        signed = self._signed.verify(answer, raw, identity, genesis, self.checkpoint)
        return await self.conflict(
            "its chain is shorter than it was", known=known, served=head, signed=signed
        )

    def _check_genesis(self, genesis_slice: bytes, remembered: Remembered | None) -> tuple[Genesis, bytes]:
        try:
            ((run, commit, _),) = split_slice(genesis_slice)
            genesis, batch = verify_genesis(run)
        except (AtedbError, ValueError) as error:
            if isinstance(error, AtedbError) and error.reason == Reason.UNSUPPORTED:
                raise
            raise untrue(f"its genesis does not verify: {error}") from error
        header = commit.header
        is_first = (header.commit, header.first_sequence, header.events) == (0, 0, 1)
        if not is_first or header.seal_hash != batch.seal.hash:
            raise untrue("its genesis has another batch's commit")
        if genesis.chain_key.text != self._calls.chain_key.text:
            raise untrue(f"its genesis is of the chain {genesis.chain_key.text}")
        self._check_chain_id(genesis.chain_id, remembered)
        self._expected.check(genesis)
        return genesis, commit.leaf

    def _check_chain_id(self, chain_id: bytes, remembered: Remembered | None) -> None:
        known = self.genesis.chain_id if self.genesis is not None else None
        if known is None and remembered is not None:
            known = remembered.chain_id
        for due, how in ((self._expected.chain_id, "pinned"), (known, "remembered")):
            if due is not None and due != chain_id:
                raise AtedbError(
                    Reason.CHAIN_ID_MISMATCH,
                    f"the chain {self._calls.chain_key.text} of {self._calls.server} has the id {chain_id.hex()}, and {due.hex()} "
                    f"is {how}: it was deleted and made anew, or somebody answers in its place",
                    metadata={"chain_id": chain_id.hex(), "expected": due.hex()},
                )

    def _check_creation(self, mode: TrustMode, *, for_append: bool) -> None:
        # Servers refuse this call then; one that doesn't must not pass for one with an empty chain.
        if not for_append or self._expected.chain_id is not None:
            why = f"there is no chain {self._calls.chain_key.text} on {self._calls.server}"
            raise AtedbError(Reason.CHAIN_NOT_FOUND, why, metadata={"chain_key": self._calls.chain_key.text})
        if self._expected.delegated:
            why = f"there is no chain {self._calls.chain_key.text} on {self._calls.server}, and a token makes none"
            raise AtedbError(Reason.CHAIN_NOT_FOUND, why, metadata={"chain_key": self._calls.chain_key.text})
        self._expected.check_mode(self._calls.chain_key, mode)

    async def _check_head(
        self, head: TreeHead, base: TreeHead, consistency: list[bytes], signed: SignedHead | None
    ) -> None:
        await self.check_not_behind(head, base, signed)
        is_good = verify_consistency(
            first=base.size,
            second=head.size,
            first_root=base.root,
            second_root=head.root,
            proof=consistency,
        )
        if not is_good:
            why = "its head does not extend the one that was verified before"
            raise await self.conflict(why, known=base, served=head, consistency=consistency, signed=signed)

    async def _check_checkpoint(
        self, signed: SignedHead, head: TreeHead, consistency: list[bytes], before: SignedHead | None
    ) -> None:
        is_good = verify_consistency(
            first=signed.head.size,
            second=head.size,
            first_root=signed.head.root,
            second_root=head.root,
            proof=consistency,
        )
        if not is_good:
            why = "it has signed another history than the one it serves"
            raise await self.conflict(why, known=signed.head, served=head, signed=signed)
        await self._check_not_older(signed, before)

    async def _check_not_older(self, signed: SignedHead, before: SignedHead | None) -> None:
        if before is not None and signed.head.size < before.head.size:
            why = "it shows an older checkpoint than one it had signed"
            raise await self.conflict(why, known=before.head, served=signed.head, signed=signed)

    def _keep(self, signed: SignedHead) -> None:
        newest = self.known.newest
        # What is kept is never beyond what is known, which later heads are compared with.
        if newest is not None and signed.head.size > newest.size:
            return
        if is_newer_checkpoint(signed, self.checkpoint):
            self.checkpoint = signed
            if newest is not None:
                self._saver.changed()

    async def _save(self) -> None:
        head, genesis = self.known.newest, self.genesis
        if head is None or genesis is None:
            return
        try:
            await self._remembered.note(Remembered(genesis.chain_id, head, self.checkpoint))
        except AtedbError as error:
            message = f"what was verified could not be saved: {error}"
            self._on_notice(Notice("not-saved", message, error))


def _offer_in(raw: bytes) -> bytes | None:
    """Give the batch that a server offers to create a chain by."""
    return next(iter(messages_in(raw, 14)), None)
