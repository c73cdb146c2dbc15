package io.atedb.internal.trust;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Reason;
import io.atedb.WriteRule;
import io.atedb.internal.event.AuthAnswer;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.trust.ObjectTree.Node;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/**
 * The state by which events are decided on: keys, the tree of objects, delegations and owners; and
 * what keys may do by it.
 */
final class Rights {
  final KeyRing keys;
  final ObjectTree tree;
  final KnownDelegations delegations;
  final Ownership ownership;
  final Horizon horizon;

  Rights(
      KeyRing keys,
      ObjectTree tree,
      KnownDelegations delegations,
      Ownership ownership,
      Horizon horizon) {
    this.keys = keys;
    this.tree = tree;
    this.delegations = delegations;
    this.ownership = ownership;
    this.horizon = horizon;
  }

  static Rights of(Genesis genesis) {
    KeyRing keys = new KeyRing(genesis.roots(), List.of());
    if (genesis.answer() != null) {
      keys.setOwners(genesis.roots(), genesis.answer().writers(), new Undo());
    }
    return new Rights(
        keys,
        new ObjectTree(genesis.isConfidential(), genesis.isPrivate()),
        new KnownDelegations(),
        Ownership.of(genesis),
        new Horizon());
  }

  Rights copy() {
    return new Rights(
        keys.copy(), tree.copy(), delegations.copy(), ownership.copy(), horizon.copy());
  }

  /** Whether a key may open the chain, if it is private. */
  boolean admits(Bytes fingerprint) {
    return !keys.isChanged(fingerprint)
        && (ownsRoot(fingerprint)
            || keys.namesOf(fingerprint).stream()
                .anyMatch(name -> tree.isAdmitted(name) || ownership.admits(name)));
  }

  /** Whether a key is a root, or may write where the root of the chain has no rule for it. */
  private boolean ownsRoot(Bytes fingerprint) {
    return keys.isRoot(fingerprint) || tree.root.write == null && keys.isOwner(fingerprint);
  }

  /** Whether a key is a root, or a rule names it: not only everyone. */
  boolean hasRight(Bytes fingerprint) {
    return ownsRoot(fingerprint)
        || keys.namesOf(fingerprint).stream().anyMatch(tree::isNamed)
        // Who was let in may give its key up.
        || tree.isPrivate && admits(fingerprint);
  }

  /** Some keys, and those that they count as at a time, by delegations. */
  List<Bytes> standing(List<Bytes> actors, long timeUnixMs) {
    List<Bytes> all = new ArrayList<>(actors);
    actors.forEach(actor -> all.addAll(delegations.standsFor(actor, timeUnixMs, keys)));
    return all;
  }

  /** Whether a rule, null being that of the owners, allows any of some keys. */
  private boolean allows(WriteRule rule, List<Bytes> actors) {
    if (rule == null) {
      return actors.stream().anyMatch(keys::isOwner);
    }
    if (rule.kind() != WriteRule.Kind.ANY_OF) {
      return rule.kind() == WriteRule.Kind.EVERYONE;
    }
    for (Bytes named : rule.fingerprints()) {
      Bytes current = keys.currentOf(named);
      if (current != null && actors.contains(current)) {
        return true;
      }
    }
    return false;
  }

  boolean mayWrite(List<Bytes> actors, Node node) {
    return allows(tree.writeRuleOf(node).rule(), actors);
  }

  boolean mayAdd(List<Bytes> actors, Node parent) {
    return mayWrite(actors, parent) || parent.add != null && allows(parent.add, actors);
  }

  void requireWrite(Act act, Node node, String verb) {
    if (!mayWrite(act.acting(), node)) {
      throw notAllowed(act, node, verb);
    }
  }

  void requireRoot(Act act, String what) {
    if (act.actors().stream().noneMatch(keys::isRoot)) {
      throw byRoots(act, "only a root of the chain may " + what);
    }
  }

  AtedbException byRoots(Act act, String why) {
    return act.refused(
        Reason.KEY_NOT_ALLOWED,
        why,
        "rule",
        "roots",
        "allowed",
        Signers.inMetadata(AuthAnswer.namesOf(keys.roots())));
  }

  /** Makes the refusal that says by which rule the keys may not, and which may. */
  AtedbException notAllowed(Act act, Node node, String verb) {
    AtedbException late = delegations.lateFor(act, actors -> mayAdd(actors, node));
    if (late != null) {
      return late;
    }
    ObjectTree.WriteRuleAt found = tree.writeRuleOf(node);
    boolean isRoot = found.at().key.isEmpty();
    String where = isRoot ? "the root of the chain" : "the object " + found.at().key;
    String allowed = Signers.inMetadata(allowedBy(found.rule(), node.add));
    return act.refused(
        Reason.KEY_NOT_ALLOWED,
        "the keys "
            + Signers.inWords(act.actors())
            + " may not "
            + verb
            + " the object "
            + act.key()
            + ": the rule of "
            + where
            + " decides, and allows "
            + (allowed.isEmpty() ? "nobody" : allowed),
        "rule",
        found.rule() == null ? "roots" : found.rule().kind().name().toLowerCase(Locale.ROOT),
        "rule_at",
        isRoot ? "root" : found.at().key.hex(),
        "allowed",
        allowed);
  }

  private List<Bytes> allowedBy(WriteRule write, WriteRule add) {
    TreeSet<Bytes> allowed = new TreeSet<>();
    if (write == null) {
      allowed.addAll(AuthAnswer.namesOf(keys.roots()));
      allowed.addAll(keys.writers());
    }
    for (WriteRule rule : new WriteRule[] {write, add}) {
      if (rule != null) {
        for (Bytes named : rule.fingerprints()) {
          Bytes current = keys.currentOf(named);
          if (current != null) {
            allowed.add(current);
          }
        }
      }
    }
    return List.copyOf(allowed);
  }

  /** Makes the refusal of keys that no rule of the chain allows anything. */
  AtedbException notNamed(List<Bytes> actors) {
    String roots = Signers.inMetadata(AuthAnswer.namesOf(keys.roots()));
    String owner = ownership.owner() == null ? "" : ", " + ownership.owner().name();
    return new AtedbException(
        Reason.KEY_NOT_ALLOWED,
        "the keys "
            + Signers.inWords(actors)
            + " may not write to this chain: no rule of it names them, and its roots are "
            + roots
            + ". Use another key, or ask its owner"
            + owner,
        Map.of("fingerprint", Signers.inMetadata(actors), "allowed", roots));
  }
}
