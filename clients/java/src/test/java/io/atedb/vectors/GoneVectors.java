package io.atedb.vectors;

import static io.atedb.vectors.Vectors.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.atedb.Bytes;
import io.atedb.DataState;
import io.atedb.EventKind;
import io.atedb.internal.crypt.Hashes;
import io.atedb.internal.event.Batch;
import io.atedb.internal.event.Commit;
import io.atedb.internal.event.EventView;
import io.atedb.internal.log.SegmentScan;
import io.atedb.internal.trust.CheckGenesis;
import io.atedb.internal.trust.OwedData;
import io.atedb.internal.trust.Replay;
import io.atedb.internal.trust.VerifiedBatch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Chains from which data is gone. */
final class GoneVectors {
  private GoneVectors() {}

  static void addTo(Vectors to) {
    to.run("compaction", "good", GoneVectors::checkGone);
    to.run("compaction", "owing", GoneVectors::checkGone);
    to.run("compaction", "bad", Replays::bad);
    to.run("compaction", "badBatches", Replays::badBatch);
    to.run("compaction", "histories", Replays::history);
    to.run("compaction", "decisions", GoneVectors::checkDecisions);
    to.run("compaction", "segments", GoneVectors::checkRewritten);
    to.run(
        "compaction",
        "unreadable",
        one ->
            refused(
                one.text("reason"),
                () ->
                    new SegmentScan(
                        one.bytes("file"), one.number("segment"), one.number("generation"))));
  }

  private record Gone(long sequence, String state, long redaction) {}

  private static List<Gone> due(Case one) {
    return one.objects("gone").stream()
        .map(
            each ->
                new Gone(
                    each.number("sequence"), each.text("state"), each.numberOr("redaction", 0)))
        .toList();
  }

  private static void noteGone(Batch batch, long firstSequence, List<Gone> gone) {
    for (EventView event : batch.events()) {
      if (event.dataState() != DataState.PRESENT) {
        gone.add(
            new Gone(firstSequence + event.index(), event.dataState().text(), event.redactedBy()));
      }
    }
  }

  static Replay checkGone(Case one) {
    Replays.Found found = Replays.good(one);
    List<Gone> gone = new ArrayList<>();
    for (VerifiedBatch batch : found.batches()) {
      noteGone(batch.batch(), batch.commit().header().firstSequence(), gone);
    }
    assertEquals(due(one), gone);
    checkOwed(one, found.replay().owed());
    return found.replay();
  }

  /** What is owed in the end, and that it is refused. */
  static void checkOwed(Case one, OwedData owed) {
    List<Long> owing = one.numbers("owed").stream().map(Integer::longValue).toList();
    assertEquals(owing, owed.left(100).stream().map(OwedData.Unallowed::sequence).toList());
    assertEquals(owing.size(), owed.count());
    if (owing.isEmpty()) {
      owed.settle();
    } else {
      assertEquals(
          owing.get(0).toString(),
          refused("VERIFICATION_FAILED", owed::settle).metadata().get("sequence"));
    }
  }

  /**
   * What a compaction drops is a server's doing, of which a client needs to know that it is what a
   * reader allows: by the table of docs/compaction.md.
   */
  private static void checkDecisions(Case one) {
    List<VerifiedBatch> batches = Replays.replay(one).batches();
    Map<Bytes, EventView> newest = new HashMap<>();
    Map<Bytes, VerifiedBatch> last = new HashMap<>();
    for (VerifiedBatch batch : batches) {
      last.put(batch.batch().seal().writerId(), batch);
      for (EventView event : batch.batch().events()) {
        if (event.writesObject()) {
          newest.put(event.primaryKey(), event);
        }
      }
    }
    List<String> decisions = new ArrayList<>();
    for (VerifiedBatch batch : batches) {
      boolean isYoung = batch.commit().header().timeUnixMs() >= one.number("horizonUnixMs");
      boolean isLast = last.get(batch.batch().seal().writerId()) == batch;
      for (EventView event : batch.batch().events()) {
        String whose = isYoung ? "young" : isLast ? "last-batch" : "dropped";
        boolean isNewest = newest.get(event.primaryKey()) == event;
        decisions.add(
            event.kind() != EventKind.DATA
                ? "not-data"
                : !event.isPresent()
                    ? "gone"
                    : isNewest ? "newest" : event.has(EventView.AUTHORITY) ? "authority" : whose);
      }
    }
    assertEquals(one.texts("decisions"), decisions);
  }

  private static void checkRewritten(Case one) {
    long segment = one.number("segment");
    SegmentScan before = new SegmentScan(one.bytes("original"), segment, 0);
    SegmentScan scan = new SegmentScan(one.bytes("rewritten"), segment, one.number("generation"));
    assertEquals(one.bytes("originalSha256"), Hashes.sha256(one.bytes("original")));
    assertEquals(one.bytes("originalSha256"), scan.originalSha256());
    assertNull(before.originalSha256());
    assertEquals(one.bytes("sha256"), Hashes.sha256(one.bytes("rewritten")));
    TrustVectors.checkScan(one, scan);
    assertEquals(before.treeRoot(), scan.treeRoot());
    verify(before.batches());
    verify(scan.batches());
    List<Gone> gone = new ArrayList<>();
    for (Commit.Stored stored : scan.batches()) {
      noteGone(Batch.parse(stored.run()), stored.commit().header().firstSequence(), gone);
    }
    assertEquals(due(one), gone);
  }

  private static void verify(List<Commit.Stored> batches) {
    Replay replay = new Replay(CheckGenesis.verify(Batch.parse(batches.get(0).run())));
    for (Commit.Stored stored : batches) {
      Commit commit = stored.commit();
      replay.verify(
          stored
              .run()
              .plus(
                  Commit.encode(
                      stored.run(),
                      commit.headerBytes(),
                      commit.treeRoot(),
                      commit.durableOffset())));
    }
  }
}
