"""One chain of one server: append to it, read and follow it, say who reads it, lock objects of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from atedb.client.acting_keys import ActingKeys
from atedb.client.calls import ChainCalls
from atedb.client.chain_options import Appendable, ChainOptions, events_of
from atedb.client.chain_reads import ChainReads
from atedb.client.locks import Lease, LockTarget, lock_object
from atedb.client.new_event import BuiltEvents, Conditions, NewEvent, build_events, check_room_for
from atedb.client.notices import OnNotice
from atedb.client.opener import ChainOpener
from atedb.client.pipeline import Committed
from atedb.client.read_keys import ReadKeys
from atedb.client.reading import ChainReader
from atedb.client.redact import Redacted, redact_object, redact_sequences
from atedb.client.remembered import RememberedChain
from atedb.client.sealing_writer import SealingWriter
from atedb.client.sharing import SharedObject
from atedb.client.statuses import ALARMS
from atedb.client.transport import Transport
from atedb.client.writer import Writer
from atedb.client.writer_place import WriterPlace
from atedb.crypto.data_key import Padding
from atedb.crypto.keys import KeyPair, PublicKey
from atedb.errors import AtedbError, Reason, invalid
from atedb.events.chain_key import ChainKey
from atedb.events.primary_key import primary_key_from_name
from atedb.trust.identity_line import IdentityLine

_CLOSING_TIMEOUT_S: Final = 5.0
_WHOLE: Final = SharedObject()


class Chain(ChainReads):
    """An open chain. Make one with `Client.open`.

    Everything read was verified: hashes, signatures, the chain of each writer's seals, the tree, and that the server shows the
    history that it has shown before.
    """

    def __init__(
        self,
        transport: Transport,
        chain_key: ChainKey,
        options: ChainOptions,
        *,
        home: Path | None,
        keys: ActingKeys,
        on_notice: OnNotice,
    ) -> None:
        self._options = options
        self._keys = keys
        remembered = RememberedChain(home, transport.address.server, chain_key)
        self._calls = ChainCalls(transport, chain_key, keys=keys, check_challenge=self._check_challenge)
        opener = ChainOpener(self._calls, options.expected, remembered, on_notice)
        reader = ChainReader(self._calls, opener, ReadKeys(keys.reading), check_rules=options.check_rules)
        super().__init__(chain_key, opener, reader)
        place = WriterPlace(
            self._calls,
            self._opener,
            home=home,
            confidential=options.expected.confidential,
            private=options.expected.private,
            claims=options.claims,
            on_notice=on_notice,
        )
        self._writer = Writer(
            self._calls,
            self._opener,
            place,
            keys=keys,
            sign_batches=options.sign_batches,
            reconnect_s=options.reconnect_s,
            on_notice=on_notice,
        )
        padding: Padding = "padme" if options.pad else "mark"
        self._sealing = SealingWriter(
            self._calls,
            self._reader,
            confidential=options.expected.confidential,
            padding=padding,
            keys=keys,
            genesis=self._opened,
            append=self._append_built,
        )
        self._acknowledged = -1

    @property
    def own_key(self) -> PublicKey:
        """The key that is written with. Made, if it is the default one and isn't there.

        In a group's chain it is that of a role, once something was read or written that needs it.
        """
        return self._keys.writing().public_key

    async def append(
        self,
        events: Appendable | Sequence[Appendable],
        *,
        conditions: Conditions | None = None,
        co_signers: Sequence[KeyPair] = (),
    ) -> Committed:
        """Append events, all of them or none, in their order and without others between them; return when they are durable.

        The first append creates a chain that isn't there yet. Calls are carried out in the order in which they were made, many
        at once. A lost server is waited for, and what had no answer is sent again, so that each event is stored exactly once.
        Who is cancelled may have given up on something that is stored all the same.

        Raises TOO_MANY_EVENTS, DATA_TOO_LARGE, REQUEST_INVALID at once; KEY_NOT_ALLOWED, PRECONDITION_FAILED and what else the
        server refuses; OUTCOME_UNKNOWN, CONNECTION_FAILED when the server stays lost; WRITER_AHEAD, HEAD_CONFLICT,
        CHAIN_ID_MISMATCH when it isn't what it was; READ_KEY_MISSING, READ_RULE_MISMATCH.
        """
        self._check_open()
        all_events = events_of(events)
        asked = conditions or Conditions()
        await self._keys.ready(to_write=True)
        all_events, co_signers = self._by_member(all_events, co_signers)
        if self._sealing.seals(self.genesis):
            return await self._sealing.append(all_events, asked, co_signers)
        try:
            return await self._append_built(build_events(all_events, asked, co_signers))
        except AtedbError as error:
            # It was in clear, and a rule that isn't known here has it sealed.
            if error.reason != Reason.READ_RULE_MISMATCH:
                raise
            return await self._sealing.append(all_events, asked, co_signers)

    def _by_member(
        self, events: list[NewEvent], co_signers: Sequence[KeyPair]
    ) -> tuple[list[NewEvent], Sequence[KeyPair]]:
        """Have events that are written by the key of a role name the member as their author, who signs them, too."""
        author = self._keys.author()
        if author is None or not self._options.sign_as_member:
            return events, co_signers
        name = author.fingerprint
        signs = any(one.fingerprint == name for one in co_signers)
        named = [replace(event, author=event.author or name) for event in events]
        return named, co_signers if signs else [*co_signers, author]

    async def set_readers(
        self,
        readers: Sequence[PublicKey],
        shared: SharedObject = _WHOLE,
        *,
        conditions: Conditions | None = None,
    ) -> Committed:
        """Say who may read an object, or without one all that has no rule of its own.

        They and the writer's own key are given a new read key, which seals what is written from now on. Who isn't among them
        any more reads what was written before, and no more.
        """
        self._check_open()
        await self._keys.ready(to_write=True)
        if self.genesis is None:
            await self._writer.create()
        return await self._sealing.set_readers(shared, readers, conditions or Conditions())

    async def add_readers(
        self,
        readers: Sequence[PublicKey],
        shared: SharedObject = _WHOLE,
        *,
        conditions: Conditions | None = None,
    ) -> Committed:
        """Let more keys read an object: what was written since its readers were set last, and what will be.

        Raises as `append`; READ_KEY_MISSING where none of the client's keys may read it.
        """
        self._check_open()
        await self._keys.ready(to_write=True)
        return await self._sealing.add_readers(shared, readers, conditions or Conditions())

    async def remove_readers(
        self,
        fingerprints: Sequence[bytes],
        shared: SharedObject = _WHOLE,
        *,
        conditions: Conditions | None = None,
    ) -> Committed:
        """Take readers off, as `set_readers` with all others: those who stay are given a new read key."""
        self._check_open()
        await self._keys.ready(to_write=True)
        return await self._sealing.remove_readers(shared, fingerprints, conditions or Conditions())

    async def redact(
        self,
        *,
        sequences: Sequence[int] | None = None,
        name: str | None = None,
        primary_key: bytes | None = None,
        wait: bool = True,
    ) -> Redacted:
        """Have the data of some events, or of all of an object up to now, erased from every file of the server, for good.

        Whoever may write the object may, and a root. Headers stay, and readers are told. `wait`: until it is erased, which the
        server does by itself. Raises REDACTION_INVALID, EVENT_NOT_FOUND, DATA_GONE; as `append`.
        """
        await self._opened()
        if sum(part is not None for part in (sequences, name, primary_key)) != 1:
            raise invalid("redact", "one of sequences, name and primary_key says what")
        if sequences is not None:
            return await redact_sequences(self._reader, sequences, self.append, wait=wait)
        target = primary_key_from_name(name) if name is not None else primary_key or b""
        return await redact_object(self._reader, self._opener, target, self.append, wait=wait)

    async def lock(
        self,
        *,
        name: str | None = None,
        primary_key: bytes | None = None,
        label: bytes | None = None,
        parent: bytes | None = None,
        wait: bool = True,
        ttl_s: float = 15.0,
    ) -> Lease:
        """Lock an object, and wait for it while somebody else holds it; see docs/locks.md.

        For `ttl_s`, 0.5 to 600 seconds, the lease outlives a connection on which nothing comes any more.
        """
        self._check_open()
        target = LockTarget.of(primary_key, name, label, parent)
        return await lock_object(
            self._calls,
            self._opener,
            target,
            keys=self._keys,
            wait=wait,
            ttl_s=ttl_s,
            reconnect_s=self._options.reconnect_s,
        )

    async def close(self) -> None:
        """Wait for the appends under way, save what is to be remembered, and free the writer's slot.

        Raises HEAD_CONFLICT, CHAIN_DAMAGED, VERIFICATION_FAILED, CHAIN_ID_MISMATCH where the server doesn't stand by what it
        has acknowledged.
        """
        if self._is_closed:
            return
        self._is_closed = True
        try:
            await self._writer.close()
            await self._know_acknowledged()
        finally:
            await self._opener.close()

    async def __aenter__(self) -> "Chain":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self, *, for_append: bool) -> None:
        """Open it: verify its genesis, and that its head extends the one that is remembered. Done by `Client.open`."""
        await self._opener.open(for_append=for_append)

    async def _know_acknowledged(self) -> None:
        """Have it proven that what was acknowledged is in the chain, and remember that.

        So whoever opens it next is told if it is gone. A server that can't be asked is asked then.
        """
        head = self._opener.known.newest
        if self._acknowledged < 0 or (head is not None and head.size > self._acknowledged):
            return
        try:
            async with asyncio.timeout(_CLOSING_TIMEOUT_S):
                await self._opener.open()
        except TimeoutError:
            return
        except AtedbError as error:
            # Damage has taken what was acknowledged, if it isn't there to be known.
            if error.reason in ALARMS or error.reason == Reason.CHAIN_DAMAGED:
                raise

    async def _append_built(self, built: BuiltEvents) -> Committed:
        if self._keys.token is not None:
            check_room_for(self._keys.token, built)
        try:
            committed = await self._writer.append(built)
        except AtedbError as error:
            # What it was made by was the head, and not anything that was read: so it may be made by a newer one.
            if error.reason != Reason.STALE or built.preconditions:
                raise
            await self._opener.open()
            committed = await self._writer.append(built)
        self._acknowledged = max(self._acknowledged, committed.commit)
        return committed

    async def _check_challenge(self, chain_id: bytes, line: IdentityLine) -> None:
        await self._opener.check_challenge(chain_id, line)
