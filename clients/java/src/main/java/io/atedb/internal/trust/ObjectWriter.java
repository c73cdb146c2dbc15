package io.atedb.internal.trust;

import io.atedb.Bytes;
import io.atedb.EventKind;
import io.atedb.ReadRule;
import io.atedb.Reason;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.event.EventView;
import io.atedb.internal.event.Said;
import io.atedb.internal.trust.ObjectTree.Node;
import java.util.List;

/** Decides on events that write, rule, move or remove an object, or erase data of it. */
final class ObjectWriter {
  private final Rights rights;
  private final ObjectTree tree;

  ObjectWriter(Rights rights) {
    this.rights = rights;
    this.tree = rights.tree;
  }

  /** Takes an event of data, or of rules of an object. */
  void write(Act act, Undo undo) {
    Node node = place(act, undo);
    Said.Rules rules = act.said().rules();
    if (rules != null) {
      node = node.key.equals(act.key()) ? node : tree.insert(act.key(), node, false, undo);
      tree.setRules(node, rules, undo);
      tree.forgetUnused(node, undo);
    }
    if (act.event().kind() == EventKind.DATA) {
      checkSealed(act, node);
    }
  }

  private Node place(Act act, Undo undo) {
    Node known = tree.find(act.key());
    return known == null ? create(act, undo) : writeKnown(act, known, undo);
  }

  private Node writeKnown(Act act, Node node, Undo undo) {
    rights.requireWrite(act, node, "write");
    boolean isThere = node.parent.key.equals(act.parent());
    if (isThere == act.said().moves()) {
      throw act.parentInvalid(isThere ? "there" : "elsewhere");
    }
    if (!isThere) {
      move(act, node, undo);
    } else if (tree.depthOf(node) > Limits.TREE_DEPTH_MAX) {
      throw act.parentInvalid("too_deep");
    }
    tree.revive(node, undo);
    return node;
  }

  private void move(Act act, Node node, Undo undo) {
    Node parent = parentFor(act, undo);
    if (!rights.mayAdd(act.acting(), parent)) {
      throw rights.notAllowed(act, parent, "move");
    }
    if (tree.isWithin(parent, node)) {
      throw act.parentInvalid("cycle");
    }
    checkDepth(act, parent);
    tree.move(node, parent, undo);
  }

  /**
   * Has an object that the tree doesn't know: it is new, or at the root of the chain and without
   * rules.
   */
  private Node create(Act act, Undo undo) {
    boolean moves = act.said().moves();
    boolean hasParent = !act.parent().isEmpty();
    if (moves && !hasParent) {
      throw act.parentInvalid("there");
    }
    if (hasParent && act.parent().equals(act.key())) {
      throw act.parentInvalid("cycle");
    }
    boolean ownsRoot = rights.mayWrite(act.acting(), tree.root);
    if (!hasParent && ownsRoot) {
      return tree.root;
    }
    // It comes from the root then.
    if (moves && !ownsRoot) {
      throw rights.notAllowed(act, tree.root, "move");
    }
    Node parent = parentFor(act, undo);
    if (!rights.mayAdd(act.acting(), parent)) {
      throw rights.notAllowed(act, parent, "write");
    }
    // Whoever has no right to the root has none to the objects that may be there.
    if (!ownsRoot && act.said().label() == null) {
      throw act.refused(
          Reason.KEY_NOT_ALLOWED,
          "the right to add the object comes from its parent alone, and its key is not made from that one",
          "rule",
          "label");
    }
    if (act.said().rules() != null && !rights.mayWrite(act.acting(), parent)) {
      throw rights.notAllowed(act, parent, "set rules for");
    }
    checkDepth(act, parent);
    return tree.insert(act.key(), parent, parent == tree.root, undo);
  }

  /**
   * The parent that an event names. One that is not known is an object at the root without rules.
   */
  private Node parentFor(Act act, Undo undo) {
    if (act.parent().isEmpty()) {
      return tree.root;
    }
    Node node = tree.find(act.parent());
    if (node == null) {
      return tree.insert(act.parent(), tree.root, false, undo);
    }
    if (!node.isLive) {
      throw act.parentInvalid("gone");
    }
    return node;
  }

  private void checkDepth(Act act, Node above) {
    if (tree.depthOf(above) + 1 > Limits.TREE_DEPTH_MAX) {
      throw act.parentInvalid("too_deep");
    }
  }

  /** Takes a tombstone. */
  void remove(Act act, Undo undo) {
    Node node = tree.find(act.key());
    rights.requireWrite(act, node == null ? tree.root : node, "remove");
    if (node != null) {
      tree.remove(node, undo);
    }
  }

  /** Takes a redaction: from whoever may write the object now, or from any root. */
  void erase(Act act) {
    List<Bytes> actors = act.actors();
    if (actors.stream().noneMatch(rights.keys::isRoot)) {
      Node node = tree.find(act.key());
      rights.requireWrite(act, node == null ? tree.root : node, "redact");
    }
  }

  /** The data of an object is sealed as the rule for it after the event says. */
  private void checkSealed(Act act, Node node) {
    ReadRule due = tree.readRuleOf(node);
    EventView event = act.event();
    Said.Confidentiality sealed =
        event.isSealed() ? Said.readConfidentiality(event.header()) : null;
    boolean isGood =
        due != null
            && (due.kind() == ReadRule.Kind.EVERYONE
                ? sealed == null
                : sealed != null && due.readKeyId().equals(sealed.readKeyId()));
    if (!isGood) {
      String id = due == null ? "" : due.readKeyId().hex();
      throw act.refused(
          Reason.READ_RULE_MISMATCH,
          "its data is not sealed as the rule for reading says, or there is no rule yet",
          "read_key_id",
          id);
    }
  }
}
