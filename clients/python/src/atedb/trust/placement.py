"""Where an event is going to put an object, assumed before the chain has decided: it serves to seal what comes behind it."""

from dataclasses import dataclass

from atedb.events.rules import Authorisation, ReadRule
from atedb.trust.object_tree import Node, ObjectTree


@dataclass(frozen=True, slots=True)
class Placement:
    """What an event says of where its object is, and of who reads it."""

    kind: str
    """`data`, `tombstone` or `rules`."""
    primary_key: bytes | None
    """None: the root of the chain, whose rules it sets."""
    parent: bytes | None = None
    moves: bool = False
    read: ReadRule | None = None


def assume_placement(tree: ObjectTree, event: Placement) -> bool:
    """Have an object where an event puts it, and its rule for reading.

    What the event may do is not looked at, nor what it says of who writes. Returns whether that makes anything else of the tree.
    """
    if event.primary_key is None:
        return _set_read(tree, tree.root, event.read)
    known = tree.find(event.primary_key)
    if event.kind == "tombstone":
        if known is not None:
            tree.remove(known, [])
        return known is not None
    is_placed = event.parent is not None if known is None else event.moves or not known.is_live
    if is_placed:
        _place(tree, event.primary_key, known, event.parent)
    if event.read is None:
        return is_placed
    node = tree.find(event.primary_key) or tree.insert(event.primary_key, tree.root, [], kept=False)
    return _set_read(tree, node, event.read)


def _place(tree: ObjectTree, key: bytes, known: Node | None, parent: bytes | None) -> None:
    above = tree.root
    if parent is not None:
        above = tree.find(parent) or tree.insert(parent, tree.root, [], kept=False)
    if known is None:
        if parent != key:
            tree.insert(key, above, [], kept=False)
        return
    if known.parent is not above and not tree.is_within(above, known):
        tree.move(known, above, [])
    tree.revive(known, [])


def _set_read(tree: ObjectTree, node: Node, read: ReadRule | None) -> bool:
    if read is not None:
        tree.set_rules(node, Authorisation(read=read), [])
    return read is not None
