package io.atedb.internal.crypt;

import io.atedb.Bytes;
import java.util.ArrayList;
import java.util.List;

/** Roots of RFC 9162's trees, and proofs, which are verified from nothing. */
public final class Merkle {
  /** The root of a tree without leaves. */
  public static final Bytes EMPTY_ROOT = Hashes.sha256();

  private Merkle() {}

  /** The root of the tree over these leaves' bytes. */
  public static Bytes root(List<Bytes> leaves) {
    Frontier tree = new Frontier();
    for (Bytes leaf : leaves) {
      tree.append(Hashes.leaf(leaf));
    }
    return tree.root();
  }

  /**
   * Levels of the perfect subtrees that make up the leaves from `start` up to before `end`, in
   * their order and as large as can be: each has 2^level leaves, and begins at a multiple of as
   * many.
   */
  public static List<Integer> subtreeLevels(long start, long end) {
    List<Integer> levels = new ArrayList<>();
    long at = start;
    while (at < end) {
      int level =
          Math.min(
              Long.numberOfTrailingZeros(at), Long.SIZE - 1 - Long.numberOfLeadingZeros(end - at));
      levels.add(level);
      at += 1L << level;
    }
    return levels;
  }

  static boolean areHashes(List<Bytes> values) {
    for (Bytes value : values) {
      if (value.size() != 32) {
        return false;
      }
    }
    return true;
  }

  /**
   * Whether a proof shows that a leaf, by its hash, is in a tree (RFC 9162, 2.1.3.2). Never throws.
   */
  public static boolean verifyInclusion(
      Bytes leaf, long index, long size, List<Bytes> proof, Bytes root) {
    if (index < 0 || index >= size || leaf.size() != 32 || !areHashes(proof)) {
      return false;
    }
    long node = index;
    long last = size - 1;
    Bytes hashed = leaf;
    for (Bytes sibling : proof) {
      if (last == 0) {
        return false;
      }
      if ((node & 1) == 1 || node == last) {
        hashed = Hashes.node(sibling, hashed);
        // A node without a right sibling goes up unchanged, to the level where it is a right child.
        while ((node & 1) == 0 && node != 0) {
          node >>>= 1;
          last >>>= 1;
        }
      } else {
        hashed = Hashes.node(hashed, sibling);
      }
      node >>>= 1;
      last >>>= 1;
    }
    return last == 0 && hashed.equals(root);
  }

  /**
   * Whether a proof shows that a tree extends an older one (RFC 9162, 2.1.4.2). Never throws. Every
   * tree extends the one without leaves; trees of one size must have one root. Both need an empty
   * proof.
   */
  public static boolean verifyConsistency(
      long first, long second, Bytes firstRoot, Bytes secondRoot, List<Bytes> proof) {
    if (first < 0
        || second < first
        || firstRoot.size() != 32
        || secondRoot.size() != 32
        || !areHashes(proof)) {
      return false;
    }
    if (first == 0 && !firstRoot.equals(EMPTY_ROOT)) {
      return false;
    }
    if (first == second) {
      return proof.isEmpty() && firstRoot.equals(secondRoot);
    }
    if (first == 0 || proof.isEmpty()) {
      return first == 0 && proof.isEmpty();
    }
    long node = first - 1;
    long last = second - 1;
    while ((node & 1) == 1) {
      node >>>= 1;
      last >>>= 1;
    }
    List<Bytes> path = new ArrayList<>(proof);
    // An older tree that is perfect starts the path, and its root is left out of the proof.
    if ((first & first - 1) == 0) {
      path.add(0, firstRoot);
    }
    Bytes firstHash = path.get(0);
    Bytes secondHash = firstHash;
    for (Bytes sibling : path.subList(1, path.size())) {
      if (last == 0) {
        return false;
      }
      if ((node & 1) == 1 || node == last) {
        firstHash = Hashes.node(sibling, firstHash);
        secondHash = Hashes.node(sibling, secondHash);
        while ((node & 1) == 0 && node != 0) {
          node >>>= 1;
          last >>>= 1;
        }
      } else {
        secondHash = Hashes.node(secondHash, sibling);
      }
      node >>>= 1;
      last >>>= 1;
    }
    return last == 0 && firstHash.equals(firstRoot) && secondHash.equals(secondRoot);
  }
}
