"""A replay of what a server sends, compared with every head that is known or was named."""

from typing import TYPE_CHECKING, Final

from atedb.client.messages import untrue
from atedb.events.seal import TreeHead
from atedb.trust.checkpoints import SignedHead
from atedb.trust.owed_data import refuse_unallowed
from atedb.trust.replay import ReplayVerifier, VerifiedBatch

if TYPE_CHECKING:
    from atedb.client.reading import ChainReader

_NAMED_MAX: Final = 16
"""Heads that a server has named and not yet sent the history of."""


class Follower:
    """Verifies slices, and moves the known head on."""

    def __init__(
        self,
        reader: "ChainReader",
        verifier: ReplayVerifier,
        start_head: TreeHead,
        known_before: TreeHead,
        *,
        covered: int | None,
    ) -> None:
        self._reader = reader
        self.verifier = verifier
        self.start_head = start_head
        self.known_before = known_before
        self.covered = covered
        """Sequence up to which a replay without rules is of what was verified with them; None: it goes as far as it goes."""
        self._named: dict[int, TreeHead] = {start_head.size: start_head}
        self._begun_at = verifier.next_commit

    @staticmethod
    def waiting(reader: "ChainReader", verifier: ReplayVerifier) -> "Follower":
        """Make one that has not begun: only its replay counts."""
        head = verifier.head()
        return Follower(reader, verifier, head, head, covered=None)

    async def feed(self, data: bytes) -> list[VerifiedBatch]:
        """Verify the next slice. Where the server is lost meanwhile, a replay that is not `covered` stands where it was."""
        batches = await self.verifier.verify(data)
        if self.verifier.checks_rules:
            self._reader.read_keys.learn(batches)
        elif self.covered is not None and self.verifier.next_sequence > self.covered:
            # Behind what was verified: the rules for it are verified by a replay of their own.
            verifier = await self._reader.reach(self.verifier.next_sequence)
            self.covered = verifier.next_sequence
            await self._reader.check_within(verifier, self.verifier.head())
        await self._compare()
        return batches

    async def settle_expired(self) -> None:
        """See whether what is said to have expired has, where the rules for retention aren't known to this replay.

        Which those were follows from the chain's history: that is verified from its first event on, also by who takes the server's
        word for who may do what, since else a server could withhold whatever it likes. Raises as reading does.
        """
        owed = self.verifier.owed
        if owed.expired is None or self.verifier.checks_rules:
            return
        if await self._reader.has_expired(owed.expired):
            rules = self._reader.rules()
            await self._reader.check_within(rules, self.verifier.head())
            owed.settle_below(rules.retained)

    async def check_nothing_owed(self) -> None:
        """All that there is was replayed: data that may be gone was allowed to go by now. Raises VERIFICATION_FAILED."""
        await self.settle_expired()
        refuse_unallowed(self.verifier.owed.left(1))

    async def name(self, head: TreeHead) -> None:
        """Take note of a head that the server names in between. Raises HEAD_CONFLICT."""
        if head.size < self.verifier.next_commit:
            return
        self._named[head.size] = head
        if len(self._named) > _NAMED_MAX:
            del self._named[next(iter(self._named))]
        await self._compare()

    async def attested(self, signed: SignedHead, before: SignedHead | None) -> None:
        """Compare a checkpoint of what was replayed, and keep it. Raises VERIFICATION_FAILED, HEAD_CONFLICT."""
        if signed.head.size > self.verifier.next_commit:
            raise untrue(f"it shows a checkpoint of {signed.head.size} commits, and has sent fewer")
        root = self.verifier.root_at(signed.head.size)
        await self._reader.opener.keep_checkpoint(signed, root, before)

    async def _compare(self) -> None:
        """Compare the tree with what is known and named, at every size that was passed; then move the known head on."""
        opener = self._reader.opener
        for head in [one for one in self._named.values() if one.size <= self.verifier.next_commit]:
            root = self.verifier.root_at(head.size)
            del self._named[head.size]
            if root is not None and root != head.root:
                why = "it names another head than its own history has"
                known = TreeHead(head.size, root)
                raise await opener.conflict(why, known=known, served=head)
        newest = opener.known.newest
        if newest is None:
            return
        root = self.verifier.root_at(newest.size)
        if root is None:
            if self._begun_at < newest.size < self.verifier.next_commit:
                # It lies within what is gone, so that it was passed without being compared.
                head = self.verifier.head()
                await self._reader.tie(head, newest)
                opener.known.advance(newest, head)
            return
        if root != newest.root:
            why = "its chain has another history than it had"
            served = TreeHead(newest.size, root)
            raise await opener.conflict(why, known=newest, served=served)
        opener.known.advance(newest, self.verifier.head())
