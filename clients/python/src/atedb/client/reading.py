"""Reads and follows a chain, verified: the parts that ranges and subscriptions have in common."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import replace

from atedb.client.calls import ChainCalls
from atedb.client.chain_event import ChainEvent, SealedState, events_of
from atedb.client.follower import Follower
from atedb.client.gone import OnUnchecked, check_gone, settle_owed, tell_unchecked
from atedb.client.messages import content_of, parsed, untrue
from atedb.client.opened import tree_head
from atedb.client.opener import ChainOpener
from atedb.client.read_keys import ReadKeys
from atedb.crypto.keys import PublicKey
from atedb.crypto.merkle import Frontier, verify_consistency, verify_inclusion
from atedb.encoding.fields import messages_in
from atedb.errors import AtedbError, Reason, invalid
from atedb.events.commit import StoredBatch, split_slice
from atedb.events.genesis import Genesis
from atedb.events.primary_key import PRIMARY_KEY_BYTES, primary_key_from_name
from atedb.events.rules import read_confidentiality
from atedb.events.seal import TreeHead
from atedb.events.sealed_data import open_sealed_data
from atedb.trust.replay import ReplayStart, ReplayVerifier, VerifiedBatch
from atedb.trust.single import verify_single
from atedb.v1 import chain_pb2


class ChainReader:
    """Reads one chain. What it hands on was verified whole: see `ReplayVerifier`.

    In distributed and confidential chains all that comes before is read and verified first, since the rules follow from it; how far
    it has come lasts as long as this object.
    """

    def __init__(
        self, calls: ChainCalls, opener: ChainOpener, read_keys: ReadKeys, *, check_rules: bool | None
    ) -> None:
        self.calls = calls
        self.opener = opener
        self.read_keys = read_keys
        self._check_rules = check_rules
        self._place: ReplayVerifier | None = None
        """A replay from the first event on, that is not used any more."""
        self._reaching = asyncio.Lock()

    @property
    def genesis(self) -> Genesis:
        """What the chain is."""
        genesis = self.opener.genesis
        assert genesis is not None, "a chain is opened before it is read"
        return genesis

    @property
    def checks_rules(self) -> bool:
        """Whether all that is read is checked to be allowed by what came before."""
        if self._check_rules is not None:
            return self._check_rules
        return self.genesis.trust_mode == "distributed" or self.genesis.confidential

    def rules(self) -> ReplayVerifier:
        """Give what was verified from the chain's first event on."""
        return self._place or ReplayVerifier(self.genesis)

    async def reach(self, sequence: int | None) -> ReplayVerifier:
        """Have the chain verified from its first event up to a sequence, or to its end, if that was not done before."""
        async with self._reaching:
            place = self._place
            if place is None or sequence is None or place.next_sequence < sequence:
                async with contextlib.aclosing(self._range(self.begin(), end=sequence)) as batches:
                    async for _ in batches:
                        pass
            return self.rules()

    async def read(
        self,
        *,
        start: int = 0,
        end: int | None = None,
        limit: int | None = None,
        on_unchecked: OnUnchecked | None = None,
    ) -> AsyncGenerator[ChainEvent, None]:
        """Read a range, as it is now. Raises VERIFICATION_FAILED, HEAD_CONFLICT, CHAIN_DAMAGED, CONNECTION_FAILED."""
        if start < 0 or (end is not None and end < 0) or (limit is not None and limit < 0):
            raise invalid("start", "sequences and limits are whole numbers")
        if limit is not None:
            end = start + limit if end is None else min(end, start + limit)
        if end is not None and end <= start:
            return
        verifier = await self.begin_at(start)
        reading = self._range(verifier, start=start, end=end, on_unchecked=on_unchecked)
        async with contextlib.aclosing(reading) as batches:
            async for batch in batches:
                for event in events_of(batch, start, end):
                    yield await self.opened(event)

    async def verify(self) -> TreeHead:
        """Verify the chain whole, from its first event on, with its rules. Returns the head that it has."""
        verifier = ReplayVerifier(self.genesis)
        async with contextlib.aclosing(self._range(verifier)) as batches:
            async for _ in batches:
                pass
        return verifier.head()

    async def get(
        self,
        *,
        name: str | None = None,
        primary_key: bytes | None = None,
        sequence: int | None = None,
    ) -> ChainEvent | None:
        """Get the newest event of an object, or the one of a sequence; None for an object that nobody has written.

        That no newer event of the object exists is the server's word.
        """
        if sum(part is not None for part in (name, primary_key, sequence)) != 1:
            raise invalid("get", "one of name, primary_key and sequence says which event")
        if name is not None:
            primary_key = primary_key_from_name(name)
        known = self.opener.known.newest
        assert known is not None, "a chain is opened before it is read"
        request = chain_pb2.GetEventRequest(
            chain_key=self.calls.chain_key.text, chain_id=self.genesis.chain_id
        )
        if primary_key is not None:
            if len(primary_key) != PRIMARY_KEY_BYTES:
                raise invalid("primary_key", f"it is {len(primary_key)} bytes, and must be 16")
            request.primary_key = primary_key
        else:
            request.sequence = sequence or 0
        try:
            raw = await self.calls.unary("GetEvent", request.SerializeToString())
        except AtedbError as error:
            if error.reason == Reason.EVENT_NOT_FOUND:
                return None
            raise
        answer = parsed(chain_pb2.GetEventResponse, raw)
        stored = _single_in(content_of(raw, 1))
        verified = await verify_single(self.genesis, stored, self._find_key)
        head = tree_head(answer.head)
        is_in = verify_inclusion(
            leaf=stored.commit.leaf,
            index=stored.commit.header.commit,
            size=head.size,
            proof=list(answer.inclusion),
            root=head.root,
        )
        if not is_in:
            raise untrue("the event's batch is not in the tree of the head that it names")
        if self.checks_rules:
            verifier = await self.reach(answer.sequence + 1)
            await self.check_within(verifier, head)
        await self.tie(head, known)
        events = list(events_of(verified, answer.sequence, answer.sequence + 1))
        asked_for = primary_key if primary_key is not None else None
        if not events or (asked_for is not None and events[0].primary_key != asked_for):
            raise untrue("the event is not the one that was asked for")
        if sequence is not None and answer.sequence != sequence:
            raise untrue("the event is not the one that was asked for")
        event = events[0]
        if event.data_state != "present":
            await check_gone(event, self._get, is_newest=primary_key is not None)
        return await self.opened(event)

    async def _get(self, which: int | bytes) -> ChainEvent | None:
        """Get the event of a sequence, or the newest one of an object."""
        if isinstance(which, int):
            return await self.get(sequence=which)
        return await self.get(primary_key=which)

    async def check_within(self, verifier: ReplayVerifier, head: TreeHead) -> None:
        """Check that a head that was served and the history whose rules were verified are of one history."""
        verified = verifier.head()
        older, newer = sorted((verified, head), key=lambda one: one.size)
        await self.opener.tie(newer, older)

    async def tie(self, served: TreeHead, known: TreeHead) -> None:
        """Compare a head that was served with a known one, whichever is the newer. Raises HEAD_CONFLICT."""
        older, newer = sorted((served, known), key=lambda one: one.size)
        await self.opener.tie(newer, older)

    def begin(self) -> ReplayVerifier:
        """Begin a replay where what was verified from the first event on ends."""
        return self._place.copy() if self._place is not None else ReplayVerifier(self.genesis)

    async def begin_at(self, start: int) -> ReplayVerifier | None:
        """Begin a replay for a reader of what comes from a sequence on; None: where the server says that it begins."""
        if start == 0:
            return ReplayVerifier(self.genesis)
        if not self.checks_rules:
            return None
        if self._place is not None and self._place.next_sequence > start:
            # It is verified already; so it is read once more, by itself, and tied to that.
            return None
        return self.begin()

    async def _range(
        self,
        verifier: ReplayVerifier | None,
        *,
        start: int = 0,
        end: int | None = None,
        on_unchecked: OnUnchecked | None = None,
    ) -> AsyncGenerator[VerifiedBatch, None]:
        """Read batches from where a replay stands on."""
        known = self.opener.known.newest
        assert known is not None, "a chain is opened before it is read"
        request = chain_pb2.ReadEventsRequest(
            chain_key=self.calls.chain_key.text,
            chain_id=self.genesis.chain_id,
            from_sequence=start if verifier is None else verifier.next_sequence,
        )
        if end is not None:
            request.end_sequence = max(end, request.from_sequence)
        follower: Follower | None = None
        answers = self.calls.answers("ReadEvents", request.SerializeToString())
        try:
            async for raw in answers:
                answer = parsed(chain_pb2.ReadEventsResponse, raw)
                kind = answer.WhichOneof("message")
                if kind == "start" and follower is None:
                    follower = await self.follow(verifier, answer.start, known, asked=request.from_sequence)
                elif kind == "log" and follower is not None:
                    for batch in await follower.feed(content_of(raw, 2)):
                        yield batch
                elif kind == "end" and follower is not None:
                    await self.check_end(follower, answer.end, end)
                    # What allows data to be gone may have come since the call.
                    if follower.verifier.next_commit == follower.start_head.size:
                        await settle_owed(self, follower)
                    self.keep(follower.verifier)
                    tell_unchecked(follower.verifier.owed, on_unchecked)
                    return
                else:
                    raise untrue("a range has its start, batches, and its end")
        finally:
            await answers.aclose()
        raise untrue("a range ends without saying so")

    async def check_end(self, follower: Follower, said: chain_pb2.EndOfRange, end: int | None) -> None:
        """Check what a server says of the end of a range. Raises VERIFICATION_FAILED, HEAD_CONFLICT."""
        verifier, head = follower.verifier, follower.start_head
        reached = verifier.head()
        is_tied = reached.size == said.end_commit and verify_consistency(
            first=reached.size,
            second=head.size,
            first_root=reached.root,
            second_root=head.root,
            proof=list(said.consistency),
        )
        is_whole = reached.size == head.size or (end is not None and verifier.next_sequence >= end)
        if not is_tied or not is_whole:
            raise untrue(
                "the end of the range is not of the tree that its start names, or before what was asked for"
            )
        await self.tie(head, follower.known_before)
        if reached.size == head.size:
            self.opener.known.advance(follower.known_before, reached)

    def keep(self, verifier: ReplayVerifier) -> None:
        """Go on from a replay that nobody uses any more, if it has come further."""
        if verifier.checks_rules and (
            self._place is None or verifier.next_sequence > self._place.next_sequence
        ):
            self._place = verifier

    async def follow(
        self,
        verifier: ReplayVerifier | None,
        said: chain_pb2.StartOfHistory,
        known: TreeHead,
        *,
        asked: int | None,
    ) -> Follower:
        """Begin where a server says that a stream or a range begins, or go on there. Raises VERIFICATION_FAILED, HEAD_CONFLICT."""
        head = tree_head(said.head)
        if said.chain_id != self.genesis.chain_id:
            raise untrue("the start is of another chain")
        await self.opener.check_not_behind(head, known)
        try:
            frontier = Frontier(said.start_commit, said.frontier)
        except AtedbError as error:
            raise untrue(error.message) from error
        is_of_head = verify_consistency(
            first=said.start_commit,
            second=head.size,
            first_root=frontier.root(),
            second_root=head.root,
            proof=list(said.consistency),
        )
        if not is_of_head:
            raise untrue("the frontier of the start is not of the tree of its head")
        if asked is not None and said.start_sequence > asked:
            raise untrue(f"the start is at sequence {said.start_sequence}, which is after the one asked for")
        if verifier is None:
            await self.tie(head, known)
            begin = ReplayStart(said.start_commit, said.start_sequence, tuple(said.frontier))
            verifier = ReplayVerifier(self.genesis, begin, self._find_key)
            if self.checks_rules:
                # What is handed on of what was verified before is of that history.
                await self.check_within(self.rules(), head)
                return Follower(self, verifier, head, known, covered=self.rules().next_sequence)
        elif said.start_commit != verifier.next_commit or frontier.root() != verifier.head().root:
            if said.start_commit == verifier.next_commit:
                why = "its history is another than the one streamed"
                served = TreeHead(frontier.size, frontier.root())
                raise await self.opener.conflict(why, known=verifier.head(), served=served)
            raise untrue(
                f"it goes on at commit {said.start_commit}, and {verifier.next_commit} was asked for"
            )
        return Follower(self, verifier, head, known, covered=None)

    async def _find_key(self, fingerprint: bytes) -> PublicKey | None:
        request = chain_pb2.GetKeysRequest(
            chain_key=self.calls.chain_key.text,
            chain_id=self.genesis.chain_id,
            fingerprints=[fingerprint],
        )
        raw = await self.calls.unary("GetKeys", request.SerializeToString())
        keys = [PublicKey.parse(one) for one in messages_in(raw, 1)]
        return next((key for key in keys if key.fingerprint == fingerprint), None)

    async def opened(self, event: ChainEvent) -> ChainEvent:
        """Open what is sealed, where one of the client's keys was given the read key."""
        if event.sealed is None:
            return event
        if event.data_state != "present":
            return replace(event, sealed=SealedState(event.sealed.read_key_id, "gone"))
        key_id, chain_id = event.sealed.read_key_id, self.genesis.chain_id
        await self.calls.keys.ready(to_write=False)
        read_key = self.read_keys.find(key_id, chain_id)
        # It may have been handed out in what this client has not read; or later, to a reader who joined late.
        for sequence in (event.sequence + 1, None):
            if read_key is None:
                await self.reach(sequence)
                read_key = self.read_keys.find(key_id, chain_id)
        if read_key is None:
            state = SealedState(key_id, "no key", self.read_keys.holders_of(key_id))
            return replace(event, data=b"", sealed=state)
        confidentiality = read_confidentiality(event.header)
        assert confidentiality is not None, "it is sealed"
        data = open_sealed_data(
            read_key,
            chain_id=chain_id,
            header=event.header,
            confidentiality=confidentiality,
            data=event.data,
        )
        if data is None:
            return replace(event, data=b"", sealed=SealedState(key_id, "invalid"))
        return replace(event, data=data, sealed=SealedState(key_id, "open"))


def _single_in(data: bytes) -> StoredBatch:
    """Take the one batch of a slice. Raises VERIFICATION_FAILED."""
    try:
        batches = split_slice(data)
    except AtedbError as error:
        if error.reason == Reason.UNSUPPORTED:
            raise
        raise untrue(f"what it shows of the log is not valid: {error.message}") from error
    if len(batches) != 1:
        raise untrue(f"it comes with {len(batches)} batches, and one was due")
    return batches[0]
