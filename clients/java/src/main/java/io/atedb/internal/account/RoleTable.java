package io.atedb.internal.account;

import static io.atedb.internal.account.GroupAct.invalid;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.internal.account.GroupAct.Member;
import io.atedb.internal.account.GroupAct.RoleChange;
import io.atedb.internal.account.GroupAct.Wrap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

/** The roles of a group, as they are after an act. It doesn't change. */
final class RoleTable {
  static final RoleTable NONE = new RoleTable(new TreeMap<>());

  /** Members and wraps are by fingerprints: a wrap for each member, and one for the role above. */
  record Role(PublicKey key, Map<Bytes, Member> members, Map<Bytes, Wrap> wraps) {}

  /** Sorted by name. */
  final TreeMap<String, Role> roles;

  private RoleTable(TreeMap<String, Role> roles) {
    this.roles = roles;
  }

  Map<Bytes, Member> members(String role) {
    return roles.containsKey(role) ? roles.get(role).members : Map.of();
  }

  int memberCount() {
    return roles.values().stream().mapToInt(role -> role.members.size()).sum();
  }

  boolean hasKey(Bytes fingerprint) {
    return roles.values().stream().anyMatch(role -> isKey(role, fingerprint));
  }

  private static boolean isKey(Role role, Bytes fingerprint) {
    return role.key.fingerprint().equals(fingerprint);
  }

  /**
   * Has some roles changed, all at once. Raises ACT_INVALID, GROUP_LIMIT.
   *
   * @param hasChanged whether a key counts no more, or won't after this
   */
  RoleTable changed(List<RoleChange> changes, Predicate<Bytes> hasChanged) {
    RoleTable after = new RoleTable(new TreeMap<>(roles));
    String last = "";
    for (RoleChange change : changes) {
      if (!Roles.isName(change.name()) || change.name().compareTo(last) <= 0) {
        throw invalid("its roles have no names that can be, or are not sorted by name, once each");
      }
      last = change.name();
      after.roles.put(last, changedRole(roles.get(last), change));
    }
    checkKeys(after, hasChanged);
    roles.forEach(
        (name, was) -> {
          boolean stays = after.roles.get(name).key.equals(was.key);
          if (stays && !openers(after.roles, name).containsAll(openers(roles, name))) {
            throw invalid(
                "somebody has the secret of the role "
                    + name
                    + ", and is to have it no more, and the role keeps its key");
          }
        });
    after.checkWraps(changes);
    after.checkMembers();
    return after;
  }

  private static Role changedRole(Role was, RoleChange change) {
    Map<Bytes, Member> members = was == null ? new HashMap<>() : new HashMap<>(was.members);
    boolean keepsKey = was != null && change.key() == null;
    PublicKey key = keepsKey ? was.key : change.key();
    Map<Bytes, Wrap> wraps = keepsKey ? new HashMap<>(was.wraps) : new HashMap<>();
    if (key == null) {
      throw invalid("the role " + change.name() + " is new, and has no key");
    }
    Bytes before = null;
    for (Bytes one : change.removed()) {
      if (members.remove(one) == null || before != null && before.compareTo(one) >= 0) {
        throw invalid(
            "those removed from the role "
                + change.name()
                + " don't have it, or are not sorted, once each");
      }
      before = one;
    }
    for (Member member : change.added()) {
      Bytes name = member.key().fingerprint();
      if (!canHave(member.key()) || members.putIfAbsent(name, member) != null) {
        throw invalid(
            "the key "
                + name
                + " is added to a role, and has it, or nothing can be encrypted to it");
      }
    }
    before = null;
    for (Wrap wrap : change.wraps()) {
      if (before != null && before.compareTo(wrap.recipient()) >= 0) {
        throw invalid("the wraps of the role " + change.name() + " are not sorted, once each");
      }
      before = wrap.recipient();
      wraps.put(before, wrap);
    }
    return new Role(key, members, wraps);
  }

  private static boolean canHave(PublicKey key) {
    return !key.kemKey().isEmpty();
  }

  /** New keys of roles were nobody's in the group, so that what a key was for is never unclear. */
  private void checkKeys(RoleTable after, Predicate<Bytes> hasChanged) {
    Set<Bytes> names = new HashSet<>();
    after.roles.forEach(
        (name, is) -> {
          Bytes fingerprint = is.key.fingerprint();
          if (!names.add(fingerprint)) {
            throw invalid("two roles have the key " + fingerprint);
          }
          Role was = roles.get(name);
          if (was != null && was.key.equals(is.key)) {
            return;
          }
          boolean wasHad =
              hasChanged.test(fingerprint)
                  || hasKey(fingerprint)
                  || after.roles.values().stream()
                      .anyMatch(other -> other.members.containsKey(fingerprint));
          if (wasHad || !canHave(is.key)) {
            throw invalid(
                "the new key of the role "
                    + name
                    + " is one that the group had before, or nothing can be encrypted to it");
          }
        });
  }

  /** The keys of all who can open a role's secret. */
  private static Set<Bytes> openers(Map<String, Role> of, String name) {
    Set<Bytes> can = new HashSet<>();
    of.forEach(
        (other, role) -> {
          if (Roles.includes(other, name)) {
            can.addAll(role.members.keySet());
          }
        });
    return can;
  }

  /** Each secret is wrapped for those who are to have it, and no act gives one to anybody else. */
  private void checkWraps(List<RoleChange> changes) {
    for (Map.Entry<String, Role> entry : roles.entrySet()) {
      Role role = entry.getValue();
      Set<Bytes> wanted = new HashSet<>(role.members.keySet());
      String above = Roles.above(entry.getKey());
      if (above != null) {
        if (!roles.containsKey(above)) {
          throw invalid("the group has no role " + above);
        }
        wanted.add(roles.get(above).key.fingerprint());
      }
      Map<Bytes, Wrap> kept = new HashMap<>();
      for (Bytes one : wanted) {
        if (!role.wraps.containsKey(one)) {
          throw invalid("the secret of the role " + entry.getKey() + " is not wrapped for " + one);
        }
        kept.put(one, role.wraps.get(one));
      }
      // Those of before that nobody wants any more are gone.
      entry.setValue(new Role(role.key, role.members, kept));
    }
    for (RoleChange change : changes) {
      for (Wrap wrap : change.wraps()) {
        if (!roles.get(change.name()).wraps.containsKey(wrap.recipient())) {
          throw invalid(
              "the secret of the role "
                  + change.name()
                  + " is wrapped for "
                  + wrap.recipient()
                  + ", which has no role that opens it");
        }
      }
    }
  }

  private void checkMembers() {
    if (members(Roles.OF_ALL.get(0)).isEmpty()) {
      throw invalid("the group would have no owner left");
    }
    if (memberCount() > ActForms.MEMBERS_MAX || roles.size() > ActForms.ROLES_MAX) {
      throw new AtedbException(
          Reason.GROUP_LIMIT, "a group would have more members or roles than can be");
    }
  }
}
