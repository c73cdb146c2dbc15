package io.atedb.internal.account;

import static io.atedb.internal.account.GroupAct.invalid;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.KeyPair;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.internal.account.GroupAct.Member;
import io.atedb.internal.account.RoleTable.Role;
import io.atedb.internal.crypt.Tags;
import io.atedb.internal.event.Signed;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** What a group is, by its acts. It doesn't change. */
public final class Group {
  /** A key of the group that counts no more. */
  private record Changed(Bytes fingerprint, String role) {}

  /** Who must sign an act: exactly one of some, where there are any, and all of others. */
  private record Due(Collection<PublicKey> oneOf, Collection<PublicKey> all) {}

  private final String name;
  private final List<GroupAct> acts;
  private final RoleTable table;
  private final List<Changed> changed;
  private final long bytes;
  private final boolean isRemoved;

  private Group(
      String name,
      List<GroupAct> acts,
      RoleTable table,
      List<Changed> changed,
      long bytes,
      boolean isRemoved) {
    this.name = name;
    this.acts = acts;
    this.table = table;
    this.changed = changed;
    this.bytes = bytes;
    this.isRemoved = isRemoved;
  }

  /**
   * Verifies all acts of a group, oldest first, from the keys that the first one names: that each
   * is the next, is signed by those who may, and no others, and changes what can be changed so.
   * Raises ACT_INVALID, ACT_NOT_ALLOWED, SIGNATURE_INVALID and others.
   */
  public static Group verify(String name, List<GroupAct> acts) {
    Group group = new Group(name, List.of(), RoleTable.NONE, List.of(), 0, false);
    for (GroupAct act : acts) {
      if (!act.account().isGroup() || !act.account().text().equals(name)) {
        throw invalid("it is of another account");
      }
      Group next = group.acts.isEmpty() ? group.created(act) : group.next(act);
      group.checkRoom(act, next);
      checkSigned(act, group.acts.isEmpty() ? next.owners() : group.due(act));
      group = next;
    }
    if (group.acts.isEmpty()) {
      throw invalid("there are no acts");
    }
    return group;
  }

  public String name() {
    return name;
  }

  public long version() {
    return acts.get(acts.size() - 1).version();
  }

  /** The hash of its last act. */
  public Bytes head() {
    return acts.get(acts.size() - 1).hash();
  }

  /** The hash of the act of a version; null where there is none. */
  public Bytes hash(long version) {
    return version < 0 || version >= acts.size() ? null : acts.get((int) version).hash();
  }

  List<GroupAct> acts() {
    return acts;
  }

  Map<String, Role> roles() {
    return table.roles;
  }

  /** The keys that the roles have now, by their names. */
  public Map<String, PublicKey> roleKeys() {
    Map<String, PublicKey> keys = new TreeMap<>();
    table.roles.forEach((role, is) -> keys.put(role, is.key()));
    return Map.copyOf(keys);
  }

  /** Fingerprints of the members of a role, sorted. */
  public List<Bytes> membersOf(String role) {
    return table.members(role).keySet().stream().sorted().toList();
  }

  /**
   * The key that has the place of one that a role had; null: no role had this one, or still has it.
   */
  public PublicKey successorOf(Bytes fingerprint) {
    for (Changed one : changed) {
      if (one.fingerprint.equals(fingerprint) && one.role != null) {
        return table.roles.get(one.role).key();
      }
    }
    return null;
  }

  /** Opens what a member's keys open: the one that it has, and those before it. */
  public OpenedGroup open(List<KeyPair> own) {
    return OpenedGroup.of(this, own);
  }

  private Due owners() {
    List<PublicKey> all = new ArrayList<>();
    table.members("owner").values().forEach(one -> all.add(one.actKey()));
    return new Due(List.of(), all);
  }

  private Due due(GroupAct act) {
    Set<PublicKey> oneOf = new LinkedHashSet<>(owners().all);
    boolean isOwners =
        act.kind() == ActForms.GROUP_REMOVAL
            || act.roles().stream()
                .anyMatch(one -> one.name().equals("owner") || one.name().equals("delegate"));
    if (!isOwners) {
      table.members("delegate").values().forEach(one -> oneOf.add(one.key()));
    }
    return new Due(oneOf, List.of());
  }

  private static void checkSigned(GroupAct act, Due due) {
    Map<Bytes, PublicKey> known = new LinkedHashMap<>();
    due.oneOf.forEach(key -> known.put(key.fingerprint(), key));
    due.all.forEach(key -> known.put(key.fingerprint(), key));
    Set<Bytes> signed = new HashSet<>();
    for (Signed one : act.signatures()) {
      PublicKey key = known.get(one.fingerprint());
      if (key == null) {
        throw notAllowed(act, "is signed by " + one.fingerprint() + ", who may not");
      }
      if (!one.isBy(key, Tags.CONTEXT_ACT, act.header())) {
        throw new AtedbException(
            Reason.SIGNATURE_INVALID,
            "the signature of the key " + key.fingerprint() + " over the act does not verify",
            Map.of("fingerprint", key.fingerprint().hex()));
      }
      signed.add(one.fingerprint());
    }
    long authorised =
        due.oneOf.stream().map(PublicKey::fingerprint).distinct().filter(signed::contains).count();
    boolean isWhole =
        authorised == Math.min(1, due.oneOf.size())
            && due.all.stream().allMatch(key -> signed.contains(key.fingerprint()));
    if (!isWhole) {
      throw notAllowed(act, "is not signed by those who must");
    }
  }

  private static AtedbException notAllowed(GroupAct act, String why) {
    return new AtedbException(
        Reason.ACT_NOT_ALLOWED,
        "the act " + act.version() + " of " + act.account().text() + " " + why);
  }

  private Group created(GroupAct act) {
    if (act.kind() != ActForms.GROUP_CREATION || act.version() != 0) {
      throw invalid("the first act of a group creates it");
    }
    RoleTable made = RoleTable.NONE.changed(act.roles(), one -> false);
    for (String role : Roles.OF_ALL) {
      if (!made.roles.containsKey(role)) {
        throw invalid("the group has no role " + role);
      }
    }
    if (made.members("owner").size() != 1 || made.memberCount() != 1) {
      throw invalid("a group is created with one member, who is its owner");
    }
    return new Group(name, List.of(act), made, List.of(), act.size(), false);
  }

  /** What an act makes of the group, apart from its signatures. */
  private Group next(GroupAct act) {
    if (isRemoved || act.version() != version() + 1 || !head().equals(act.previous())) {
      throw invalid("it is not the next of the group, or the group was removed");
    }
    List<GroupAct> all = new ArrayList<>(acts);
    all.add(act);
    long size = bytes + act.size();
    return switch (act.kind()) {
      case ActForms.GROUP_REMOVAL -> new Group(name, all, table, changed, size, true);
      case ActForms.DELEGATION_REVOCATION -> {
        if (table.hasKey(act.revoked()) || hasChanged(act.revoked())) {
          throw invalid("it takes back a key that is a role's, or was taken back already");
        }
        yield new Group(
            name, all, table, with(List.of(new Changed(act.revoked(), null))), size, false);
      }
      case ActForms.GROUP_CHANGE -> {
        RoleTable after = table.changed(act.roles(), this::hasChanged);
        List<Changed> retired = new ArrayList<>();
        table.roles.forEach(
            (role, was) -> {
              if (!after.roles.get(role).key().equals(was.key())) {
                retired.add(new Changed(was.key().fingerprint(), role));
              }
            });
        yield new Group(name, all, after, with(retired), size, false);
      }
      default -> throw invalid("it is of a user, or creates the group once more");
    };
  }

  private List<Changed> with(List<Changed> more) {
    List<Changed> all = new ArrayList<>(changed);
    all.addAll(more);
    return all;
  }

  private boolean hasChanged(Bytes fingerprint) {
    return changed.stream().anyMatch(one -> one.fingerprint.equals(fingerprint));
  }

  /** Refuses an act for which there is no room left. Raises ACCOUNT_LIMIT, TOO_MANY_KEYS. */
  private void checkRoom(GroupAct act, Group after) {
    if (acts.isEmpty()) {
      return;
    }
    boolean isOwners =
        act.signatures().stream()
            .anyMatch(
                one ->
                    table.members("owner").values().stream()
                        .map(Member::actKey)
                        .anyMatch(key -> key.fingerprint().equals(one.fingerprint())));
    // The last of each is left to owners, so that a delegate who uses them up can be removed.
    long actsMax = ActForms.ACTS_MAX - (isOwners ? 0 : ActForms.ACTS_RESERVE);
    long bytesMax = ActForms.ACTS_BYTES_MAX - (isOwners ? 0 : ActForms.ACTS_BYTES_RESERVE);
    long changedMax = ActForms.CHANGED_KEYS_MAX - (isOwners ? 0 : ActForms.CHANGED_KEYS_RESERVE);
    if (act.version() >= actsMax || after.bytes > bytesMax) {
      throw full(Reason.ACCOUNT_LIMIT);
    }
    // An act that changes no key takes no room of it.
    if (after.changed.size() > Math.max(changedMax, changed.size())) {
      throw full(Reason.TOO_MANY_KEYS);
    }
  }

  private AtedbException full(Reason reason) {
    return new AtedbException(
        reason,
        "the account " + name + " has no room left for an act, or what is left is for its owners",
        Map.of("account", name));
  }
}
