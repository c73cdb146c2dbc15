package io.atedb.internal.event;

import java.util.List;

/** Which chains a delegation counts in: chain keys, and {@code owner/*} for all of an owner's. */
public final class DelegationScope {
  private static final String ALL = "/*";

  private DelegationScope() {}

  /** Refuses what names neither a chain nor an owner's chains. Raises CHAIN_KEY_INVALID. */
  static void checkEntry(String entry) {
    // Any database does, to see whether the owner is one.
    ChainKey.parse(entry.endsWith(ALL) ? before(entry) + "/x" : entry);
  }

  /** Whether entries cover a chain, or all that another entry names. */
  public static boolean covers(List<String> entries, String named) {
    return entries.stream()
        .anyMatch(
            entry ->
                entry.equals(named) || entry.endsWith(ALL) && before(entry).equals(before(named)));
  }

  /** What stands before the database. A group a doesn't own what users at a domain a do. */
  private static String before(String entry) {
    return entry.substring(0, entry.lastIndexOf('/'));
  }

  /** Sorts and unites entries, as a delegation has them. Raises CHAIN_KEY_INVALID. */
  public static List<String> of(List<String> entries) {
    entries.forEach(DelegationScope::checkEntry);
    return entries.stream().sorted().distinct().toList();
  }
}
