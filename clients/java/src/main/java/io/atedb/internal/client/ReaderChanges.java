package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.ChainObject;
import io.atedb.PublicKey;
import io.atedb.ReadRule;
import io.atedb.Reason;
import io.atedb.internal.account.Group;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.crypt.DataKey;
import io.atedb.internal.crypt.Symmetric;
import io.atedb.internal.event.EventInput;
import io.atedb.internal.event.SealedData;
import io.atedb.internal.trust.Authority;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Makes the events that say who reads: read keys that are handed out, and who is let in. */
final class ReaderChanges {
  /**
   * Events that change who reads.
   *
   * @param events in their order
   * @param readKey the one that they hand out, if it is a new one; else null
   */
  record Change(List<EventSource> events, byte[] readKey) {}

  /**
   * A key that is shown, and a read key that is wrapped for it, take 4.5 KiB of the 64 KiB that the
   * header of an event may have.
   */
  private static final int READERS_AN_EVENT_MAX = 12;

  private final Reader reader;
  private final EventSource.OfReaders ofReaders;

  ReaderChanges(Reader reader, EventSource.OfReaders ofReaders) {
    this.reader = reader;
    this.ofReaders = ofReaders;
  }

  /**
   * Gives an object other readers, these and the own key, with a new read key. In a private chain
   * it lets them in, too.
   */
  Change set(Authority authority, ChainObject object, PublicKey own, List<PublicKey> readers) {
    return withNewKey(
        object, own, readers, isPrivate() ? admitting(authority, readers) : List.of());
  }

  /**
   * Hands out the read key that an object has now. In a private chain it lets them in, too, and
   * where the chain's data is in clear it does nothing else. Raises READ_KEY_MISSING;
   * REQUEST_INVALID where the data is in clear.
   */
  Change add(Authority authority, ChainObject object, List<PublicKey> readers) {
    List<EventSource> events = new ArrayList<>();
    if (isPrivate()) {
      events.addAll(admitting(authority, readers));
    }
    if (!(isPrivate() && isClearChain(authority, object))) {
      Bytes keyId = sealedBy(authority, object);
      events.addAll(handOut(object, readKey(keyId), null, readers));
    }
    if (events.isEmpty()) {
      throw nothingToDo("they may open the chain already, and its data is in clear");
    }
    return new Change(events, null);
  }

  /**
   * Gives an object a new read key, for its readers without some. Of the whole of a private chain
   * it keeps them out, too. Raises REQUEST_INVALID where one of them doesn't read it; KEY_UNKNOWN.
   */
  Change remove(Authority authority, ChainObject object, PublicKey own, List<Bytes> removed) {
    List<EventSource> besides =
        isPrivate() && object.isChain() ? keepingOut(authority, removed) : List.of();
    if (!isPrivate() || !isClearChain(authority, object)) {
      return withNewKey(object, own, staying(authority, object, own, removed), besides);
    }
    if (besides.isEmpty()) {
      throw nothingToDo("none of them was let in by the rule for that");
    }
    return new Change(besides, null);
  }

  /** Whether the chain's read key was given to one that a role of its group had before. */
  boolean isRenewalDue(Authority authority, Group group) {
    return holdersOfChain(authority).stream().anyMatch(one -> group.successorOf(one) != null);
  }

  /**
   * Hands out a new read key to the keys that the roles of the chain's group have now, and to all
   * others that count. Raises REQUEST_INVALID where that isn't due; KEY_UNKNOWN.
   */
  Change renew(Authority authority, PublicKey own, Group group) {
    if (!isRenewalDue(authority, group)) {
      throw nothingToDo("the roles have the keys that read it");
    }
    List<PublicKey> staying = new ArrayList<>();
    for (Bytes one : holdersOfChain(authority)) {
      PublicKey successor = group.successorOf(one);
      if (successor != null) {
        staying.add(successor);
      } else if (!authority.keys().isChanged(one)) {
        staying.add(known(authority, one));
      }
    }
    return withNewKey(ChainObject.CHAIN, own, staying, List.of());
  }

  private List<Bytes> holdersOfChain(Authority authority) {
    ReadRule rule = authority.readRuleFor(null, null, false);
    return rule == null || rule.kind() != ReadRule.Kind.READ_KEY
        ? List.of()
        : reader.readKeys().holdersOf(rule.readKeyId());
  }

  /** The read key of an id. Raises READ_KEY_MISSING where none of the own keys was given it. */
  byte[] readKey(Bytes keyId) {
    byte[] found = reader.readKeys().find(keyId, reader.genesis().chainId());
    if (found != null) {
      return found;
    }
    String holders =
        reader.readKeys().holdersOf(keyId).stream()
            .map(Bytes::hex)
            .collect(Collectors.joining(","));
    throw new AtedbException(
        Reason.READ_KEY_MISSING,
        "the read key "
            + keyId
            + " was not given to any of your keys. Ask one of those who have it to share it: "
            + holders,
        Map.of("read_key_id", keyId.hex(), "holders", holders));
  }

  private boolean isPrivate() {
    return reader.genesis().isPrivate();
  }

  private Change withNewKey(
      ChainObject object, PublicKey own, List<PublicKey> readers, List<EventSource> besides) {
    List<PublicKey> all = new ArrayList<>(List.of(own));
    all.addAll(readers);
    byte[] readKey = Symmetric.random(DataKey.READ_KEY_BYTES);
    List<EventSource> events = new ArrayList<>(besides);
    events.addAll(handOut(object, readKey, ReadRule.readKey(DataKey.readKeyId(readKey)), all));
    return new Change(events, readKey);
  }

  /** To as many readers an event as fit. The first one has the rule, if there is one. */
  private List<EventSource> handOut(
      ChainObject object, byte[] readKey, ReadRule rule, List<PublicKey> readers) {
    Map<Bytes, PublicKey> once = new LinkedHashMap<>();
    readers.forEach(one -> once.putIfAbsent(one.fingerprint(), one));
    List<PublicKey> all = List.copyOf(once.values());
    Bytes chainId = reader.genesis().chainId();
    List<EventSource> events = new ArrayList<>();
    for (int at = 0; at < all.size(); at += READERS_AN_EVENT_MAX) {
      List<PublicKey> some = all.subList(at, Math.min(all.size(), at + READERS_AN_EVENT_MAX));
      events.add(
          ofReaders.handOut(
              object,
              at == 0 ? rule : null,
              some.stream().map(one -> SealedData.wrap(chainId, readKey, one)).toList(),
              some));
    }
    return events;
  }

  /** Whether what is shared is the whole chain, whose data is in clear: it has no read key. */
  private static boolean isClearChain(Authority authority, ChainObject object) {
    ReadRule rule = object.isChain() ? authority.readRuleFor(null, null, false) : null;
    return rule != null && rule.kind() == ReadRule.Kind.EVERYONE;
  }

  private static Bytes sealedBy(Authority authority, ChainObject object) {
    ReadRule rule = authority.readRuleFor(object.primaryKey(), object.parent(), false);
    if (rule == null || rule.kind() != ReadRule.Kind.READ_KEY) {
      throw EventInput.invalid(
          "object",
          "its data is not sealed, so there is no read key to hand out or take back: set its readers first");
    }
    return rule.readKeyId();
  }

  /**
   * Those who were given the read key, less some and less those that count no more. A successor
   * isn't taken in their place: roots, who may not read it, can replace keys.
   */
  private List<PublicKey> staying(
      Authority authority, ChainObject object, PublicKey own, List<Bytes> removed) {
    List<Bytes> holders = reader.readKeys().holdersOf(sealedBy(authority, object));
    for (Bytes one : removed) {
      if (one.equals(own.fingerprint())) {
        throw EventInput.invalid(
            "readers",
            one + " is the key that you write with, and who sets readers is one of them");
      }
      if (!holders.contains(one)) {
        throw EventInput.invalid(
            "readers", one + " was not given the read key, so it can't be taken off");
      }
    }
    return holders.stream()
        .filter(one -> !removed.contains(one) && !authority.keys().isChanged(one))
        .map(one -> known(authority, one))
        .toList();
  }

  private static PublicKey known(Authority authority, Bytes fingerprint) {
    PublicKey key = authority.keys().find(fingerprint);
    if (key == null) {
      throw new AtedbException(
          Reason.KEY_UNKNOWN,
          "the chain doesn't know the public key "
              + fingerprint
              + " of a reader. Set all readers instead",
          Map.of("fingerprint", fingerprint.hex()));
    }
    return key;
  }

  /** Lets readers in; nothing where they may open the chain already. */
  private List<EventSource> admitting(Authority authority, List<PublicKey> readers) {
    Set<Bytes> admitted = new TreeSet<>(authority.admitted());
    readers.stream()
        .map(PublicKey::fingerprint)
        .filter(one -> !authority.admits(one))
        .forEach(admitted::add);
    if (admitted.size() == authority.admitted().size()) {
      return List.of();
    }
    if (admitted.size() > Limits.ADMITTED_KEYS_MAX) {
      throw new AtedbException(
          Reason.TOO_MANY_KEYS,
          "the chain would let in "
              + admitted.size()
              + " keys besides those that its other rules name, and "
              + Limits.ADMITTED_KEYS_MAX
              + " is the limit. Take some off first",
          Map.of("limit_keys", Integer.toString(Limits.ADMITTED_KEYS_MAX)));
    }
    // Named, not shown: an event shows few keys, and to be let in a key shows itself.
    return List.of(ofReaders.admit(List.copyOf(admitted)));
  }

  /** Keeps keys out; nothing where they weren't let in by the rule for that. */
  private List<EventSource> keepingOut(Authority authority, List<Bytes> removed) {
    // A key that was replaced is named by the one of before.
    List<Bytes> staying =
        authority.admitted().stream()
            .filter(one -> !removed.contains(one))
            .filter(one -> !removed.contains(authority.keys().currentOf(one)))
            .toList();
    return staying.size() == authority.admitted().size()
        ? List.of()
        : List.of(ofReaders.admit(staying));
  }

  private static AtedbException nothingToDo(String why) {
    return EventInput.invalid("readers", "there is nothing to change: " + why);
  }
}
