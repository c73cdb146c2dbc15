package io.atedb.internal.trust;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.internal.bytes.Limits;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The public keys that a chain knows, its roots among them, and which of them count no more. To
 * know a key gives it no right.
 */
public final class KeyRing {
  private Map<Bytes, PublicKey> roots = new TreeMap<>();

  /** Who may write besides where the root of the chain has no rule: an auth service names them. */
  private Set<Bytes> writers = new TreeSet<>();

  private final Map<Bytes, PublicKey> keys = new HashMap<>();

  /** What has followed each key that counts no more. It leads to no key twice. */
  private Map<Bytes, Optional<Bytes>> successors = new HashMap<>();

  /** Keys that count no more, and what counts where they are named: where their successors end. */
  private Map<Bytes, Optional<Bytes>> changed = new HashMap<>();

  public KeyRing(List<PublicKey> roots, List<PublicKey> others) {
    others.forEach(key -> keys.put(key.fingerprint(), key));
    for (PublicKey root : roots) {
      this.roots.put(root.fingerprint(), root);
      keys.put(root.fingerprint(), root);
    }
  }

  KeyRing copy() {
    KeyRing other = new KeyRing(List.of(), List.of());
    // What is replaced as a whole, and never changed, may be shared.
    other.roots = roots;
    other.writers = writers;
    other.keys.putAll(keys);
    other.successors = successors;
    other.changed = changed;
    return other;
  }

  /** The roots, in the order of their fingerprints. */
  public List<PublicKey> roots() {
    return List.copyOf(roots.values());
  }

  /** Fingerprints of those whom an auth service lets write besides the roots, in order. */
  public List<Bytes> writers() {
    return List.copyOf(writers);
  }

  /** A key that is known, whether it counts or not; null: it isn't known. */
  public PublicKey find(Bytes fingerprint) {
    return keys.get(fingerprint);
  }

  public boolean isRoot(Bytes fingerprint) {
    return roots.containsKey(fingerprint);
  }

  /** Whether it is a root, or one that may write where the root of the chain has no rule for it. */
  boolean isOwner(Bytes fingerprint) {
    return roots.containsKey(fingerprint) || writers.contains(fingerprint);
  }

  /** The key that counts where this one is named: itself, what it was replaced by, or null. */
  public Bytes currentOf(Bytes fingerprint) {
    Optional<Bytes> current = changed.get(fingerprint);
    return current == null ? fingerprint : current.orElse(null);
  }

  public boolean isChanged(Bytes fingerprint) {
    return changed.containsKey(fingerprint);
  }

  /** All keys that this one counts for: itself, and those that it has replaced. */
  List<Bytes> namesOf(Bytes fingerprint) {
    List<Bytes> names = new ArrayList<>();
    names.add(fingerprint);
    changed.forEach(
        (name, current) -> {
          if (current.filter(fingerprint::equals).isPresent()) {
            names.add(name);
          }
        });
    return names;
  }

  /** Knows a key. Raises TOO_MANY_KEYS. */
  public void add(PublicKey key, Undo undo) {
    if (keys.containsKey(key.fingerprint())) {
      return;
    }
    if (keys.size() - roots.size() >= Limits.CHAIN_KEYS_MAX) {
      throw new AtedbException(
          Reason.TOO_MANY_KEYS,
          "the chain knows "
              + Limits.CHAIN_KEYS_MAX
              + " public keys beside its roots, which is the limit",
          Map.of("limit_keys", Integer.toString(Limits.CHAIN_KEYS_MAX)));
    }
    know(key, undo);
  }

  private void know(PublicKey key, Undo undo) {
    if (keys.putIfAbsent(key.fingerprint(), key) == null) {
      undo.add(() -> keys.remove(key.fingerprint()));
    }
  }

  /** Has other roots. Those before stay known, as other keys do. Raises TOO_MANY_KEYS. */
  void setRoots(List<PublicKey> after, Undo undo) {
    after.forEach(root -> add(root, undo));
    replaceRoots(after, undo);
  }

  /**
   * Has the roots and writers that an auth service names. However many keys the chain knows
   * already: nobody who shows it keys can keep it from learning whose it is.
   */
  void setOwners(List<PublicKey> nextRoots, List<PublicKey> nextWriters, Undo undo) {
    nextRoots.forEach(key -> know(key, undo));
    nextWriters.forEach(key -> know(key, undo));
    replaceRoots(nextRoots, undo);
    Set<Bytes> before = writers;
    writers = new TreeSet<>(nextWriters.stream().map(PublicKey::fingerprint).toList());
    undo.add(() -> writers = before);
  }

  private void replaceRoots(Collection<PublicKey> after, Undo undo) {
    Map<Bytes, PublicKey> next = new TreeMap<>();
    after.forEach(root -> next.put(root.fingerprint(), root));
    Map<Bytes, PublicKey> before = roots;
    roots = next;
    undo.add(() -> roots = before);
  }

  /**
   * From now on a key doesn't count, and its successor, if there is one, counts wherever it is
   * named.
   */
  void change(Bytes fingerprint, Bytes successor, Undo undo) {
    setSuccessor(fingerprint, successor, undo);
    setCurrent(fingerprint, successor, undo);
  }

  /**
   * Has what an auth service says follows a key, which counts no more. Its word goes before what
   * the key has said itself: whoever has had the key of a role, and has it no more, would else keep
   * the role's place in all rules. A key that was given up without a successor stays so.
   */
  void follow(Bytes fingerprint, Bytes successor, Undo undo) {
    boolean isFirst = !isChanged(fingerprint);
    if (!isFirst && successors.get(fingerprint).isEmpty()) {
      return;
    }
    Bytes next = leadsTo(successor, fingerprint) ? null : successor;
    setSuccessor(fingerprint, next, undo);
    if (isFirst) {
      setCurrent(fingerprint, next == null ? null : currentOf(next), undo);
    } else {
      replaceChanged(endsOf(successors), undo);
    }
  }

  private void setSuccessor(Bytes fingerprint, Bytes successor, Undo undo) {
    Map<Bytes, Optional<Bytes>> before = successors;
    successors = new HashMap<>(before);
    successors.put(fingerprint, Optional.ofNullable(successor));
    undo.add(() -> successors = before);
  }

  private void setCurrent(Bytes fingerprint, Bytes current, Undo undo) {
    Map<Bytes, Optional<Bytes>> next = new HashMap<>(changed);
    namesOf(fingerprint).forEach(name -> next.put(name, Optional.ofNullable(current)));
    replaceChanged(next, undo);
  }

  private void replaceChanged(Map<Bytes, Optional<Bytes>> next, Undo undo) {
    Map<Bytes, Optional<Bytes>> before = changed;
    changed = next;
    undo.add(() -> changed = before);
  }

  /** Whether a key, which may be null, is another one, or is followed by it at last. */
  private boolean leadsTo(Bytes fingerprint, Bytes other) {
    for (Bytes at = fingerprint; at != null; at = followerOf(at)) {
      if (at.equals(other)) {
        return true;
      }
    }
    return false;
  }

  private Bytes followerOf(Bytes fingerprint) {
    Optional<Bytes> next = successors.get(fingerprint);
    return next == null ? null : next.orElse(null);
  }

  /** What counts in the place of each key that was followed by another, or by none. */
  private static Map<Bytes, Optional<Bytes>> endsOf(Map<Bytes, Optional<Bytes>> successors) {
    Map<Bytes, Optional<Bytes>> ends = new HashMap<>();
    for (Bytes name : successors.keySet()) {
      List<Bytes> passed = new ArrayList<>();
      Optional<Bytes> at = Optional.of(name);
      // Each is passed once: where an end is known already, all those before it have the same.
      while (at.isPresent() && !ends.containsKey(at.get()) && successors.containsKey(at.get())) {
        passed.add(at.get());
        at = successors.get(at.get());
      }
      Optional<Bytes> end = at.isPresent() ? ends.getOrDefault(at.get(), at) : at;
      passed.forEach(one -> ends.put(one, end));
    }
    return ends;
  }
}
