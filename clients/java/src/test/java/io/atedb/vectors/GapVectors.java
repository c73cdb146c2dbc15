package io.atedb.vectors;

import static io.atedb.vectors.Vectors.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.TreeHead;
import io.atedb.internal.bytes.MessageForm;
import io.atedb.internal.bytes.SnapshotForms;
import io.atedb.internal.bytes.Strict;
import io.atedb.internal.event.Batch;
import io.atedb.internal.event.Commit;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.event.GoneEvents;
import io.atedb.internal.event.GoneRuns;
import io.atedb.internal.event.Snapshot;
import io.atedb.internal.event.Snapshot.WriterSeal;
import io.atedb.internal.trust.CheckBatch;
import io.atedb.internal.trust.CheckGenesis;
import io.atedb.internal.trust.OwedData;
import io.atedb.internal.trust.Provenance;
import io.atedb.internal.trust.Replay;
import io.atedb.internal.trust.VerifiedBatch;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;

/** Chains of which whole events and commits are gone under a snapshot. */
final class GapVectors {
  private static final Map<String, MessageForm> FORMS =
      Map.of(
          "Snapshot", SnapshotForms.SNAPSHOT,
          "GoneEvent", SnapshotForms.GONE_EVENT,
          "Gap", SnapshotForms.GAP);

  private GapVectors() {}

  static void addTo(Vectors to) {
    to.run("gaps", "forms", one -> Strict.check(form(one), one.bytes("bytes")));
    to.run(
        "gaps",
        "badForms",
        one -> refused("NON_CANONICAL", () -> Strict.check(form(one), one.bytes("bytes"))));
    to.run("gaps", "runHashes", GapVectors::checkRuns);
    to.run("gaps", "writerHashes", GapVectors::checkWriters);
    to.run("gaps", "batches", GapVectors::checkBatch);
    to.run("gaps", "badBatches", Replays::badBatch);
    to.run("gaps", "good", GapVectors::checkGone);
    to.run("gaps", "owing", GapVectors::checkGone);
    to.run("gaps", "bad", Replays::bad);
    to.run("gaps", "compacted", one -> checkOutcome(one, () -> Replays.replay(one).replay()));
    to.run("gaps", "resumed", GapVectors::checkResumed);
    to.run("gaps", "middles", GapVectors::checkMiddle);
  }

  private static MessageForm form(Case one) {
    return FORMS.get(one.text("message"));
  }

  /** From one sequence up to before another. */
  private record Span(long first, long end) {}

  private static List<Span> spans(Case one, String name) {
    return StreamSupport.stream(one.json().getAsJsonArray(name).spliterator(), false)
        .map(each -> each.getAsJsonArray())
        .map(each -> new Span(each.get(0).getAsLong(), each.get(1).getAsLong()))
        .toList();
  }

  private static void checkRuns(Case one) {
    GoneRuns runs = new GoneRuns();
    List<Case> states = one.objects("states");
    List<Span> added = spans(one, "added");
    for (int at = 0; at < added.size(); at++) {
      Case due = states.get(at);
      assertEquals(due.number("at"), added.get(at).first);
      GoneRuns.Run last =
          due.has("end")
              ? new GoneRuns.Run(due.bytes("before"), due.number("first"), due.number("end"))
              : null;
      assertEquals(
          new GoneRuns.State(last, due.numberOr("goneFrom", -1)),
          runs.stateAt(added.get(at).first));
      runs.add(added.get(at).first, added.get(at).end);
    }
    assertEquals(one.bytes("hash"), runs.finish());
  }

  private static void checkWriters(Case one) {
    List<WriterSeal> writers = new ArrayList<>();
    for (Case each : one.objects("writers")) {
      writers.add(
          new WriterSeal(each.bytes("writerId"), each.number("counter"), each.bytes("sealHash")));
    }
    Collections.reverse(writers);
    assertEquals(one.bytes("hash"), Snapshot.hashOf(writers));
  }

  private static void checkBatch(Case one) {
    Batch batch = Batch.parse(one.bytes("run"));
    CheckBatch.check(batch, Provenance.STORED);
    assertEquals(one.number("events"), batch.count());
    assertEquals(one.bytes("eventsRoot"), batch.eventsRoot());
    assertEquals(
        one.numbers("gone"),
        IntStream.range(0, batch.count()).filter(at -> batch.event(at) == null).boxed().toList());
  }

  private static void add(List<Span> gone, long first, long end) {
    Span last = gone.isEmpty() ? null : gone.get(gone.size() - 1);
    if (last != null && last.end == first) {
      gone.set(gone.size() - 1, new Span(last.first, end));
    } else if (first < end) {
      gone.add(new Span(first, end));
    }
  }

  /** A history of which as much is gone as the case says, and as much is owed. */
  private static void checkGone(Case one) {
    Replays.Found found = Replays.good(one);
    List<Span> gone = new ArrayList<>();
    for (VerifiedBatch batch : found.batches()) {
      long firstSequence = batch.commit().header().firstSequence();
      add(gone, batch.beginsAt(), firstSequence);
      for (GoneEvents some : batch.batch().gone()) {
        long first = firstSequence + some.index();
        add(gone, first, first + some.events());
      }
    }
    assertEquals(spans(one, "gone"), gone);
    GoneVectors.checkOwed(one, found.replay().owed());
  }

  /** What comes of a reading, as the case says it. */
  private static void checkOutcome(Case one, Supplier<Replay> reading) {
    if (!one.has("reason")) {
      Replay replay = reading.get();
      assertEquals(new TreeHead(one.number("size"), one.bytes("root")), replay.head());
      assertEquals(one.number("nextSequence"), replay.nextSequence());
      assertEquals(
          one.numbers("owed").stream().map(Integer::longValue).toList(),
          replay.owed().left(100).stream().map(OwedData.Unallowed::sequence).toList());
      return;
    }
    AtedbException error = refused(one.text("reason"), reading::get);
    Map<String, String> names =
        Map.of("failsAt", "commit", "failsOf", "sequence", "snapshot", "snapshot", "from", "from");
    names.forEach(
        (part, name) ->
            assertEquals(
                one.has(part) ? Long.toString(one.number(part)) : null,
                error.metadata().get(name),
                error.getMessage()));
  }

  private static Replay goOn(Case one, Replay replay) {
    List<Bytes> slices = one.allBytes("slices");
    slices.subList((int) one.number("slice"), slices.size()).forEach(replay::verify);
    return replay;
  }

  private static void checkResumed(Case one) {
    List<Bytes> slices = one.allBytes("slices");
    Replay before = new Replay(genesisOf(slices.get(0)));
    slices.subList(0, (int) one.number("slice")).forEach(before::verify);
    checkOutcome(one, () -> goOn(one, before.anew(Provenance.STORED)));
  }

  private static void checkMiddle(Case one) {
    Genesis genesis = genesisOf(one.allBytes("slices").get(0));
    Replay.Start start =
        new Replay.Start(one.number("commit"), one.number("sequence"), one.allBytes("frontier"));
    checkOutcome(one, () -> goOn(one, new Replay(genesis, start, none -> null, Provenance.STORED)));
  }

  private static Genesis genesisOf(Bytes slice) {
    return CheckGenesis.verify(Batch.parse(Commit.splitSlice(slice).get(0).run()));
  }
}
