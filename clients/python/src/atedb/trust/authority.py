"""Who may do what in a chain: each event is decided on by the state before it, in order. See docs/trust.md."""

from collections.abc import Sequence
from dataclasses import dataclass

from atedb.crypto.keys import PublicKey
from atedb.errors import AtedbError, Reason
from atedb.events.batch import Batch
from atedb.events.delegation import Delegation
from atedb.events.event import MARK_SEALED
from atedb.events.genesis import Genesis
from atedb.events.rules import ReadRule, RetentionRule, WriteRule, read_confidentiality
from atedb.trust.act import Act, counts_no_more, is_delegable, names_of
from atedb.trust.delegation_path import check_scope_of_path
from atedb.trust.delegations import Delegations
from atedb.trust.from_server import is_from_server, server_of
from atedb.trust.horizon import Horizon, raised_horizon
from atedb.trust.key_changes import change_key, change_roots, require_root
from atedb.trust.key_ring import KeyRing, Undo, take_back
from atedb.trust.object_tree import Node, ObjectTree
from atedb.trust.object_writer import ObjectWriter
from atedb.trust.ownership import OwnerRecord, Ownership
from atedb.trust.placement import Placement, assume_placement
from atedb.trust.signers import actors_of, in_words, keys_of_signers, signers_of


@dataclass(frozen=True, slots=True)
class CommitPlace:
    """Where a batch is taken, as far as it decides what delegations and answers count."""

    time_unix_ms: int
    """Of the commit: milliseconds since 1970-01-01 UTC."""
    chain_key: str
    first_sequence: int = 0
    """Of its events."""


class Authority:
    """The keys of a chain, its tree of objects, the rules, what was delegated, and whose it is."""

    def __init__(
        self, keys: KeyRing, *, confidential: bool, private: bool, ownership: Ownership | None = None
    ) -> None:
        """Begin with keys, and without any objects."""
        self.keys = keys
        self._delegations = Delegations()
        self._ownership = ownership or Ownership()
        self.horizon: Horizon | None = None
        """The newest snapshot; None: there is none."""
        self._tree = ObjectTree(confidential=confidential, private=private)
        self._objects = self._writer_of(self._tree)

    @staticmethod
    def of(genesis: Genesis) -> "Authority":
        """Begin with a chain that has just begun."""
        writers = () if genesis.answer is None else genesis.answer.writers
        return Authority(
            KeyRing(genesis.roots, writers=writers),
            confidential=genesis.confidential,
            private=genesis.private,
            ownership=Ownership.of(genesis),
        )

    def copy(self) -> "Authority":
        """Give one that changes by itself."""
        other = Authority(
            self.keys.copy(), confidential=False, private=False, ownership=self._ownership.copy()
        )
        other._delegations = self._delegations.copy()
        other._tree = self._tree.copy()
        other.horizon = self.horizon
        other._objects = other._writer_of(other._tree)
        return other

    def _writer_of(self, tree: ObjectTree) -> ObjectWriter:
        return ObjectWriter(
            tree,
            may_write=lambda act, node: self._may_write(act.acting, node),
            may_add=lambda act, node: self._may_add(act.acting, node),
            refused=self._not_allowed,
        )

    @property
    def owner(self) -> OwnerRecord | None:
        """What the auth service has said last of the owner; None in chains without one."""
        return self._ownership.owner

    @property
    def server_identity(self) -> PublicKey | None:
        """The identity of the server that keeps the chain, as events have it; None in distributed chains."""
        return self._ownership.server_identity

    @property
    def retention(self) -> RetentionRule | None:
        """For how long the chain wants data to be kept; None: for ever."""
        return self._tree.retention

    def check_takes(self, time_unix_ms: int) -> None:
        """Do as `Ownership.check_takes`."""
        self._ownership.check_takes(time_unix_ms)

    @property
    def has_read_rules(self) -> bool:
        """Whether any object's data is to be sealed."""
        return self._tree.has_read_rules

    @property
    def objects(self) -> int:
        """Number of objects that the tree remembers."""
        return self._tree.size

    @property
    def admitted(self) -> frozenset[bytes]:
        """Who may open a private chain besides its roots and those whom rules of its root name."""
        return self._tree.admitted

    def admits(self, fingerprint: bytes) -> bool:
        """Whether a key may open the chain, if it is private."""
        if self.keys.is_changed(fingerprint):
            return False
        if self._owns_root(fingerprint):
            return True
        return any(
            self._tree.is_admitted(name) or self._ownership.admits(name)
            for name in self.keys.names_of(fingerprint)
        )

    def _owns_root(self, fingerprint: bytes) -> bool:
        """Whether a key is a root, or may write besides where the root of the chain has no rule for it, and it has none."""
        has_no_rule = self._tree.root.write is None
        return self.keys.is_root(fingerprint) or (has_no_rule and self.keys.is_owner(fingerprint))

    def read_rule_for(
        self, primary_key: bytes | None, parent: bytes | None, *, inherits: bool = False
    ) -> ReadRule | None:
        """Find the rule for reading that counts for data of an object that is written below a parent now.

        `inherits`: the event gives up the object's own rule. None: there is no rule yet, so that nothing can be written.
        """
        node = self._tree.find(primary_key) if primary_key and not inherits else None
        # What moves inherits from where it comes to.
        if node is not None:
            is_there = node.parent is not None and node.parent.key == (parent or b"")
            if is_there or node.read is not None:
                return self._tree.read_rule_of(node)
        above = self._tree.find(parent) if parent else None
        return self._tree.read_rule_of(above or self._tree.root)

    def assume(self, placement: Placement) -> bool:
        """Have an object where an event is going to put it, before the chain has decided. Returns whether it changes anything."""
        return assume_placement(self._tree, placement)

    def keys_of(self, batch: Batch) -> dict[bytes, PublicKey]:
        """Find the keys that a batch is to be signed by, or proven. Looks at no event's right.

        Raises KEY_NOT_ALLOWED where no rule of the chain allows them anything, KEY_UNKNOWN, KEY_REVOKED, BATCH_INVALID.
        """
        if is_from_server(batch):
            server = server_of(batch, self._ownership.server_identity)
            return {server.fingerprint: server}
        signers = signers_of(batch)
        self._check_named(signers, batch.delegations())
        return keys_of_signers(batch, signers, self.keys)

    def _check_named(self, actors: Sequence[bytes], shown: Sequence[Delegation]) -> None:
        """Refuse keys that no rule of the chain allows anything. `shown`: delegations, whatever those say."""
        given = [issuer for actor in actors for issuer in self._delegations.given_by(actor)]
        claimed = [*actors, *given, *(one.issuer for one in shown[:1])]
        if self._tree.names_everyone:
            return
        if not any(self.keys.is_changed(actor) or self._has_right(actor) for actor in claimed):
            raise self._not_named(actors)

    def _has_right(self, actor: bytes) -> bool:
        """Whether a key is a root, or a rule names it: not only everyone."""
        if self._owns_root(actor) or any(self._tree.is_named(name) for name in self.keys.names_of(actor)):
            return True
        # Who was let in may give its key up.
        return self._tree.private and self.admits(actor)

    def _not_named(self, actors: Sequence[bytes]) -> AtedbError:
        owner = "" if self.owner is None else f". Its owner is {self.owner.owner}"
        return AtedbError(
            Reason.KEY_NOT_ALLOWED,
            f"the keys {in_words(actors)} may not write to this chain: no rule of it names them{owner}",
            metadata={
                "fingerprint": names_of(actors),
                "allowed": names_of(self.keys.root_fingerprints),
            },
        )

    def decide(self, batch: Batch, at: CommitPlace) -> Undo:
        """Decide whether the keys that a batch is from may do what its events do, and have the state after it.

        The batch was found good by `check_batch`, its signers by `keys_of`, and the delegations that it shows by `verify_path`.
        Returns how to take it back. Raises KEY_NOT_ALLOWED, PARENT_INVALID, READ_RULE_MISMATCH, TOO_MANY_KEYS, KEY_REVOKED,
        BATCH_INVALID, DELEGATION_EXPIRED, DELEGATION_OUT_OF_SCOPE, TOO_MANY_DELEGATIONS, SNAPSHOT_INVALID, AUTH_ANSWER_INVALID,
        naming the event where it is about one; AUTH_ANSWER_EXPIRED, OWNER_REMOVED: nothing has changed then.
        """
        undo: Undo = []
        try:
            if is_from_server(batch):
                self._ownership.decide(batch, at.time_unix_ms, self.keys, undo)
                return undo
            self._ownership.check_takes(at.time_unix_ms)
            for key in batch.seal_keys():
                self.keys.add(key, undo)
            self._learn_delegations(batch.delegations(), at, undo)
            may_write_root: bool | None = None
            writer = (batch.seal.fingerprint,)
            acting = writer + self._delegations.stands_for(writer[0], at.time_unix_ms, self.keys)
            for index, event in enumerate(batch.events):
                # It changed nothing, and whoever says so has signed that.
                if event.kind == "gone":
                    continue
                if may_write_root is None:
                    counts = not self.keys.is_changed(writer[0])
                    may_write_root = counts and self._may_write(acting, self._tree.root)
                # Nearly all events of most chains: what follows decides the same of them, and takes longer.
                if may_write_root and self._is_plain(batch, index):
                    continue
                self._decide_event(batch, index, at, undo)
                may_write_root = None
        except AtedbError:
            take_back(undo)
            raise
        return undo

    def _learn_delegations(self, path: Sequence[Delegation], at: CommitPlace, undo: Undo) -> None:
        """Know the delegations that a seal shows."""
        if not path:
            return
        issuer = path[0].issuer
        check_scope_of_path(path, at.chain_key)
        if self.keys.is_changed(issuer) or not self._has_right(issuer):
            raise self._not_named([issuer])
        self._delegations.learn(path, at.time_unix_ms, self.keys, undo)

    def _is_plain(self, batch: Batch, index: int) -> bool:
        event = batch.events[index]
        if (
            event.marks
            or event.parent
            or event.kind not in ("data", "tombstone")
            or self._tree.has_read_rules
        ):
            return False
        return self._tree.find(event.primary_key) is None

    def _decide_event(self, batch: Batch, index: int, at: CommitPlace, undo: Undo) -> None:
        event = batch.events[index]
        act = self._act_of(batch, index, at)
        # An event before it, in this batch too, may have ended them.
        for signer in act.signers:
            if self.keys.is_changed(signer):
                raise counts_no_more(act, signer)
        for key in act.said.public_keys:
            self.keys.add(key, undo)
        if event.kind == "key_change":
            change_key(act, self.keys, self._delegations, undo)
        elif event.kind == "roots":
            change_roots(act, self.keys, None if self.owner is None else self.owner.owner, undo)
        elif event.kind == "snapshot":
            self._raise_horizon(act, batch, at.first_sequence, undo)
        elif event.kind == "rules" and not act.key:
            self._rule_root(act, undo)
        elif event.kind == "tombstone":
            self._objects.remove(act, undo)
        elif event.kind == "redaction":
            self._require_erasure(act)
        else:
            node = self._objects.write(act, undo)
            if event.kind == "data":
                self._check_sealed(batch, act, node)

    def _act_of(self, batch: Batch, index: int, at: CommitPlace) -> Act:
        event = batch.events[index]
        said, actors = batch.authority_of(index), actors_of(batch, index)
        if not is_delegable(batch, index):
            return Act(index, event.primary_key, event.parent, said, actors)
        stands_for = [
            issuer
            for actor in actors
            for issuer in self._delegations.stands_for(actor, at.time_unix_ms, self.keys)
        ]
        return Act(index, event.primary_key, event.parent, said, actors, tuple(stands_for), at.time_unix_ms)

    def _raise_horizon(self, act: Act, batch: Batch, sequence: int, undo: Undo) -> None:
        before = self.horizon
        self.horizon = raised_horizon(before, act, batch, sequence, self.keys)
        undo.append(lambda: setattr(self, "horizon", before))

    def _require_erasure(self, act: Act) -> None:
        """Refuse a redaction, unless it is from a root, or from who may write the object now. It changes no right."""
        if any(self.keys.is_root(actor) for actor in act.actors):
            return
        node = self._tree.find(act.key) or self._tree.root
        if not self._may_write(act.acting, node):
            raise self._not_allowed(act, node, "redact")

    def _rule_root(self, act: Act, undo: Undo) -> None:
        require_root(act, self.keys, "change the rules of the root of the chain")
        rules = act.said.authorisation
        if rules is None:
            return
        if rules.admit is not None and not self._tree.private:
            raise act.refused(Reason.BATCH_INVALID, "it says who may open a chain that is not private")
        self._tree.set_rules(self._tree.root, rules, undo)

    def _check_sealed(self, batch: Batch, act: Act, node: Node) -> None:
        """Check that the data of an object is sealed as the rule for it after the event says."""
        event = batch.events[act.index]
        due = self._tree.read_rule_of(node)
        sealed = read_confidentiality(event.header) if event.marks & MARK_SEALED else None
        if due is not None and due.kind == "everyone" and sealed is None:
            return
        if due is not None and sealed is not None and due.read_key_id == sealed.read_key_id:
            return
        metadata = {"read_key_id": due.read_key_id.hex()} if due is not None and due.read_key_id else {}
        why = "its data is not sealed as the rule for reading says, or there is no rule yet"
        raise act.refused(Reason.READ_RULE_MISMATCH, why, **metadata)

    def _allows(self, rule: WriteRule | None, actors: Sequence[bytes]) -> bool:
        if rule is None:
            return any(self.keys.is_owner(actor) for actor in actors)
        if rule.kind != "any_of":
            return rule.kind == "everyone"
        return any(self.keys.current_of(named) in actors for named in rule.fingerprints)

    def _may_write(self, actors: Sequence[bytes], node: Node) -> bool:
        return self._allows(self._tree.write_rule_of(node)[0], actors)

    def _may_add(self, actors: Sequence[bytes], parent: Node) -> bool:
        if self._may_write(actors, parent):
            return True
        return parent.add is not None and self._allows(parent.add, actors)

    def _not_allowed(self, act: Act, node: Node, verb: str) -> AtedbError:
        rule, at = self._tree.write_rule_of(node)
        rules = [rule] if node.add is None else [rule, node.add]
        if act.delegable_at_ms is not None:
            late = self._delegations.late_for(
                act.actors,
                act.delegable_at_ms,
                act.about(),
                lambda actors: any(self._allows(one, actors) for one in rules),
            )
            if late is not None:
                return late
        where = f"the object {at.key.hex()}" if at.key else "the root of the chain"
        why = f"the keys {in_words(act.actors)} may not {verb} the object {act.key.hex()}: the rule of {where} decides"
        kind = "roots" if rule is None else rule.kind
        return act.refused(Reason.KEY_NOT_ALLOWED, why, rule=kind, rule_at=at.key.hex() or "root")
