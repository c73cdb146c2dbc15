package io.atedb.live;

import static io.atedb.live.ChainText.append;
import static io.atedb.live.ChainText.texts;
import static io.atedb.vectors.Vectors.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atedb.AtedbClient;
import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Chain;
import io.atedb.ChainEvent;
import io.atedb.ClientOptions;
import io.atedb.EventKind;
import io.atedb.EventStream;
import io.atedb.KeyPair;
import io.atedb.KnownHosts;
import io.atedb.OpenOptions;
import io.atedb.PrimaryKeys;
import io.atedb.Reason;
import io.atedb.Signal;
import io.atedb.SubscribeOptions;
import io.atedb.TreeHead;
import io.atedb.TrustMode;
import io.atedb.VouchedBy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Reading and following chains of real servers, which the command of the repository has written.
 */
@Tag("live")
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class ReadTest {
  private static final String CHAIN = "example.com/java/read";

  @TempDir static Path shared;
  private static LiveServer server;
  private static Path writer;

  @TempDir Path folder;

  @BeforeAll
  static void startServer() throws Exception {
    server = new LiveServer(Files.createDirectories(shared.resolve("server")));
    writer = Files.createDirectories(shared.resolve("writer"));
    append(writer, server, CHAIN, "one\ntwo\nthree\n");
    append(writer, server, CHAIN, "blue\n", "--name", "colour", "--sign");
  }

  @AfterAll
  static void stopServer() throws Exception {
    server.close();
  }

  private ClientOptions options() {
    return ClientOptions.defaults().home(folder.resolve("home"));
  }

  @Test
  void aChainIsReadAndVerified() throws Exception {
    List<String> notices = new CopyOnWriteArrayList<>();
    ClientOptions options = options().onNotice(one -> notices.add(one.kind().name()));
    try (AtedbClient client = AtedbClient.connect(server.address(), options);
        Chain chain = client.open(CHAIN)) {
      assertEquals(List.of("", "one", "two", "three", "blue"), texts(chain.read()));
      assertEquals(List.of("two", "three"), texts(chain.read(2, 4)));
      assertEquals(List.of(), texts(chain.read(2, 2)));
      TreeHead head = chain.verify();
      assertEquals(head, chain.head());
      assertEquals(head, chain.verifyAsync().get());
      assertTrue(chain.checkpoint().startsWith("atedb/" + chain.chainId().hex()));
      assertEquals(TrustMode.CENTRALIZED, chain.trustMode());

      ChainEvent colour = chain.get("colour");
      assertEquals("blue", colour.text());
      assertEquals(PrimaryKeys.ofName("colour"), colour.primaryKey());
      assertEquals(VouchedBy.WRITER, colour.vouchedBy());
      assertEquals(4, colour.sequence());
      assertEquals("blue", chain.getAsync(PrimaryKeys.ofName("colour")).get().text());
      assertNull(chain.get("nobody has written this"));
      assertEquals("one", chain.getAt(1).text());
      assertEquals(VouchedBy.SERVER, chain.getAt(1).vouchedBy());
      assertEquals(EventKind.GENESIS, chain.getAt(0).kind());
      refused("SEQUENCE_OUT_OF_RANGE", () -> chain.getAt(99));
      refused("REQUEST_INVALID", () -> chain.getAt(-1));
      refused("REQUEST_INVALID", () -> chain.get(Bytes.ofText("short")));
      refused("REQUEST_INVALID", () -> chain.read(-1, 2));
      assertNotNull(client.serverIdentity());
      refused("CHAIN_NOT_FOUND", () -> client.open("example.com/java/none"));
      refused("CHAIN_KEY_INVALID", () -> client.open("Example"));
    }
    assertEquals(List.of("SERVER_MET"), notices);
  }

  @Test
  void theHomeFolderIsShared() throws Exception {
    // The server is known to the other client already, and its head is remembered; both are for
    // their owner alone.
    ClientOptions options = ClientOptions.defaults().home(writer);
    try (AtedbClient client = AtedbClient.connect(server.address(), options);
        Chain chain = client.open(CHAIN)) {
      assertEquals(5, texts(chain.read()).size());
      assertTrue(
          new KnownHosts(writer)
              .list().stream()
                  .anyMatch(
                      one ->
                          one.server().equals(server.address())
                              && server.identity().endsWith(one.fingerprint().hex())));
    }
    Path head =
        writer
            .resolve("chains")
            .resolve(server.address().replace(':', '_'))
            .resolve(CHAIN)
            .resolve("head.json");
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(head)));
    // And what was kept here the command takes.
    String said =
        LiveServer.atedb(writer, "", 0, "read", "ate://" + server.address() + "/" + CHAIN);
    assertTrue(said.contains("three"), said);
  }

  @Test
  void aChainIsWhatIsDemanded() throws Exception {
    try (AtedbClient client = AtedbClient.connect(server.address(), options())) {
      OpenOptions defaults = OpenOptions.defaults();
      refused(
          "TRUST_MODE_MISMATCH",
          () -> client.open(CHAIN, defaults.trustMode(TrustMode.DISTRIBUTED)));
      refused("READ_RULE_MISMATCH", () -> client.open(CHAIN, defaults.confidential()));
      refused("CHAIN_NOT_PRIVATE", () -> client.open(CHAIN, defaults.privateChain()));
      refused(
          "CHAIN_ID_MISMATCH",
          () -> client.open(CHAIN, defaults.chainId(Bytes.wrap(new byte[32]))));
      try (Chain chain = client.open(CHAIN, defaults.checkRules(true))) {
        assertEquals(List.of("three", "blue"), texts(chain.read(3, 9)));
        assertEquals("one", chain.getAt(1).text());
      }
    }
  }

  @Test
  void sealedDataIsOpenedByItsReaders() throws Exception {
    KeyPair bob = KeyPair.generate();
    Path keys = Files.createDirectories(writer.resolve("keys"));
    Files.writeString(keys.resolve("javabob.pub"), bob.publicKey().text() + "\n");
    append(writer, server, "example.com/java/sealed", "psst\nagain\n", "--read", "javabob");
    try (AtedbClient client = AtedbClient.connect(server.address(), options())) {
      OpenOptions options = OpenOptions.defaults().key(bob).confidential();
      try (Chain chain = client.open("example.com/java/sealed", options)) {
        List<ChainEvent> data = new ArrayList<>();
        chain.read().forEachRemaining(data::add);
        data.removeIf(event -> event.kind() != EventKind.DATA);
        assertEquals(List.of("psst", "again"), data.stream().map(ChainEvent::text).toList());
        assertEquals(ChainEvent.Sealed.State.OPEN, data.get(0).sealed().state());
        long last = data.get(1).sequence();
        assertEquals("again", chain.getAt(last).text());
        assertEquals(List.of("again"), texts(chain.read(last, last + 1)));
      }
      try (Chain chain = client.open("example.com/java/sealed")) {
        chain
            .read()
            .forEachRemaining(
                event -> {
                  if (event.kind() == EventKind.DATA) {
                    assertEquals(ChainEvent.Sealed.State.NO_KEY, event.sealed().state());
                    assertTrue(event.data().isEmpty());
                    assertTrue(event.sealed().holders().contains(bob.fingerprint()));
                  }
                });
      }
    }
  }

  @Test
  void privateChainsAreOpenedWithATicket() throws Exception {
    KeyPair bob = KeyPair.generate();
    Path keys = Files.createDirectories(writer.resolve("keys"));
    Files.writeString(keys.resolve("javaguest.pub"), bob.publicKey().text() + "\n");
    String chainKey = "example.com/java/closed";
    append(writer, server, chainKey, "for those who are let in\n", "--private");
    LiveServer.atedb(
        writer, "", 0, "share", "ate://" + server.address() + "/" + chainKey, "javaguest");
    try (AtedbClient client = AtedbClient.connect(server.address(), options())) {
      refused("CHAIN_PRIVATE", () -> client.open(chainKey));
      OpenOptions stranger = OpenOptions.defaults().key(KeyPair.generate());
      refused("KEY_NOT_ALLOWED", () -> client.open(chainKey, stranger));
      try (Chain chain = client.open(chainKey, OpenOptions.defaults().key(bob))) {
        assertEquals("for those who are let in", texts(chain.read(1, 2)).get(0));
        assertTrue(chain.isPrivate());
      }
    }
  }

  @Test
  void chainsOfAnAuthServiceAreVerified() throws Exception {
    Path place = Files.createDirectories(folder.resolve("auth"));
    try (LiveServer auth = new LiveServer(place, true)) {
      append(writer, auth, "example.com/me/db", "one\n");
      try (AtedbClient client = AtedbClient.connect(auth.address(), options())) {
        try (Chain chain =
            client.open("example.com/me/db", OpenOptions.defaults().checkRules(true))) {
          assertEquals(List.of("", "one"), texts(chain.read()));
          chain.verify();
        }
      }
    }
  }

  @Test
  void aServerThatGoesBackIsNoticed() throws Exception {
    Path place = Files.createDirectories(folder.resolve("back"));
    String chainKey = "example.com/java/back";
    try (LiveServer one = new LiveServer(place)) {
      append(writer, one, chainKey, "one\n");
      one.stop();
      LiveServerFiles.copy(place.resolve("logs"), place.resolve("older"));
      one.start();
      append(writer, one, chainKey, "two\n");
      // A head that is younger than a second need not be signed.
      Thread.sleep(1_500);
      try (AtedbClient client = AtedbClient.connect(one.address(), options());
          Chain chain = client.open(chainKey)) {
        assertEquals(List.of("", "one", "two"), texts(chain.read()));
      }
      one.stop();
      LiveServerFiles.delete(place.resolve("logs"));
      LiveServerFiles.copy(place.resolve("older"), place.resolve("logs"));
      one.start();
      try (AtedbClient client = AtedbClient.connect(one.address(), options())) {
        AtedbException error = refused("HEAD_CONFLICT", () -> client.open(chainKey));
        String evidence = error.metadata().get("evidence");
        LiveServer.atedb(writer, "", 0, "verify", "--evidence", evidence);
      }
    }
  }

  @Test
  void aDistributedChainIsFollowedOverACrash() throws Exception {
    Path place = Files.createDirectories(folder.resolve("distributed"));
    String chainKey = "team/java_follow";
    String[] flags = {"--trust", "distributed", "--no-wire-encryption"};
    try (LiveServer one = new LiveServer(place, flags)) {
      append(writer, one, chainKey, "0\n1\n");
      try (AtedbClient client = AtedbClient.connect(one.address(), options());
          Chain chain = client.open(chainKey)) {
        assertNull(client.serverIdentity());
        CountDownLatch caughtUp = new CountDownLatch(1);
        List<Signal.Kind> signals = new CopyOnWriteArrayList<>();
        SubscribeOptions subscribed =
            SubscribeOptions.FROM_START
                .from(1)
                .onSignal(
                    signal -> {
                      signals.add(signal.kind());
                      if (signal.kind() == Signal.Kind.CAUGHT_UP) {
                        caughtUp.countDown();
                      }
                    });
        EventStream events = chain.subscribe(subscribed);
        CompletableFuture<List<ChainEvent>> taken =
            CompletableFuture.supplyAsync(() -> take(events, 5));
        assertTrue(caughtUp.await(60, TimeUnit.SECONDS));
        append(writer, one, chainKey, "2\n");
        one.kill();
        one.start();
        append(writer, one, chainKey, "3\n4\n");
        List<ChainEvent> found = taken.get(60, TimeUnit.SECONDS);
        assertEquals(
            List.of("0", "1", "2", "3", "4"), found.stream().map(ChainEvent::text).toList());
        assertTrue(found.stream().allMatch(event -> event.vouchedBy() == VouchedBy.WRITER));
        assertTrue(signals.contains(Signal.Kind.RECONNECTING));
        assertTrue(signals.contains(Signal.Kind.CHECKPOINT));
        assertEquals(List.of("1", "2"), texts(chain.read(2, 4)));
        events.close();
        assertFalse(events.hasNext());

        one.kill();
        SubscribeOptions brief = SubscribeOptions.FROM_START.reconnect(Duration.ofMillis(200));
        refused("CONNECTION_FAILED", () -> take(chain.subscribe(brief), 1));
        refused("CONNECTION_FAILED", () -> chain.read().hasNext());
      }
    }
  }

  private static List<ChainEvent> take(EventStream events, int count) {
    List<ChainEvent> taken = new ArrayList<>();
    while (taken.size() < count && events.hasNext()) {
      taken.add(events.next());
    }
    return taken;
  }

  @Test
  void theExampleRuns() throws Exception {
    Process run =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                "examples/PrintChain.java",
                server.address(),
                CHAIN)
            .redirectErrorStream(true)
            .start();
    String said = new String(run.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, run.waitFor(), said);
    assertTrue(said.contains("4 blue"), said);
    assertTrue(said.contains("verified: 3 commits"), said);
  }

  @Test
  void aStreamThatIsClosedElsewhereEnds() throws Exception {
    try (AtedbClient client = AtedbClient.connect(server.address(), options());
        Chain chain = client.open(CHAIN)) {
      EventStream events = chain.subscribe(SubscribeOptions.FROM_START.from(SubscribeOptions.NOW));
      CompletableFuture<Boolean> waiting = CompletableFuture.supplyAsync(events::hasNext);
      Thread.sleep(300);
      events.close();
      assertFalse(waiting.get(30, TimeUnit.SECONDS));

      EventStream others = chain.subscribe(SubscribeOptions.FROM_START.from(5));
      Thread[] reader = new Thread[1];
      CompletableFuture<Reason> ended = new CompletableFuture<>();
      reader[0] =
          new Thread(
              () -> {
                try {
                  ended.complete(others.hasNext() ? null : Reason.INTERNAL);
                } catch (AtedbException error) {
                  ended.complete(error.reason());
                }
              });
      reader[0].start();
      Thread.sleep(300);
      reader[0].interrupt();
      assertEquals(Reason.CONNECTION_FAILED, ended.get(30, TimeUnit.SECONDS));
      others.close();
    }
  }
}
