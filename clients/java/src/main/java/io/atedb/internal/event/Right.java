package io.atedb.internal.event;

import io.atedb.PublicKey;
import java.util.List;

/**
 * What delegations give: a path of them from a key that has the right by itself.
 *
 * @param issuer of the first
 * @param delegations in the order of their path
 */
public record Right(PublicKey issuer, List<Delegation> delegations) {}
