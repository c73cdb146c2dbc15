package io.atedb.internal.crypt;

import io.atedb.Bytes;
import io.atedb.internal.bytes.Cursor;
import java.util.ArrayList;
import java.util.List;

/**
 * A tree of RFC 9162, section 2.1, that grows: the hashes of its perfect subtrees, largest first.
 */
public final class Frontier {
  private final List<Bytes> hashes;
  private long size;

  public Frontier() {
    this(0, List.of());
  }

  /**
   * Begins with a tree of so many leaves. Raises NON_CANONICAL where the hashes can't be of such a
   * tree.
   */
  public Frontier(long size, List<Bytes> hashes) {
    if (hashes.size() != Long.bitCount(size) || !Merkle.areHashes(hashes)) {
      throw Cursor.nonCanonical(
          "a frontier", 0, "its hashes are not those of a tree of " + size + " leaves");
    }
    this.size = size;
    this.hashes = new ArrayList<>(hashes);
  }

  public long size() {
    return size;
  }

  public List<Bytes> hashes() {
    return List.copyOf(hashes);
  }

  public Frontier copy() {
    return new Frontier(size, hashes);
  }

  /** Appends a leaf, by its hash. */
  public void append(Bytes leaf) {
    appendSubtree(0, leaf);
  }

  /**
   * Appends a perfect subtree of 2^level leaves, by its root. The size is a multiple of as many.
   */
  public void appendSubtree(int level, Bytes root) {
    Bytes hashed = root;
    for (long left = size >>> level; (left & 1) == 1; left >>>= 1) {
      hashed = Hashes.node(hashes.remove(hashes.size() - 1), hashed);
    }
    hashes.add(hashed);
    size += 1L << level;
  }

  /** The root of the tree as it is. */
  public Bytes root() {
    if (hashes.isEmpty()) {
      return Merkle.EMPTY_ROOT;
    }
    Bytes root = hashes.get(hashes.size() - 1);
    for (int at = hashes.size() - 2; at >= 0; at--) {
      root = Hashes.node(hashes.get(at), root);
    }
    return root;
  }
}
