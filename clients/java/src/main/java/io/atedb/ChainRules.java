package io.atedb;

import java.util.List;
import java.util.Set;

/**
 * Whose a chain is, as was verified up to its end.
 *
 * @param owner {@code name@domain} or a group, where an auth service says whose the chain is; else
 *     null
 * @param roots the keys that own it now, sorted by fingerprint
 * @param writers fingerprints of those who may write besides where the root of the chain has no
 *     rule for it, as the auth service says
 * @param admitted fingerprints of those whom a rule lets into a private chain, besides those that
 *     may open it anyway
 * @param isSealed whether data of any object is sealed
 */
public record ChainRules(
    String owner,
    List<PublicKey> roots,
    List<Bytes> writers,
    Set<Bytes> admitted,
    boolean isSealed) {
  /**
   * Takes copies.
   *
   * @param owner whose it is
   * @param roots the keys that own it
   * @param writers who may write besides
   * @param admitted who may open it besides
   * @param isSealed whether data is sealed
   */
  public ChainRules {
    roots = List.copyOf(roots);
    writers = List.copyOf(writers);
    admitted = Set.copyOf(admitted);
  }
}
