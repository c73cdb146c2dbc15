package io.atedb.vectors;

import static io.atedb.vectors.Vectors.cases;
import static io.atedb.vectors.Vectors.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.KeyPair;
import io.atedb.PublicKey;
import io.atedb.internal.event.Batch;
import io.atedb.internal.event.EventView;
import io.atedb.internal.event.Said;
import io.atedb.internal.event.SealedData;
import io.atedb.internal.log.SegmentScan;
import io.atedb.internal.trust.Authority;
import io.atedb.internal.trust.KeyRing;
import io.atedb.internal.trust.Place;
import io.atedb.internal.trust.VerifiedBatch;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Histories: who may do what, whole replays, and files of segments. */
final class TrustVectors {
  private static final Place NOWHERE = new Place(0, 0, "");

  private TrustVectors() {}

  static void addTo(Vectors to) {
    to.run(
        "authorisation",
        "keys",
        one -> assertEquals(one.bytes("key"), PublicKey.parse(one.bytes("key")).message()));
    to.run("authorisation", "histories", TrustVectors::checkHistory);
    to.run("replays", "good", TrustVectors::checkReplay);
    to.run("replays", "bad", Replays::bad);
    for (String list : List.of("real", "whole", "tail", "damage")) {
      to.run("segments", list, TrustVectors::checkSegment);
    }
    to.run(
        "segments",
        "unreadable",
        one ->
            refused(
                one.text("reason"),
                () -> new SegmentScan(one.bytes("file"), one.number("segment"), 0)));
  }

  private static List<PublicKey> keys(List<Integer> places) {
    return places.stream()
        .map(place -> PublicKey.parse(cases("authorisation.keys").get(place).bytes("key")))
        .toList();
  }

  private static void checkHistory(Case one) {
    KeyRing ring = new KeyRing(keys(one.numbers("roots")), keys(one.numbers("known")));
    Authority authority = new Authority(ring, one.flag("confidential"), false);
    int place = 0;
    for (Case decided : one.objects("batches")) {
      Batch batch = Batch.parse(decided.bytes("run"));
      String reason = null;
      String event = null;
      try {
        authority.keysOf(batch);
        // What was decided can be taken back, and is decided alike again.
        authority.decide(batch, NOWHERE).takeBack();
        authority.keysOf(batch);
        authority.copy().decide(batch, NOWHERE);
        authority.decide(batch, NOWHERE);
      } catch (AtedbException error) {
        reason = error.reason().name();
        event = error.metadata().get("event_index");
      }
      assertEquals(decided.textOrNull("reason"), reason, "batch " + place);
      assertEquals(
          decided.has("event") ? Long.toString(decided.number("event")) : null,
          event,
          "batch " + place);
      place++;
    }
  }

  private static void checkReplay(Case one) {
    Replays.Found found = Replays.good(one);
    if (one.has("opened")) {
      Map<Long, Bytes> due = new HashMap<>();
      one.objects("opened").forEach(said -> due.put(said.number("sequence"), said.bytes("data")));
      assertEquals(due, opened(one, one.bytes("chainId"), found.batches()));
    }
  }

  /** Opens what is sealed, with the key that the case has. */
  private static Map<Long, Bytes> opened(Case one, Bytes chainId, List<VerifiedBatch> batches) {
    KeyPair key =
        KeyPair.ofSeeds(
            (int) one.number("suite"), one.bytes("seed").toArray(), one.arrayOrNull("kemSeed"));
    Map<Bytes, byte[]> readKeys = new HashMap<>();
    Map<Long, Bytes> opened = new HashMap<>();
    for (VerifiedBatch batch : batches) {
      long sequence = batch.commit().header().firstSequence();
      for (EventView event : batch.batch().events()) {
        int index = event.index();
        for (Said.WrappedKey wrapped : batch.batch().said(index).wrappedKeys()) {
          readKeys.put(wrapped.readKeyId(), SealedData.unwrap(chainId, wrapped, key));
        }
        Said.Confidentiality said = Said.readConfidentiality(event.header());
        if (said != null) {
          Bytes text =
              SealedData.open(
                  readKeys.get(said.readKeyId()), chainId, event.header(), said, event.data());
          assertNotNull(text);
          opened.put(sequence + index, text);
        }
      }
    }
    return opened;
  }

  private static void checkSegment(Case one) {
    SegmentScan scan = new SegmentScan(one.bytes("file"), one.number("segment"), 0);
    checkScan(one, scan);
  }

  static void checkScan(Case one, SegmentScan scan) {
    assertEquals(one.text("verdict"), scan.verdict().name().toLowerCase(Locale.ROOT));
    assertEquals(one.number("start"), scan.start());
    assertEquals(one.number("end"), scan.end());
    assertEquals(one.number("durable"), scan.durable());
    assertEquals(one.number("batches"), scan.batches().size());
    assertEquals(one.number("nextCommit"), scan.nextCommit());
    assertEquals(one.number("nextSequence"), scan.nextSequence());
    assertEquals(one.bytes("treeRoot"), scan.treeRoot());
    assertEquals(one.flag("hasFooter"), scan.hasFooter());
  }
}
