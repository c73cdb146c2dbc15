package io.atedb.internal.trust;

import io.atedb.Bytes;
import io.atedb.TreeHead;
import io.atedb.internal.crypt.Frontier;
import io.atedb.internal.event.Commit;
import io.atedb.internal.event.Subtree;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The tree of the commits of a replay, and the roots that it had lately. */
final class ReplayedTree {
  private static final int ROOTS_KEPT_MAX = 65_536;

  private final Frontier frontier;
  private final Map<Long, Bytes> roots;
  private final Deque<Long> sizes;

  /** Raises NON_CANONICAL where the hashes can't be of such a tree. */
  ReplayedTree(long size, List<Bytes> hashes) {
    this(new Frontier(size, hashes), new HashMap<>(), new ArrayDeque<>());
    note();
  }

  private ReplayedTree(Frontier frontier, Map<Long, Bytes> roots, Deque<Long> sizes) {
    this.frontier = frontier;
    this.roots = roots;
    this.sizes = sizes;
  }

  ReplayedTree copy() {
    return new ReplayedTree(frontier.copy(), new HashMap<>(roots), new ArrayDeque<>(sizes));
  }

  long size() {
    return frontier.size();
  }

  TreeHead head() {
    return new TreeHead(frontier.size(), frontier.root());
  }

  /** The root at a size; null for one before the start, to come, or too long ago. */
  Bytes rootAt(long size) {
    return roots.get(size);
  }

  /** Takes a commit. Raises Violation where that says another root. */
  void append(Commit commit) {
    frontier.append(commit.leaf());
    Bytes root = note();
    if (commit.treeRoot() != null && !commit.treeRoot().equals(root)) {
      throw new Violation("its tree root is another than computed");
    }
  }

  /**
   * Takes what stands for commits that are gone: the roots before their end aren't known from now
   * on.
   */
  void pass(List<Subtree> subtrees) {
    if (subtrees.isEmpty()) {
      return;
    }
    subtrees.forEach(one -> frontier.appendSubtree(one.level(), one.hash()));
    roots.clear();
    sizes.clear();
    note();
  }

  private Bytes note() {
    Bytes root = frontier.root();
    roots.put(frontier.size(), root);
    sizes.add(frontier.size());
    if (sizes.size() > ROOTS_KEPT_MAX) {
      roots.remove(sizes.remove());
    }
    return root;
  }
}
