package io.atedb;

/**
 * Whose children are listed, and which. Keys have 16 bytes; {@link PrimaryKeys} makes them of
 * names. Each method gives other options.
 *
 * @param parent the object; null: the root of the chain, and then a collection is due
 * @param collection only those in it; null: of all, and those in none
 * @param afterCollection of the child that the first one comes behind, or null
 * @param afterKey that child, which need not be there any more; null: from the first one on
 * @param limit how many at most; 0: all
 */
public record ChildrenOptions(
    Bytes parent, Bytes collection, Bytes afterCollection, Bytes afterKey, long limit) {
  /**
   * Refuses what can't be.
   *
   * @param parent the object, or null
   * @param collection the collection, or null
   * @param afterCollection of the child before, or null
   * @param afterKey the child before, or null
   * @param limit how many at most
   */
  public ChildrenOptions {
    if (limit < 0) {
      throw new AtedbException(
          Reason.REQUEST_INVALID, "limit is " + limit + ", and must be a whole number");
    }
  }

  /**
   * Lists the children of an object.
   *
   * @param parent the object
   * @return the options
   */
  public static ChildrenOptions of(Bytes parent) {
    return new ChildrenOptions(parent, null, null, null, 0);
  }

  /**
   * Lists those that are at the root of the chain, in a collection.
   *
   * @param collection the collection
   * @return the options
   */
  public static ChildrenOptions atRoot(Bytes collection) {
    return new ChildrenOptions(null, collection, null, null, 0);
  }

  /**
   * Lists only those in a collection.
   *
   * @param of the collection
   * @return other options
   */
  public ChildrenOptions collection(Bytes of) {
    return new ChildrenOptions(parent, of, afterCollection, afterKey, limit);
  }

  /**
   * Goes on behind a child that came before.
   *
   * @param child the last one
   * @return other options
   */
  public ChildrenOptions after(Child child) {
    return new ChildrenOptions(
        parent, collection, child.collection(), child.event().primaryKey(), limit);
  }

  /**
   * Lists so many at most.
   *
   * @param most how many
   * @return other options
   */
  public ChildrenOptions limit(long most) {
    return new ChildrenOptions(parent, collection, afterCollection, afterKey, most);
  }
}
