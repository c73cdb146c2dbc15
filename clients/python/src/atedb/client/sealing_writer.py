"""Appends to chains whose data is sealed: what is read by whom follows from the rules that this client has verified."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from atedb.client.acting_keys import ActingKeys
from atedb.client.calls import ChainCalls
from atedb.client.messages import untrue
from atedb.client.new_event import BuiltEvents, Conditions, NewEvent, build_events
from atedb.client.pipeline import Committed
from atedb.client.reading import ChainReader
from atedb.client.sharing import (
    ReaderChange,
    SharedObject,
    add_readers,
    admit,
    is_clear_chain,
    keep_out,
    read_key_missing,
    readers_without,
    renewed_readers,
    set_readers,
)
from atedb.crypto.data_key import Padding, read_key_id
from atedb.crypto.keys import KeyPair, PublicKey
from atedb.errors import AtedbError, Reason, invalid
from atedb.events.event import Sealing
from atedb.events.genesis import Genesis
from atedb.events.sealed_data import sealing_under
from atedb.trust.authority import Authority
from atedb.trust.placement import Placement
from atedb.trust.replay import ReplayVerifier

_TRIES_MAX: Final = 3
"""A rule for reading may change while an append is on its way; so often it is sealed anew."""
_CHANGE_TRIES_MAX: Final = 20
"""Others may write meanwhile; so often a change of readers is made anew."""
_UNVERIFIED_MAX: Final = 1_000
"""Appends that put objects somewhere and aren't verified yet; beyond this many they are."""


@dataclass(eq=False, slots=True)
class _Own:
    """Where events of one append put objects."""

    placements: list[Placement]
    commit: int | None = None
    """None: it is on its way."""


class SealingWriter:
    """Seals what is due to be, by the rules as they are and as this client's own appends before have them."""

    def __init__(
        self,
        calls: ChainCalls,
        reader: ChainReader,
        *,
        confidential: bool,
        padding: Padding,
        keys: ActingKeys,
        genesis: Callable[[], Awaitable[Genesis]],
        append: Callable[[BuiltEvents], Awaitable[Committed]],
    ) -> None:
        self._calls = calls
        self._reader = reader
        self._confidential = confidential
        self._padding = padding
        self._keys = keys
        self._genesis = genesis
        self._append = append
        self._turn = asyncio.Lock()
        self._has_reached = False
        self._is_sealing = False
        """Whether some data is known to be sealed, though it was not verified yet."""
        self._renewed_for: int | None = None
        """Version of the group after which nobody reads the chain by a key that a role had before; None: not looked at yet."""
        self._unseen: set[bytes] = set()
        """Ids of read keys that this client has made, and not yet seen handed out in the chain's history."""
        self._own: list[_Own] = []
        """Of this client's own appends, in order: what comes behind them is sealed as is due there."""
        self._assumed: Authority | None = None

    def seals(self, genesis: Genesis | None) -> bool:
        """Whether appends go through this: the chain's data is sealed somewhere, as far as is known, or may be."""
        if genesis is None:
            # One that isn't there yet will be what it is made as.
            return self._confidential
        known = self._reader.rules().authority.has_read_rules
        return genesis.confidential or self._is_sealing or known

    async def append(
        self, events: Sequence[NewEvent], conditions: Conditions, co_signers: Sequence[KeyPair]
    ) -> Committed:
        """Append events, sealed as the rules for reading say.

        Raises READ_KEY_MISSING where none of the client's keys was given the read key; READ_RULE_MISMATCH in a confidential
        chain where no rule names one yet.
        """
        for tries in range(1, _TRIES_MAX + 1):
            try:
                return await self._append_once(events, conditions, co_signers)
            except AtedbError as error:
                if error.reason != Reason.READ_RULE_MISMATCH or tries == _TRIES_MAX:
                    raise
                self._is_sealing = True
                self._has_reached = False
        raise AssertionError("the last try raises")

    async def set_readers(
        self, shared: SharedObject, readers: Sequence[PublicKey], conditions: Conditions
    ) -> Committed:
        """Give an object other readers, with a new read key from now on."""
        # Also if that fails: whoever says who reads must not go on in clear.
        self._is_sealing = True

        def make(genesis: Genesis, authority: Authority) -> ReaderChange:
            besides = admit(authority, readers) if genesis.private else []
            return self._new_readers(genesis, shared, readers, besides)

        return await self._change(conditions, make)

    async def add_readers(
        self, shared: SharedObject, readers: Sequence[PublicKey], conditions: Conditions
    ) -> Committed:
        """Hand out the read key that an object has now."""

        def make(genesis: Genesis, authority: Authority) -> ReaderChange:
            events = admit(authority, readers) if genesis.private else []
            if not (genesis.private and is_clear_chain(authority, shared)):
                read_keys = self._reader.read_keys
                events += add_readers(genesis.chain_id, authority, read_keys, shared, readers)
            if not events:
                raise _nothing_to_do("they may open the chain already, and its data is in clear")
            return ReaderChange(events)

        return await self._change(conditions, make)

    async def remove_readers(
        self, shared: SharedObject, removed: Sequence[bytes], conditions: Conditions
    ) -> Committed:
        """Give an object a new read key, for its readers without some of them."""

        def make(genesis: Genesis, authority: Authority) -> ReaderChange:
            is_of_chain = shared.event().primary_key is None
            besides = keep_out(authority, removed) if genesis.private and is_of_chain else []
            if not genesis.private or not is_clear_chain(authority, shared):
                own = self._keys.writing().public_key
                staying = readers_without(authority, self._reader.read_keys, shared, removed, own)
                return self._new_readers(genesis, shared, staying, besides)
            if not besides:
                raise _nothing_to_do("none of them was let in by the rule for that")
            return ReaderChange(besides)

        return await self._change(conditions, make)

    def _new_readers(
        self,
        genesis: Genesis,
        shared: SharedObject,
        readers: Sequence[PublicKey],
        besides: list[NewEvent],
    ) -> ReaderChange:
        own = self._keys.writing().public_key
        change = set_readers(genesis.chain_id, shared, [own, *readers])
        return ReaderChange([*besides, *change.events], change.read_key)

    async def _change(
        self, conditions: Conditions, make: Callable[[Genesis, Authority], ReaderChange]
    ) -> Committed:
        """Change who reads.

        Who is to read is said anew each time, all of them: so it counts only if nobody has changed the chain since what it was
        made from, or whoever was taken off meanwhile would be back.
        """
        for tries in range(1, _CHANGE_TRIES_MAX + 1):
            # Others may have changed the readers, or the rules.
            self._has_reached = False
            genesis, verifier = await self._reached()
            change = make(genesis, verifier.authority)
            asked, sequence = conditions.unchanged_since, verifier.next_sequence
            since = sequence if asked is None else min(asked, sequence)
            conditional = replace(conditions, unchanged_since=since)
            try:
                no_sealing = [None] * len(change.events)
                committed = await self._append(build_events(change.events, conditional, sealings=no_sealing))
            except AtedbError as error:
                is_overtaken = error.reason == Reason.PRECONDITION_FAILED
                is_own = since == asked and since < sequence
                if not is_overtaken or is_own or tries == _CHANGE_TRIES_MAX:
                    raise
                continue
            if change.read_key is not None:
                self._reader.read_keys.know(change.read_key)
                self._unseen.add(read_key_id(change.read_key))
                self._has_reached = False
            return committed
        raise AssertionError("the last try raises")

    async def _append_once(
        self, events: Sequence[NewEvent], conditions: Conditions, co_signers: Sequence[KeyPair]
    ) -> Committed:
        async with self._turn:
            await self._renew_readers()
            if len(self._own) > _UNVERIFIED_MAX:
                self._has_reached = False
            genesis, verifier = await self._reached()
            own, named, sealings = self._sealed(genesis, verifier, events)
            built = build_events(named, conditions, co_signers, sealings=sealings)
            # Not awaited here: the next one waits for its place only.
            appending = asyncio.ensure_future(self._append(built))
            if own.placements:
                self._own.append(own)
            # It gets its place in the writer's queue before the next one is made.
            await asyncio.sleep(0)
        try:
            committed = await appending
        except BaseException:
            if own in self._own:
                self._own.remove(own)
            self._assumed = None
            raise
        own.commit = committed.commit
        return committed

    async def _renew_readers(self) -> None:
        """Hand out a new read key, where roles of the chain's group have other keys than those that it was handed out to.

        What the roles' keys are, the group's acts say, and never the server's answers in the chain, which anybody who has the
        server could have it sign.
        """
        roles = self._keys.roles_now()
        if roles is None or roles.version == self._renewed_for:
            return
        read_keys = self._reader.read_keys

        async def is_due() -> bool:
            self._has_reached = False
            _, verifier = await self._reached()
            return renewed_readers(verifier.authority, read_keys, roles) is not None

        def make(genesis: Genesis, authority: Authority) -> ReaderChange:
            readers = renewed_readers(authority, read_keys, roles)
            if readers is None:
                raise _nothing_to_do("the roles have the keys that read it")
            return self._new_readers(genesis, SharedObject(), readers, [])

        if await is_due():
            try:
                await self._change(Conditions(), make)
            except AtedbError:
                # Somebody else may have been faster.
                if await is_due():
                    raise
        self._renewed_for = roles.version

    def _sealed(
        self, genesis: Genesis, verifier: ReplayVerifier, events: Sequence[NewEvent]
    ) -> tuple[_Own, list[NewEvent], list[Sealing | None]]:
        """Have the data of events sealed as the rules for reading say."""
        if self._assumed is None:
            self._assumed = verifier.authority.copy()
            for own in self._own:
                for placed in own.placements:
                    self._assumed.assume(placed)
        authority = self._assumed
        new = _Own([])
        named: list[NewEvent] = []
        sealings: list[Sealing | None] = []
        try:
            for one in events:
                event = one.identified()
                key_id = self._read_key_for(event, authority)
                placement = _placement_of(event)
                if placement is not None and authority.assume(placement):
                    new.placements.append(placement)
                named.append(event)
                if key_id is None:
                    sealings.append(None)
                    continue
                read_keys = self._reader.read_keys
                read_key = read_keys.find(key_id, genesis.chain_id)
                if read_key is None:
                    raise read_key_missing(key_id, read_keys.holders_of(key_id))
                sealings.append(sealing_under(read_key, genesis.chain_id, self._padding))
        except AtedbError:
            self._assumed = None
            raise
        return new, named, sealings

    def _read_key_for(self, event: NewEvent, authority: Authority) -> bytes | None:
        """Find the read key that the data of an event is sealed with; None: it is in clear, or there is none."""
        read = None if event.rules is None else event.rules.read
        if event.kind != "data" or event.primary_key is None:
            return None
        if read is not None and read.kind != "inherit":
            return read.read_key_id if read.kind == "read_key" else None
        rule = authority.read_rule_for(event.primary_key, event.parent, inherits=read is not None)
        if rule is None:
            why = f"the chain {self._calls.chain_key.text} is confidential, and no rule says yet who may read it: set its "
            raise AtedbError(Reason.READ_RULE_MISMATCH, why + "readers first")
        return rule.read_key_id if rule.kind == "read_key" else None

    async def _reached(self) -> tuple[Genesis, ReplayVerifier]:
        """Have the rules verified up to the chain's end: once, and again when they turn out to be others."""
        genesis = await self._genesis()
        while not self._has_reached:
            # Others may set readers meanwhile: that is behind what is reached now.
            self._has_reached = True
            due = list(self._unseen)
            try:
                verifier = await self._reader.reach(None)
                self._check_seen(due)
            except BaseException:
                self._has_reached = False
                raise
            size = verifier.head().size
            self._own = [own for own in self._own if own.commit is None or own.commit >= size]
            self._assumed = None
        return genesis, self._reader.rules()

    def _check_seen(self, due: Sequence[bytes]) -> None:
        """Refuse a server that has acknowledged other readers and doesn't show them: it would be sealed for those of before."""
        for key_id in due:
            if not self._reader.read_keys.holders_of(key_id):
                raise untrue(
                    f"it has acknowledged that the read key {key_id.hex()} was handed out, and the history that it sends doesn't "
                    "have that. Nothing was sealed: it would be for the readers of before"
                )
            self._unseen.discard(key_id)


def _placement_of(event: NewEvent) -> Placement | None:
    """Say where an event puts its object; None for one that is about keys."""
    if event.kind in ("roots", "key_change"):
        return None
    read = None if event.rules is None else event.rules.read
    return Placement(event.kind, event.primary_key, event.parent, event.moves, read)


def _nothing_to_do(why: str) -> AtedbError:
    return invalid("readers", f"there is nothing to change: {why}")
