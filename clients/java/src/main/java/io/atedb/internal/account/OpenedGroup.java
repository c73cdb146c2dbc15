package io.atedb.internal.account;

import io.atedb.Bytes;
import io.atedb.KeyPair;
import io.atedb.PublicKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What a member's keys open of a group. */
public final class OpenedGroup implements AutoCloseable {
  private final Group group;

  /** Keys of the roles that the member has, and of those below them, by their names. */
  private final Map<String, KeyPair> keys;

  /** Those that roles had before: they open what was sealed then. */
  private final List<KeyPair> retired;

  private OpenedGroup(Group group, Map<String, KeyPair> keys, List<KeyPair> retired) {
    this.group = group;
    this.keys = keys;
    this.retired = retired;
  }

  static OpenedGroup of(Group group, List<KeyPair> own) {
    Map<Bytes, KeyPair> opened = new LinkedHashMap<>();
    own.forEach(pair -> opened.put(pair.fingerprint(), pair));
    // A role's secret may be wrapped for that of another one, so each that opens may open more.
    boolean isMore = true;
    while (isMore) {
      isMore = openMore(group, opened);
    }
    own.forEach(pair -> opened.remove(pair.fingerprint()));
    Map<String, KeyPair> keys = new TreeMap<>();
    group
        .roles()
        .forEach(
            (name, role) -> {
              KeyPair pair = opened.remove(role.key().fingerprint());
              if (pair != null) {
                keys.put(name, pair);
              }
            });
    return new OpenedGroup(group, keys, List.copyOf(opened.values()));
  }

  private static boolean openMore(Group group, Map<Bytes, KeyPair> opened) {
    boolean isMore = false;
    Map<String, PublicKey> current = new HashMap<>();
    for (GroupAct act : group.acts()) {
      for (GroupAct.RoleChange change : act.roles()) {
        if (change.key() != null) {
          current.put(change.name(), change.key());
        }
        PublicKey key = current.get(change.name());
        for (GroupAct.Wrap wrap : change.wraps()) {
          KeyPair recipient = opened.get(wrap.recipient());
          if (recipient == null || opened.containsKey(key.fingerprint())) {
            continue;
          }
          KeyPair pair = Roles.open(group.name(), change.name(), key, wrap.wrapped(), recipient);
          if (pair != null) {
            opened.put(key.fingerprint(), pair);
            isMore = true;
          }
        }
      }
    }
    return isMore;
  }

  public Group group() {
    return group;
  }

  /** Keys of the roles that the member has, and of those below them, by their names. */
  public Map<String, KeyPair> keys() {
    return Map.copyOf(keys);
  }

  /** The name of the highest role whose key is open; null: there is none. */
  public String highestRole() {
    for (String name : Roles.OF_ALL) {
      if (keys.containsKey(name)) {
        return name;
      }
    }
    return keys.keySet().stream().findFirst().orElse(null);
  }

  /** The key of the highest role; null: there is none. */
  public KeyPair highest() {
    String role = highestRole();
    return role == null ? null : keys.get(role);
  }

  /**
   * Whether the member is an owner or a delegate: a root of the group's chains, who says who reads
   * them.
   */
  public boolean owns() {
    String role = highestRole();
    return "owner".equals(role) || "delegate".equals(role);
  }

  /** All keys: the highest role's first, then the others, and those that roles had before. */
  public List<KeyPair> all() {
    List<KeyPair> all = new ArrayList<>();
    if (!keys.isEmpty()) {
      all.add(highest());
    }
    keys.values().stream().filter(one -> one != highest()).forEach(all::add);
    all.addAll(retired);
    return all;
  }

  /** Wipes them. */
  @Override
  public void close() {
    all().forEach(KeyPair::close);
  }
}
