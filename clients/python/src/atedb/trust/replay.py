"""Verifies a replay by itself, trusting nobody."""

import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from atedb.crypto.keys import PublicKey
from atedb.crypto.merkle import Frontier
from atedb.errors import AtedbError, Reason
from atedb.events.batch import Batch, parse_batch
from atedb.events.commit import Commit, StoredBatch, split_slice
from atedb.events.genesis import Genesis
from atedb.events.seal import SealView, TreeHead
from atedb.trust.auth_answer import verify_held
from atedb.trust.authority import Authority, CommitPlace
from atedb.trust.check_batch import check_batch, check_redactions
from atedb.trust.check_gone import check_omitted
from atedb.trust.delegation_path import issuer_of_shown, verify_path
from atedb.trust.from_server import claimed_server, is_from_server
from atedb.trust.owed_data import OwedData, refuse_unallowed
from atedb.trust.recent import LatestWriters, RecentObjects
from atedb.trust.retention import RetentionFloor
from atedb.trust.signers import keys_of_signers, signers_of, verify_signatures, vouched_by

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


@dataclass(frozen=True, slots=True)
class ReplayStart:
    """Where a replay starts: the tree of the commits before."""

    commit: int
    sequence: int
    frontier: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class _Writer:
    next_counter: int
    last_seal_hash: bytes
    as_of: TreeHead | None


class Violation(Exception):  # noqa: N818 - it never leaves this module
    """What is wrong with a commit, before it is known which one."""


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
        self._writers: dict[bytes, _Writer] = {}
        self._latest = LatestWriters()
        self._objects = RecentObjects()
        self.owed = OwedData()
        """What is still to come, since data is gone. Who comes to the head with something left was lied to."""
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
        other._writers = dict(self._writers)
        other._latest = self._latest.copy()
        other._objects = self._objects.copy()
        other.owed = self.owed.copy()
        other.retained = self.retained
        other._next_sequence = self._next_sequence
        other._time_unix_ms = self._time_unix_ms
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
        checked = [(self._checked(run, commit), commit) for run, commit in stored]
        # All of them before anything changes, since the server may be lost meanwhile.
        for batch, commit in checked:
            await self._learn_strangers(batch, commit)
        for batch, commit in checked:
            with failing_at(commit):
                vouched, keys, issuer = self._step(batch, commit)
                # What is said of keys is covered by no seal: each is verified.
                if issuer is not None:
                    verify_path(batch.delegations(), issuer)
                if len(batch.seal.signatures) > 1 or issuer is not None:
                    verify_signatures(batch.seal, keys)
                verify_held(batch, self.genesis)
            if batch.seal.signatures:
                last_signed[batch.seal.writer_id] = (commit, batch.seal, keys)
            verified.append(VerifiedBatch(batch, commit, vouched))
        for commit, seal, keys in last_signed.values():
            with failing_at(commit):
                verify_signatures(seal, keys)
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

    def _step(self, batch: Batch, commit: Commit) -> tuple[str, Mapping[bytes, PublicKey], PublicKey | None]:
        """Decide what a batch is in this chain; its signatures are still to be verified.

        Returns who vouches for it, the keys of its signers, and who has delegated first, where it shows delegations.
        """
        is_genesis = batch.is_genesis
        vouched = vouched_by(batch, self.genesis.trust_mode)
        keys = self._keys_of(batch)
        self._check_place(batch, commit)
        self._check_writer(batch.seal)
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
            place = CommitPlace(time_unix_ms, self.genesis.chain_key.text)
            self._authority.decide(batch, place)
        self._append_leaf(commit)
        self._writers[seal.writer_id] = _Writer(seal.counter + 1, seal.hash, seal.as_of)
        self._next_sequence = commit.header.first_sequence + commit.header.events
        self._objects.add(batch, commit.header.first_sequence)
        self.owed.add(batch, commit.header.first_sequence, time_unix_ms)
        self._latest.wrote(seal.writer_id, self._next_sequence)
        self._time_unix_ms = time_unix_ms
        self._let_go(time_unix_ms)
        return vouched, keys, issuer

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

    def _check_writer(self, seal: SealView) -> None:
        writer = self._writers.get(seal.writer_id)
        if writer is None:
            if self._is_whole and seal.counter != 0:
                raise Violation(f"its writer starts at counter {seal.counter}")
        elif seal.counter != writer.next_counter or seal.previous != writer.last_seal_hash:
            raise Violation(f"counter {seal.counter} doesn't continue its writer's chain of seals")
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
        self._roots[self._frontier.size] = root
        self._root_sizes.append(self._frontier.size)
        if len(self._root_sizes) > _ROOTS_KEPT_MAX:
            del self._roots[self._root_sizes.popleft()]


@contextlib.contextmanager
def failing_at(commit: Commit) -> Iterator[None]:
    """Say of what is wrong which commit it is of. Raises VERIFICATION_FAILED; UNSUPPORTED for what this version can't verify."""
    try:
        yield
    except (Violation, AtedbError) as error:
        if isinstance(error, AtedbError) and error.reason == Reason.UNSUPPORTED:
            raise AtedbError(
                Reason.UNSUPPORTED,
                f"commit {commit.header.commit} can't be verified by this version: {error.message}. Nothing of it was used",
                metadata={**error.metadata, "commit": str(commit.header.commit)},
            ) from error
        why = error.message if isinstance(error, AtedbError) else str(error)
        raise AtedbError(
            Reason.VERIFICATION_FAILED,
            f"commit {commit.header.commit} does not verify: {why}. Nothing of it was used; the server, or its copy of the "
            "chain, can't be trusted",
            metadata={"commit": str(commit.header.commit)},
        ) from error
