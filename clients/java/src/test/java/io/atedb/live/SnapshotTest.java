package io.atedb.live;

import static io.atedb.vectors.Vectors.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atedb.AtedbClient;
import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Chain;
import io.atedb.ChainEvent;
import io.atedb.ChildStream;
import io.atedb.ChildrenOptions;
import io.atedb.ClientOptions;
import io.atedb.Conditions;
import io.atedb.EventKind;
import io.atedb.EventStream;
import io.atedb.NewEvent;
import io.atedb.OpenOptions;
import io.atedb.PrimaryKeys;
import io.atedb.Reason;
import io.atedb.SubscribeOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whole events that go under a snapshot. */
@Tag("live")
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class SnapshotTest {
  private static final String CHAIN = "example.com/java/state";
  private static final int DAYS = 8;
  private static final Bytes PARENT = PrimaryKeys.ofName("object 0");

  @TempDir Path folder;

  private AtedbClient connect(LiveServer server, String home) {
    ClientOptions options = ClientOptions.defaults().home(folder.resolve(home));
    return AtedbClient.connect(server.address(), options);
  }

  private static Chain open(AtedbClient client, boolean checkRules) {
    return client.open(CHAIN, OpenOptions.defaults().checkRules(checkRules));
  }

  private static Chain openToWrite(AtedbClient client) {
    return client.open(CHAIN, OpenOptions.defaults().forAppend());
  }

  /** Writes objects that are written over, one that is removed, and a child of one. */
  private static void fill(Chain chain) {
    for (int number = 0; number < 12; number++) {
      String text = Integer.toString(number);
      List<NewEvent> states =
          IntStream.range(0, 3).mapToObj(at -> NewEvent.data(text).name("object " + at)).toList();
      chain.append(states, Conditions.NONE).join();
    }
    chain.append(NewEvent.data("x").name("removed")).join();
    chain.append(NewEvent.tombstone(PrimaryKeys.ofName("removed"))).join();
    chain.append(NewEvent.data("a child").name("child").parent(PARENT)).join();
  }

  /** Has a week pass, and lets go what no longer matters. */
  private void forget(LiveServer server, String home) throws Exception {
    server.stop();
    server.aheadDays = DAYS;
    server.start();
    String address = "ate://" + server.address() + "/" + CHAIN;
    for (String verb : List.of("snapshot", "compact")) {
      LiveServer.atedbAhead(DAYS, folder.resolve(home), "", 0, verb, address);
    }
  }

  private static List<ChainEvent> drain(EventStream events) {
    List<ChainEvent> found = new ArrayList<>();
    try (events) {
      events.forEachRemaining(found::add);
    }
    return found;
  }

  private static Map<Bytes, Bytes> stateOf(List<ChainEvent> events) {
    Map<Bytes, Bytes> state = new HashMap<>();
    for (ChainEvent event : events) {
      if (event.kind() == EventKind.DATA) {
        state.put(event.primaryKey(), event.data());
      } else if (event.kind() == EventKind.TOMBSTONE) {
        state.remove(event.primaryKey());
      }
    }
    return state;
  }

  private static List<Long> sequences(List<ChainEvent> events) {
    return events.stream().map(ChainEvent::sequence).toList();
  }

  private static List<ChainEvent> from(List<ChainEvent> events, long first) {
    return events.stream().filter(event -> event.sequence() >= first).toList();
  }

  @Test
  void aCentralizedChainUnderSnapshotIsReadAsBefore() throws Exception {
    isReadAsBefore();
  }

  @Test
  void aDistributedChainUnderSnapshotIsReadAsBefore() throws Exception {
    isReadAsBefore("--trust", "distributed", "--no-wire-encryption");
  }

  private void isReadAsBefore(String... flags) throws Exception {
    try (LiveServer server = new LiveServer(folder.resolve("server"), flags)) {
      try (AtedbClient writer = connect(server, "writer");
          Chain chain = openToWrite(writer)) {
        fill(chain);
      }
      List<ChainEvent> left;
      Set<Long> gone;
      try (AtedbClient client = connect(server, "reader");
          Chain chain = open(client, true);
          Chain partial = open(client, true)) {
        List<ChainEvent> before = drain(chain.read());
        // By the rules, up to what is in the middle of what goes.
        assertEquals(20, drain(partial.read(0, 20)).size());
        forget(server, "writer");
        left = drain(chain.read());
        Set<Long> there = Set.copyOf(sequences(left));
        gone =
            before.stream()
                .map(ChainEvent::sequence)
                .filter(sequence -> !there.contains(sequence))
                .collect(Collectors.toSet());
        assertTrue(gone.size() > 30, () -> "only " + left.size() + " are left");
        assertEquals(
            before.stream().filter(event -> there.contains(event.sequence())).toList(),
            left.subList(0, left.size() - 1));
        assertEquals(stateOf(before), stateOf(left));
        assertEquals(EventKind.SNAPSHOT, left.get(left.size() - 1).kind());
        // The rules were verified up to a commit that is gone by now.
        assertEquals(from(left, 30), drain(partial.read(30, -1)));
      }
      showsWhatIsLeft(server, left, gone);
      readsParts(server, left);
      try (AtedbClient writer = connect(server, "writer");
          Chain chain = openToWrite(writer)) {
        chain.append(NewEvent.data("young").name("object 0")).join();
        assertEquals(Bytes.ofText("young"), stateOf(drain(chain.read())).get(PARENT));
      }
    }
  }

  private void showsWhatIsLeft(LiveServer server, List<ChainEvent> left, Set<Long> gone) {
    try (AtedbClient client = connect(server, "another");
        Chain chain = open(client, true)) {
      assertEquals(left.get(left.size() - 1).commit() + 1, chain.verify().size());
      try (EventStream events = chain.subscribe(SubscribeOptions.FROM_START)) {
        left.forEach(due -> assertEquals(due, events.next()));
      }
      gone.stream()
          .filter(sequence -> sequence % 10 == 1)
          .forEach(sequence -> refused("EVENT_GONE", () -> chain.getAt(sequence)));
      left.forEach(due -> assertEquals(due, chain.getAt(due.sequence())));
      assertNull(chain.get("removed"));
      assertEquals(Bytes.ofText("11"), chain.get("object 2").data());
      try (ChildStream children = chain.children(ChildrenOptions.of(PARENT))) {
        assertEquals(Bytes.ofText("a child"), children.next().event().data());
        assertFalse(children.hasNext());
      }
    }
  }

  /** From anywhere, in parts, with and without the rules. */
  private void readsParts(LiveServer server, List<ChainEvent> left) {
    for (boolean checkRules : new boolean[] {false, true}) {
      try (AtedbClient client = connect(server, "parts " + checkRules);
          Chain chain = open(client, checkRules)) {
        List<ChainEvent> parts = new ArrayList<>();
        for (long begin = 0; begin < 42; begin += 7) {
          parts.addAll(drain(chain.read(begin, begin == 35 ? -1 : begin + 7)));
        }
        assertEquals(left, parts);
        for (long begin = 1; begin < 42; begin += 8) {
          assertEquals(from(left, begin), drain(chain.read(begin, -1)));
        }
      }
    }
  }

  /**
   * What would show that something was removed may be gone, too: so it isn't gone on from there.
   */
  @Test
  void whoHasReadWhatGoesIsTold() throws Exception {
    try (LiveServer server = new LiveServer(folder.resolve("server"));
        AtedbClient client = connect(server, "writer");
        Chain chain = openToWrite(client)) {
      for (int number = 0; number < 120; number++) {
        String text = (number + " ").repeat(30_000);
        chain.append(NewEvent.data(text).name("object")).join();
      }
      try (EventStream events = chain.subscribe(SubscribeOptions.FROM_START)) {
        for (long due = 0; due < 3; due++) {
          assertEquals(due, events.next().sequence());
        }
        forget(server, "writer");
        refused("HISTORY_COMPACTED", () -> events.forEachRemaining(event -> {}));
      }
      // Begun anew, there is what is left.
      assertEquals(List.of(0L, 120L, 121L), sequences(drain(chain.read())));
    }
  }

  @Test
  void whoWasAwayGoesOn() throws Exception {
    try (LiveServer server = new LiveServer(folder.resolve("server"))) {
      server.stop();
      server.aheadDays = DAYS;
      server.clockWaits = true;
      server.start();
      try (AtedbClient client = connect(server, "writer");
          Chain chain = openToWrite(client);
          AtedbClient another = connect(server, "writer");
          Chain other = openToWrite(another)) {
        chain.append(NewEvent.data("before").name("object")).join();
        for (int number = 0; number < 5; number++) {
          other.append(NewEvent.data(Integer.toString(number)).name("object")).join();
        }
        server.goAhead();
        String address = "ate://" + server.address() + "/" + CHAIN;
        LiveServer.atedbAhead(DAYS, folder.resolve("writer"), "", 0, "snapshot", address);
        // Its stream is as it was, and it has seen none of that.
        CompletionException refused =
            assertThrows(
                CompletionException.class,
                () ->
                    chain
                        .append(
                            List.of(NewEvent.data("on a condition")), Conditions.unchangedSince(2))
                        .join());
        assertEquals(Reason.STALE, ((AtedbException) refused.getCause()).reason());
        chain.append("later").join();
        List<ChainEvent> later = drain(chain.read(8, -1));
        assertEquals(List.of("later"), later.stream().map(ChainEvent::text).toList());
      }
    }
  }
}
