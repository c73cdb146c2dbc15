package io.atedb;

import java.util.List;

/**
 * Who may write an object, or add to it.
 *
 * @param kind what it says; of adding there is no {@code INHERIT}
 * @param fingerprints of {@code ANY_OF}: the keys, sorted, once each, 1 to 16 of 32 bytes
 */
public record WriteRule(Kind kind, List<Bytes> fingerprints) {
  /** What a rule says. */
  public enum Kind {
    /** Whoever shows a key to the chain. */
    EVERYONE,
    /** Nobody, for ever. */
    NOBODY,
    /** One of some keys. */
    ANY_OF,
    /** As the parent has it. */
    INHERIT
  }

  /** Whoever shows a key to the chain. */
  public static final WriteRule EVERYONE = new WriteRule(Kind.EVERYONE, List.of());

  /** Nobody, for ever. */
  public static final WriteRule NOBODY = new WriteRule(Kind.NOBODY, List.of());

  /** As the parent has it. */
  public static final WriteRule INHERIT = new WriteRule(Kind.INHERIT, List.of());

  /**
   * Takes a copy of the list.
   *
   * @param kind what it says
   * @param fingerprints of {@code ANY_OF}: the keys
   */
  public WriteRule {
    fingerprints = List.copyOf(fingerprints);
  }

  /**
   * Allows any of some keys.
   *
   * @param fingerprints of the keys, in any order
   * @return the rule
   */
  public static WriteRule anyOf(List<Bytes> fingerprints) {
    return new WriteRule(Kind.ANY_OF, fingerprints.stream().sorted().distinct().toList());
  }
}
