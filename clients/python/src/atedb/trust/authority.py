"""Who may do what in a chain: each event is decided on by the state before it, in order. See docs/trust.md."""

from collections.abc import Sequence
from dataclasses import dataclass

from atedb.crypto.keys import PublicKey
from atedb.errors import AtedbError, Reason
from atedb.events.batch import Batch
from atedb.events.event import MARK_SEALED
from atedb.events.genesis import Genesis
from atedb.events.rules import EventAuthority, ReadRule, WriteRule, read_confidentiality
from atedb.limits import TREE_DEPTH_MAX
from atedb.trust.key_ring import KeyRing, Undo, take_back
from atedb.trust.object_tree import Node, ObjectTree
from atedb.trust.placement import Placement, assume_placement
from atedb.trust.signers import actors_of, in_words, keys_of_signers, signers_of


@dataclass(frozen=True, slots=True)
class _Act:
    """An event, as far as its right is concerned."""

    index: int
    key: bytes
    parent: bytes
    """Empty: it names none."""
    said: EventAuthority
    actors: tuple[bytes, ...]

    @property
    def signers(self) -> tuple[bytes, ...]:
        return self.actors if self.said.author is None else (*self.actors, self.said.author)

    def refused(self, reason: Reason, why: str, **metadata: str) -> AtedbError:
        about = {"event_index": str(self.index), "fingerprint": in_words(self.actors).replace(", ", ",")}
        if self.key:
            about["primary_key"] = self.key.hex()
        return AtedbError(reason, f"event {self.index}: {why}", metadata={**about, **metadata})


class Authority:
    """The keys of a chain, its tree of objects, and the rules."""

    def __init__(self, keys: KeyRing, *, confidential: bool, private: bool) -> None:
        self.keys = keys
        self._tree = ObjectTree(confidential=confidential, private=private)

    @staticmethod
    def of(genesis: Genesis) -> "Authority":
        """Begin with a chain that has just begun."""
        return Authority(KeyRing(genesis.roots), confidential=genesis.confidential, private=genesis.private)

    def copy(self) -> "Authority":
        """Give one that changes by itself."""
        other = Authority(self.keys.copy(), confidential=False, private=False)
        other._tree = self._tree.copy()
        return other

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
        names = self.keys.names_of(fingerprint)
        return self.keys.is_root(fingerprint) or any(self._tree.is_admitted(name) for name in names)

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
        signers = signers_of(batch)
        self._check_named(signers)
        return keys_of_signers(batch, signers, self.keys)

    def _check_named(self, actors: Sequence[bytes]) -> None:
        for actor in actors:
            if self.keys.is_root(actor) or self.keys.is_changed(actor):
                return
            if any(self._tree.is_named(name) for name in self.keys.names_of(actor)):
                return
            # Who was let in may give its key up.
            if self._tree.private and self.admits(actor):
                return
        raise AtedbError(
            Reason.KEY_NOT_ALLOWED,
            f"the keys {in_words(actors)} may not write to this chain: no rule of it names them",
            metadata={"fingerprint": in_words(actors).replace(", ", ",")},
        )

    def decide(self, batch: Batch) -> Undo:
        """Decide whether the keys that a batch is from may do what its events do, and have the state after it.

        The batch was found good by `check_batch`, and its signers by `keys_of`. Returns how to take it back. Raises
        KEY_NOT_ALLOWED, PARENT_INVALID, READ_RULE_MISMATCH, TOO_MANY_KEYS, KEY_REVOKED, BATCH_INVALID, naming the event:
        nothing has changed then.
        """
        undo: Undo = []
        try:
            for key in batch.seal_keys():
                self.keys.add(key, undo)
            may_write_root: bool | None = None
            writer = (batch.seal.fingerprint,)
            for index in range(len(batch.events)):
                if may_write_root is None:
                    counts = not self.keys.is_changed(writer[0])
                    may_write_root = counts and self._may_write(writer, self._tree.root)
                # Nearly all events of most chains: what follows decides the same of them, and takes longer.
                if may_write_root and self._is_plain(batch, index):
                    continue
                self._decide_event(batch, index, undo)
                may_write_root = None
        except AtedbError:
            take_back(undo)
            raise
        return undo

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

    def _decide_event(self, batch: Batch, index: int, undo: Undo) -> None:
        event = batch.events[index]
        said = batch.authority_of(index)
        act = _Act(index, event.primary_key, event.parent, said, actors_of(batch, index))
        # An event before it, in this batch too, may have ended them.
        for signer in act.signers:
            if self.keys.is_changed(signer):
                raise _counts_no_more(act, signer)
        for key in said.public_keys:
            self.keys.add(key, undo)
        if event.kind == "key_change":
            self._change_key(act, undo)
        elif event.kind == "roots":
            self._change_roots(act, undo)
        elif event.kind == "rules" and not act.key:
            self._rule_root(act, undo)
        elif event.kind == "tombstone":
            self._remove(act, undo)
        else:
            node = self._write(act, undo)
            if event.kind == "data":
                self._check_sealed(batch, act, node)

    def _write(self, act: _Act, undo: Undo) -> Node:
        known = self._tree.find(act.key)
        node = self._create(act, undo) if known is None else self._write_known(act, known, undo)
        rules = act.said.authorisation
        if rules is None:
            return node
        ruled = node if node.key == act.key else self._tree.insert(act.key, node, undo, kept=False)
        self._tree.set_rules(ruled, rules, undo)
        self._tree.forget_unused(ruled, undo)
        return ruled

    def _write_known(self, act: _Act, node: Node, undo: Undo) -> Node:
        self._require_write(act, node, "write")
        assert node.parent is not None, "an object is below the root of the chain"
        is_there = node.parent.key == act.parent
        if is_there == act.said.moves:
            raise _parent_invalid(act, "there" if is_there else "elsewhere")
        if not is_there:
            self._move(act, node, undo)
        elif self._tree.depth_of(node) > TREE_DEPTH_MAX:
            raise _parent_invalid(act, "too_deep")
        self._tree.revive(node, undo)
        return node

    def _move(self, act: _Act, node: Node, undo: Undo) -> None:
        parent = self._parent_for(act, undo)
        if not self._may_add(act.actors, parent):
            raise self._not_allowed(act, parent, "move")
        if self._tree.is_within(parent, node):
            raise _parent_invalid(act, "cycle")
        self._check_depth(act, parent)
        self._tree.move(node, parent, undo)

    def _create(self, act: _Act, undo: Undo) -> Node:
        """Have an object that the tree doesn't know: it is new, or at the root of the chain and without rules."""
        root = self._tree.root
        moves = act.said.moves
        if moves and not act.parent:
            raise _parent_invalid(act, "there")
        if act.parent and act.parent == act.key:
            raise _parent_invalid(act, "cycle")
        owns_root = self._may_write(act.actors, root)
        if not act.parent and owns_root:
            return root
        # It comes from the root then.
        if moves and not owns_root:
            raise self._not_allowed(act, root, "move")
        parent = self._parent_for(act, undo)
        if not self._may_add(act.actors, parent):
            raise self._not_allowed(act, parent, "write")
        # Whoever has no right to the root has none to the objects that may be there.
        if not owns_root and act.said.label is None:
            why = "the right to add the object comes from its parent alone, and its key is not made from that one"
            raise act.refused(Reason.KEY_NOT_ALLOWED, why, rule="label")
        if act.said.authorisation is not None and not self._may_write(act.actors, parent):
            raise self._not_allowed(act, parent, "set rules for")
        self._check_depth(act, parent)
        return self._tree.insert(act.key, parent, undo, kept=parent is root)

    def _parent_for(self, act: _Act, undo: Undo) -> Node:
        """Find the parent that an event names. One that is not known is an object at the root without rules."""
        if not act.parent:
            return self._tree.root
        node = self._tree.find(act.parent)
        if node is None:
            return self._tree.insert(act.parent, self._tree.root, undo, kept=False)
        if not node.is_live:
            raise _parent_invalid(act, "gone")
        return node

    def _check_depth(self, act: _Act, above: Node) -> None:
        if self._tree.depth_of(above) + 1 > TREE_DEPTH_MAX:
            raise _parent_invalid(act, "too_deep")

    def _remove(self, act: _Act, undo: Undo) -> None:
        node = self._tree.find(act.key)
        self._require_write(act, node or self._tree.root, "remove")
        if node is not None:
            self._tree.remove(node, undo)

    def _rule_root(self, act: _Act, undo: Undo) -> None:
        self._require_root(act, "change the rules of the root of the chain")
        rules = act.said.authorisation
        if rules is None:
            return
        if rules.admit is not None and not self._tree.private:
            raise act.refused(Reason.BATCH_INVALID, "it says who may open a chain that is not private")
        self._tree.set_rules(self._tree.root, rules, undo)

    def _check_sealed(self, batch: Batch, act: _Act, node: Node) -> None:
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

    def _change_roots(self, act: _Act, undo: Undo) -> None:
        """Have other roots: it takes more than half of those before."""
        roots = self.keys.roots
        agreed = sum(root.fingerprint in act.actors for root in roots)
        if 2 * agreed <= len(roots):
            why = f"other roots take the signatures of more than half of the {len(roots)} there are"
            raise act.refused(Reason.KEY_NOT_ALLOWED, why, rule="roots")
        after = act.said.roots or ()
        for root in after:
            if self.keys.is_changed(root.fingerprint):
                raise _counts_no_more(act, root.fingerprint)
        self.keys.set_roots(after, undo)

    def _change_key(self, act: _Act, undo: Undo) -> None:
        change = act.said.key_change
        assert change is not None, "check_events has passed it"
        fingerprint = change.fingerprint
        if self.keys.is_root(fingerprint):
            why = f"{fingerprint.hex()} is a root of the chain. Change the roots instead"
            raise act.refused(Reason.KEY_NOT_ALLOWED, why, rule="roots")
        if self.keys.is_changed(fingerprint):
            raise _counts_no_more(act, fingerprint)
        # A key may always give itself up, and whom it trusts is its owner's to say.
        if fingerprint not in act.actors:
            self._require_root(act, f"change the key {fingerprint.hex()}")
        successor = change.successor
        if successor is None:
            self.keys.change(fingerprint, None, undo)
            return
        if successor.fingerprint == fingerprint or self.keys.is_changed(successor.fingerprint):
            raise _counts_no_more(act, successor.fingerprint)
        self.keys.add(successor, undo)
        self.keys.change(fingerprint, successor.fingerprint, undo)

    def _require_root(self, act: _Act, what: str) -> None:
        if not any(self.keys.is_root(actor) for actor in act.actors):
            why = f"only a root of the chain may {what}"
            raise act.refused(Reason.KEY_NOT_ALLOWED, why, rule="roots")

    def _allows(self, rule: WriteRule | None, actors: Sequence[bytes]) -> bool:
        if rule is None:
            return any(self.keys.is_root(actor) for actor in actors)
        if rule.kind != "any_of":
            return rule.kind == "everyone"
        return any(self.keys.current_of(named) in actors for named in rule.fingerprints)

    def _may_write(self, actors: Sequence[bytes], node: Node) -> bool:
        return self._allows(self._tree.write_rule_of(node)[0], actors)

    def _may_add(self, actors: Sequence[bytes], parent: Node) -> bool:
        if self._may_write(actors, parent):
            return True
        return parent.add is not None and self._allows(parent.add, actors)

    def _require_write(self, act: _Act, node: Node, verb: str) -> None:
        if not self._may_write(act.actors, node):
            raise self._not_allowed(act, node, verb)

    def _not_allowed(self, act: _Act, node: Node, verb: str) -> AtedbError:
        rule, at = self._tree.write_rule_of(node)
        where = f"the object {at.key.hex()}" if at.key else "the root of the chain"
        why = f"the keys {in_words(act.actors)} may not {verb} the object {act.key.hex()}: the rule of {where} decides"
        kind = "roots" if rule is None else rule.kind
        return act.refused(Reason.KEY_NOT_ALLOWED, why, rule=kind, rule_at=at.key.hex() or "root")


def _counts_no_more(act: _Act, fingerprint: bytes) -> AtedbError:
    why = f"the key {fingerprint.hex()} counts no more, or would replace itself, and can't be named"
    return act.refused(Reason.KEY_REVOKED, why)


def _parent_invalid(act: _Act, problem: str) -> AtedbError:
    words = {
        "cycle": "its parent would be itself, or below it",
        "gone": "its parent was removed",
        "elsewhere": "the object has another parent. Name that one, or say that the object moves",
        "there": "it says that the object moves to where it is, or it is new",
        "too_deep": "its parent is too far from the root of the chain",
    }
    return act.refused(Reason.PARENT_INVALID, words[problem], problem=problem, parent=act.parent.hex())
