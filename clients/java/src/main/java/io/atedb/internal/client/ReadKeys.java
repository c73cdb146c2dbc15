package io.atedb.internal.client;

import io.atedb.Bytes;
import io.atedb.KeyPair;
import io.atedb.internal.crypt.DataKey;
import io.atedb.internal.event.Batch;
import io.atedb.internal.event.EventView;
import io.atedb.internal.event.Said;
import io.atedb.internal.event.SealedData;
import io.atedb.internal.trust.VerifiedBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Read keys that a chain has handed out: who counts as a reader, and which of them this client can
 * open.
 *
 * <p>Anyone who may write anything to a chain can write a read key for anybody, and say any read
 * key of it. So only those count that are from one who was given the read key: by the event that
 * named it first in the chain, which nobody could know before, or by one of these (docs/trust.md,
 * "Who was given a read key"). So it is learned in order, from the chain's first event on.
 */
final class ReadKeys {
  private static final int KEPT_MAX = 16_384;

  /**
   * Of one read key for one reader: whoever may write anything may hand out something that isn't
   * the key.
   */
  private static final int OF_ONE_MAX = 8;

  private static final int BEGUN_MAX = 65_536;

  private record Given(Said.WrappedKey wrapped, Bytes giver) {}

  private final ChainKeys keys;
  private long learnedTo;

  /** Read keys that have begun, and the fingerprint of who has begun each, oldest first. */
  private final Map<Bytes, Bytes> begun = new LinkedHashMap<>();

  /** By read key and reader: what was handed out, and by whom. */
  private final Map<Bytes, Map<Bytes, List<Given>>> counting = new LinkedHashMap<>();

  private int kept;
  private final Map<Bytes, byte[]> opened = new HashMap<>();
  private final Set<Bytes> failed = new HashSet<>();

  ReadKeys(ChainKeys keys) {
    this.keys = keys;
  }

  /** Learns from batches that were verified, and allowed by all that came before. */
  synchronized void learn(List<VerifiedBatch> batches) {
    for (VerifiedBatch one : batches) {
      long first = one.commit().header().firstSequence();
      // What is gone has handed out nothing.
      if (first < learnedTo || one.beginsAt() > learnedTo) {
        continue;
      }
      Batch batch = one.batch();
      learnedTo = first + batch.count();
      for (EventView event : batch.events()) {
        if (event.has(EventView.AUTHORITY)) {
          Said said = batch.said(event.index());
          add(said, batch.seal().fingerprint().copy());
        }
      }
    }
  }

  /** Fingerprints of those who were given a read key. */
  synchronized List<Bytes> holdersOf(Bytes keyId) {
    return List.copyOf(counting.getOrDefault(keyId, Map.of()).keySet());
  }

  /**
   * Finds a read key; null where it was handed out to none of the keys, as far as is known. Not to
   * be wiped.
   */
  synchronized byte[] find(Bytes keyId, Bytes chainId) {
    byte[] known = opened.get(keyId);
    Map<Bytes, List<Given>> handedOut = counting.get(keyId);
    if (known != null || handedOut == null) {
      return known;
    }
    for (KeyPair key : keys.reading()) {
      for (Given given : handedOut.getOrDefault(key.fingerprint(), List.of())) {
        // What is sealed never changes, so that it isn't tried again.
        if (failed.contains(given.wrapped.wrapped())) {
          continue;
        }
        byte[] found = SealedData.unwrap(chainId, given.wrapped, key);
        if (found != null) {
          opened.put(keyId, found);
          return found;
        }
        failed.add(given.wrapped.wrapped());
      }
    }
    return null;
  }

  /** Knows a read key that was made here. */
  synchronized void know(byte[] readKey) {
    opened.put(DataKey.readKeyId(readKey), readKey.clone());
  }

  /** Forgets all of them. */
  synchronized void wipe() {
    opened.values().forEach(one -> Arrays.fill(one, (byte) 0));
    opened.clear();
  }

  private void add(Said said, Bytes writer) {
    Set<Bytes> first = new HashSet<>();
    for (Said.WrappedKey one : said.wrappedKeys()) {
      if (!begun.containsKey(one.readKeyId())) {
        first.add(one.readKeyId());
      }
    }
    List<Said.WrappedKey> good = new ArrayList<>();
    for (Said.WrappedKey one : said.wrappedKeys()) {
      Set<Bytes> holders = counting.getOrDefault(one.readKeyId(), Map.of()).keySet();
      boolean isFromHolder =
          holders.contains(writer) || said.signWith().stream().anyMatch(holders::contains);
      if (first.contains(one.readKeyId()) || isFromHolder) {
        good.add(
            new Said.WrappedKey(
                one.readKeyId().copy(), one.recipient().copy(), one.wrapped().copy()));
      }
    }
    for (Said.WrappedKey one : good) {
      begun.putIfAbsent(one.readKeyId(), writer);
      count(one, writer);
    }
    forget();
  }

  private void count(Said.WrappedKey one, Bytes giver) {
    List<Given> of =
        counting
            .computeIfAbsent(one.readKeyId(), none -> new LinkedHashMap<>())
            .computeIfAbsent(one.recipient(), none -> new ArrayList<>(1));
    if (of.stream().anyMatch(known -> known.wrapped.wrapped().equals(one.wrapped()))) {
      return;
    }
    if (of.size() == OF_ONE_MAX) {
      // Of too many the first stays, which is nearly always the right one, and the newest.
      of.remove(1);
      kept--;
    }
    of.add(new Given(one, giver));
    kept++;
  }

  /**
   * Where there are too many, whoever has handed out or begun the most loses the oldest of these:
   * so a hostile writer's own.
   */
  private void forget() {
    while (kept > KEPT_MAX) {
      Map<Bytes, Integer> byGiver = new HashMap<>();
      counting
          .values()
          .forEach(
              readers ->
                  readers
                      .values()
                      .forEach(
                          given ->
                              given.forEach(one -> byGiver.merge(one.giver, 1, Integer::sum))));
      dropOldest(most(byGiver), KEPT_MAX / 8);
    }
    while (begun.size() > BEGUN_MAX) {
      Map<Bytes, Integer> byBeginner = new HashMap<>();
      begun.values().forEach(one -> byBeginner.merge(one, 1, Integer::sum));
      Bytes beginner = most(byBeginner);
      int gone = 0;
      Iterator<Map.Entry<Bytes, Bytes>> entries = begun.entrySet().iterator();
      while (entries.hasNext() && gone < BEGUN_MAX / 8) {
        Map.Entry<Bytes, Bytes> one = entries.next();
        if (one.getValue().equals(beginner) && !counting.containsKey(one.getKey())) {
          entries.remove();
          gone++;
        }
      }
      if (gone == 0) {
        return;
      }
    }
  }

  private static Bytes most(Map<Bytes, Integer> counts) {
    return counts.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow().getKey();
  }

  private void dropOldest(Bytes giver, int count) {
    int left = count;
    Iterator<Map<Bytes, List<Given>>> all = counting.values().iterator();
    while (all.hasNext() && left > 0) {
      Map<Bytes, List<Given>> readers = all.next();
      Iterator<List<Given>> lists = readers.values().iterator();
      while (lists.hasNext() && left > 0) {
        List<Given> given = lists.next();
        int before = given.size();
        given.removeIf(one -> one.giver.equals(giver));
        left -= before - given.size();
        kept -= before - given.size();
        if (given.isEmpty()) {
          lists.remove();
        }
      }
      if (readers.isEmpty()) {
        all.remove();
      }
    }
  }
}
