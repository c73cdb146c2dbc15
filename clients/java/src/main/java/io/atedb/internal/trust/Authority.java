package io.atedb.internal.trust;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.EventKind;
import io.atedb.PublicKey;
import io.atedb.ReadRule;
import io.atedb.Reason;
import io.atedb.WriteRule;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.event.Batch;
import io.atedb.internal.event.EventView;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.event.Said;
import io.atedb.internal.trust.ObjectTree.Node;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Who may do what in a chain: each event is decided on by the state before it, in order. See
 * docs/trust.md.
 */
public final class Authority {
  private final KeyRing keys;
  private final ObjectTree tree;

  public Authority(KeyRing keys, boolean isConfidential, boolean isPrivate) {
    this(keys, new ObjectTree(isConfidential, isPrivate));
  }

  private Authority(KeyRing keys, ObjectTree tree) {
    this.keys = keys;
    this.tree = tree;
  }

  /** Begins with a chain that has just begun. */
  public static Authority of(Genesis genesis) {
    return new Authority(
        new KeyRing(genesis.roots(), List.of()), genesis.isConfidential(), genesis.isPrivate());
  }

  /** One that changes by itself. */
  public Authority copy() {
    return new Authority(keys.copy(), tree.copy());
  }

  public KeyRing keys() {
    return keys;
  }

  /** Whether any object's data is to be sealed. */
  public boolean hasReadRules() {
    return tree.hasReadRules();
  }

  /** Who may open a private chain besides its roots and those whom rules of its root name. */
  public Set<Bytes> admitted() {
    return tree.admitted();
  }

  /** Whether a key may open the chain, if it is private. */
  public boolean admits(Bytes fingerprint) {
    return !keys.isChanged(fingerprint)
        && (keys.isRoot(fingerprint)
            || keys.namesOf(fingerprint).stream().anyMatch(tree::isAdmitted));
  }

  /**
   * The rule for reading that counts for an object, null for the root of the chain; null: there is
   * no rule yet.
   */
  public ReadRule readRuleFor(Bytes primaryKey, Bytes parent) {
    Node node = primaryKey == null ? null : tree.find(primaryKey);
    if (node != null) {
      return tree.readRuleOf(node);
    }
    Node above = parent == null ? null : tree.find(parent);
    return tree.readRuleOf(above == null ? tree.root : above);
  }

  /**
   * The keys that a batch is to be signed by, or proven. Looks at no event's right. Raises
   * KEY_NOT_ALLOWED where no rule of the chain allows them anything, KEY_UNKNOWN, KEY_REVOKED,
   * BATCH_INVALID.
   */
  public Map<Bytes, PublicKey> keysOf(Batch batch) {
    List<Bytes> signers = Signers.of(batch);
    checkNamed(signers);
    return Signers.keysOf(batch, signers, keys);
  }

  private void checkNamed(List<Bytes> actors) {
    for (Bytes actor : actors) {
      boolean isNamed =
          keys.isRoot(actor)
              || keys.isChanged(actor)
              || keys.namesOf(actor).stream().anyMatch(tree::isNamed)
              // Who was let in may give its key up.
              || tree.isPrivate && admits(actor);
      if (isNamed) {
        return;
      }
    }
    throw new AtedbException(
        Reason.KEY_NOT_ALLOWED,
        "the keys "
            + Signers.inWords(actors)
            + " may not write to this chain: no rule of it names them",
        Map.of("fingerprint", Signers.inWords(actors).replace(", ", ",")));
  }

  /**
   * Decides whether the keys that a batch is from may do what its events do, and has the state
   * after it. The batch was found good by {@link CheckBatch}, and its signers by {@link #keysOf}.
   * Gives how to take it back. Raises KEY_NOT_ALLOWED, PARENT_INVALID, READ_RULE_MISMATCH,
   * TOO_MANY_KEYS, KEY_REVOKED, BATCH_INVALID, naming the event: nothing has changed then.
   */
  public Undo decide(Batch batch) {
    Undo undo = new Undo();
    try {
      for (PublicKey key : batch.sealKeys()) {
        keys.add(key, undo);
      }
      Boolean mayWriteRoot = null;
      List<Bytes> writer = List.of(batch.seal().fingerprint());
      for (int index = 0; index < batch.events().size(); index++) {
        if (mayWriteRoot == null) {
          mayWriteRoot = !keys.isChanged(writer.get(0)) && mayWrite(writer, tree.root);
        }
        // Nearly all events of most chains: what follows decides the same of them, and takes
        // longer.
        if (mayWriteRoot && isPlain(batch.events().get(index))) {
          continue;
        }
        decideEvent(batch, index, undo);
        mayWriteRoot = null;
      }
    } catch (AtedbException error) {
      undo.takeBack();
      throw error;
    }
    return undo;
  }

  private boolean isPlain(EventView event) {
    return event.marks() == 0
        && event.parent().isEmpty()
        && (event.kind() == EventKind.DATA || event.kind() == EventKind.TOMBSTONE)
        && !tree.hasReadRules()
        && tree.find(event.primaryKey()) == null;
  }

  private void decideEvent(Batch batch, int index, Undo undo) {
    EventView event = batch.events().get(index);
    Said said = batch.said(index);
    Act act =
        new Act(index, event.primaryKey(), event.parent(), said, Signers.actorsOf(batch, index));
    // An event before it, in this batch too, may have ended them.
    for (Bytes signer : act.signers()) {
      if (keys.isChanged(signer)) {
        throw act.countsNoMore(signer);
      }
    }
    for (PublicKey key : said.publicKeys()) {
      keys.add(key, undo);
    }
    switch (event.kind()) {
      case KEY_CHANGE -> changeKey(act, undo);
      case ROOTS -> changeRoots(act, undo);
      case TOMBSTONE -> remove(act, undo);
      default -> {
        if (event.kind() == EventKind.RULES && act.key().isEmpty()) {
          ruleRoot(act, undo);
          return;
        }
        Node node = write(act, undo);
        if (event.kind() == EventKind.DATA) {
          checkSealed(event, act, node);
        }
      }
    }
  }

  private Node write(Act act, Undo undo) {
    Node known = tree.find(act.key());
    Node node = known == null ? create(act, undo) : writeKnown(act, known, undo);
    Said.Rules rules = act.said().rules();
    if (rules == null) {
      return node;
    }
    Node ruled = node.key.equals(act.key()) ? node : tree.insert(act.key(), node, false, undo);
    tree.setRules(ruled, rules, undo);
    tree.forgetUnused(ruled, undo);
    return ruled;
  }

  private Node writeKnown(Act act, Node node, Undo undo) {
    requireWrite(act, node, "write");
    boolean isThere = node.parent.key.equals(act.parent());
    if (isThere == act.said().moves()) {
      throw act.parentInvalid(isThere ? "there" : "elsewhere");
    }
    if (!isThere) {
      move(act, node, undo);
    } else if (tree.depthOf(node) > Limits.TREE_DEPTH_MAX) {
      throw act.parentInvalid("too_deep");
    }
    tree.revive(node, undo);
    return node;
  }

  private void move(Act act, Node node, Undo undo) {
    Node parent = parentFor(act, undo);
    if (!mayAdd(act.actors(), parent)) {
      throw notAllowed(act, parent, "move");
    }
    if (tree.isWithin(parent, node)) {
      throw act.parentInvalid("cycle");
    }
    checkDepth(act, parent);
    tree.move(node, parent, undo);
  }

  /**
   * Has an object that the tree doesn't know: it is new, or at the root of the chain and without
   * rules.
   */
  private Node create(Act act, Undo undo) {
    boolean moves = act.said().moves();
    boolean hasParent = !act.parent().isEmpty();
    if (moves && !hasParent) {
      throw act.parentInvalid("there");
    }
    if (hasParent && act.parent().equals(act.key())) {
      throw act.parentInvalid("cycle");
    }
    boolean ownsRoot = mayWrite(act.actors(), tree.root);
    if (!hasParent && ownsRoot) {
      return tree.root;
    }
    // It comes from the root then.
    if (moves && !ownsRoot) {
      throw notAllowed(act, tree.root, "move");
    }
    Node parent = parentFor(act, undo);
    if (!mayAdd(act.actors(), parent)) {
      throw notAllowed(act, parent, "write");
    }
    // Whoever has no right to the root has none to the objects that may be there.
    if (!ownsRoot && act.said().label() == null) {
      throw act.refused(
          Reason.KEY_NOT_ALLOWED,
          "the right to add the object comes from its parent alone, and its key is not made from that one",
          "rule",
          "label");
    }
    if (act.said().rules() != null && !mayWrite(act.actors(), parent)) {
      throw notAllowed(act, parent, "set rules for");
    }
    checkDepth(act, parent);
    return tree.insert(act.key(), parent, parent == tree.root, undo);
  }

  /**
   * The parent that an event names. One that is not known is an object at the root without rules.
   */
  private Node parentFor(Act act, Undo undo) {
    if (act.parent().isEmpty()) {
      return tree.root;
    }
    Node node = tree.find(act.parent());
    if (node == null) {
      return tree.insert(act.parent(), tree.root, false, undo);
    }
    if (!node.isLive) {
      throw act.parentInvalid("gone");
    }
    return node;
  }

  private void checkDepth(Act act, Node above) {
    if (tree.depthOf(above) + 1 > Limits.TREE_DEPTH_MAX) {
      throw act.parentInvalid("too_deep");
    }
  }

  private void remove(Act act, Undo undo) {
    Node node = tree.find(act.key());
    requireWrite(act, node == null ? tree.root : node, "remove");
    if (node != null) {
      tree.remove(node, undo);
    }
  }

  private void ruleRoot(Act act, Undo undo) {
    requireRoot(act, "change the rules of the root of the chain");
    Said.Rules rules = act.said().rules();
    if (rules == null) {
      return;
    }
    if (rules.admit() != null && !tree.isPrivate) {
      throw act.refused(Reason.BATCH_INVALID, "it says who may open a chain that is not private");
    }
    tree.setRules(tree.root, rules, undo);
  }

  /** The data of an object is sealed as the rule for it after the event says. */
  private void checkSealed(EventView event, Act act, Node node) {
    ReadRule due = tree.readRuleOf(node);
    Said.Confidentiality sealed =
        event.isSealed() ? Said.readConfidentiality(event.header()) : null;
    boolean isGood =
        due != null
            && (due.kind() == ReadRule.Kind.EVERYONE
                ? sealed == null
                : sealed != null && due.readKeyId().equals(sealed.readKeyId()));
    if (!isGood) {
      String id = due == null ? "" : due.readKeyId().hex();
      throw act.refused(
          Reason.READ_RULE_MISMATCH,
          "its data is not sealed as the rule for reading says, or there is no rule yet",
          "read_key_id",
          id);
    }
  }

  /** Other roots take more than half of those before. */
  private void changeRoots(Act act, Undo undo) {
    List<PublicKey> roots = keys.roots();
    long agreed = roots.stream().filter(root -> act.actors().contains(root.fingerprint())).count();
    if (2 * agreed <= roots.size()) {
      throw act.refused(
          Reason.KEY_NOT_ALLOWED,
          "other roots take the signatures of more than half of the " + roots.size() + " there are",
          "rule",
          "roots");
    }
    for (PublicKey root : act.said().roots()) {
      if (keys.isChanged(root.fingerprint())) {
        throw act.countsNoMore(root.fingerprint());
      }
    }
    keys.setRoots(act.said().roots(), undo);
  }

  private void changeKey(Act act, Undo undo) {
    Bytes fingerprint = act.said().keyChange().fingerprint();
    if (keys.isRoot(fingerprint)) {
      throw act.refused(
          Reason.KEY_NOT_ALLOWED,
          fingerprint + " is a root of the chain. Change the roots instead",
          "rule",
          "roots");
    }
    if (keys.isChanged(fingerprint)) {
      throw act.countsNoMore(fingerprint);
    }
    // A key may always give itself up, and whom it trusts is its owner's to say.
    if (!act.actors().contains(fingerprint)) {
      requireRoot(act, "change the key " + fingerprint);
    }
    PublicKey successor = act.said().keyChange().successor();
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

  private void requireRoot(Act act, String what) {
    if (act.actors().stream().noneMatch(keys::isRoot)) {
      throw act.refused(
          Reason.KEY_NOT_ALLOWED, "only a root of the chain may " + what, "rule", "roots");
    }
  }

  private boolean allows(WriteRule rule, List<Bytes> actors) {
    if (rule == null) {
      return actors.stream().anyMatch(keys::isRoot);
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

  private boolean mayWrite(List<Bytes> actors, Node node) {
    return allows(tree.writeRuleOf(node).rule(), actors);
  }

  private boolean mayAdd(List<Bytes> actors, Node parent) {
    return mayWrite(actors, parent) || parent.add != null && allows(parent.add, actors);
  }

  private void requireWrite(Act act, Node node, String verb) {
    if (!mayWrite(act.actors(), node)) {
      throw notAllowed(act, node, verb);
    }
  }

  private AtedbException notAllowed(Act act, Node node, String verb) {
    ObjectTree.WriteRuleAt found = tree.writeRuleOf(node);
    boolean isRoot = found.at().key.isEmpty();
    String where = isRoot ? "the root of the chain" : "the object " + found.at().key;
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
            + " decides",
        "rule",
        found.rule() == null
            ? "roots"
            : found.rule().kind().name().toLowerCase(java.util.Locale.ROOT),
        "rule_at",
        isRoot ? "root" : found.at().key.hex());
  }
}
