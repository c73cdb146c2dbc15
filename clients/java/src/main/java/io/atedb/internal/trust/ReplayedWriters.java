package io.atedb.internal.trust;

import io.atedb.Bytes;
import io.atedb.TreeHead;
import io.atedb.internal.event.Seal;
import io.atedb.internal.event.Snapshot;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Where each writer's chain of seals stands in a replay. */
final class ReplayedWriters {
  private record Writer(long nextCounter, Bytes lastSealHash, TreeHead asOf) {}

  private final Map<Bytes, Writer> writers = new HashMap<>();

  ReplayedWriters copy() {
    ReplayedWriters other = new ReplayedWriters();
    other.writers.putAll(writers);
    return other;
  }

  /**
   * Refuses a batch that doesn't continue its writer's chain of seals, or names a head that is not
   * of this chain. Gives whether it is the one right behind the last that came. Raises Violation.
   *
   * @param areAllKnown whether a writer that isn't known is new
   * @param mayMiss whether batches of it may be gone before
   */
  boolean check(Seal seal, ReplayedTree tree, boolean areAllKnown, boolean mayMiss) {
    Writer writer = writers.get(seal.writerId());
    boolean isNext =
        writer == null
            ? seal.counter() == 0
            : seal.counter() == writer.nextCounter && writer.lastSealHash.equals(seal.previous());
    boolean mayJump =
        writer == null ? mayMiss || !areAllKnown : mayMiss && seal.counter() > writer.nextCounter;
    if (!isNext && !mayJump) {
      throw new Violation(
          writer == null
              ? "its writer starts at counter " + seal.counter()
              : "counter " + seal.counter() + " doesn't continue its writer's chain of seals");
    }
    checkAsOf(seal, writer == null ? null : writer.asOf, tree);
    return isNext;
  }

  /** Where all of them stand. */
  List<Snapshot.WriterSeal> seals() {
    List<Snapshot.WriterSeal> seals = new ArrayList<>();
    writers.forEach(
        (id, writer) ->
            seals.add(new Snapshot.WriterSeal(id, writer.nextCounter - 1, writer.lastSealHash)));
    return seals;
  }

  /**
   * The server need not have said the root that a writer has seen: so a history that leaves out
   * what a writer has seen doesn't fit what that writer signed.
   */
  private static void checkAsOf(Seal seal, TreeHead before, ReplayedTree tree) {
    long size = seal.asOf() == null ? 0 : seal.asOf().size();
    if (size < (before == null ? 0 : before.size())) {
      throw new Violation("its writer names an older head than before");
    }
    if (size > tree.size()) {
      throw new Violation("its writer names a head that is to come");
    }
    if (seal.asOf() == null) {
      return;
    }
    Bytes known = before != null && before.size() == size ? before.root() : tree.rootAt(size);
    if (known != null && !known.equals(seal.asOf().root())) {
      throw new Violation("its writer has seen another head of " + size + " commits");
    }
  }

  void wrote(Seal seal) {
    TreeHead asOf = seal.asOf();
    // Copied: it lies in a whole slice.
    TreeHead own = asOf == null ? null : new TreeHead(asOf.size(), asOf.root().copy());
    writers.put(seal.writerId().copy(), new Writer(seal.counter() + 1, seal.hash(), own));
  }
}
