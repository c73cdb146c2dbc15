package io.atedb.internal.event;

import io.atedb.Bytes;
import io.atedb.internal.crypt.Merkle;
import java.util.ArrayList;
import java.util.List;

/**
 * A perfect subtree of a tree, of which nothing else is known.
 *
 * @param level it has 2^level leaves
 * @param hash its root
 */
public record Subtree(int level, Bytes hash) {
  private static final int HASH_BYTES = 32;

  /**
   * What hashes, one after the other, stand for: leaves from a place on. Null where they are more
   * or fewer than these leaves take.
   */
  static List<Subtree> of(Bytes hashes, long first, long count) {
    List<Integer> levels = Merkle.subtreeLevels(first, first + count);
    if (hashes.size() != levels.size() * HASH_BYTES) {
      return null;
    }
    List<Subtree> subtrees = new ArrayList<>();
    for (int level : levels) {
      int at = subtrees.size() * HASH_BYTES;
      // Copied: it lies in a whole slice.
      subtrees.add(new Subtree(level, hashes.slice(at, at + HASH_BYTES).copy()));
    }
    return subtrees;
  }
}
