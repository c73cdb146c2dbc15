package io.atedb;

import java.util.List;

/**
 * Somebody who has logged in.
 *
 * @param key of the user, whose chains are theirs by it: give it and the former keys to {@link
 *     OpenOptions#key(KeyPair, KeyPair...)}
 * @param formerKeys those that the user had before, the newest first: they open what was sealed for
 *     them, and write nothing
 * @param hasSecondFactor whether a one-time code is wanted for what changes the account, which this
 *     client doesn't do
 * @param isUnverified whether nobody has shown that the name is the user's
 */
public record Login(
    KeyPair key, List<KeyPair> formerKeys, boolean hasSecondFactor, boolean isUnverified)
    implements AutoCloseable {

  /** Wipes the keys. Close chains that are used with them before. */
  @Override
  public void close() {
    key.close();
    formerKeys.forEach(KeyPair::close);
  }

  @Override
  public String toString() {
    return "Login(" + key.publicKey() + ")";
  }
}
