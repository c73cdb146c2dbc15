"""Where a writer stands in a chain: found out before each stream; a chain that isn't there is created."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from atedb.client.calls import ChainCalls
from atedb.client.check_offer import WantedChain, check_offer
from atedb.client.claim_owner import claim_owner, is_claimable
from atedb.client.notices import Notice, OnNotice
from atedb.client.opened import Opened, OpenedChain, WriterStanding
from atedb.client.opener import ChainOpener
from atedb.client.writer_slot import WriterSlot
from atedb.crypto.keys import KeyPair, PublicKey
from atedb.encoding.fields import FieldWriter
from atedb.errors import AtedbError, Reason
from atedb.events.chain_key import ChainKey
from atedb.events.event import build_genesis_event
from atedb.events.genesis import Genesis, build_genesis, chain_id_of
from atedb.events.owner import owner_of
from atedb.events.seal import SealView, WriterIdentity, build_seal_header, parse_seal, seal_hash, sign_run
from atedb.trust.signers import verify_signatures

_OPEN_TRIES_MAX: Final = 4
_TIMEOUT_S: Final = 10.0
_OVERTAKEN: Final = frozenset(
    {Reason.CHAIN_EXISTS, Reason.AUTH_ANSWER_INVALID, Reason.SERVER_IDENTITY_MISMATCH}
)
_CHAIN_KEY_FIELD: Final = 16


class LocalFailure(Exception):  # noqa: N818 - it is unwrapped before anybody sees it
    """A failure of this machine's own, which trying again at the server doesn't help."""

    def __init__(self, error: AtedbError) -> None:
        super().__init__(error)
        self.error = error


class Unanswered(Protocol):
    """A batch that was sent and has no answer."""

    hash: bytes


def append_request(run: bytes, chain_key: ChainKey) -> bytes:
    """Make an AppendRequest or AppendBatchRequest: the batch, byte for byte, then the chain's key."""
    return FieldWriter().raw(run).string(_CHAIN_KEY_FIELD, chain_key.text).finish()


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the next batch goes."""

    slot: WriterSlot
    genesis: Genesis
    server: PublicKey


@dataclass(frozen=True, slots=True)
class _Offer:
    """A genesis that is offered to a server: what the chain will be."""

    header: bytes

    @property
    def chain_id(self) -> bytes:
        return chain_id_of(self.header)


class WriterPlace:
    """Opens a chain to append to it, and agrees with the server on where the writer stands."""

    def __init__(
        self,
        calls: ChainCalls,
        opener: ChainOpener,
        *,
        home: Path | None,
        confidential: bool,
        private: bool,
        claims: bool,
        on_notice: OnNotice,
    ) -> None:
        self._calls = calls
        self._opener = opener
        self._home = home
        self._confidential = confidential
        self._private = private
        self._claims = claims
        self._claimed: Notice | None = None
        """What is to be told of a name that was claimed."""
        self._on_notice = on_notice
        self._slot: tuple[bytes, WriterSlot] | None = None
        self._offer: _Offer | None = None
        self._has_offered_anew = False
        self._may_be_behind = True
        """Whether batches may be stored that the slot doesn't know of."""

    def renew(self) -> None:
        """Go on as another writer: somebody else has used this one's id."""
        if self._slot is not None:
            self._slot[1].renew()

    def lose_track(self) -> None:
        """Note that what was sent was given up, and may be stored all the same."""
        self._may_be_behind = True

    async def close(self) -> None:
        """Save where the writer stands, and free its slot."""
        if self._slot is not None:
            await self._slot[1].close()
        self._slot = None

    async def take(self, key: KeyPair, unanswered: Sequence[Unanswered]) -> Placed:
        """Open the chain, creating it where it isn't, and agree with the server on where the writer stands.

        Raises as `ChainOpener.open`; WRITER_AHEAD, WRITER_FORKED, CHAIN_READ_ONLY; OWNER_UNKNOWN, CLAIM_NOT_ALLOWED and others
        where the chain can't be created; LocalFailure where the slot can't be had.
        """
        try:
            return await self._take(key, unanswered)
        finally:
            # Whatever came in between, the name is had.
            if self._claimed is not None:
                self._on_notice(self._claimed)
            self._claimed = None

    async def _take(self, key: KeyPair, unanswered: Sequence[Unanswered]) -> Placed:
        genesis = self._opener.genesis
        if genesis is not None:
            await self._take_slot(genesis.chain_id, key.fingerprint)
        # To create it, and to learn its id, takes a try each, and once more when somebody else is faster.
        for _ in range(_OPEN_TRIES_MAX):
            before = self._opener.known.newest
            asked = self._writer_id(key.fingerprint)
            opened = await self._open_or_claim(key, asked)
            chain = opened.chain
            if chain is None:
                await self._create(key, opened)
                continue
            if chain.trouble:
                raise self._read_only(chain.trouble)
            slot = await self._take_slot(chain.genesis.chain_id, key.fingerprint)
            if chain.writer is None or asked is None or asked != self._writer_id(key.fingerprint):
                continue
            known_before = 0 if before is None else before.size
            await self._agree(chain, chain.writer, slot, key.public_key, unanswered, known_before)
            return Placed(slot, chain.genesis, opened.server_identity)
        server = self._calls.server
        why = f"{server} doesn't say where this writer stands, or forgets the chain as soon as it is created"
        raise AtedbError(Reason.CONNECTION_FAILED, why, metadata={"server": server})

    async def _agree(
        self,
        chain: OpenedChain,
        standing: WriterStanding,
        slot: WriterSlot,
        public_key: PublicKey,
        unanswered: Sequence[Unanswered],
        known_before: int,
    ) -> None:
        seal = self._check_standing(chain.genesis, standing, slot, public_key, unanswered)
        self._may_be_behind = False
        if seal is None:
            return
        # Nor may a seal name an older head than the one before it: what it names is known to be the chain's own.
        if seal.as_of is not None and seal.as_of.size > known_before:
            await self._opener.extend(seal.as_of)
        if not unanswered:
            slot.advance(standing.next_counter, seal.hash)

    def _check_standing(
        self,
        genesis: Genesis,
        standing: WriterStanding,
        slot: WriterSlot,
        public_key: PublicKey,
        unanswered: Sequence[Unanswered],
    ) -> SealView | None:
        """Find out whether a server and a writer agree on what the writer has written. Returns its last seal there.

        Raises WRITER_AHEAD where the server has lost batches that it acknowledged; WRITER_FORKED where it has batches of this
        writer id of which it can't be known that this writer made them; VERIFICATION_FAILED where what it says can't be.
        """
        state = slot.state
        metadata = {"next_counter": str(standing.next_counter), "counter": str(state.counter)}
        if standing.next_counter < state.counter:
            lost = state.counter - standing.next_counter
            accept = (
                ""
                if slot.path is None
                else f". To append to it as it is now, as a new writer, delete {slot.path}"
            )
            raise AtedbError(
                Reason.WRITER_AHEAD,
                f"the server has {standing.next_counter} batches of this writer, and has acknowledged {state.counter}: it was "
                f"restored from an older state or repaired, and {lost} batches are lost. Find out which before trusting it{accept}",
                metadata=metadata,
            )
        if standing.next_counter == 0:
            return None
        seal = _verify_last_seal(genesis, standing, state.salt, public_key)
        news = standing.next_counter - state.counter
        # A crash may have come before what was acknowledged last was saved.
        if news > 0 and not unanswered and self._may_be_behind:
            # The server has our own word for it, or none: what it made up itself we must not go on from.
            if seal.signatures:
                return seal
            why = f"{news} batches of this writer are not known here, since a process has ended before their answers were saved, "
            why += "and they are not signed. The next ones are a new writer's"
            raise AtedbError(Reason.WRITER_FORKED, why, metadata=metadata)
        expected = state.last_seal
        if news > 0:
            expected = unanswered[news - 1].hash if news <= len(unanswered) else None
        if expected == seal.hash:
            return seal
        raise AtedbError(
            Reason.WRITER_FORKED,
            f"another process has written as this writer: the server's last batch of it, of the counter {seal.counter}, is another "
            "than ours. A home folder is for one machine: don't copy it while it is in use",
            metadata=metadata,
        )

    async def _open_or_claim(self, key: KeyPair, writer_id: bytes | None) -> Opened:
        """Open the chain. Where it isn't there, and nobody has the name of its owner, claim that first, if that is wanted."""
        try:
            return await self._opener.open(for_append=True, creates=True, writer_id=writer_id)
        except AtedbError as error:
            if not self._claims or not is_claimable(error):
                raise
        self._claimed = await claim_owner(self._calls.transport, self._calls.chain_key, key)
        return await self._opener.open(for_append=True, creates=True, writer_id=writer_id)

    async def _take_offer(self, run: bytes, key: KeyPair, server: Opened) -> None:
        """Create the chain by the genesis that the server offers, which is the first batch of the server and not of this writer."""
        chain_key = self._calls.chain_key
        wanted = WantedChain(
            chain_key,
            server.server_identity,
            self._private,
            self._confidential,
            key.public_key,
            self._calls.server,
        )
        genesis = check_offer(run, wanted)
        try:
            await self._calls.unary("AppendBatch", append_request(run, chain_key), timeout=_TIMEOUT_S)
        except AtedbError as error:
            # Somebody else was faster, or the owner's keys, or the server's, were changed in between: opening again tells.
            if error.reason not in _OVERTAKEN:
                raise
            return
        self._tell_created(genesis.chain_id)

    def _tell_created(self, chain_id: bytes) -> None:
        chain_key = self._calls.chain_key
        message = f"created the chain {chain_key.text}, with the id {chain_id.hex()}"
        metadata = {"chain_key": chain_key.text, "chain_id": chain_id.hex()}
        if self._claimed is not None:
            owner = owner_of(chain_key).text
            metadata["claimed"] = owner
            message += f"; the name {owner}, which nobody had, is claimed for your key, and nobody has checked that it is yours"
        self._claimed = None
        self._on_notice(Notice("chain-created", message, metadata=metadata))

    async def _create(self, key: KeyPair, server: Opened) -> None:
        if server.offer is not None:
            await self._take_offer(server.offer, key, server)
            return
        chain_key = self._calls.chain_key
        offer = self._offer = self._offer or _Offer(
            build_genesis(
                chain_key,
                server.trust_mode,
                [key.public_key],
                created_unix_ms=int(time.time() * 1_000),
                salt=secrets.token_bytes(16),
                server_identity=server.server_identity if server.trust_mode == "centralized" else None,
                private=self._private,
                confidential=self._confidential,
            )
        )
        slot = await self._take_slot(offer.chain_id, key.fingerprint)
        event = build_genesis_event(offer.header)
        writer = WriterIdentity(offer.chain_id, key.fingerprint, slot.state.salt)
        header = build_seal_header(writer, counter=0, previous=None, event_headers=[event.header])
        request = append_request(sign_run([event.frame], header, [key]), chain_key)
        try:
            await self._calls.unary("AppendBatch", request, timeout=_TIMEOUT_S)
        except AtedbError as error:
            # The identity was rotated since the offer was made, which opening again learns. Once: it isn't rotated all the time.
            is_stale = error.reason == Reason.SERVER_IDENTITY_MISMATCH and not self._has_offered_anew
            # Somebody else was faster: the chain is theirs to define.
            if error.reason != Reason.CHAIN_EXISTS and not is_stale:
                raise
            self._has_offered_anew = is_stale
            self._offer = None
            return
        slot.advance(1, seal_hash(header))
        self._offer = None
        self._tell_created(offer.chain_id)

    def _read_only(self, trouble: str) -> AtedbError:
        """Said before anything else: of a damaged chain the writer's last batches may be missing, too."""
        chain_key = self._calls.chain_key.text
        why = f"the chain {chain_key} of {self._calls.server} can be read only: {trouble}"
        return AtedbError(Reason.CHAIN_READ_ONLY, why, metadata={"chain_key": chain_key})

    def _writer_id(self, fingerprint: bytes) -> bytes | None:
        if self._slot is None:
            return None
        chain_id, slot = self._slot
        return WriterIdentity(chain_id, fingerprint, slot.state.salt).id()

    async def _take_slot(self, chain_id: bytes, fingerprint: bytes) -> WriterSlot:
        """Take the slot of this chain; one of another chain that was to be created is given back."""
        if self._slot is not None and self._slot[0] == chain_id:
            return self._slot[1]
        await self.close()
        try:
            slot = WriterSlot.acquire(self._home, chain_id, fingerprint, self._on_notice)
        except AtedbError as error:
            raise LocalFailure(error) from error
        self._slot = (chain_id, slot)
        self._may_be_behind = True
        return slot


def _verify_last_seal(
    genesis: Genesis, standing: WriterStanding, salt: bytes, public_key: PublicKey
) -> SealView:
    if standing.last_seal is None:
        raise _unbelievable("its last seal is missing")
    writer = WriterIdentity(genesis.chain_id, public_key.fingerprint, salt)
    try:
        seal = parse_seal(standing.last_seal)
        # Others may have signed it too; that this writer did is what counts here.
        own = tuple(one for one in seal.signatures if one.fingerprint == public_key.fingerprint)
        everybody, seal.signatures = seal.signatures, own
        verify_signatures(seal, {public_key.fingerprint: public_key})
        seal.signatures = everybody
    except AtedbError as error:
        raise _unbelievable(f"its last seal does not verify: {error.message}") from error
    is_signed = bool(own) if everybody else genesis.trust_mode == "centralized"
    is_ours = (seal.writer_id, seal.chain_id, seal.fingerprint) == (
        writer.id(),
        genesis.chain_id,
        public_key.fingerprint,
    )
    if not is_ours or not is_signed:
        raise _unbelievable("its last seal is not this writer's")
    if seal.counter != standing.next_counter - 1:
        why = f"its last seal has the counter {seal.counter}, and the next is said to be {standing.next_counter}"
        raise _unbelievable(why)
    return seal


def _unbelievable(why: str) -> AtedbError:
    return AtedbError(Reason.VERIFICATION_FAILED, f"what the server says of this writer can't be true: {why}")
