package io.atedb.live;

import static io.atedb.vectors.Vectors.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atedb.AtedbClient;
import io.atedb.Bytes;
import io.atedb.Chain;
import io.atedb.ClientOptions;
import io.atedb.Encryption;
import io.atedb.EventStream;
import io.atedb.KeyPair;
import io.atedb.NewEvent;
import io.atedb.OpenOptions;
import io.atedb.SubscribeOptions;
import io.atedb.WriteRule;
import io.grpc.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whatever is lost while a chain is read: each event comes once, in order. */
@Tag("live")
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class LossTest {
  private static final String CHAIN = "example.com/java/loss";
  private static final int EVENTS = 40;

  @TempDir static Path shared;
  private static LiveServer server;
  private static final KeyPair ROOT = KeyPair.generate();
  private static final KeyPair STRANGER = KeyPair.generate();

  @BeforeAll
  static void startServer() throws Exception {
    server =
        new LiveServer(Files.createDirectories(shared.resolve("server")), "--no-wire-encryption");
    try (AtedbClient client = AtedbClient.connect(server.address(), options())) {
      OpenOptions append = OpenOptions.defaults().forAppend();
      try (Chain chain = client.open(CHAIN, append.key(ROOT))) {
        NewEvent open =
            NewEvent.rules(null)
                .write(WriteRule.anyOf(List.of(ROOT.fingerprint(), STRANGER.fingerprint())))
                .shows(List.of(STRANGER.publicKey()));
        chain.append(open).join();
      }
      // By a key that who begins behind that has to ask for.
      try (Chain chain = client.open(CHAIN, append.key(STRANGER))) {
        for (int number = 0; number < EVENTS; number++) {
          chain.append(Integer.toString(number)).join();
        }
      }
    }
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  private static ClientOptions options() {
    return ClientOptions.defaults().home(null).encryption(Encryption.PLAIN);
  }

  private static List<String> numbers(int from) {
    return IntStream.range(from, EVENTS).mapToObj(Integer::toString).toList();
  }

  private static List<String> take(EventStream events, int count) {
    List<String> found = new ArrayList<>();
    try (events) {
      while (found.size() < count) {
        assertTrue(events.hasNext());
        found.add(events.next().text());
      }
    }
    return found;
  }

  /** Ends a stream again and again, as a server does that a consumer is too slow for. */
  private static Liar.Lie tooSlow(AtomicInteger endings) {
    return new Liar.Lie() {
      private int slices;

      @Override
      public List<Bytes> instead(Bytes message) {
        List<Bytes> parts = Liar.apart(message);
        // Three batches a connection, whatever came with them.
        List<Bytes> some = parts.subList(0, Math.min(parts.size(), 3));
        slices += Liar.isSlice(message) ? 1 : 0;
        return some;
      }

      @Override
      public Status ending() {
        if (slices == 0) {
          return null;
        }
        endings.incrementAndGet();
        return Status.RESOURCE_EXHAUSTED.withDescription("the reader is too slow");
      }
    };
  }

  @Test
  void aSlowConsumerLosesNothing() throws Exception {
    AtomicInteger endings = new AtomicInteger();
    try (Liar liar =
            new Liar(
                server.address(), method -> method.equals("Subscribe") ? tooSlow(endings) : null);
        AtedbClient client = AtedbClient.connect(liar.address(), options());
        Chain chain = client.open(CHAIN)) {
      List<String> all = take(chain.subscribe(SubscribeOptions.FROM_START), EVENTS + 2);
      assertEquals(numbers(0), all.subList(2, all.size()));
      assertTrue(endings.get() > 5, "it was ended " + endings + " times");
    }
  }

  private static Liar.Lie failing(boolean fails) {
    return new Liar.Lie() {

      @Override
      public List<Bytes> instead(Bytes message) {
        return fails ? List.of() : List.of(message);
      }

      @Override
      public Status ending() {
        return fails ? Status.UNAVAILABLE.withDescription("it is away") : null;
      }
    };
  }

  @Test
  void aKeyThatCannotBeAskedForLosesNoSlice() throws Exception {
    AtomicInteger left = new AtomicInteger(3);
    try (Liar liar =
            new Liar(
                server.address(),
                method -> method.equals("GetKeys") ? failing(left.getAndDecrement() > 0) : null);
        AtedbClient client = AtedbClient.connect(liar.address(), options());
        Chain chain = client.open(CHAIN)) {
      EventStream events = chain.subscribe(SubscribeOptions.FROM_START.from(12));
      assertEquals(numbers(10), take(events, EVENTS - 10));
      assertTrue(left.get() < 0, "the key was asked for");
    }
  }

  @Test
  void aCheckBehindTheVerificationThatFailsLosesNoSlice() throws Exception {
    AtomicInteger left = new AtomicInteger();
    try (Liar liar =
            new Liar(
                server.address(),
                method ->
                    method.equals("ReadEvents") ? failing(left.decrementAndGet() == 0) : null);
        AtedbClient client = AtedbClient.connect(liar.address(), options());
        Chain chain = client.open(CHAIN, OpenOptions.defaults().checkRules(true))) {
      // The rules are verified up to here; what is read from before that on goes beyond.
      try (EventStream before = chain.read(20, 22)) {
        before.forEachRemaining(event -> {});
      }
      // The first call is that of the range itself.
      left.set(2);
      EventStream events = chain.read(12, EVENTS + 2);
      refused("CONNECTION_FAILED", events::hasNext);
      assertEquals(numbers(10), take(events, EVENTS - 10));
    }
  }
}
