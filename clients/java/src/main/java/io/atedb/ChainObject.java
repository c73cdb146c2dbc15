package io.atedb;

/**
 * An object of a chain, which need not be there yet; or the chain itself.
 *
 * @param primaryKey the object's key, 16 bytes; null: the root of the chain, and so all that has no
 *     rule of its own
 * @param parent the key of the object that it is a child of; null: it is at the root of the chain
 * @param label what its key is made from, with that of its parent, if it is; else null
 */
public record ChainObject(Bytes primaryKey, Bytes parent, Bytes label) {
  /** The root of the chain, whose rules count wherever there are no others. */
  public static final ChainObject CHAIN = new ChainObject(null, null, null);

  /**
   * Gives the object of a key, at the root of the chain.
   *
   * @param primaryKey its key, 16 bytes
   * @return the object
   */
  public static ChainObject of(Bytes primaryKey) {
    return new ChainObject(primaryKey, null, null);
  }

  /**
   * Gives the object of a key, which says nothing of where it is.
   *
   * @param primaryKey its key, 16 bytes
   * @param parent of what it is a child, 16 bytes
   * @return the object
   */
  public static ChainObject of(Bytes primaryKey, Bytes parent) {
    return new ChainObject(primaryKey, parent, null);
  }

  /**
   * Gives the object that a name stands for at the root of the chain.
   *
   * @param name the name
   * @return the object
   */
  public static ChainObject named(String name) {
    return of(PrimaryKeys.ofName(name));
  }

  /**
   * Gives the child of an object by its name among the children.
   *
   * @param parent the parent's key, 16 bytes
   * @param name that stands for the child
   * @return the object
   */
  public static ChainObject child(Bytes parent, String name) {
    return child(parent, PrimaryKeys.ofName(name));
  }

  /**
   * Gives the child of an object by what its key is made from.
   *
   * @param parent the parent's key, 16 bytes
   * @param label 16 bytes
   * @return the object
   */
  public static ChainObject child(Bytes parent, Bytes label) {
    return new ChainObject(PrimaryKeys.ofChild(parent, label), parent, label);
  }

  /**
   * Says whether it is the chain itself.
   *
   * @return whether it is
   */
  public boolean isChain() {
    return primaryKey == null;
  }
}
