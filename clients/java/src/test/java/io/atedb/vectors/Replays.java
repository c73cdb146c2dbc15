package io.atedb.vectors;

import static io.atedb.vectors.Vectors.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.TreeHead;
import io.atedb.internal.event.Batch;
import io.atedb.internal.event.Commit;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.trust.Authority;
import io.atedb.internal.trust.CheckBatch;
import io.atedb.internal.trust.CheckGenesis;
import io.atedb.internal.trust.Place;
import io.atedb.internal.trust.Provenance;
import io.atedb.internal.trust.Replay;
import io.atedb.internal.trust.VerifiedBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Whole histories, as several files have them. */
final class Replays {
  private Replays() {}

  /** What verifying one has come to. */
  record Found(Replay replay, List<VerifiedBatch> batches) {}

  /** Verifies one as far as it goes. */
  static Found replay(Case one) {
    List<Bytes> slices = one.allBytes("slices");
    Genesis genesis;
    try {
      Commit.Stored first = Commit.splitSlice(slices.get(0)).get(0);
      genesis = CheckGenesis.verify(Batch.parse(first.run()));
    } catch (AtedbException error) {
      throw new AssertionError("the genesis of a case is good", error);
    }
    Replay replay = new Replay(genesis);
    List<VerifiedBatch> batches = new ArrayList<>();
    for (Bytes slice : slices) {
      batches.addAll(replay.verify(slice));
      // One that goes on from here has the same before it.
      replay = replay.copy(Provenance.STORED);
    }
    return new Found(replay, batches);
  }

  /** Verifies one that is good as far as it goes. */
  static Found good(Case one) {
    Found found = replay(one);
    assertEquals(new TreeHead(one.number("size"), one.bytes("root")), found.replay.head());
    assertEquals(one.number("nextSequence"), found.replay.nextSequence());
    assertEquals(one.bytes("chainId"), found.replay.genesis().chainId());
    assertEquals(
        one.texts("vouchedBy"),
        found.batches.stream()
            .map(batch -> batch.vouchedBy().name().toLowerCase(Locale.ROOT))
            .toList());
    return found;
  }

  /** Expects one to be refused, by the commit or the sequence that is at fault. */
  static void bad(Case one) {
    AtedbException error = refused("VERIFICATION_FAILED", () -> replay(one));
    for (String at : List.of("commit", "sequence")) {
      String due = one.has(at) ? Long.toString(one.number(at)) : null;
      assertEquals(due, error.metadata().get(at), error.getMessage());
    }
  }

  /** Decides on a history of rights, whose signatures aren't looked at. */
  static void history(Case one) {
    Genesis genesis = Genesis.parse(one.bytes("genesis"));
    Authority authority = Authority.of(genesis);
    int number = 0;
    for (Case decided : one.objects("batches")) {
      String what = "batch " + number + ", " + decided.what();
      Batch batch = Batch.parse(decided.bytes("run"));
      CheckBatch.check(batch);
      Place place = new Place(decided.number("timeUnixMs"), 0, genesis.chainKey().text());
      String reason = null;
      String event = null;
      Authority copied = authority.copy();
      try {
        authority.keysOf(batch);
        // What was decided can be taken back, and is decided alike again, also by a copy.
        authority.decide(batch, place).takeBack();
        copied.decide(batch, place);
        authority.decide(batch, place);
      } catch (AtedbException error) {
        reason = error.reason().name();
        event = error.metadata().get("event_index");
      }
      assertEquals(decided.textOrNull("reason"), reason, what);
      assertEquals(
          decided.has("event") ? Long.toString(decided.number("event")) : null, event, what);
      number++;
    }
  }

  /** Expects a batch to be refused, whatever chain it is for. */
  static void badBatch(Case one) {
    Provenance provenance = one.flag("stored") ? Provenance.STORED : Provenance.APPENDED;
    refused(one.text("reason"), () -> CheckBatch.check(Batch.parse(one.bytes("run")), provenance));
  }
}
