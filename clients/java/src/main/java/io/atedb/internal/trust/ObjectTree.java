package io.atedb.internal.trust;

import io.atedb.Bytes;
import io.atedb.ReadRule;
import io.atedb.WriteRule;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.event.Said;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Who is whose child, and what their rules are. Every change can be taken back. */
final class ObjectTree {
  /** Stands among the names of keys, which have 32 bytes. */
  private static final Bytes EVERYONE = Bytes.ofText("everyone");

  private static final WriteRule TOO_DEEP = WriteRule.NOBODY;

  /**
   * The rule for writing that counts for a node, null being that of the root keys, and the node
   * that has it.
   */
  record WriteRuleAt(WriteRule rule, Node at) {}

  /**
   * An object that the tree remembers: one that has a parent, rules of its own or children, or that
   * was kept. All others are at the root of the chain, have no rules, and are not in the tree.
   */
  static final class Node {
    /** Empty for the root of the chain. */
    final Bytes key;

    Node parent;

    /** Null: as the parent; at the root of the chain: its root keys. */
    WriteRule write;

    /** Null: nobody else. */
    WriteRule add;

    ReadRule read;
    int children;

    /** False: it was removed, and is remembered since it has children. */
    boolean isLive = true;

    boolean isKept;

    Node(Bytes key, Node parent) {
      this.key = key;
      this.parent = parent;
    }
  }

  final Node root = new Node(Bytes.EMPTY, null);
  final boolean isPrivate;
  private final boolean isConfidential;
  private final Map<Bytes, Node> nodes = new HashMap<>();
  private final Map<Bytes, Integer> named = new HashMap<>();
  private int readRules;
  private Set<Bytes> admitted = Set.of();
  private Said.Retention retention;

  ObjectTree(boolean isConfidential, boolean isPrivate) {
    this.isConfidential = isConfidential;
    this.isPrivate = isPrivate;
  }

  ObjectTree copy() {
    ObjectTree other = new ObjectTree(isConfidential, isPrivate);
    Map<Node, Node> twins = new IdentityHashMap<>();
    twins.put(root, other.root);
    nodes.values().forEach(node -> twins.put(node, new Node(node.key, null)));
    twins.forEach(
        (node, twin) -> {
          twin.parent = node.parent == null ? null : twins.get(node.parent);
          twin.write = node.write;
          twin.add = node.add;
          twin.read = node.read;
          twin.children = node.children;
          twin.isLive = node.isLive;
          twin.isKept = node.isKept;
        });
    nodes.forEach((key, node) -> other.nodes.put(key, twins.get(node)));
    other.named.putAll(named);
    other.readRules = readRules;
    other.admitted = admitted;
    other.retention = retention;
    return other;
  }

  boolean hasReadRules() {
    return isConfidential || readRules > 0;
  }

  Set<Bytes> admitted() {
    return admitted;
  }

  /** For how long the chain keeps data; null: for ever. */
  Said.Retention retention() {
    return retention;
  }

  /** Whether a rule for writing or adding names a key: not only everyone. */
  boolean isNamed(Bytes fingerprint) {
    return named.containsKey(fingerprint);
  }

  /** Whether a rule for writing or adding names everyone. */
  boolean isOpen() {
    return named.containsKey(EVERYONE);
  }

  /** Whether a rule of the root of the chain names a key, or lets it in besides. */
  boolean isAdmitted(Bytes fingerprint) {
    return admitted.contains(fingerprint)
        || namesOf(root.write).contains(fingerprint)
        || namesOf(root.add).contains(fingerprint);
  }

  /** An object; null: the tree doesn't remember it. */
  Node find(Bytes key) {
    return nodes.get(key);
  }

  WriteRuleAt writeRuleOf(Node node) {
    Node at = node;
    for (int step = 0; step <= Limits.TREE_DEPTH_MAX; step++) {
      if (at.write != null || at.parent == null) {
        return new WriteRuleAt(at.write, at);
      }
      at = at.parent;
    }
    // Above as many parents as there may be is the root of the chain, or the node is too deep.
    return new WriteRuleAt(at.parent == null ? at.write : TOO_DEEP, at);
  }

  /** The rule for reading that counts for a node; null: none does, and nothing may be written. */
  ReadRule readRuleOf(Node node) {
    if (readRules > 0) {
      for (Node at = node; at != null; at = at.parent) {
        if (at.read != null) {
          return at.read;
        }
      }
    }
    return isConfidential ? null : ReadRule.EVERYONE;
  }

  /**
   * The parents between a node and the root of the chain, as far as the limit and one; -1 for the
   * root.
   */
  int depthOf(Node node) {
    if (node == root) {
      return -1;
    }
    int depth = 0;
    Node at = node.parent;
    while (at != null && at.parent != null && depth <= Limits.TREE_DEPTH_MAX) {
      depth++;
      at = at.parent;
    }
    return depth;
  }

  /** Whether a node is another one, or below it; as far as the limit. */
  boolean isWithin(Node node, Node other) {
    Node at = node;
    for (int step = 0; step <= 2 * Limits.TREE_DEPTH_MAX; step++) {
      if (at == null) {
        return false;
      }
      if (at == other) {
        return true;
      }
      at = at.parent;
    }
    // Deeper than anything may be: nothing is put below such a node.
    return at != null;
  }

  /** Remembers an object, as a child of a node. */
  Node insert(Bytes key, Node parent, boolean isKept, Undo undo) {
    Node node = new Node(key.copy(), parent);
    node.isKept = isKept;
    nodes.put(node.key, node);
    undo.add(() -> nodes.remove(node.key));
    count(parent, 1, undo);
    return node;
  }

  /** Has the rules that are said; those that aren't stay. */
  void setRules(Node node, Said.Rules rules, Undo undo) {
    if (rules.write() != null) {
      boolean isInherited = rules.write().kind() == WriteRule.Kind.INHERIT;
      WriteRule before = node.write;
      setNames(before, isInherited ? null : rules.write(), undo);
      node.write = isInherited ? null : rules.write();
      undo.add(() -> node.write = before);
    }
    if (rules.add() != null) {
      boolean isNobody = rules.add().kind() == WriteRule.Kind.NOBODY;
      WriteRule before = node.add;
      setNames(before, isNobody ? null : rules.add(), undo);
      node.add = isNobody ? null : rules.add();
      undo.add(() -> node.add = before);
    }
    if (rules.admit() != null) {
      Set<Bytes> before = admitted;
      admitted = new HashSet<>(rules.admit());
      undo.add(() -> admitted = before);
    }
    if (rules.retain() != null) {
      Said.Retention before = retention;
      retention = rules.retain().letsGo() ? rules.retain() : null;
      undo.add(() -> retention = before);
    }
    if (rules.read() != null) {
      ReadRule after = rules.read().kind() == ReadRule.Kind.INHERIT ? null : rules.read();
      ReadRule before = node.read;
      countReadRules((after == null ? 0 : 1) - (before == null ? 0 : 1), undo);
      node.read = after;
      undo.add(() -> node.read = before);
    }
  }

  /** Has another parent. */
  void move(Node node, Node parent, Undo undo) {
    Node before = node.parent;
    boolean wasKept = node.isKept;
    node.parent = parent;
    // It has come from elsewhere, so what its key was made from says nothing of where it is.
    node.isKept = true;
    undo.add(
        () -> {
          node.parent = before;
          node.isKept = wasKept;
        });
    count(parent, 1, undo);
    count(before, -1, undo);
    forgetUnused(before, undo);
  }

  /** Has it live: it was written. */
  void revive(Node node, Undo undo) {
    if (!node.isLive) {
      node.isLive = true;
      undo.add(() -> node.isLive = false);
    }
  }

  /** Has it gone; what its children inherit stays, as long as there are any. */
  void remove(Node node, Undo undo) {
    boolean before = node.isLive;
    node.isLive = false;
    undo.add(() -> node.isLive = before);
    forgetUnused(node, undo);
  }

  /** Forgets a node that nothing depends on any more, and its parents that only it kept. */
  void forgetUnused(Node node, Undo undo) {
    Node at = node;
    while (at.parent != null && at.children == 0 && !(at.isLive && isTold(at))) {
      Node gone = at;
      nodes.remove(gone.key);
      undo.add(() -> nodes.put(gone.key, gone));
      if (gone.read != null) {
        countReadRules(-1, undo);
      }
      setNames(gone.write, null, undo);
      setNames(gone.add, null, undo);
      count(gone.parent, -1, undo);
      at = gone.parent;
    }
  }

  private boolean isTold(Node node) {
    return node.parent != root
        || node.isKept
        || node.write != null
        || node.add != null
        || node.read != null;
  }

  private static void count(Node node, int by, Undo undo) {
    node.children += by;
    undo.add(() -> node.children -= by);
  }

  private void setNames(WriteRule before, WriteRule after, Undo undo) {
    countNames(before, -1, undo);
    countNames(after, 1, undo);
  }

  private void countNames(WriteRule rule, int by, Undo undo) {
    for (Bytes name : namesOf(rule)) {
      addName(name, by);
      undo.add(() -> addName(name, -by));
    }
  }

  private void addName(Bytes name, int by) {
    named.merge(name, by, (one, other) -> one + other == 0 ? null : one + other);
  }

  private void countReadRules(int by, Undo undo) {
    readRules += by;
    undo.add(() -> readRules -= by);
  }

  private static List<Bytes> namesOf(WriteRule rule) {
    if (rule == null || rule.kind() == WriteRule.Kind.NOBODY) {
      return List.of();
    }
    return rule.kind() == WriteRule.Kind.EVERYONE ? List.of(EVERYONE) : rule.fingerprints();
  }
}
