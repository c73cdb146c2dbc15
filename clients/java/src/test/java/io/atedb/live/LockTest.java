package io.atedb.live;

import static io.atedb.vectors.Vectors.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atedb.AtedbClient;
import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Chain;
import io.atedb.ChainObject;
import io.atedb.ClientOptions;
import io.atedb.Committed;
import io.atedb.Conditions;
import io.atedb.DataState;
import io.atedb.Encryption;
import io.atedb.KeyPair;
import io.atedb.Lease;
import io.atedb.LockOptions;
import io.atedb.NewEvent;
import io.atedb.OpenOptions;
import io.atedb.PrimaryKeys;
import io.atedb.Reason;
import io.atedb.Redacted;
import io.atedb.Token;
import io.atedb.TokenGrant;
import io.atedb.WriteRule;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Parts;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Locks, redactions and the end of chains, at real servers. */
@Tag("live")
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class LockTest {
  private static final OpenOptions APPEND = OpenOptions.defaults().forAppend();
  private static final ChainObject DOOR = ChainObject.named("door");

  @TempDir static Path shared;
  private static LiveServer server;

  @TempDir Path folder;

  @BeforeAll
  static void startServer() throws Exception {
    server = new LiveServer(Files.createDirectories(shared.resolve("server")));
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  private static AtedbClient client(String address) {
    return AtedbClient.connect(address, ClientOptions.defaults().home(null));
  }

  private static NewEvent door(String data) {
    return NewEvent.data(data).name("door");
  }

  private static void refusedAppend(String reason, Chain chain, NewEvent event, Lease lease) {
    refused(
        reason,
        () -> {
          try {
            chain.append(List.of(event), Conditions.lease(lease)).join();
          } catch (CompletionException error) {
            throw error.getCause();
          }
        });
  }

  @Test
  void oneHoldsItAndTheNextWaits() throws Exception {
    try (KeyPair key = KeyPair.generate();
        AtedbClient client = client(server.address());
        Chain chain = client.open("example.com/java/locks", APPEND.key(key))) {
      chain.append(door("shut")).join();
      Lease lease = chain.lock(DOOR, LockOptions.DEFAULTS.ttl(Duration.ofSeconds(60)));
      assertTrue(lease.isHeld());
      assertEquals(PrimaryKeys.ofName("door"), lease.primaryKey());
      refused("LOCK_HELD", () -> chain.lock(DOOR, LockOptions.DEFAULTS.noWait()));
      CompletableFuture<Lease> waiting = CompletableFuture.supplyAsync(() -> chain.lock(DOOR));
      assertThrows(TimeoutException.class, () -> waiting.get(300, TimeUnit.MILLISECONDS));
      chain.append(List.of(door("open")), Conditions.lease(lease)).join();
      lease.close();
      assertFalse(lease.isHeld());
      lease.ended().join();
      try (Lease second = waiting.get(60, TimeUnit.SECONDS)) {
        assertTrue(second.token() > lease.token());
        // Here, without asking the server.
        refusedAppend("LEASE_LOST", chain, door("late"), lease);
        chain.append(List.of(door("mine")), Conditions.lease(second)).join();
      }
      refused("REQUEST_INVALID", () -> chain.lock(ChainObject.CHAIN));
      refused("REQUEST_INVALID", () -> LockOptions.DEFAULTS.ttl(Duration.ofMillis(499)));
    }
  }

  @Test
  void itIsKeptAliveAndLostWithTheServer() throws Exception {
    try (LiveServer one = new LiveServer(Files.createDirectories(folder.resolve("lease")));
        KeyPair key = KeyPair.generate();
        AtedbClient client = client(one.address());
        Chain chain = client.open("example.com/java/lease", APPEND.key(key))) {
      chain.append("there").join();
      Lease lease = chain.lock(DOOR, LockOptions.DEFAULTS.ttl(Duration.ofMillis(1_500)));
      // For longer than it lasts without a word.
      assertThrows(TimeoutException.class, () -> lease.ended().get(3_500, TimeUnit.MILLISECONDS));
      assertTrue(lease.isHeld());
      one.kill();
      CompletionException lost =
          assertThrows(CompletionException.class, () -> lease.ended().join());
      assertEquals(Reason.CONNECTION_FAILED, ((AtedbException) lost.getCause()).reason());
      assertFalse(lease.isHeld());
      CompletableFuture<Lease> waiting = CompletableFuture.supplyAsync(() -> chain.lock(DOOR));
      one.start();
      try (Lease again = waiting.get(60, TimeUnit.SECONDS)) {
        assertTrue(again.token() > lease.token());
        refusedAppend("LEASE_LOST", chain, door("late"), lease);
      }
    }
  }

  @Test
  void theRightToLockIsThatToWrite() {
    Bytes shelf = PrimaryKeys.ofName("shelf");
    try (KeyPair key = KeyPair.generate();
        KeyPair guest = KeyPair.generate();
        AtedbClient client = client(server.address());
        Chain chain = client.open("example.com/java/rights", APPEND.key(key))) {
      chain
          .append(
              NewEvent.rules(shelf)
                  .add(WriteRule.anyOf(List.of(guest.fingerprint())))
                  .shows(List.of(guest.publicKey())))
          .join();
      try (Chain guests = client.open("example.com/java/rights", APPEND.key(guest))) {
        refused("KEY_NOT_ALLOWED", () -> guests.lock(DOOR));
        ChainObject book = ChainObject.child(shelf, "book");
        try (Lease lease = guests.lock(book)) {
          NewEvent event = NewEvent.data("added").childOf(shelf, "book");
          guests.append(List.of(event), Conditions.lease(lease)).join();
          // What is added without a name can be too.
          guests.append(NewEvent.data("another").parent(shelf)).join();
        }
        refused("KEY_NOT_ALLOWED", () -> guests.lock(book));
      }
      TokenGrant grant =
          TokenGrant.until(Instant.now().plusSeconds(600), "example.com/java/rights").write();
      try (Token token = Token.create(key, grant);
          Chain byToken = client.open("example.com/java/rights", APPEND.token(token));
          Lease lease = byToken.lock(DOOR)) {
        byToken.append(List.of(door("by a token")), Conditions.lease(lease)).join();
      }
      refused(
          "KEY_NOT_ALLOWED",
          () -> {
            try (Chain guests = client.open("example.com/java/rights", APPEND.key(guest))) {
              guests.delete();
            }
          });
    }
  }

  @Test
  void aServerThatLiesAboutLocksIsFound() throws Exception {
    try (LiveServer clear =
            new LiveServer(
                Files.createDirectories(folder.resolve("lies")), "--no-wire-encryption");
        KeyPair key = KeyPair.generate()) {
      List<Bytes> lies =
          List.of(
              response(3, Bytes.EMPTY),
              response(3, new FieldWriter().present(1, 1L << 53).finish()),
              // An answer to what was not said, and none at all.
              response(4, Bytes.EMPTY),
              Bytes.EMPTY,
              Bytes.wrap(new byte[] {(byte) 0xff, 1}));
      for (Bytes lie : lies) {
        Liar.Lie instead =
            Liar.about(message -> List.of(new Parts(message).has(3) ? lie : message));
        try (Liar liar =
                new Liar(clear.address(), method -> method.equals("Lock") ? instead : null);
            AtedbClient client =
                AtedbClient.connect(
                    liar.address(),
                    ClientOptions.defaults().home(null).encryption(Encryption.PLAIN));
            Chain chain = client.open("example.com/java/lies", APPEND.key(key))) {
          chain.append("there").join();
          refused("VERIFICATION_FAILED", () -> chain.lock(DOOR));
        }
      }
      // Given twice: it is lost, and nobody takes it for held.
      Liar.Lie twice =
          Liar.about(
              message -> new Parts(message).has(3) ? List.of(message, message) : List.of(message));
      try (Liar liar = new Liar(clear.address(), method -> method.equals("Lock") ? twice : null);
          AtedbClient client =
              AtedbClient.connect(
                  liar.address(),
                  ClientOptions.defaults().home(null).encryption(Encryption.PLAIN));
          Chain chain = client.open("example.com/java/lies", APPEND.key(key));
          Lease lease = chain.lock(DOOR)) {
        CompletionException lost =
            assertThrows(CompletionException.class, () -> lease.ended().join());
        assertEquals(Reason.LEASE_LOST, ((AtedbException) lost.getCause()).reason());
        assertFalse(lease.isHeld());
      }
    }
  }

  private static Bytes response(int kind, Bytes content) {
    return new FieldWriter().message(kind, content).finish();
  }

  @Test
  void closingAChainGivesItsLeasesUp() throws Exception {
    try (KeyPair key = KeyPair.generate();
        AtedbClient client = client(server.address());
        Chain other = client.open("example.com/java/closing", APPEND.key(key))) {
      other.append("there").join();
      Lease lease;
      CompletableFuture<Committed> pending;
      try (Chain chain = client.open("example.com/java/closing", APPEND.key(key))) {
        lease = chain.lock(DOOR);
        pending = chain.append(List.of(door("on its way")), Conditions.lease(lease));
      }
      pending.join();
      assertFalse(lease.isHeld());
      other.lock(DOOR, LockOptions.DEFAULTS.noWait()).close();
      // And who waits for one waits no more.
      CompletableFuture<Lease> waiting;
      try (Lease first = other.lock(DOOR)) {
        Chain chain = client.open("example.com/java/closing", APPEND.key(key));
        waiting = CompletableFuture.supplyAsync(() -> chain.lock(DOOR));
        assertThrows(TimeoutException.class, () -> waiting.get(300, TimeUnit.MILLISECONDS));
        chain.close();
        ExecutionException ended =
            assertThrows(ExecutionException.class, () -> waiting.get(60, TimeUnit.SECONDS));
        assertEquals(Reason.REQUEST_INVALID, ((AtedbException) ended.getCause()).reason());
        assertTrue(first.isHeld());
      }
      other.lock(DOOR, LockOptions.DEFAULTS.noWait()).close();
    }
  }

  @Test
  void aRedactionIsWaitedFor() {
    try (KeyPair key = KeyPair.generate();
        AtedbClient client = client(server.address());
        Chain chain = client.open("example.com/java/redacted", APPEND.key(key))) {
      chain.append(door("1")).join();
      chain.append(door("2")).join();
      chain.append(NewEvent.data("3").name("window")).join();
      Redacted redacted = chain.redact(List.of(3L, 1L));
      assertEquals(List.of(), redacted.goneBefore());
      assertEquals(DataState.REDACTED, chain.getAt(1).dataState());
      assertEquals("2", chain.getAt(2).text());
      assertEquals(DataState.REDACTED, chain.getAt(3).dataState());
      assertEquals(List.of(1L), chain.redact(List.of(1L, 2L)).goneBefore());
      refused("DATA_GONE", () -> chain.redact(List.of(1L, 2L, 3L)));
      refused("REDACTION_INVALID", () -> chain.redact(List.of(0L)));
      refused("REQUEST_INVALID", () -> chain.redact(List.of()));
      refused("EVENT_NOT_FOUND", () -> chain.redact(PrimaryKeys.ofName("nothing")));
      long last = chain.append(door("3")).join().firstSequence();
      chain.redact(PrimaryKeys.ofName("door"));
      assertEquals(DataState.REDACTED, chain.getAt(last).dataState());
      chain.verify();
    }
  }

  @Test
  void aRootDeletesItsChain() throws Exception {
    Path home = folder.resolve("home");
    String name = "example.com/java/deleted";
    ClientOptions options = ClientOptions.defaults().home(home);
    try (AtedbClient client = AtedbClient.connect(server.address(), options)) {
      Chain chain = client.open(name, APPEND);
      chain.append("soon gone").join();
      Bytes before = chain.chainId();
      chain.delete();
      refused("REQUEST_INVALID", chain::delete);
      refused("CHAIN_NOT_FOUND", () -> client.open(name));
      // Another one has its key, and nothing is said of the one before.
      try (Chain again = client.open(name, APPEND)) {
        again.append("anew").join();
        assertFalse(again.chainId().equals(before));
      }
    }
    try (AtedbClient client = AtedbClient.connect(server.address(), options);
        Chain again = client.open(name)) {
      assertEquals("anew", again.getAt(1).text());
    }
  }
}
