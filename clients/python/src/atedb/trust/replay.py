"""Verifies a replay by itself, trusting nobody."""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from atedb.crypto.keys import PublicKey
from atedb.crypto.merkle import Frontier
from atedb.errors import AtedbError, Reason
from atedb.events.batch import Batch, parse_batch
from atedb.events.commit import Commit, StoredBatch, split_slice
from atedb.events.gap import Gap
from atedb.events.genesis import Genesis
from atedb.events.seal import SealView, TreeHead
from atedb.trust.auth_answer import verify_held
from atedb.trust.authority import Authority, CommitPlace
from atedb.trust.check_batch import check_batch, check_redactions
from atedb.trust.check_gone import check_omitted
from atedb.trust.delegation_path import issuer_of_shown, verify_path
from atedb.trust.forgotten import Forgotten, ReplayPlace
from atedb.trust.from_server import claimed_server, is_from_server
from atedb.trust.horizon import check_fresh
from atedb.trust.owed_data import OwedData, refuse_unallowed
from atedb.trust.recent import LatestWriters, RecentObjects
from atedb.trust.replay_writers import ReplayWriters
from atedb.trust.retention import RetentionFloor
from atedb.trust.signers import keys_of_signers, signers_of, verify_signatures, vouched_by
from atedb.trust.violation import Violation, failing_at

FindKey = Callable[[bytes], Awaitable[PublicKey | None]]
"""Finds a public key of the chain by its fingerprint."""

_ROOTS_KEPT_MAX: Final = 65_536


@dataclass(frozen=True, slots=True)
class VerifiedBatch:
    """A batch that was verified, with its commit."""

    batch: Batch
    commit: Commit
    vouched_by: str
    """`writer`: its writer's own signature is on it. `server`: the server of a centralized chain alone says that it is its."""
    gap: Gap | None = None
    """What is gone of it, or before it; None: nothing is."""


@dataclass(frozen=True, slots=True)
class ReplayStart:
    """Where a replay starts: the tree of the commits before."""

    commit: int
    sequence: int
    frontier: Sequence[bytes]


class _Step(NamedTuple):
    """A batch that was checked, but for its signatures."""

    vouched_by: str
    keys: Mapping[bytes, PublicKey]
    """Of its signers."""
    issuer: PublicKey | None
    """Who has delegated first, where it shows delegations."""
    covers_last: bool
    """Its seal names its writer's batch before, so that its signature covers that, too."""


class ReplayVerifier:
    """Verifies slices of the log, in order: the strict form, hashes, the chain of seals, counters, signatures, rights,
    conditions, sequences, times and the tree.

    A replay that starts in the middle takes each writer's first batch there as it comes, and leaves it to the server that
    events are allowed; the tree ties it to the history before, which is the caller's to check.
    """  # noqa: D205

    def __init__(
        self,
        genesis: Genesis,
        start: ReplayStart | None = None,
        find_key: FindKey | None = None,
        *,
        data_up_to: int | None = None,
    ) -> None:
        """Begin. `data_up_to`: data of more bytes, as it is stored, was asked to be left out; None: none was."""
        begin = start or ReplayStart(0, 0, ())
        self.genesis = genesis
        self._authority = Authority.of(genesis)
        self._is_whole = begin.commit == 0
        self._find_key = find_key
        self._frontier = Frontier(begin.commit, begin.frontier)
        self._roots: dict[int, bytes] = {begin.commit: self._frontier.root()}
        self._root_sizes: deque[int] = deque([begin.commit])
        self._writers = ReplayWriters(are_all=self._is_whole)
        self._latest = LatestWriters()
        self._objects = RecentObjects()
        self.owed = OwedData()
        """What is still to come, since data is gone. Who comes to the head with something left was lied to."""
        self.owed.forgotten = Forgotten(begin.sequence)
        self.data_up_to = data_up_to
        self.retained = RetentionFloor()
        """What the chain's rules for retention have let go so far, where it is known who may do what."""
        self._next_sequence = begin.sequence
        self._time_unix_ms = 0

    def copy(self) -> "ReplayVerifier":
        """Give a replay that goes on from here by itself."""
        other = ReplayVerifier(self.genesis, None, self._find_key, data_up_to=self.data_up_to)
        other._authority = self._authority.copy()
        other._is_whole = self._is_whole
        other._frontier = self._frontier.copy()
        other._roots = dict(self._roots)
        other._root_sizes = deque(self._root_sizes)
        other._writers = self._writers.copy()
        other._latest = self._latest.copy()
        other._objects = self._objects.copy()
        other.owed = self.owed.copy()
        other.retained = self.retained
        other._next_sequence = self._next_sequence
        other._time_unix_ms = self._time_unix_ms
        return other

    def reading_on(self) -> "ReplayVerifier":
        """Give a reading of its own that begins here, by the same rules: what it has to see follows from what it reads."""
        other = self.copy()
        other.owed = OwedData()
        other.owed.forgotten = Forgotten(self._next_sequence, self.owed.forgotten.missing_below)
        return other

    @property
    def next_commit(self) -> int:
        """Number of the commit that comes next."""
        return self._frontier.size

    @property
    def next_sequence(self) -> int:
        """Sequence of the event that comes next."""
        return self._next_sequence

    @property
    def checks_rules(self) -> bool:
        """Whether it is checked that events are allowed: from the chain's first batch on."""
        return self._is_whole

    @property
    def authority(self) -> Authority:
        """Who may do what after all that was verified; of a replay from the middle only the keys that were shown."""
        return self._authority

    def head(self) -> TreeHead:
        """Give the head of all that was verified."""
        return TreeHead(self._frontier.size, self._frontier.root())

    def root_at(self, size: int) -> bytes | None:
        """Give the root that the tree had at a size; None for one before the start, to come, or too long ago."""
        return self._roots.get(size)

    async def verify(self, data: bytes) -> list[VerifiedBatch]:
        """Verify the next slice: whole batches with their commits. Nothing is returned of one that doesn't verify whole.

        Raises VERIFICATION_FAILED, saying which commit and what is wrong with it; UNSUPPORTED where it holds what this version can't
        verify. Then the replay is over. What asking for a key fails with leaves it as it was: the same slice may be verified again.
        """
        try:
            stored = split_slice(data)
        except AtedbError as error:
            if error.reason == Reason.UNSUPPORTED:
                raise
            raise AtedbError(
                Reason.VERIFICATION_FAILED,
                f"a slice of the log is not valid: {error.message}. Nothing of it was used",
            ) from error
        return await self.verify_batches(stored)

    async def verify_batches(self, stored: Sequence[StoredBatch]) -> list[VerifiedBatch]:
        """Verify the next batches, as `verify`."""
        verified: list[VerifiedBatch] = []
        # A writer's signature covers all its batches before, through the chain of seals: its last one here is enough.
        last_signed: dict[bytes, tuple[Commit, SealView, Mapping[bytes, PublicKey]]] = {}
        checked = [(self._checked(run, commit), commit, gap) for run, commit, gap in stored]
        # All of them before anything changes, since the server may be lost meanwhile.
        for batch, commit, _ in checked:
            await self._learn_strangers(batch, commit)
        for batch, commit, gap in checked:
            with failing_at(commit):
                if gap is not None:
                    self._pass_gap(gap)
                vouched, keys, issuer, covers_last = self._step(batch, commit, gap)
                # What is said of keys is covered by no seal: each is verified.
                if issuer is not None:
                    verify_path(batch.delegations(), issuer)
                if len(batch.seal.signatures) > 1 or issuer is not None:
                    verify_signatures(batch.seal, keys)
                verify_held(batch, self.genesis)
            last = None if covers_last else last_signed.get(batch.seal.writer_id)
            if last is not None:
                _verify_last(*last)
            if batch.seal.signatures:
                last_signed[batch.seal.writer_id] = (commit, batch.seal, keys)
            verified.append(VerifiedBatch(batch, commit, vouched, gap))
        for one in last_signed.values():
            _verify_last(*one)
        refuse_unallowed(self.owed.take_unallowed())
        return verified

    def _checked(self, run: bytes, commit: Commit) -> Batch:
        """Check what a batch says about itself, and that no data is missing that was not asked to be left out."""
        with failing_at(commit):
            batch = parse_batch(run)
            check_batch(batch, "stored" if self.data_up_to is None else "trimmed")
            if self.data_up_to is not None:
                check_omitted(batch, self.data_up_to)
            return batch

    async def _learn_strangers(self, batch: Batch, commit: Commit) -> None:
        """Ask for the keys of signers, where it isn't known what came before; their fingerprints tell that they are right."""
        if self._is_whole or self._find_key is None or is_from_server(batch):
            return
        with failing_at(commit):
            signers = signers_of(batch)
        for signer in signers:
            if self._authority.keys.find(signer) is None:
                key = await self._find_key(signer)
                if key is not None and key.fingerprint == signer:
                    self._authority.keys.add(key, [])

    def _pass_gap(self, gap: Gap) -> None:
        """Go on behind commits that are gone, or before a batch of which events are."""
        first = self._frontier.size
        self.owed.forgotten.gap(gap, size=first, next_sequence=self._next_sequence)
        for subtree in gap.subtrees(first):
            self._frontier.append(subtree.hash, subtree.level)
        self._next_sequence += gap.events
        if gap.commits > 0:
            # Within it there are no roots that could be known.
            self._note_root(self._frontier.root())
            self.owed.forgotten.reached(self._place())

    def _place(self) -> ReplayPlace:
        tree, writers = self._frontier, self._writers
        return ReplayPlace(tree.size, self._next_sequence, self._time_unix_ms, tree.root, writers.seals)

    def _note_gone(self, batch: Batch, commit: Commit, gap: Gap | None) -> None:
        """Take note of events that are gone: a gap is there where some are, and there only."""
        if not batch.gone:
            if gap is not None and gap.commits == 0:
                raise Violation("nothing of it is gone, and a gap says so")
            return
        if gap is None:
            raise Violation("events of it are gone, and no gap says why")
        for place, gone in batch.gone.items():
            sequence = commit.header.first_sequence + place
            self.owed.forgotten.gone(sequence, sequence + gone.events)

    def _step(self, batch: Batch, commit: Commit, gap: Gap | None) -> _Step:
        """Decide what a batch is in this chain; its signatures are still to be verified."""
        is_genesis = batch.is_genesis
        vouched = vouched_by(batch, self.genesis.trust_mode)
        keys = self._keys_of(batch)
        self._check_place(batch, commit)
        self._note_gone(batch, commit, gap)
        may_miss = self.owed.forgotten.missing_below > self._frontier.size
        covers_last = self._writers.check(batch.seal, may_miss=may_miss)
        self._check_as_of(batch.seal)
        if self._is_whole and not is_genesis:
            check_fresh(self._authority.horizon, batch)
        seal = batch.seal
        self._check_preconditions(seal, commit)
        check_redactions(batch, commit.header.first_sequence)
        time_unix_ms = commit.header.time_unix_ms
        issuer: PublicKey | None = None
        # Where it isn't known who may do what, what was delegated is not looked at either.
        if self._is_whole and is_genesis:
            self._authority.check_takes(time_unix_ms)
        elif self._is_whole:
            issuer = issuer_of_shown(batch, self._authority.keys)
            place = CommitPlace(time_unix_ms, self.genesis.chain_key.text, commit.header.first_sequence)
            self._authority.decide(batch, place)
        self._append_leaf(commit)
        self._writers.took(seal)
        self._next_sequence = commit.header.first_sequence + commit.header.events
        self._objects.add(batch, commit.header.first_sequence)
        self.owed.add(batch, commit.header.first_sequence, time_unix_ms)
        self._latest.wrote(seal.writer_id, self._next_sequence)
        self._time_unix_ms = time_unix_ms
        self._let_go(time_unix_ms)
        self.owed.forgotten.reached(self._place())
        return _Step(vouched, keys, issuer, covers_last)

    def _let_go(self, time_unix_ms: int) -> None:
        """Know what the rule for retention, as it is now, has let go."""
        if self._is_whole:
            self.retained = self.retained.raised(
                self._authority.retention, next_sequence=self._next_sequence, time_unix_ms=time_unix_ms
            )
        self.owed.settle_below(self.retained)

    def _keys_of(self, batch: Batch) -> Mapping[bytes, PublicKey]:
        """Give the keys that a batch is signed by.

        Of the server's own, where it isn't known what came before, it is the one that it claims to have.
        """
        if batch.is_genesis:
            return {key.fingerprint: key for key in self.genesis.signers}
        if self._is_whole:
            return self._authority.keys_of(batch)
        if is_from_server(batch):
            server = claimed_server(batch, self.genesis)
            return {server.fingerprint: server}
        return keys_of_signers(batch, signers_of(batch), self._authority.keys)

    def _check_place(self, batch: Batch, commit: Commit) -> None:
        header = commit.header
        for what, found, due in (
            ("number", header.commit, self._frontier.size),
            ("first sequence", header.first_sequence, self._next_sequence),
            ("count of events", header.events, batch.seal.events),
        ):
            if found != due:
                raise Violation(f"its {what} is {found}, and {due} was due")
        if header.time_unix_ms < self._time_unix_ms:
            raise Violation("its time is before the last one")
        if header.seal_hash != batch.seal.hash:
            raise Violation("it is of another seal")
        if batch.seal.chain_id != self.genesis.chain_id:
            raise Violation("its batch is sealed for another chain")
        if batch.is_genesis != (header.commit == 0):
            raise Violation("a genesis is the first batch of a chain, and the first only")

    def _check_as_of(self, seal: SealView) -> None:
        writer = self._writers.find(seal.writer_id)
        before = None if writer is None else writer.as_of
        size = 0 if seal.as_of is None else seal.as_of.size
        if size < (0 if before is None else before.size):
            raise Violation("its writer names an older head than before")
        if size > self._frontier.size:
            raise Violation("its writer names a head that is to come")
        if seal.as_of is None:
            return
        # The server need not have said its root: so a history that leaves out what a writer has seen doesn't fit what that
        # writer signed.
        same_as_before = before is not None and before.size == size
        known = before.root if same_as_before and before is not None else self.root_at(size)
        if known is not None and known != seal.as_of.root:
            raise Violation(f"its writer has seen another head of {size} commits")

    def _check_preconditions(self, seal: SealView, commit: Commit) -> None:
        header = commit.header
        for condition in seal.preconditions:
            match condition.kind:
                case "chain_unchanged":
                    holds = self._latest.end_of_others(seal.writer_id) <= condition.number
                case "lands_before":
                    holds = header.first_sequence + header.events - 1 < condition.number
                case "key_unchanged":
                    holds = self._objects.end_of_others_on(condition, seal.writer_id) <= condition.number
                case "fence":
                    # Only the server knows who holds what.
                    holds = True
            if not holds:
                raise Violation(f"its condition {condition.kind} of {condition.number} does not hold")

    def _append_leaf(self, commit: Commit) -> None:
        self._frontier.append(commit.leaf)
        root = self._frontier.root()
        if commit.tree_root is not None and commit.tree_root != root:
            raise Violation("its tree root is another than computed")
        self._note_root(root)

    def _note_root(self, root: bytes) -> None:
        self._roots[self._frontier.size] = root
        self._root_sizes.append(self._frontier.size)
        if len(self._root_sizes) > _ROOTS_KEPT_MAX:
            del self._roots[self._root_sizes.popleft()]


def _verify_last(commit: Commit, seal: SealView, keys: Mapping[bytes, PublicKey]) -> None:
    """Verify the signature of a writer's last batch, which covers those before it."""
    with failing_at(commit):
        verify_signatures(seal, keys)
