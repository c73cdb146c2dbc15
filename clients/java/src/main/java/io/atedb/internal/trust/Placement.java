package io.atedb.internal.trust;

import io.atedb.Bytes;
import io.atedb.EventKind;
import io.atedb.ReadRule;
import io.atedb.internal.event.Said;
import io.atedb.internal.trust.ObjectTree.Node;

/**
 * What an event says of where its object is, and of who reads it: assumed before the chain has
 * decided, to seal what comes behind it.
 *
 * @param kind {@code DATA}, {@code TOMBSTONE} or {@code RULES}
 * @param primaryKey the object; null: the root of the chain, whose rules it sets
 * @param parent its parent; null: the root of the chain
 * @param moves whether it comes from elsewhere
 * @param read the rule that it sets; null: none
 */
public record Placement(
    EventKind kind, Bytes primaryKey, Bytes parent, boolean moves, ReadRule read) {

  /** Whether it would make anything else of a tree. */
  boolean changes(ObjectTree tree) {
    if (primaryKey == null) {
      return read != null;
    }
    Node known = tree.find(primaryKey);
    return kind == EventKind.TOMBSTONE ? known != null : read != null || isPlaced(known);
  }

  private boolean isPlaced(Node known) {
    return known == null ? parent != null : moves || !known.isLive;
  }

  /**
   * Has the object where the event puts it, and its rule for reading. What the event may do is not
   * looked at, nor what it says of who writes.
   */
  void assume(ObjectTree tree) {
    Undo ignored = new Undo();
    if (primaryKey == null) {
      setRead(tree, tree.root, ignored);
      return;
    }
    Node known = tree.find(primaryKey);
    if (kind == EventKind.TOMBSTONE) {
      if (known != null) {
        tree.remove(known, ignored);
      }
      return;
    }
    if (isPlaced(known)) {
      place(tree, known, ignored);
    }
    if (read != null) {
      Node node = tree.find(primaryKey);
      setRead(
          tree, node == null ? tree.insert(primaryKey, tree.root, false, ignored) : node, ignored);
    }
  }

  private void place(ObjectTree tree, Node known, Undo ignored) {
    Node above = tree.root;
    if (parent != null) {
      Node found = tree.find(parent);
      above = found == null ? tree.insert(parent, tree.root, false, ignored) : found;
    }
    if (known == null) {
      if (!primaryKey.equals(parent)) {
        tree.insert(primaryKey, above, false, ignored);
      }
      return;
    }
    if (known.parent != above && !tree.isWithin(above, known)) {
      tree.move(known, above, ignored);
    }
    tree.revive(known, ignored);
  }

  private void setRead(ObjectTree tree, Node node, Undo ignored) {
    if (read != null) {
      tree.setRules(node, Said.Rules.NONE.withRead(read), ignored);
    }
  }
}
