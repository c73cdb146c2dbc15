package io.atedb.live;

import static io.atedb.vectors.Vectors.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atedb.AtedbClient;
import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Chain;
import io.atedb.ChainEvent;
import io.atedb.ChainObject;
import io.atedb.ClientOptions;
import io.atedb.Committed;
import io.atedb.Conditions;
import io.atedb.Encryption;
import io.atedb.EventKind;
import io.atedb.EventStream;
import io.atedb.KeyPair;
import io.atedb.NewEvent;
import io.atedb.OpenOptions;
import io.atedb.PrimaryKeys;
import io.atedb.ReadRule;
import io.atedb.Reason;
import io.atedb.WriteRule;
import io.atedb.internal.bytes.Cursor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who reads, signs besides, and owns: of chains of real servers. */
@Tag("live")
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class SharingTest {
  private static final OpenOptions APPEND = OpenOptions.defaults().forAppend();
  private static final Bytes LETTERS = PrimaryKeys.ofName("letters");

  @TempDir static Path shared;
  private static LiveServer server;

  @BeforeAll
  static void startServer() throws Exception {
    server =
        new LiveServer(Files.createDirectories(shared.resolve("server")), "--no-wire-encryption");
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  private static AtedbClient client() {
    return client(server.address());
  }

  private static AtedbClient client(String address) {
    return AtedbClient.connect(
        address, ClientOptions.defaults().home(null).encryption(Encryption.PLAIN));
  }

  /** What a key reads of the data of a chain: text, or how it is sealed. */
  private static List<String> read(String name, KeyPair key) {
    List<String> found = new ArrayList<>();
    try (AtedbClient client = client();
        Chain chain = client.open(name, OpenOptions.defaults().key(key));
        EventStream events = chain.read()) {
      for (ChainEvent event : events) {
        boolean isOpen =
            event.sealed() == null || event.sealed().state() == ChainEvent.Sealed.State.OPEN;
        if (event.kind() == EventKind.DATA) {
          found.add(isOpen ? event.text() : event.sealed().state().name());
        }
      }
    }
    return found;
  }

  private static AtedbException failed(String reason, CompletableFuture<Committed> append) {
    return refused(
        reason,
        () -> {
          try {
            append.join();
          } catch (CompletionException error) {
            throw error.getCause();
          }
        });
  }

  @Test
  void readersOfAConfidentialChainComeAndGo() {
    String name = "example.com/java/secret";
    try (KeyPair own = KeyPair.generate();
        KeyPair reader = KeyPair.generate();
        KeyPair stranger = KeyPair.generate();
        AtedbClient client = client();
        Chain chain = client.open(name, APPEND.key(own).confidential())) {
      chain.setReaders(List.of());
      chain.append("for me").join();
      chain.addReaders(ChainObject.CHAIN, List.of(reader.publicKey()));
      chain.append("for both").join();
      assertEquals(List.of("for me", "for both"), read(name, reader));
      assertEquals(List.of("NO_KEY", "NO_KEY"), read(name, stranger));
      chain.removeReaders(ChainObject.CHAIN, List.of(reader.fingerprint()));
      chain.append("for me alone").join();
      assertEquals(List.of("for me", "for both", "NO_KEY"), read(name, reader));
      assertEquals(List.of("for me", "for both", "for me alone"), read(name, own));
      chain.verify();
      refused(
          "REQUEST_INVALID",
          () -> chain.removeReaders(ChainObject.CHAIN, List.of(stranger.fingerprint())));
      refused(
          "REQUEST_INVALID",
          () -> chain.removeReaders(ChainObject.CHAIN, List.of(own.fingerprint())));
      // Who may not read can't let others.
      NewEvent rule =
          NewEvent.rules(null)
              .write(WriteRule.anyOf(List.of(own.fingerprint(), stranger.fingerprint())))
              .shows(List.of(stranger.publicKey()));
      chain.append(rule).join();
      try (Chain theirs = client.open(name, APPEND.key(stranger))) {
        refused(
            "READ_KEY_MISSING",
            () -> theirs.addReaders(ChainObject.CHAIN, List.of(stranger.publicKey())));
      }
    }
  }

  @Test
  void moreReadersThanFitAnEventAreAddedAtOnce() {
    String name = "example.com/java/many";
    List<KeyPair> all = IntStream.range(0, 20).mapToObj(one -> KeyPair.generate()).toList();
    try (KeyPair own = KeyPair.generate();
        AtedbClient client = client();
        Chain chain = client.open(name, APPEND.key(own).confidential())) {
      chain.setReaders(all.stream().map(KeyPair::publicKey).toList());
      chain.append("for all").join();
      assertEquals(List.of("for all"), read(name, all.get(0)));
      assertEquals(List.of("for all"), read(name, all.get(19)));
    }
  }

  @Test
  void oneObjectOfAChainInClearIsSealedWithWhatIsBelowIt() {
    String name = "example.com/java/objects";
    try (KeyPair own = KeyPair.generate();
        KeyPair reader = KeyPair.generate();
        KeyPair stranger = KeyPair.generate();
        AtedbClient client = client();
        Chain chain = client.open(name, APPEND.key(own))) {
      chain.append("public").join();
      refused(
          "REQUEST_INVALID",
          () -> chain.addReaders(ChainObject.of(LETTERS), List.of(reader.publicKey())));
      chain.setReaders(ChainObject.of(LETTERS), List.of(reader.publicKey()));
      Bytes box = PrimaryKeys.ofChild(LETTERS, PrimaryKeys.ofName("box"));
      List<CompletableFuture<Committed>> all =
          List.of(
              chain.append(
                  List.of(
                      NewEvent.data("sealed").name("letters"),
                      NewEvent.data("below").parent(LETTERS)),
                  Conditions.NONE),
              // In the order of the calls, also before anything of it is verified.
              chain.append(NewEvent.data("a box").childOf(LETTERS, "box")),
              chain.append(NewEvent.data("in it").parent(box)),
              chain.append("public again"));
      all.forEach(CompletableFuture::join);
      List<String> texts = List.of("public", "sealed", "below", "a box", "in it", "public again");
      assertEquals(texts, read(name, reader));
      List<String> strangers = read(name, stranger);
      assertEquals(
          List.of("public", "NO_KEY", "NO_KEY", "NO_KEY", "NO_KEY", "public again"), strangers);
      // Out of the box, and of its parent's read key, by an event that says who reads it.
      chain
          .append(NewEvent.data("shown").primaryKey(box).parent(LETTERS).read(ReadRule.EVERYONE))
          .join();
      // And into it, by one that comes from elsewhere.
      chain.append(NewEvent.data("outside").name("note")).join();
      chain.append(NewEvent.data("moved").name("note").parent(LETTERS).moves()).join();
      List<String> after = read(name, stranger);
      assertEquals(List.of("shown", "outside", "NO_KEY"), after.subList(6, 9));
      chain.removeReaders(ChainObject.of(LETTERS), List.of(reader.fingerprint()));
      chain.append(NewEvent.data("mine").name("letters")).join();
      assertEquals("NO_KEY", read(name, reader).get(9));
    }
  }

  /** Passes everything on but what comes behind a commit that the chain had when it was told to. */
  private static Liar.Lie upTo(AtomicBoolean isHiding) {
    return Liar.about(
        message -> {
          if (!isHiding.get() || !Liar.isSlice(message)) {
            return List.of(message);
          }
          // What comes behind is not sent, and what ends the range is.
          return Cursor.all(message, 2).isEmpty() ? List.of(message) : List.of();
        });
  }

  @Test
  void aServerThatHidesWhoReadsIsNotSealedFor() throws Exception {
    String name = "example.com/java/hidden";
    AtomicBoolean isHiding = new AtomicBoolean();
    try (KeyPair own = KeyPair.generate();
        Liar liar =
            new Liar(
                server.address(), method -> method.equals("ReadEvents") ? upTo(isHiding) : null);
        AtedbClient client = client(liar.address());
        Chain chain = client.open(name, APPEND.key(own).confidential())) {
      chain.setReaders(List.of());
      chain.append("before").join();
      chain.setReaders(List.of());
      isHiding.set(true);
      AtedbException error = refused("VERIFICATION_FAILED", () -> chain.append("for whom?"));
      assertEquals(Reason.VERIFICATION_FAILED, error.reason());
      isHiding.set(false);
      chain.append("after").join();
      assertEquals(List.of("before", "after"), read(name, own));
    }
  }

  @Test
  void aPrivateChainLetsInWhomItNames() {
    String name = "example.com/java/private";
    try (KeyPair own = KeyPair.generate();
        KeyPair guest = KeyPair.generate();
        AtedbClient client = client();
        Chain chain = client.open(name, APPEND.key(own).privateChain())) {
      chain.append("behind a door").join();
      refused("KEY_NOT_ALLOWED", () -> read(name, guest));
      chain.addReaders(ChainObject.CHAIN, List.of(guest.publicKey()));
      assertEquals(List.of("behind a door"), read(name, guest));
      assertEquals(1, chain.rules().admitted().size());
      refused(
          "REQUEST_INVALID", () -> chain.addReaders(ChainObject.CHAIN, List.of(guest.publicKey())));
      chain.removeReaders(ChainObject.CHAIN, List.of(guest.fingerprint()));
      refused("KEY_NOT_ALLOWED", () -> read(name, guest));
    }
  }

  @Test
  void whatOneMayNotTwoMay() {
    String name = "example.com/java/together";
    Bytes safe = PrimaryKeys.ofName("safe");
    try (KeyPair own = KeyPair.generate();
        KeyPair clerk = KeyPair.generate();
        KeyPair boss = KeyPair.generate();
        AtedbClient client = client();
        Chain chain = client.open(name, APPEND.key(own))) {
      chain
          .append(
              List.of(
                  NewEvent.rules(PrimaryKeys.ofName("desk"))
                      .write(WriteRule.anyOf(List.of(clerk.fingerprint())))
                      .shows(List.of(clerk.publicKey())),
                  NewEvent.rules(safe).write(WriteRule.anyOf(List.of(boss.fingerprint())))),
              Conditions.NONE)
          .join();
      try (Chain clerks = client.open(name, APPEND.key(clerk))) {
        clerks.append(NewEvent.data("on the desk").name("desk")).join();
        failed("KEY_NOT_ALLOWED", clerks.append(NewEvent.data("not mine").primaryKey(safe)));
        NewEvent both = NewEvent.data("in the safe").primaryKey(safe).author(boss.fingerprint());
        long at =
            clerks.append(List.of(both), Conditions.NONE, List.of(boss)).join().firstSequence();
        ChainEvent event = chain.getAt(at);
        assertEquals(boss.fingerprint(), event.author());
        assertEquals(clerk.fingerprint(), event.fingerprint());
        // An author who doesn't sign is none.
        refused(
            "SIGNATURE_INVALID",
            () -> {
              try {
                clerks.append(NewEvent.data("?").name("desk").author(boss.fingerprint())).join();
              } catch (CompletionException error) {
                throw error.getCause();
              }
            });
        List<KeyPair> sixteen = IntStream.range(0, 16).mapToObj(one -> KeyPair.generate()).toList();
        refused(
            "REQUEST_INVALID",
            () -> clerks.append(List.of(NewEvent.data("!")), Conditions.NONE, sixteen));
      }
      chain.verify();
    }
  }

  @Test
  void otherRootsOwnTheChainFromThenOn() {
    String name = "example.com/java/sold";
    try (KeyPair seller = KeyPair.generate();
        KeyPair buyer = KeyPair.generate();
        AtedbClient client = client();
        Chain sellers = client.open(name, APPEND.key(seller));
        Chain buyers = startedBy(sellers, client, name, buyer)) {
      failed("KEY_NOT_ALLOWED", buyers.append("not yet"));
      sellers.append(NewEvent.roots(List.of(buyer.publicKey()))).join();
      assertEquals(List.of(buyer.publicKey()), buyers.rules().roots());
      assertEquals(List.of(seller.publicKey()), buyers.roots());
      buyers.append("mine").join();
      failed("KEY_NOT_ALLOWED", sellers.append("still here"));
      assertEquals(List.of("for sale", "mine"), read(name, buyer));
      assertTrue(buyers.verify().size() >= 4);
    }
  }

  private static Chain startedBy(Chain sellers, AtedbClient client, String name, KeyPair buyer) {
    sellers.append("for sale").join();
    return client.open(name, APPEND.key(buyer));
  }
}
