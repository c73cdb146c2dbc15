package io.atedb;

import java.time.Instant;
import java.util.List;

/**
 * What a token that is made gives. Doesn't change: each method gives another one.
 *
 * @param chains chain keys, and {@code owner/*} for all chains of an owner, as {@code
 *     example.com/me/*} or {@code team/*}; 1 to 16
 * @param mayWrite whether it writes data and removes objects
 * @param mayRead whether it opens private chains
 * @param notBefore before that it doesn't count; null: it does at once
 * @param expires from then on it counts no more
 */
public record TokenGrant(
    List<String> chains, boolean mayWrite, boolean mayRead, Instant notBefore, Instant expires) {

  /**
   * Takes a copy of the list.
   *
   * @param chains as the record has it
   * @param mayWrite as the record has it
   * @param mayRead as the record has it
   * @param notBefore as the record has it
   * @param expires as the record has it
   */
  public TokenGrant {
    chains = List.copyOf(chains);
  }

  /**
   * Gives nothing yet: say what by {@link #write} and {@link #read}.
   *
   * @param expires from then on it counts no more
   * @param chains where it counts
   * @return what a token gives
   */
  public static TokenGrant until(Instant expires, String... chains) {
    return new TokenGrant(List.of(chains), false, false, null, expires);
  }

  /**
   * Lets it write data and remove objects.
   *
   * @return another one
   */
  public TokenGrant write() {
    return new TokenGrant(chains, true, mayRead, notBefore, expires);
  }

  /**
   * Lets it open private chains.
   *
   * @return another one
   */
  public TokenGrant read() {
    return new TokenGrant(chains, mayWrite, true, notBefore, expires);
  }

  /**
   * Has it count later.
   *
   * @param time before that it doesn't
   * @return another one
   */
  public TokenGrant notBefore(Instant time) {
    return new TokenGrant(chains, mayWrite, mayRead, time, expires);
  }
}
