package io.atedb;

import io.atedb.internal.account.OpenedGroup;
import java.util.List;
import java.util.Map;

/**
 * A group, as one of its members knows it: the keys of its roles, and those that the member's own
 * key opens. All of its acts were verified. {@link AtedbClient#openGroup} reads one.
 */
public final class MemberGroup implements AutoCloseable {
  private final OpenedGroup opened;

  MemberGroup(OpenedGroup opened) {
    this.opened = opened;
  }

  /**
   * Gives the group's name.
   *
   * @return the name
   */
  public String name() {
    return opened.group().name();
  }

  /**
   * Gives the version of the group, which each change of it raises.
   *
   * @return from 0 on
   */
  public long version() {
    return opened.group().version();
  }

  /**
   * Gives the keys that the roles have now: give one to {@link Chain#setReaders} to let all who
   * have the role read.
   *
   * @return their public halves, by the names of the roles
   */
  public Map<String, PublicKey> roles() {
    return opened.group().roleKeys();
  }

  /**
   * Gives the members of a role, who are known by their own keys.
   *
   * @param role its name
   * @return their fingerprints; empty where there is no such role
   */
  public List<Bytes> members(String role) {
    return opened.group().membersOf(role);
  }

  /**
   * Gives the name of the highest role that the member has: owner, delegate, contributor, observer,
   * others, then any that the group has named.
   *
   * @return its name; null: the member has none
   */
  public String highestRole() {
    return opened.highestRole();
  }

  /**
   * Gives the keys of the roles that the member has, and of those below them: with {@link
   * Token#create} they make tokens.
   *
   * @return the pairs, by the names of the roles, until this is closed
   */
  public Map<String, KeyPair> keys() {
    return opened.keys();
  }

  /** Wipes the keys. */
  @Override
  public void close() {
    opened.close();
  }

  @Override
  public String toString() {
    return "MemberGroup(" + name() + ")";
  }
}
