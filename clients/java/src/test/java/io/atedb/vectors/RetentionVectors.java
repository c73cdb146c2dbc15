package io.atedb.vectors;

import static io.atedb.vectors.Vectors.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atedb.Bytes;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.event.Said;
import io.atedb.internal.trust.OwedData;
import io.atedb.internal.trust.Provenance;
import io.atedb.internal.trust.Replay;
import io.atedb.internal.trust.RetentionFloor;
import io.atedb.internal.trust.RetentionFloor.EventPlace;
import java.util.List;

/** Data that a chain's rule for retention has let go. */
final class RetentionVectors {
  private RetentionVectors() {}

  static void addTo(Vectors to) {
    to.run("retention", "floors", RetentionVectors::checkFloors);
    for (String list : List.of("good", "owing")) {
      to.run(
          "retention",
          list,
          one -> {
            Replay replay = GoneVectors.checkGone(one);
            assertEquals(floorOf(one.object("retained")), replay.retained());
          });
    }
    to.run("retention", "bad", Replays::bad);
    to.run("retention", "badBatches", Replays::badBatch);
    to.run("retention", "middles", RetentionVectors::checkMiddle);
  }

  private static RetentionFloor floorOf(Case one) {
    return new RetentionFloor(one.numberOr("sequence", 0), one.numberOr("timeUnixMs", 0));
  }

  private static EventPlace placeOf(Case one) {
    return new EventPlace(one.number("sequence"), one.number("timeUnixMs"));
  }

  private static void checkFloors(Case one) {
    RetentionFloor floor = RetentionFloor.NONE;
    for (Case head : one.objects("heads")) {
      Said.Retention rule =
          new Said.Retention(head.numberOr("ageMs", 0), head.numberOr("count", 0));
      floor =
          floor.raised(
              rule.letsGo() ? rule : null, head.number("nextSequence"), head.number("timeUnixMs"));
      assertEquals(floorOf(head.object("floor")), floor);
    }
    for (Case gone : one.objects("gone")) {
      assertTrue(floor.isAbove(placeOf(gone)));
    }
    for (Case kept : one.objects("kept")) {
      assertFalse(floor.isAbove(placeOf(kept)));
    }
  }

  /** Who begins in the middle doesn't know the rules, until the whole history was verified. */
  private static void checkMiddle(Case one) {
    List<Bytes> slices = one.allBytes("slices");
    Replay whole = Replays.replay(one).replay();
    assertEquals(floorOf(one.object("retained")), whole.retained());
    Genesis genesis = whole.genesis();
    Replay.Start start =
        new Replay.Start(one.number("commit"), one.number("sequence"), one.allBytes("frontier"));
    Replay replay = new Replay(genesis, start, whole.authority().keys()::find, Provenance.STORED);
    slices.subList((int) one.number("slice"), slices.size()).forEach(replay::verify);
    OwedData owed = replay.owed();
    assertEquals(
        one.numbers("owed").stream().map(Integer::longValue).toList(),
        owed.left(100).stream().map(OwedData.Unallowed::sequence).toList());
    owed.settleBelow(whole.retained());
    if (one.flag("allowed")) {
      owed.settle();
    } else {
      refused("VERIFICATION_FAILED", owed::settle);
    }
  }
}
