package io.atedb.internal.trust;

import io.atedb.Bytes;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.internal.event.Said;
import java.util.List;

/** Decides on events that change rules of the root of the chain, its roots, or a key. */
final class KeyChanges {
  private final Rights rights;
  private final KeyRing keys;

  KeyChanges(Rights rights) {
    this.rights = rights;
    this.keys = rights.keys;
  }

  void ruleRoot(Act act, Undo undo) {
    rights.requireRoot(act, "change the rules of the root of the chain");
    Said.Rules rules = act.said().rules();
    if (rules == null) {
      return;
    }
    if (rules.admit() != null && !rights.tree.isPrivate) {
      throw act.refused(Reason.BATCH_INVALID, "it says who may open a chain that is not private");
    }
    rights.tree.setRules(rights.tree.root, rules, undo);
  }

  /** Other roots take more than half of those before. */
  void changeRoots(Act act, Undo undo) {
    Ownership.Owner owner = rights.ownership.owner();
    if (owner != null) {
      throw rights.byRoots(
          act,
          "the roots of this chain are the keys of "
              + owner.name()
              + ", as the auth service says them. Change the account's keys instead");
    }
    List<PublicKey> roots = keys.roots();
    long agreed = roots.stream().filter(root -> act.actors().contains(root.fingerprint())).count();
    if (2 * agreed <= roots.size()) {
      throw rights.byRoots(
          act,
          "other roots take the signatures of more than half of the "
              + roots.size()
              + " there are");
    }
    for (PublicKey root : act.said().roots()) {
      if (keys.isChanged(root.fingerprint())) {
        throw act.countsNoMore(root.fingerprint());
      }
    }
    keys.setRoots(act.said().roots(), undo);
  }

  void changeKey(Act act, Undo undo) {
    Bytes fingerprint = act.said().keyChange().fingerprint();
    if (keys.isRoot(fingerprint)) {
      throw rights.byRoots(act, fingerprint + " is a root of the chain. Change the roots instead");
    }
    if (keys.isChanged(fingerprint)) {
      throw act.countsNoMore(fingerprint);
    }
    PublicKey successor = act.said().keyChange().successor();
    // A key may always give itself up, and whom it trusts is its owner's to say. What was delegated
    // is its giver's to end, and no more.
    boolean isGivers =
        successor == null
            && rights.delegations.givenBy(fingerprint).stream().anyMatch(act.actors()::contains);
    if (!act.actors().contains(fingerprint) && !isGivers) {
      rights.requireRoot(act, "change the key " + fingerprint);
    }
    if (successor == null) {
      keys.change(fingerprint, null, undo);
      return;
    }
    if (successor.fingerprint().equals(fingerprint) || keys.isChanged(successor.fingerprint())) {
      throw act.countsNoMore(successor.fingerprint());
    }
    keys.add(successor, undo);
    keys.change(fingerprint, successor.fingerprint(), undo);
  }
}
