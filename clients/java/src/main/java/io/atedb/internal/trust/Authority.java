package io.atedb.internal.trust;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.EventKind;
import io.atedb.PublicKey;
import io.atedb.ReadRule;
import io.atedb.internal.event.Batch;
import io.atedb.internal.event.Delegation;
import io.atedb.internal.event.EventView;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.event.Said;
import io.atedb.internal.trust.ObjectTree.Node;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Who may do what in a chain: each event is decided on by the state before it, in order. See
 * docs/trust.md.
 */
public final class Authority {
  private final Rights rights;
  private final ObjectWriter objects;
  private final KeyChanges changes;

  private Authority(Rights rights) {
    this.rights = rights;
    this.objects = new ObjectWriter(rights);
    this.changes = new KeyChanges(rights);
  }

  /** Begins with keys, and without objects, owners and a server. */
  public Authority(KeyRing keys, boolean isConfidential, boolean isPrivate) {
    this(
        new Rights(
            keys,
            new ObjectTree(isConfidential, isPrivate),
            new KnownDelegations(),
            new Ownership(null, null),
            new Horizon()));
  }

  /** Begins with a chain that has just begun. */
  public static Authority of(Genesis genesis) {
    return new Authority(Rights.of(genesis));
  }

  /** One that changes by itself. */
  public Authority copy() {
    return new Authority(rights.copy());
  }

  public KeyRing keys() {
    return rights.keys;
  }

  /** What the auth service has said last of whose the chain is; null in chains without one. */
  public Ownership.Owner owner() {
    return rights.ownership.owner();
  }

  /** The identity of the server that keeps the chain; null in distributed chains. */
  public PublicKey server() {
    return rights.ownership.server();
  }

  /** Whether any object's data is to be sealed. */
  public boolean hasReadRules() {
    return rights.tree.hasReadRules();
  }

  /** For how long data is kept; null: for ever. */
  public Said.Retention retention() {
    return rights.tree.retention();
  }

  /** Who may open a private chain besides its roots and those whom rules of its root name. */
  public Set<Bytes> admitted() {
    return rights.tree.admitted();
  }

  /** Whether a key may open the chain, if it is private. */
  public boolean admits(Bytes fingerprint) {
    return rights.admits(fingerprint);
  }

  /**
   * The rule for reading that counts for data of an object, null for the root of the chain, that is
   * written below a parent now; null: there is no rule yet.
   *
   * @param inherits whether the event gives up the object's own rule
   */
  public ReadRule readRuleFor(Bytes primaryKey, Bytes parent, boolean inherits) {
    ObjectTree tree = rights.tree;
    Node node = primaryKey == null || inherits ? null : tree.find(primaryKey);
    // What moves inherits from where it comes to.
    if (node != null) {
      boolean isThere =
          node.parent != null && node.parent.key.equals(parent == null ? Bytes.EMPTY : parent);
      if (isThere || node.read != null) {
        return tree.readRuleOf(node);
      }
    }
    Node above = parent == null ? null : tree.find(parent);
    return tree.readRuleOf(above == null ? tree.root : above);
  }

  /** Whether an event would put an object elsewhere, or have other readers. */
  public boolean isChangedBy(Placement placement) {
    return placement.changes(rights.tree);
  }

  /** Has an object where an event is going to put it, before the chain has decided. */
  public void assume(Placement placement) {
    placement.assume(rights.tree);
  }

  /**
   * The keys that a batch is to be signed by, or proven. Looks at no event's right, so that
   * strangers cost little. Raises KEY_NOT_ALLOWED where no rule of the chain allows them anything,
   * KEY_UNKNOWN, KEY_REVOKED, BATCH_INVALID, DELEGATION_INVALID.
   */
  public Map<Bytes, PublicKey> keysOf(Batch batch) {
    if (FromServer.is(batch)) {
      PublicKey server = FromServer.serverOf(batch, server());
      return Map.of(server.fingerprint(), server);
    }
    List<Bytes> signers = Signers.of(batch);
    checkNamed(signers, batch.delegations());
    return Signers.keysOf(batch, signers, rights.keys);
  }

  /** Also by delegations that are known or shown, whatever those say. */
  private void checkNamed(List<Bytes> actors, List<Delegation> shown) {
    List<Bytes> claimed = new ArrayList<>(actors);
    actors.forEach(actor -> claimed.addAll(rights.delegations.givenBy(actor)));
    if (!shown.isEmpty()) {
      claimed.add(shown.get(0).claim().issuer());
    }
    boolean isNamed =
        rights.tree.isOpen()
            || claimed.stream()
                .anyMatch(actor -> rights.keys.isChanged(actor) || rights.hasRight(actor));
    if (!isNamed) {
      throw rights.notNamed(actors);
    }
  }

  /** Refuses a batch that was made by a head from before the newest snapshot. Raises STALE. */
  void checkFresh(Batch batch) {
    rights.horizon.checkFresh(batch);
  }

  /** Refuses a genesis that comes too late. Raises AUTH_ANSWER_EXPIRED. */
  void checkTakes(long timeUnixMs) {
    rights.ownership.checkTakes(timeUnixMs);
  }

  /**
   * Decides whether the keys that a batch is from may do what its events do, and has the state
   * after it. The batch was found good by {@link CheckBatch}, and its signers by {@link #keysOf}.
   * Gives how to take it back. Raises KEY_NOT_ALLOWED, PARENT_INVALID, READ_RULE_MISMATCH,
   * TOO_MANY_KEYS, KEY_REVOKED, BATCH_INVALID, DELEGATION_EXPIRED, DELEGATION_OUT_OF_SCOPE,
   * TOO_MANY_DELEGATIONS, SNAPSHOT_INVALID, AUTH_ANSWER_INVALID, AUTH_ANSWER_EXPIRED,
   * OWNER_REMOVED, naming the event, where it is one: nothing has changed then.
   */
  public Undo decide(Batch batch, Place place) {
    Undo undo = new Undo();
    try {
      if (FromServer.is(batch)) {
        rights.ownership.decide(batch, place.timeUnixMs(), rights.keys, undo);
      } else {
        decideAll(batch, place, undo);
      }
    } catch (AtedbException error) {
      undo.takeBack();
      throw error;
    }
    return undo;
  }

  private void decideAll(Batch batch, Place place, Undo undo) {
    checkTakes(place.timeUnixMs());
    for (PublicKey key : batch.sealKeys()) {
      rights.keys.add(key, undo);
    }
    learnPath(batch, place, undo);
    Boolean mayWriteRoot = null;
    List<Bytes> writer = List.of(batch.seal().fingerprint());
    List<Bytes> acting = rights.standing(writer, place.timeUnixMs());
    // What is gone changed nothing, and whoever says so has signed that.
    for (EventView event : batch.events()) {
      if (mayWriteRoot == null) {
        mayWriteRoot =
            !rights.keys.isChanged(writer.get(0)) && rights.mayWrite(acting, rights.tree.root);
      }
      // Nearly all events of most chains: what follows decides the same of them, and takes longer.
      if (mayWriteRoot && isPlain(event)) {
        continue;
      }
      decideEvent(batch, event, place, undo);
      mayWriteRoot = null;
    }
  }

  /** Knows the delegations that a seal shows. */
  private void learnPath(Batch batch, Place place, Undo undo) {
    List<Delegation> path = batch.delegations();
    if (path.isEmpty()) {
      return;
    }
    DelegationPath.checkScope(path, place.chainKey());
    Bytes issuer = path.get(0).claim().issuer();
    if (rights.keys.isChanged(issuer) || !rights.hasRight(issuer)) {
      throw rights.notNamed(List.of(issuer));
    }
    rights.delegations.learn(path, place.timeUnixMs(), rights.keys, undo);
  }

  /** It is about an object at the root of the chain that has no rules and gets none, in clear. */
  private boolean isPlain(EventView event) {
    return event.marks() == 0
        && event.parent().isEmpty()
        && event.writesObject()
        && !rights.tree.hasReadRules()
        && rights.tree.find(event.primaryKey()) == null;
  }

  private void decideEvent(Batch batch, EventView event, Place place, Undo undo) {
    int index = event.index();
    long timeUnixMs = place.timeUnixMs();
    List<Bytes> actors = Signers.actorsOf(batch, index);
    List<Bytes> acting = Act.isDelegable(event) ? rights.standing(actors, timeUnixMs) : actors;
    Act act = new Act(index, event, batch.said(index), actors, acting, timeUnixMs);
    // An event before it, in this batch too, may have ended them.
    for (Bytes signer : act.signers()) {
      if (rights.keys.isChanged(signer)) {
        throw act.countsNoMore(signer);
      }
    }
    for (PublicKey key : act.said().publicKeys()) {
      rights.keys.add(key, undo);
    }
    switch (event.kind()) {
      case KEY_CHANGE -> changes.changeKey(act, undo);
      case ROOTS -> changes.changeRoots(act, undo);
      case TOMBSTONE -> objects.remove(act, undo);
      case REDACTION -> objects.erase(act);
      case SNAPSHOT -> {
        rights.requireRoot(act, "say what may be gone");
        long size = act.said().snapshot().size();
        rights.horizon.raise(size, place.firstSequence() + index, batch.seal(), undo);
      }
      default -> {
        if (event.kind() == EventKind.RULES && act.key().isEmpty()) {
          changes.ruleRoot(act, undo);
        } else {
          objects.write(act, undo);
        }
      }
    }
  }
}
