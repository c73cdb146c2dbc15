"""Reads and follows a chain, verified: the parts that ranges and subscriptions have in common."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from typing import Final

from atedb.client.calls import ChainCalls
from atedb.client.chain_event import ChainEvent, SealedState, events_of
from atedb.client.follower import Follower
from atedb.client.getting import fetch_event, get_event
from atedb.client.gone import OnUnchecked, check_gone, settle_owed, tell_unchecked
from atedb.client.loading import check_data_up_to
from atedb.client.messages import cant_be, content_of, parsed, untrue
from atedb.client.opened import tree_head
from atedb.client.opener import ChainOpener
from atedb.client.read_keys import ReadKeys
from atedb.client.statuses import is_compacted
from atedb.crypto.keys import PublicKey
from atedb.crypto.merkle import Frontier, verify_consistency
from atedb.encoding.fields import messages_in
from atedb.errors import AtedbError, invalid
from atedb.events.commit import Commit
from atedb.events.genesis import Genesis
from atedb.events.rules import read_confidentiality
from atedb.events.seal import TreeHead
from atedb.events.sealed_data import open_sealed_data
from atedb.trust.replay import ReplayStart, ReplayVerifier, VerifiedBatch
from atedb.trust.retention import EventPlace
from atedb.v1 import chain_pb2

_READINGS_MAX: Final = 8
"""A chain that is compacted again and again under other snapshots is given up on."""


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
                await self._read_through(self.begin, sequence)
            return self.rules()

    async def read(
        self,
        *,
        start: int = 0,
        end: int | None = None,
        limit: int | None = None,
        data_up_to: int | None = None,
        on_unchecked: OnUnchecked | None = None,
    ) -> AsyncGenerator[ChainEvent, None]:
        """Read a range, as it is now. Raises VERIFICATION_FAILED, HEAD_CONFLICT, CHAIN_DAMAGED, CONNECTION_FAILED."""
        if start < 0 or (end is not None and end < 0) or (limit is not None and limit < 0):
            raise invalid("start", "sequences and limits are whole numbers")
        check_data_up_to(data_up_to)
        if limit is not None:
            end = start + limit if end is None else min(end, start + limit)
        if end is not None and end <= start:
            return
        has_handed_on = False
        for attempt in range(1, _READINGS_MAX + 1):
            verifier = await self.begin_at(start, data_up_to)
            reading = self._range(
                verifier, start=start, end=end, data_up_to=data_up_to, on_unchecked=on_unchecked
            )
            try:
                async with contextlib.aclosing(reading) as batches:
                    async for batch in batches:
                        for event in events_of(batch, start, end):
                            opened = await self.opened(event)
                            has_handed_on = True
                            yield opened
            except AtedbError as error:
                # What would show that something of what was handed on was removed may be gone, too.
                if not is_compacted(error) or has_handed_on or attempt == _READINGS_MAX:
                    raise
            else:
                return

    async def verify(self) -> TreeHead:
        """Verify the chain whole, from its first event on, with its rules. Returns the head that it has."""
        return (await self._read_through(lambda: ReplayVerifier(self.genesis), None)).head()

    async def _read_through(self, begin: Callable[[], ReplayVerifier], end: int | None) -> ReplayVerifier:
        """Read batches that nobody wants, up to a sequence or to the chain's end; again where the chain is compacted meanwhile."""
        for attempt in range(1, _READINGS_MAX + 1):
            verifier = begin()
            try:
                async with contextlib.aclosing(self._range(verifier, end=end)) as batches:
                    async for _ in batches:
                        pass
            except AtedbError as error:
                if not is_compacted(error) or attempt == _READINGS_MAX:
                    raise
            else:
                return verifier
        raise AssertionError("the last attempt ends it")

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
        return await get_event(self, name=name, primary_key=primary_key, sequence=sequence)

    async def check_gone(self, event: ChainEvent, *, is_newest: bool) -> None:
        """Check that the data of an event may be gone, by what allows it. Raises VERIFICATION_FAILED."""
        await check_gone(event, self._fetch, self.has_expired, is_newest=is_newest)

    async def has_expired(self, event: EventPlace) -> bool:
        """Whether rules for retention have let the data of an event go, as the history shows, verified from its first event on."""
        if self.rules().retained.lets_go(event):
            return True
        return (await self.reach(None)).retained.lets_go(event)

    async def _fetch(self, which: int | bytes) -> ChainEvent | None:
        """Get the event of a sequence, or the newest one of an object, whatever allows its data to be gone."""
        if isinstance(which, int):
            return await fetch_event(self, sequence=which)
        return await fetch_event(self, primary_key=which)

    async def check_allowed(self, commit: Commit, head: TreeHead) -> None:
        """Check that what was shown by itself is part of the history whose rules were verified: so it was allowed.

        `head`: of a tree that it was shown to be part of. Raises VERIFICATION_FAILED, HEAD_CONFLICT; as reading does.
        """
        header = commit.header
        verifier = await self.reach(header.first_sequence + header.events)
        if verifier.next_commit <= header.commit:
            # A history that ends before it says nothing of it, however well that fits.
            raise untrue(f"it doesn't send the history as far as commit {header.commit}, which it has shown")
        await self.check_within(verifier, head)

    async def check_within(self, verifier: ReplayVerifier, head: TreeHead) -> None:
        """Check that a head that was served and the history whose rules were verified are of one history."""
        verified = verifier.head()
        older, newer = sorted((verified, head), key=lambda one: one.size)
        await self.opener.tie(newer, older)

    async def tie(self, served: TreeHead, known: TreeHead) -> None:
        """Compare a head that was served with a known one, whichever is the newer. Raises HEAD_CONFLICT."""
        older, newer = sorted((served, known), key=lambda one: one.size)
        await self.opener.tie(newer, older)

    def begin(self, data_up_to: int | None = None) -> ReplayVerifier:
        """Begin a replay where what was verified from the first event on ends."""
        if self._place is None:
            return ReplayVerifier(self.genesis, data_up_to=data_up_to)
        copy = self._place.reading_on()
        copy.data_up_to = data_up_to
        return copy

    async def begin_at(self, start: int, data_up_to: int | None = None) -> ReplayVerifier | None:
        """Begin a replay for a reader of what comes from a sequence on; None: where the server says that it begins."""
        if start == 0:
            return ReplayVerifier(self.genesis, data_up_to=data_up_to)
        if not self.checks_rules:
            return None
        if self._place is not None and self._place.next_sequence > start:
            # It is verified already; so it is read once more, by itself, and tied to that.
            return None
        return self.begin(data_up_to)

    async def _range(
        self,
        verifier: ReplayVerifier | None,
        *,
        start: int = 0,
        end: int | None = None,
        data_up_to: int | None = None,
        on_unchecked: OnUnchecked | None = None,
    ) -> AsyncGenerator[VerifiedBatch, None]:
        """Read batches from where a replay stands on."""
        known = self.opener.known.newest
        assert known is not None, "a chain is opened before it is read"
        request = chain_pb2.ReadEventsRequest(
            chain_key=self.calls.chain_key.text,
            chain_id=self.genesis.chain_id,
            from_sequence=start if verifier is None else verifier.next_sequence,
            from_commit=0 if verifier is None else verifier.next_commit,
            data_up_to_bytes=data_up_to,
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
                    follower = await self.follow(
                        verifier, answer.start, known, asked=request.from_sequence, data_up_to=data_up_to
                    )
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
        data_up_to: int | None = None,
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
            verifier = ReplayVerifier(self.genesis, begin, self.find_key, data_up_to=data_up_to)
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

    async def find_key(self, fingerprint: bytes) -> PublicKey | None:
        """Ask for a public key of the chain, of which its fingerprint shows that it is the right one; None: there is none."""
        request = chain_pb2.GetKeysRequest(
            chain_key=self.calls.chain_key.text,
            chain_id=self.genesis.chain_id,
            fingerprints=[fingerprint],
        )
        raw = await self.calls.unary("GetKeys", request.SerializeToString())
        try:
            keys = [PublicKey.parse(one) for one in messages_in(raw, 1)]
        except AtedbError as error:
            raise cant_be("it shows what is no key", error) from error
        return next((key for key in keys if key.fingerprint == fingerprint), None)

    async def opened(self, event: ChainEvent) -> ChainEvent:
        """Open what is sealed, where one of the client's keys was given the read key."""
        if event.sealed is None:
            return event
        if event.data_state != "present":
            is_left_out = event.data_state == "omitted"
            gone = SealedState(event.sealed.read_key_id, "omitted" if is_left_out else "gone")
            return replace(event, sealed=gone)
        key_id, chain_id = event.sealed.read_key_id, self.genesis.chain_id
        await self.calls.keys.ready(to_write=False)
        read_key = self.read_keys.find(key_id, chain_id)
        # It may have been handed out in what this client has not read; or later, to a reader who joined late.
        for sequence in (event.sequence + 1, None):
            if read_key is None:
                await self.reach(sequence)
                read_key = self.read_keys.find(key_id, chain_id)
        if read_key is None:
            sealed = SealedState(key_id, "no key", self.read_keys.holders_of(key_id))
            return replace(event, data=b"", sealed=sealed)
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
