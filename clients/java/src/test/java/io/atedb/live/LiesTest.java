package io.atedb.live;

import static io.atedb.vectors.Vectors.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atedb.AtedbClient;
import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Chain;
import io.atedb.ChainEvent;
import io.atedb.ChildrenOptions;
import io.atedb.ClientOptions;
import io.atedb.DataState;
import io.atedb.Encryption;
import io.atedb.EventStream;
import io.atedb.KeyPair;
import io.atedb.NewEvent;
import io.atedb.OpenOptions;
import io.atedb.PrimaryKeys;
import io.atedb.ReadOptions;
import io.atedb.Reason;
import io.atedb.Redaction;
import io.atedb.Signal;
import io.atedb.SubscribeOptions;
import io.atedb.internal.bytes.Cursor;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.event.Commit;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server that lies: each lie is found, however the chain is read. */
@Tag("live")
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class LiesTest {
  private static final String CHAIN = "example.com/java/lies";
  private static final Bytes TREE = PrimaryKeys.ofName("tree");
  private static final Set<Reason> FOUND = Set.of(Reason.VERIFICATION_FAILED, Reason.HEAD_CONFLICT);

  @TempDir static Path shared;
  private static LiveServer server;
  private static KeyPair key;

  @BeforeAll
  static void startServer() throws Exception {
    server =
        new LiveServer(Files.createDirectories(shared.resolve("server")), "--no-wire-encryption");
    key = KeyPair.generate();
    try (AtedbClient client = AtedbClient.connect(server.address(), options());
        Chain chain = client.open(CHAIN, OpenOptions.defaults().forAppend().key(key))) {
      // Sequences from 1 on, a batch each.
      append(chain, NewEvent.data("old").name("a"));
      append(chain, NewEvent.data("only").name("b"));
      append(chain, NewEvent.data("new").name("a"));
      append(chain, NewEvent.redaction(PrimaryKeys.ofName("b"), Redaction.of(List.of(2L))));
      append(chain, NewEvent.data("leaf 1").childOf(TREE, "one"));
      append(chain, NewEvent.data("leaf 2").childOf(TREE, "two"));
      append(chain, NewEvent.data("last"));
    }
  }

  private static void append(Chain chain, NewEvent event) {
    chain.append(event).join();
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  private static ClientOptions options() {
    return ClientOptions.defaults().home(null).encryption(Encryption.PLAIN);
  }

  /** What is done with a chain that is read through a liar. */
  private interface Use {
    void of(Chain chain);
  }

  private static void through(Function<String, Liar.Lie> lies, boolean checkRules, Use use)
      throws Exception {
    try (Liar liar = new Liar(server.address(), lies);
        AtedbClient client = AtedbClient.connect(liar.address(), options());
        Chain chain = client.open(CHAIN, OpenOptions.defaults().checkRules(checkRules))) {
      use.of(chain);
    }
  }

  private static List<ChainEvent> drain(EventStream events) {
    List<ChainEvent> found = new ArrayList<>();
    try (events) {
      events.forEachRemaining(found::add);
    }
    return found;
  }

  /** Each slice of a range or a stream as messages of one batch, of which some are changed. */
  private static Function<String, Liar.Lie> batches(Function<List<Bytes>, List<Bytes>> change) {
    return method ->
        method.equals("ReadEvents") || method.equals("Subscribe")
            ? Liar.about(
                message ->
                    Liar.isSlice(message) ? change.apply(Liar.apart(message)) : List.of(message))
            : null;
  }

  private static Bytes altered(Bytes message, int at) {
    byte[] bytes = message.toArray();
    bytes[at < 0 ? bytes.length + at : at] ^= 1;
    return Bytes.wrap(bytes);
  }

  /** Other messages instead of one, of the first three: the server sends at least as many. */
  private static List<Bytes> edited(List<Bytes> batches, int at, Bytes... instead) {
    List<Bytes> all = new ArrayList<>(batches);
    all.remove(at);
    all.addAll(at, List.of(instead));
    return all;
  }

  @TestFactory
  Stream<DynamicTest> whatIsNotTheHistoryIsRefused() {
    Map<String, Function<List<Bytes>, List<Bytes>>> lies =
        Map.of(
            "a batch is altered", all -> edited(all, 2, altered(all.get(2), -60)),
            "an event is altered", all -> edited(all, 1, altered(all.get(1), 30)),
            "a batch is dropped", all -> edited(all, 1),
            "the first batch is dropped", all -> edited(all, 0),
            "the last batch is dropped", all -> edited(all, all.size() - 1),
            "batches are reordered", all -> edited(edited(all, 1, all.get(2)), 2, all.get(1)),
            "a batch is repeated", all -> edited(all, 1, all.get(1), all.get(1)),
            "a batch is cut short",
                all ->
                    edited(all, 2, new FieldWriter().message(2, all.get(2).slice(3, 90)).finish()),
            "nothing is sent", all -> List.of());
    return Stream.of(true, false)
        .flatMap(
            checkRules ->
                lies.entrySet().stream()
                    .map(
                        lie ->
                            DynamicTest.dynamicTest(
                                lie.getKey() + (checkRules ? ", rules checked" : ""),
                                () ->
                                    through(
                                        batches(lie.getValue()),
                                        checkRules,
                                        LiesTest::expectLie))));
  }

  private static void expectLie(Chain chain) {
    for (int way = 0; way < 3; way++) {
      EventStream events =
          way == 0
              ? chain.read()
              : way == 1
                  ? chain.read(2, 8)
                  : chain.subscribe(
                      SubscribeOptions.FROM_START.onSignal(LiesTest::endWhenCaughtUp));
      AtedbException error = assertThrows(AtedbException.class, () -> drainOpen(events));
      assertTrue(FOUND.contains(error.reason()), way + ": " + error);
      // It isn't gone on behind what was refused, as if that had never been there.
      assertEquals(error.reason(), assertThrows(AtedbException.class, events::hasNext).reason());
      events.close();
    }
    assertTrue(FOUND.contains(assertThrows(AtedbException.class, chain::verify).reason()));
  }

  private static void drainOpen(EventStream events) {
    while (events.hasNext()) {
      events.next();
    }
  }

  /** Stands for a stream that nobody has found a lie in. */
  private static final class CaughtUp extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private static void endWhenCaughtUp(Signal signal) {
    if (signal.kind() == Signal.Kind.CAUGHT_UP) {
      throw new CaughtUp();
    }
  }

  @Test
  void whatEndsWithoutItsEndIsRefused() throws Exception {
    through(
        method ->
            method.equals("ReadEvents")
                ? Liar.about(
                    message -> Cursor.all(message, 4).isEmpty() ? List.of(message) : List.of())
                : null,
        false,
        chain -> refused("VERIFICATION_FAILED", () -> drain(chain.read())));
    // Silence is no end either: the server is given up.
    through(
        method -> method.equals("Subscribe") ? Liar.about(message -> List.of()) : null,
        false,
        chain -> {
          SubscribeOptions brief =
              new SubscribeOptions(
                  0, Duration.ofMillis(100), -1, Duration.ofMillis(500), signal -> {});
          refused("CONNECTION_FAILED", () -> chain.subscribe(brief).hasNext());
        });
  }

  /** The slice without the data of events of some sequences, as if the server had lost it. */
  static Bytes without(Bytes slice, DataState state, Map<Long, Long> gone) {
    List<Commit.Stored> stored = Commit.splitSlice(slice);
    FieldWriter made = new FieldWriter();
    long sequence = stored.get(0).commit().header().firstSequence();
    int at = 0;
    Cursor cursor = new Cursor(slice);
    while (cursor.next()) {
      Bytes content = cursor.content();
      if (cursor.number() == 1 && gone.containsKey(sequence)) {
        content =
            new FieldWriter()
                .bytes(1, new Parts(content).bytes(1))
                .varint(4, state.ordinal())
                .varint(5, gone.get(sequence))
                .finish();
      }
      made.message(cursor.number(), content);
      if (cursor.number() == 1) {
        sequence++;
      } else if (cursor.number() == 3 && ++at < stored.size()) {
        sequence = stored.get(at).commit().header().firstSequence();
      }
    }
    return made.finish();
  }

  private static Function<String, Liar.Lie> losing(DataState state, Map<Long, Long> gone) {
    return method ->
        Set.of("ReadEvents", "Subscribe", "GetEvent").contains(method)
            ? Liar.about(
                message ->
                    List.of(Liar.withSlice(method, message, slice -> without(slice, state, gone))))
            : null;
  }

  @TestFactory
  Stream<DynamicTest> dataIsGoneOnlyWhereThatIsAllowed() {
    record Loss(String what, DataState state, long sequence, long redaction, boolean isTrue) {}
    return Stream.of(
            new Loss("what was written over", DataState.DROPPED, 1, 0, true),
            new Loss("what a redaction names", DataState.REDACTED, 2, 4, true),
            new Loss("the newest of its object", DataState.DROPPED, 3, 0, false),
            new Loss("the only one of its object", DataState.DROPPED, 2, 0, false),
            new Loss("redacted by what is none", DataState.REDACTED, 1, 3, false),
            new Loss("redacted by that of another object", DataState.REDACTED, 1, 4, false),
            new Loss("redacted by what is before it", DataState.REDACTED, 2, 1, false),
            new Loss("redacted by what isn't there", DataState.REDACTED, 2, 99, false),
            new Loss("expired by no rule", DataState.EXPIRED, 1, 0, false),
            new Loss("left out unasked", DataState.OMITTED, 7, 0, false))
        .map(
            loss ->
                DynamicTest.dynamicTest(
                    loss.what,
                    () ->
                        through(
                            losing(loss.state, Map.of(loss.sequence, loss.redaction)),
                            false,
                            chain -> checkLoss(chain, loss.sequence, loss.state, loss.isTrue))));
  }

  private static void checkLoss(Chain chain, long sequence, DataState state, boolean isTrue) {
    SubscribeOptions follow = SubscribeOptions.FROM_START.onSignal(LiesTest::endWhenCaughtUp);
    if (isTrue) {
      chain.verify();
      assertEquals(state, drain(chain.read()).get((int) sequence).dataState());
      assertThrows(CaughtUp.class, () -> drainOpen(chain.subscribe(follow)));
      assertEquals(state, chain.getAt(sequence).dataState());
      return;
    }
    refused("VERIFICATION_FAILED", chain::verify);
    refused("VERIFICATION_FAILED", () -> drain(chain.read()));
    refused("VERIFICATION_FAILED", () -> drainOpen(chain.subscribe(follow)));
    AtedbException error = assertThrows(AtedbException.class, () -> chain.getAt(sequence));
    assertTrue(
        Set.of(Reason.VERIFICATION_FAILED, Reason.SEQUENCE_OUT_OF_RANGE).contains(error.reason()),
        error.toString());
  }

  @Test
  void childrenAreThoseThatWereAskedFor() throws Exception {
    ChildrenOptions asked = ChildrenOptions.of(TREE);
    through(method -> null, false, chain -> assertEquals(2, children(chain, asked)));
    Map<String, Function<Bytes, List<Bytes>>> lies =
        Map.of(
            "altered", message -> List.of(altered(message, message.size() / 2)),
            "nothing", message -> List.of(),
            "twice", message -> List.of(message, message),
            "children of another one",
                message ->
                    List.of(
                        Liar.withSlice("", message, slice -> slice)
                            .plus(
                                new FieldWriter()
                                    .message(5, new FieldWriter().varint(1, 7))
                                    .finish())));
    for (Map.Entry<String, Function<Bytes, List<Bytes>>> lie : lies.entrySet()) {
      through(
          method -> method.equals("ListChildren") ? Liar.about(lie.getValue()) : null,
          false,
          chain -> {
            AtedbException error =
                assertThrows(AtedbException.class, () -> children(chain, asked), lie.getKey());
            assertTrue(FOUND.contains(error.reason()), lie.getKey() + ": " + error);
          });
    }
  }

  private static int children(Chain chain, ChildrenOptions asked) {
    int count = 0;
    try (var children = chain.children(asked)) {
      while (children.hasNext()) {
        children.next();
        count++;
      }
    }
    return count;
  }

  @Test
  void dataThatIsLoadedIsThatOfItsEvent() throws Exception {
    ReadOptions headers = ReadOptions.ALL.dataUpTo(3);
    through(
        method -> null,
        false,
        chain -> {
          List<ChainEvent> read = drain(chain.read(headers));
          assertEquals(DataState.OMITTED, read.get(7).dataState());
          assertEquals("old", read.get(1).text());
          List<ChainEvent> loaded = chain.load(read);
          assertEquals("last", loaded.get(7).text());
          assertEquals(DataState.PRESENT, loaded.get(7).dataState());
        });
    List<Function<Bytes, List<Bytes>>> lies =
        List.of(
            message -> List.of(altered(message, -20)),
            message -> List.of(message, message),
            message -> List.of(),
            // It is left out once more.
            message ->
                List.of(
                    new FieldWriter()
                        .bytes(1, new Parts(message).bytes(1))
                        .varint(4, DataState.OMITTED.ordinal())
                        .finish()),
            // It is gone, and something newer is said to be there.
            message ->
                List.of(
                    new FieldWriter()
                        .bytes(1, new Parts(message).bytes(1))
                        .varint(4, DataState.DROPPED.ordinal())
                        .finish()));
    for (Function<Bytes, List<Bytes>> lie : lies) {
      through(
          method -> method.equals("LoadData") ? Liar.about(lie) : null,
          false,
          chain -> {
            List<ChainEvent> read = drain(chain.read(headers));
            refused("VERIFICATION_FAILED", () -> chain.load(List.of(read.get(7))));
          });
    }
  }
}
