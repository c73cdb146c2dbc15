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
import io.atedb.ClientOptions;
import io.atedb.Committed;
import io.atedb.Conditions;
import io.atedb.EventKind;
import io.atedb.EventStream;
import io.atedb.KeyPair;
import io.atedb.NewEvent;
import io.atedb.OpenOptions;
import io.atedb.PrimaryKeys;
import io.atedb.TrustMode;
import io.atedb.VouchedBy;
import io.atedb.WriteRule;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Writing chains of real servers, which this client and the command of the repository then read.
 */
@Tag("live")
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class WriteTest {
  private static final OpenOptions APPEND = OpenOptions.defaults().forAppend();

  @TempDir static Path shared;
  private static LiveServer server;

  @TempDir Path folder;
  private final List<String> notices = new CopyOnWriteArrayList<>();

  @BeforeAll
  static void startServer() throws Exception {
    server = new LiveServer(Files.createDirectories(shared.resolve("server")));
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  private Path home() {
    return folder.resolve("home");
  }

  private ClientOptions options() {
    return ClientOptions.defaults()
        .home(home())
        .onNotice(notice -> notices.add(notice.kind().name()));
  }

  private static List<ChainEvent> data(Chain chain) {
    List<ChainEvent> found = new ArrayList<>();
    try (EventStream events = chain.read()) {
      events.forEachRemaining(found::add);
    }
    found.removeIf(event -> event.kind() != EventKind.DATA);
    return found;
  }

  private static List<String> texts(Chain chain) {
    return data(chain).stream().map(ChainEvent::text).toList();
  }

  private static AtedbException failed(String reason, CompletableFuture<Committed> append) {
    CompletionException error = assertThrows(CompletionException.class, append::join);
    AtedbException cause = (AtedbException) error.getCause();
    assertEquals(reason, cause.reason().name(), cause.getMessage());
    return cause;
  }

  @Test
  void theFirstAppendMakesKeyAndChain() throws Exception {
    String chainKey = "example.com/java/first";
    try (AtedbClient client = AtedbClient.connect(server.address(), options());
        Chain chain = client.open(chainKey, APPEND)) {
      assertNull(chain.head());
      List<CompletableFuture<Committed>> all =
          IntStream.range(0, 500).mapToObj(n -> chain.append(Integer.toString(n))).toList();
      List<Long> sequences =
          all.stream().map(CompletableFuture::join).map(Committed::firstSequence).toList();
      assertEquals(IntStream.rangeClosed(1, 500).mapToObj(Long::valueOf).toList(), sequences);
      assertEquals(IntStream.range(0, 500).mapToObj(Integer::toString).toList(), texts(chain));
      assertTrue(data(chain).stream().allMatch(one -> one.vouchedBy() == VouchedBy.SERVER));
      assertTrue(all.get(499).join().commit() < 100, "small appends share batches");

      Committed many =
          chain
              .append(
                  List.of(
                      NewEvent.data("red").name("colour").type("text").timeUnixMs(7),
                      NewEvent.data("leaf").childOf(PrimaryKeys.ofName("tree"), "leaf")),
                  Conditions.NONE)
              .join();
      assertEquals(many.firstSequence() + 1, many.lastSequence());
      ChainEvent colour = chain.get("colour");
      assertEquals("red", colour.text());
      assertEquals("text", colour.type());
      assertEquals(7, colour.timeUnixMs());
      assertEquals(PrimaryKeys.ofName("tree"), chain.getAt(many.lastSequence()).parent());

      Committed gone = chain.append(NewEvent.tombstone(PrimaryKeys.ofName("colour"))).join();
      assertEquals(EventKind.TOMBSTONE, chain.get("colour").kind());
      assertEquals(VouchedBy.WRITER, chain.getAt(gone.firstSequence()).vouchedBy());
    }
    assertEquals(List.of("KEY_CREATED", "SERVER_MET", "CHAIN_CREATED"), sorted());
    Path key = home().resolve("keys").resolve("default.key");
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(key)));
    LiveServer.atedb(home(), "", 0, "verify", "ate://" + server.address() + "/" + chainKey);
    // The command goes on with the same key and home folder, and so does this client after it.
    LiveServer.atedb(
        home(), "by the command\n", 0, "append", "ate://" + server.address() + "/" + chainKey);
    try (AtedbClient client = AtedbClient.connect(server.address(), options());
        Chain chain = client.open(chainKey, APPEND)) {
      chain.append("and on").join();
      List<String> all = texts(chain);
      assertEquals(List.of("by the command", "and on"), all.subList(all.size() - 2, all.size()));
    }
    assertFalse(notices.contains("NEW_WRITER"));
  }

  private List<String> sorted() {
    List<String> order = List.of("KEY_CREATED", "SERVER_MET", "CHAIN_CREATED");
    return order.stream().filter(notices::contains).toList();
  }

  @Test
  void whatCannotBeIsRefused() {
    try (AtedbClient client = AtedbClient.connect(server.address(), options())) {
      try (Chain chain = client.open("example.com/java/refused", APPEND)) {
        Committed first = chain.append(NewEvent.data("1").name("counter")).join();
        refused("REQUEST_INVALID", () -> chain.append(List.of(), Conditions.NONE));
        NewEvent large = NewEvent.data(Bytes.wrap(new byte[4 * 1024 * 1024]));
        refused("DATA_TOO_LARGE", () -> chain.append(large));
        List<NewEvent> many = Collections.nCopies(16_385, NewEvent.data(""));
        refused("TOO_MANY_EVENTS", () -> chain.append(many, Conditions.NONE));
        refused("REQUEST_INVALID", () -> chain.append(NewEvent.data("").primaryKey(Bytes.EMPTY)));

        Bytes counter = PrimaryKeys.ofName("counter");
        Conditions unchanged = Conditions.objectUnchangedSince(counter, first.lastSequence() + 1);
        try (AtedbClient other = AtedbClient.connect(server.address(), options());
            Chain same = other.open("example.com/java/refused", APPEND)) {
          // A second process takes the next slot, and is another writer.
          same.append(NewEvent.data("2").name("counter")).join();
        }
        CompletableFuture<Committed> late =
            chain.append(List.of(NewEvent.data("3").name("counter")), unchanged);
        CompletableFuture<Committed> behind = chain.append("behind it");
        failed("PRECONDITION_FAILED", late);
        assertTrue(behind.join().firstSequence() > first.lastSequence());
        assertEquals("2", chain.get("counter").text());
        assertEquals(List.of("1", "2", "behind it"), texts(chain));
      }
      try (Chain chain = client.open("example.com/java/refused")) {
        refused("REQUEST_INVALID", () -> chain.append("it was opened for reading"));
      }
      OpenOptions stranger = APPEND.key(KeyPair.generate());
      try (Chain chain = client.open("example.com/java/refused", stranger)) {
        failed("KEY_NOT_ALLOWED", chain.append("not mine"));
      }
    }
  }

  @Test
  void eachEventIsStoredOnceOverCrashes() throws Exception {
    Path place = Files.createDirectories(folder.resolve("crashes"));
    try (LiveServer one = new LiveServer(place);
        AtedbClient client = AtedbClient.connect(one.address(), options());
        Chain chain = client.open("example.com/java/once", APPEND)) {
      List<CompletableFuture<Committed>> all = new ArrayList<>();
      for (int number = 0; number < 3_000; number++) {
        all.add(chain.append(Integer.toString(number)));
        if (number % 1_000 == 700) {
          one.kill();
          one.start();
        }
      }
      all.forEach(CompletableFuture::join);
      assertEquals(IntStream.range(0, 3_000).mapToObj(Integer::toString).toList(), texts(chain));
      assertTrue(notices.contains("RECONNECTING"));
      assertFalse(notices.contains("NEW_WRITER"));
      chain.verify();
    }
  }

  @Test
  void aServerThatStaysAwayIsGivenUp() throws Exception {
    Path place = Files.createDirectories(folder.resolve("away"));
    LiveServer one = new LiveServer(place);
    OpenOptions brief = APPEND.reconnect(Duration.ofMillis(500));
    try (AtedbClient client = AtedbClient.connect(one.address(), options());
        Chain chain = client.open("example.com/java/away", brief)) {
      chain.append("stored").join();
      one.kill();
      CompletableFuture<Committed> lost = chain.append("lost");
      AtedbException error =
          (AtedbException) assertThrows(CompletionException.class, lost::join).getCause();
      // Whether it had been written to the connection before the loss was noticed can't be said.
      assertTrue(List.of("OUTCOME_UNKNOWN", "CONNECTION_FAILED").contains(error.reason().name()));
      failed("CONNECTION_FAILED", chain.append("not sent"));
      one.start();
      chain.append("again").join();
      List<String> found = texts(chain);
      assertEquals("again", found.get(found.size() - 1));
    } finally {
      one.close();
    }
  }

  @Test
  void aServerThatHasLostWhatItAcknowledgedIsNoticed() throws Exception {
    Path place = Files.createDirectories(folder.resolve("ahead"));
    String chainKey = "example.com/java/ahead";
    try (LiveServer one = new LiveServer(place)) {
      try (AtedbClient client = AtedbClient.connect(one.address(), options());
          Chain chain = client.open(chainKey, APPEND)) {
        chain.append("1").join();
        one.stop();
        LiveServerFiles.copy(place.resolve("logs"), place.resolve("older"));
        one.start();
        chain.append("2").join();
      }
      one.stop();
      LiveServerFiles.delete(place.resolve("logs"));
      LiveServerFiles.copy(place.resolve("older"), place.resolve("logs"));
      one.start();
      // The heads are forgotten here: so that the writer has to notice by itself.
      LiveServerFiles.delete(home().resolve("chains"));
      try (AtedbClient client = AtedbClient.connect(one.address(), options());
          Chain chain = client.open(chainKey, APPEND)) {
        failed("WRITER_AHEAD", chain.append("3"));
      }
    }
  }

  @Test
  void dataIsSealedForItsReaders() throws Exception {
    KeyPair bob = KeyPair.generate();
    String chainKey = "example.com/java/confidential";
    try (AtedbClient client = AtedbClient.connect(server.address(), options())) {
      try (Chain chain = client.open(chainKey, APPEND.confidential().pad())) {
        refused("READ_RULE_MISMATCH", () -> chain.append("before anybody may read"));
        chain.setReaders(List.of(bob.publicKey()));
        chain.append("psst").join();
        chain.append(NewEvent.data("again").name("secret")).join();
        assertEquals(List.of("psst", "again"), texts(chain));
        assertTrue(data(chain).stream().allMatch(one -> one.sealed() != null));
        // Bob is taken off.
        chain.setReaders(List.of());
        chain.append("without bob").join();
      }
      try (Chain bobs = client.open(chainKey, OpenOptions.defaults().key(bob))) {
        assertEquals(List.of("psst", "again", ""), texts(bobs));
      }
      try (Chain bobs = client.open(chainKey, APPEND.key(bob))) {
        refused("READ_KEY_MISSING", () -> bobs.append("I may not read"));
      }
    }
    String said =
        LiveServer.atedb(home(), "", 0, "read", "ate://" + server.address() + "/" + chainKey);
    assertTrue(said.contains("without bob"), said);
  }

  @Test
  void aRuleThatIsNotKnownIsLearned() throws Exception {
    String chainKey = "example.com/java/ruled";
    try (AtedbClient client = AtedbClient.connect(server.address(), options());
        Chain chain = client.open(chainKey, APPEND)) {
      chain.append("in clear").join();
      try (AtedbClient other = AtedbClient.connect(server.address(), options());
          Chain same = other.open(chainKey, APPEND)) {
        same.setReaders(List.of());
      }
      // The server refuses it in clear; then it is sealed.
      long sequence = chain.append("sealed now").join().firstSequence();
      assertEquals("sealed now", chain.getAt(sequence).text());
      assertEquals(ChainEvent.Sealed.State.OPEN, chain.getAt(sequence).sealed().state());
    }
  }

  @Test
  void distributedAndPrivateChainsAreSignedAndRuled() throws Exception {
    Path place = Files.createDirectories(folder.resolve("distributed"));
    KeyPair bob = KeyPair.generate();
    try (LiveServer one = new LiveServer(place, "--trust", "distributed", "--no-wire-encryption");
        AtedbClient client = AtedbClient.connect(one.address(), options())) {
      OpenOptions open = APPEND.trustMode(TrustMode.DISTRIBUTED);
      try (Chain chain = client.open("team/java_ruled", open)) {
        chain.append("mine").join();
        assertTrue(data(chain).stream().allMatch(one2 -> one2.vouchedBy() == VouchedBy.WRITER));
        NewEvent bobsToo =
            NewEvent.rules(null)
                .write(WriteRule.anyOf(List.of(chain.ownKey().fingerprint(), bob.fingerprint())))
                .shows(List.of(bob.publicKey()));
        chain.append(bobsToo).join();
      }
      try (Chain chain = client.open("team/java_ruled", open.key(bob))) {
        chain.append("bob's").join();
        assertEquals(List.of("mine", "bob's"), texts(chain));
        chain.verify();
      }
      try (Chain chain = client.open("team/java_closed", open.privateChain())) {
        chain.append("for nobody else").join();
        assertEquals(List.of("for nobody else"), texts(chain));
        assertTrue(chain.isPrivate());
      }
      refused(
          "KEY_NOT_ALLOWED",
          () -> client.open("team/java_closed", OpenOptions.defaults().key(bob)));
    }
  }
}
