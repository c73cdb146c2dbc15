"""Has objects where events put them, if those may."""

from collections.abc import Callable

from atedb.errors import AtedbError, Reason
from atedb.limits import TREE_DEPTH_MAX
from atedb.trust.act import Act, parent_invalid
from atedb.trust.key_ring import Undo
from atedb.trust.object_tree import Node, ObjectTree


class ObjectWriter:
    """Writes a tree of objects, by rights that it asks for."""

    def __init__(
        self,
        tree: ObjectTree,
        *,
        may_write: Callable[[Act, Node], bool],
        may_add: Callable[[Act, Node], bool],
        refused: Callable[[Act, Node, str], AtedbError],
    ) -> None:
        self._tree = tree
        self._may_write = may_write
        self._may_add = may_add
        self._refused = refused

    def write(self, act: Act, undo: Undo) -> Node:
        """Write an object, or have other rules for it. Returns where it is. Raises PARENT_INVALID, KEY_NOT_ALLOWED."""
        known = self._tree.find(act.key)
        node = self._create(act, undo) if known is None else self._write_known(act, known, undo)
        rules = act.said.authorisation
        if rules is None:
            return node
        ruled = node if node.key == act.key else self._tree.insert(act.key, node, undo, kept=False)
        self._tree.set_rules(ruled, rules, undo)
        self._tree.forget_unused(ruled, undo)
        return ruled

    def remove(self, act: Act, undo: Undo) -> None:
        """Remove an object. Raises KEY_NOT_ALLOWED."""
        node = self._tree.find(act.key)
        self._require_write(act, node or self._tree.root, "remove")
        if node is not None:
            self._tree.remove(node, undo)

    def _require_write(self, act: Act, node: Node, verb: str) -> None:
        if not self._may_write(act, node):
            raise self._refused(act, node, verb)

    def _write_known(self, act: Act, node: Node, undo: Undo) -> Node:
        self._require_write(act, node, "write")
        assert node.parent is not None, "an object is below the root of the chain"
        is_there = node.parent.key == act.parent
        if is_there == act.said.moves:
            raise parent_invalid(act, "there" if is_there else "elsewhere")
        if not is_there:
            self._move(act, node, undo)
        elif self._tree.depth_of(node) > TREE_DEPTH_MAX:
            raise parent_invalid(act, "too_deep")
        self._tree.revive(node, undo)
        return node

    def _move(self, act: Act, node: Node, undo: Undo) -> None:
        parent = self._parent_for(act, undo)
        if not self._may_add(act, parent):
            raise self._refused(act, parent, "move")
        if self._tree.is_within(parent, node):
            raise parent_invalid(act, "cycle")
        self._check_depth(act, parent)
        self._tree.move(node, parent, undo)

    def _create(self, act: Act, undo: Undo) -> Node:
        """Have an object that the tree doesn't know: it is new, or at the root of the chain and without rules."""
        root = self._tree.root
        moves = act.said.moves
        if moves and not act.parent:
            raise parent_invalid(act, "there")
        if act.parent and act.parent == act.key:
            raise parent_invalid(act, "cycle")
        owns_root = self._may_write(act, root)
        if not act.parent and owns_root:
            return root
        # It comes from the root then.
        if moves and not owns_root:
            raise self._refused(act, root, "move")
        parent = self._parent_for(act, undo)
        if not self._may_add(act, parent):
            raise self._refused(act, parent, "write")
        # Whoever has no right to the root has none to the objects that may be there.
        if not owns_root and act.said.label is None:
            why = "the right to add the object comes from its parent alone, and its key is not made from that one"
            raise act.refused(Reason.KEY_NOT_ALLOWED, why, rule="label")
        if act.said.authorisation is not None and not self._may_write(act, parent):
            raise self._refused(act, parent, "set rules for")
        self._check_depth(act, parent)
        return self._tree.insert(act.key, parent, undo, kept=parent is root)

    def _parent_for(self, act: Act, undo: Undo) -> Node:
        """Find the parent that an event names. One that is not known is an object at the root without rules."""
        if not act.parent:
            return self._tree.root
        node = self._tree.find(act.parent)
        if node is None:
            return self._tree.insert(act.parent, self._tree.root, undo, kept=False)
        if not node.is_live:
            raise parent_invalid(act, "gone")
        return node

    def _check_depth(self, act: Act, above: Node) -> None:
        if self._tree.depth_of(above) + 1 > TREE_DEPTH_MAX:
            raise parent_invalid(act, "too_deep")
