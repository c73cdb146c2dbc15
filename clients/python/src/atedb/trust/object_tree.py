"""Who is whose child, and what their rules are. Every change can be taken back."""

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from atedb.events.rules import Authorisation, ReadRule, RetentionRule, WriteRule
from atedb.limits import TREE_DEPTH_MAX
from atedb.trust.key_ring import Undo

_EVERYONE: Final = b"everyone"
"""Stands among the names of keys, which have 32 bytes."""

TOO_DEEP: Final = WriteRule("nobody")
IN_CLEAR: Final = ReadRule("everyone")


@dataclass(eq=False, slots=True)
class Node:
    """An object that the tree remembers: one that has a parent, rules of its own or children, or that was kept.

    All others are at the root of the chain, have no rules, and are not in the tree.
    """

    key: bytes
    """Empty for the root of the chain."""
    parent: "Node | None"
    write: WriteRule | None = None
    """None: as the parent; at the root of the chain: its root keys."""
    add: WriteRule | None = None
    """None: nobody else."""
    read: ReadRule | None = None
    children: int = 0
    is_live: bool = True
    """False: it was removed, and is remembered since it has children."""
    is_kept: bool = False


class ObjectTree:
    """The objects of a chain, as far as there is something to say of them."""

    def __init__(self, *, confidential: bool, private: bool) -> None:
        self.root = Node(b"", None)
        self.private = private
        self._confidential = confidential
        self._nodes: dict[bytes, Node] = {}
        self._read_rules = 0
        self._named: Counter[bytes] = Counter()
        self._admitted: frozenset[bytes] = frozenset()
        self._retention: RetentionRule | None = None

    def copy(self) -> "ObjectTree":
        """Give one that changes by itself."""
        other = ObjectTree(confidential=self._confidential, private=self.private)
        copies = {id(self.root): other.root}
        for node in self._nodes.values():
            copies[id(node)] = Node(node.key, None)
        for node in (self.root, *self._nodes.values()):
            twin = copies[id(node)]
            twin.parent = None if node.parent is None else copies[id(node.parent)]
            for name in ("write", "add", "read", "children", "is_live", "is_kept"):
                setattr(twin, name, getattr(node, name))
        other._nodes = {key: copies[id(node)] for key, node in self._nodes.items()}
        other._read_rules = self._read_rules
        other._named = Counter(self._named)
        other._admitted = self._admitted
        other._retention = self._retention
        return other

    @property
    def size(self) -> int:
        """Number of objects that are remembered."""
        return len(self._nodes)

    @property
    def has_read_rules(self) -> bool:
        """Whether any object's data is to be sealed."""
        return self._confidential or self._read_rules > 0

    @property
    def admitted(self) -> frozenset[bytes]:
        """Who may open the chain besides those whom rules of its root name."""
        return self._admitted

    @property
    def retention(self) -> RetentionRule | None:
        """For how long data is kept; None: for ever."""
        return self._retention

    def is_named(self, fingerprint: bytes) -> bool:
        """Whether a rule for writing or adding names a key."""
        return self._named[fingerprint] > 0

    @property
    def names_everyone(self) -> bool:
        """Whether a rule for writing or adding allows everyone."""
        return self._named[_EVERYONE] > 0

    def is_admitted(self, fingerprint: bytes) -> bool:
        """Whether a rule of the root of the chain names a key, or lets it in besides."""
        rules = (self.root.write, self.root.add)
        return fingerprint in self._admitted or any(fingerprint in _names_of(rule) for rule in rules)

    def find(self, key: bytes) -> Node | None:
        """Find an object."""
        return self._nodes.get(key)

    def write_rule_of(self, node: Node) -> tuple[WriteRule | None, Node]:
        """Find the rule for writing that counts for a node, None being that of the root keys, and the node that has it."""
        at = node
        for _ in range(TREE_DEPTH_MAX + 1):
            if at.write is not None or at.parent is None:
                return at.write, at
            at = at.parent
        # Above as many parents as there may be is the root of the chain, or the node is too deep.
        return (at.write, at) if at.parent is None else (TOO_DEEP, at)

    def read_rule_of(self, node: Node) -> ReadRule | None:
        """Find the rule for reading that counts for a node; None: none does, and nothing may be written."""
        if self._read_rules > 0:
            at: Node | None = node
            while at is not None:
                if at.read is not None:
                    return at.read
                at = at.parent
        return None if self._confidential else IN_CLEAR

    def depth_of(self, node: Node) -> int:
        """Count the parents between a node and the root of the chain, as far as the limit and one; -1 for the root."""
        if node is self.root:
            return -1
        depth = 0
        at = node.parent
        while at is not None and at.parent is not None and depth <= TREE_DEPTH_MAX:
            depth += 1
            at = at.parent
        return depth

    def is_within(self, node: Node, other: Node) -> bool:
        """Whether a node is another one, or below it; as far as the limit."""
        at: Node | None = node
        for _ in range(2 * TREE_DEPTH_MAX + 1):
            if at is None:
                return False
            if at is other:
                return True
            at = at.parent
        # Deeper than anything may be: nothing is put below such a node.
        return at is not None

    def insert(self, key: bytes, parent: Node, undo: Undo, *, kept: bool) -> Node:
        """Remember an object, as a child of a node."""
        node = Node(key, parent, is_kept=kept)
        self._nodes[key] = node
        undo.append(partial(self._nodes.__delitem__, key))
        self._count(parent, 1, undo)
        return node

    def set_rules(self, node: Node, rules: Authorisation, undo: Undo) -> None:
        """Have the rules that are said; those that aren't stay."""
        if rules.write is not None:
            self._set_rule(node, "write", None if rules.write.kind == "inherit" else rules.write, undo)
        if rules.add is not None:
            self._set_rule(node, "add", None if rules.add.kind == "nobody" else rules.add, undo)
        if rules.admit is not None:
            self._replace("_admitted", frozenset(rules.admit), undo)
        if rules.retain is not None:
            self._replace("_retention", rules.retain if rules.retain.lets_go else None, undo)
        if rules.read is None:
            return
        read = None if rules.read.kind == "inherit" else rules.read
        self._count_read_rules(int(read is not None) - int(node.read is not None), undo)
        self._set(node, "read", read, undo)

    def move(self, node: Node, parent: Node, undo: Undo) -> None:
        """Have another parent."""
        before = node.parent
        assert before is not None, "the root of the chain stays where it is"
        self._set(node, "parent", parent, undo)
        # It has come from elsewhere, so what its key was made from says nothing of where it is.
        self._set(node, "is_kept", True, undo)
        self._count(parent, 1, undo)
        self._count(before, -1, undo)
        self.forget_unused(before, undo)

    def revive(self, node: Node, undo: Undo) -> None:
        """Have it live: it was written."""
        if not node.is_live:
            self._set(node, "is_live", True, undo)

    def remove(self, node: Node, undo: Undo) -> None:
        """Have it gone; what its children inherit stays, as long as there are any."""
        self._set(node, "is_live", False, undo)
        self.forget_unused(node, undo)

    def forget_unused(self, node: Node, undo: Undo) -> None:
        """Forget a node that nothing depends on any more, and its parents that only it kept."""
        at = node
        while at.parent is not None and at.children == 0 and not (at.is_live and self._is_told(at)):
            gone, parent = at, at.parent
            del self._nodes[gone.key]
            undo.append(partial(self._nodes.__setitem__, gone.key, gone))
            if gone.read is not None:
                self._count_read_rules(-1, undo)
            self._count_names(gone.write, -1, undo)
            self._count_names(gone.add, -1, undo)
            self._count(parent, -1, undo)
            at = parent

    def _is_told(self, node: Node) -> bool:
        has_rules = node.write is not None or node.add is not None or node.read is not None
        return node.parent is not self.root or node.is_kept or has_rules

    def _count(self, node: Node, by: int, undo: Undo) -> None:
        self._set(node, "children", node.children + by, undo)

    def _set_rule(self, node: Node, which: str, rule: WriteRule | None, undo: Undo) -> None:
        self._count_names(getattr(node, which), -1, undo)
        self._set(node, which, rule, undo)
        self._count_names(rule, 1, undo)

    def _count_names(self, rule: WriteRule | None, by: int, undo: Undo) -> None:
        for name in _names_of(rule):
            self._named[name] += by
            undo.append(partial(self._named.subtract, {name: by}))

    def _count_read_rules(self, by: int, undo: Undo) -> None:
        self._read_rules += by

        def restore() -> None:
            self._read_rules -= by

        undo.append(restore)

    def _replace(self, name: str, value: Any, undo: Undo) -> None:  # noqa: ANN401
        before = getattr(self, name)
        setattr(self, name, value)
        undo.append(lambda: setattr(self, name, before))

    @staticmethod
    def _set(node: Node, name: str, value: Any, undo: Undo) -> None:  # noqa: ANN401
        before = getattr(node, name)
        setattr(node, name, value)
        undo.append(lambda: setattr(node, name, before))


def _names_of(rule: WriteRule | None) -> tuple[bytes, ...]:
    if rule is None or rule.kind == "nobody":
        return ()
    return (_EVERYONE,) if rule.kind == "everyone" else rule.fingerprints
