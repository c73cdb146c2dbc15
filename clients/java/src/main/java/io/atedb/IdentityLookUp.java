package io.atedb;

import java.util.List;
import java.util.Optional;

/**
 * Looks up which identity keys a server has, by a way that can be trusted; asked about servers that
 * are met for the first time.
 */
@FunctionalInterface
public interface IdentityLookUp {
  /**
   * Looks it up.
   *
   * @param server {@code host:port}
   * @return fingerprints, as {@code sha256:} and digits or the digits alone; none where it is
   *     certain that there are none
   * @throws Exception where it can't be looked up: then nothing is sent to the server
   */
  Optional<List<String>> lookUp(String server) throws Exception;
}
