package io.atedb;

import io.atedb.internal.bytes.Limits;
import io.atedb.internal.crypt.Hashes;
import io.atedb.internal.crypt.Tags;

/** Keys of objects, of 16 bytes each: of names, and of children. */
public final class PrimaryKeys {
  private static final Bytes NO_PARENT = Bytes.wrap(new byte[Limits.KEY_BYTES]);

  private PrimaryKeys() {}

  /**
   * Gives the primary key that stands for a name, so that programs that agree on names agree on
   * keys.
   *
   * @param name the name
   * @return its key
   */
  public static Bytes ofName(String name) {
    return Hashes.tagged(Tags.HASH_NAME, Bytes.ofText(name)).slice(0, Limits.KEY_BYTES).copy();
  }

  /**
   * Gives the primary key of a child. Nobody can make the key of an object that is elsewhere so.
   *
   * @param parent the parent's key; null: the root of the chain
   * @param label 16 bytes; where a name stands for the child, the {@linkplain #ofName key of the
   *     name}
   * @return its key
   */
  public static Bytes ofChild(Bytes parent, Bytes label) {
    return Hashes.tagged(Tags.HASH_CHILD, parent == null ? NO_PARENT : parent, label)
        .slice(0, Limits.KEY_BYTES)
        .copy();
  }
}
