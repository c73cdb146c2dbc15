package io.atedb.internal.trust;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.internal.bytes.Limits;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The public keys that a chain knows, its roots among them, and which of them count no more. To
 * know a key gives it no right.
 */
public final class KeyRing {
  private Map<Bytes, PublicKey> roots = new TreeMap<>();
  private final Map<Bytes, PublicKey> keys = new HashMap<>();

  /** Keys that count no more, and what counts where they are named. */
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
    other.roots.putAll(roots);
    other.keys.putAll(keys);
    other.changed.putAll(changed);
    return other;
  }

  /** The roots, in the order of their fingerprints. */
  public List<PublicKey> roots() {
    return List.copyOf(roots.values());
  }

  /** A key that is known, whether it counts or not; null: it isn't known. */
  public PublicKey find(Bytes fingerprint) {
    return keys.get(fingerprint);
  }

  public boolean isRoot(Bytes fingerprint) {
    return roots.containsKey(fingerprint);
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
    Bytes fingerprint = key.fingerprint();
    if (keys.containsKey(fingerprint)) {
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
    keys.put(fingerprint, key);
    undo.add(() -> keys.remove(fingerprint));
  }

  /** Has other roots. Those before stay known, as other keys do. */
  void setRoots(List<PublicKey> after, Undo undo) {
    Map<Bytes, PublicKey> next = new TreeMap<>();
    for (PublicKey root : after) {
      add(root, undo);
      next.put(root.fingerprint(), root);
    }
    Map<Bytes, PublicKey> before = roots;
    roots = next;
    undo.add(() -> roots = before);
  }

  /**
   * From now on a key doesn't count, and its successor, if there is one, counts wherever it is
   * named.
   */
  void change(Bytes fingerprint, Bytes successor, Undo undo) {
    Map<Bytes, Optional<Bytes>> before = changed;
    Map<Bytes, Optional<Bytes>> next = new HashMap<>(before);
    for (Bytes name : namesOf(fingerprint)) {
      next.put(name, Optional.ofNullable(successor));
    }
    changed = next;
    undo.add(() -> changed = before);
  }
}
