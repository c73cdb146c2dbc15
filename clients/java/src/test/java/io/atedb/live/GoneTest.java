package io.atedb.live;

import static io.atedb.vectors.Vectors.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atedb.AtedbClient;
import io.atedb.Chain;
import io.atedb.ChainEvent;
import io.atedb.ClientOptions;
import io.atedb.DataState;
import io.atedb.EventKind;
import io.atedb.EventStream;
import io.atedb.NewEvent;
import io.atedb.OpenOptions;
import io.atedb.PrimaryKeys;
import io.atedb.ReadOptions;
import io.atedb.Redaction;
import io.atedb.SubscribeOptions;
import io.atedb.Unchecked;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Data that a server has dropped, erased, and let expire: in its place is why. */
@Tag("live")
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class GoneTest {
  private static final String CHAIN = "example.com/java/gone";
  private static final String EXPIRING = "example.com/java/expiring";
  private static final List<DataState> DUE =
      List.of(
          DataState.PRESENT,
          DataState.DROPPED,
          DataState.DROPPED,
          DataState.DROPPED,
          DataState.DROPPED,
          DataState.REDACTED,
          DataState.PRESENT,
          DataState.PRESENT);

  @TempDir Path folder;

  private static void append(Chain chain, NewEvent event) {
    try {
      chain.append(event).join();
    } catch (CompletionException error) {
      throw (RuntimeException) error.getCause();
    }
  }

  private static void write(Chain chain) {
    String large = "large ".repeat(20_000);
    for (int count = 0; count < 4; count++) {
      append(chain, NewEvent.data(large).name("state"));
    }
    append(chain, NewEvent.data("a secret").name("secret"));
    append(chain, NewEvent.data("newest").name("state"));
    append(chain, NewEvent.redaction(PrimaryKeys.ofName("secret"), Redaction.of(List.of(5L))));
    refused(
        "REDACTION_INVALID",
        () ->
            append(
                chain,
                NewEvent.redaction(PrimaryKeys.ofName("secret"), Redaction.of(List.of(99L)))));
  }

  /** Of the last two of what is there, and no others. */
  private static void writeExpiring(Chain chain) {
    append(chain, NewEvent.retention(0, 2));
    for (int count = 0; count < 5; count++) {
      append(chain, NewEvent.data(("event " + count + " ").repeat(5_000)));
    }
  }

  @Test
  void whatIsGoneSaysWhy() throws Exception {
    Path home = Files.createDirectories(folder.resolve("home"));
    try (LiveServer server = new LiveServer(Files.createDirectories(folder.resolve("server")));
        AtedbClient client =
            AtedbClient.connect(server.address(), ClientOptions.defaults().home(home));
        Chain chain = client.open(CHAIN, OpenOptions.defaults().forAppend());
        Chain expiring = client.open(EXPIRING, OpenOptions.defaults().forAppend())) {
      write(chain);
      writeExpiring(expiring);
      waitUntilGone(server, home, chain, expiring);
      for (boolean checkRules : new boolean[] {true, false}) {
        try (AtedbClient other =
                AtedbClient.connect(server.address(), ClientOptions.defaults().home(null));
            Chain reader = other.open(CHAIN, OpenOptions.defaults().checkRules(checkRules));
            Chain expired = other.open(EXPIRING, OpenOptions.defaults().checkRules(checkRules))) {
          checkGone(reader);
          checkExpired(expired);
        }
      }
    }
  }

  /** A compaction keeps what was committed in the last half minute. */
  private static void waitUntilGone(LiveServer server, Path home, Chain chain, Chain expiring)
      throws Exception {
    while (true) {
      for (String one : List.of(CHAIN, EXPIRING)) {
        LiveServer.atedb(home, "", 0, "compact", "ate://" + server.address() + "/" + one);
      }
      if (chain.getAt(4).dataState() == DataState.DROPPED
          && chain.getAt(5).dataState() == DataState.REDACTED
          && expiring.getAt(2).dataState() == DataState.EXPIRED) {
        return;
      }
      Thread.sleep(3_000);
    }
  }

  private static List<ChainEvent> drain(EventStream events) {
    List<ChainEvent> found = new ArrayList<>();
    try (events) {
      events.forEachRemaining(found::add);
    }
    return found;
  }

  private static void checkGone(Chain reader) {
    reader.verify();
    List<ChainEvent> all = drain(reader.read());
    assertEquals(DUE, all.stream().map(ChainEvent::dataState).toList());
    assertEquals(7, all.get(5).redactedBy().sequence());
    assertEquals(EventKind.REDACTION, all.get(7).kind());
    for (long sequence : new long[] {1, 4, 5}) {
      ChainEvent event = reader.getAt(sequence);
      assertNotEquals(DataState.PRESENT, event.dataState());
      assertTrue(event.data().isEmpty());
    }
    assertNotNull(reader.getAt(5).redactedBy().fingerprint());
    // Of a range that ends earlier nothing shows that it may be so, and that is told.
    List<Unchecked> told = new ArrayList<>();
    drain(reader.read(ReadOptions.ALL.range(0, 6).onUnchecked(told::add)));
    assertEquals(List.of(new Unchecked(2, List.of(4L, 5L))), told);
    List<DataState> streamed = new ArrayList<>();
    try (EventStream events = reader.subscribe(SubscribeOptions.FROM_START)) {
      while (streamed.size() < DUE.size()) {
        streamed.add(events.next().dataState());
      }
    }
    assertEquals(DUE, streamed);
  }

  private static void checkExpired(Chain reader) {
    reader.verify();
    List<ChainEvent> all = drain(reader.read());
    List<DataState> states = all.stream().map(ChainEvent::dataState).toList();
    assertEquals(DataState.EXPIRED, states.get(2));
    assertEquals(DataState.PRESENT, states.get(states.size() - 1));
    assertEquals(DataState.EXPIRED, reader.getAt(2).dataState());
  }
}
