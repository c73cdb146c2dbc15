package io.atedb.live;

import static io.atedb.vectors.Vectors.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atedb.AtedbClient;
import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Chain;
import io.atedb.ClientOptions;
import io.atedb.DataState;
import io.atedb.Encryption;
import io.atedb.KeyPair;
import io.atedb.NewEvent;
import io.atedb.OpenOptions;
import io.atedb.PrimaryKeys;
import io.atedb.Reason;
import io.atedb.Redaction;
import io.atedb.internal.bytes.Cursor;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Parts;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a server says to have allowed that data is gone, and what its lies leave behind. */
@Tag("live")
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class AllowedTest {
  private static final String CHAIN = "example.com/java/allowed";

  @TempDir static Path shared;

  private int asked;
  private Bytes kept;

  private static ClientOptions options() {
    return ClientOptions.defaults().home(null).encryption(Encryption.PLAIN);
  }

  @Test
  void itIsOneEventAndOfTheKindThatAllowsIt() throws Exception {
    Path folder = Files.createDirectories(shared.resolve("server"));
    try (LiveServer server = new LiveServer(folder, "--no-wire-encryption")) {
      // Sequences from 1 on, a batch each.
      try (AtedbClient client = AtedbClient.connect(server.address(), options());
          Chain chain =
              client.open(CHAIN, OpenOptions.defaults().forAppend().key(KeyPair.generate()))) {
        chain.append(NewEvent.data("first").name("a")).join();
        chain.append(NewEvent.data("only").name("b")).join();
        chain.append(NewEvent.redaction(PrimaryKeys.ofName("b"), Redaction.of(List.of(2L)))).join();
      }
      through(
          server,
          message -> lost(lost(message, DataState.REDACTED, 1, 2), DataState.REDACTED, 2, 3),
          chain -> {
            refused("VERIFICATION_FAILED", () -> chain.getAt(1));
            // Else a server decides how many events are asked for, and how deep that goes.
            assertEquals(2, asked);
          });
      through(
          server,
          message -> {
            kept = kept == null ? message : kept;
            return asked == 2 ? lost(message, DataState.DROPPED, 2, 0) : kept;
          },
          chain -> {
            chain.getAt(3);
            // By its redaction the only data of an object would seem to be written over.
            refused("VERIFICATION_FAILED", () -> chain.getAt(2));
            refused("VERIFICATION_FAILED", () -> chain.get(PrimaryKeys.ofName("b")));
            assertEquals(4, asked);
          });
    }
  }

  @Test
  void whatOneChainFailsWithLeavesNoOtherOpen() throws Exception {
    Path folder = Files.createDirectories(shared.resolve("closing"));
    try (LiveServer server = new LiveServer(folder, "--no-wire-encryption")) {
      AtomicBoolean lies = new AtomicBoolean();
      // Another root than the tree has, in the head that opening a chain names.
      Liar.Lie lie = Liar.about(message -> List.of(lies.get() ? withRoot(message) : message));
      try (Liar liar =
          new Liar(server.address(), method -> method.equals("OpenChain") ? lie : null)) {
        AtedbClient client = AtedbClient.connect(liar.address(), options());
        OpenOptions wanted = OpenOptions.defaults().forAppend().key(KeyPair.generate());
        Chain first = client.open("example.com/java/first", wanted);
        Chain second = client.open("example.com/java/second", wanted);
        first.append("1").join();
        second.append("2").join();
        lies.set(true);
        AtedbException failed = assertThrows(AtedbException.class, client::close);
        assertTrue(
            Set.of(Reason.VERIFICATION_FAILED, Reason.HEAD_CONFLICT).contains(failed.reason()),
            failed.toString());
        refused("REQUEST_INVALID", () -> first.append("3"));
        refused("REQUEST_INVALID", () -> second.append("4"));
      }
    }
  }

  private static Bytes withRoot(Bytes message) {
    FieldWriter made = new FieldWriter();
    Cursor cursor = new Cursor(message);
    while (cursor.next()) {
      if (!cursor.isBytes()) {
        made.present(cursor.number(), cursor.value());
      } else if (cursor.number() == 4) {
        FieldWriter head = new FieldWriter().varint(1, new Parts(cursor.content()).number(1));
        made.message(4, head.bytes(2, Bytes.wrap(new byte[32])));
      } else {
        made.message(cursor.number(), cursor.content());
      }
    }
    return made.finish();
  }

  private interface Use {
    void of(Chain chain);
  }

  /** Uses the chain, of which a server changes single events. */
  private void through(LiveServer server, Function<Bytes, Bytes> change, Use use) throws Exception {
    asked = 0;
    Liar.Lie lie =
        Liar.about(
            message -> {
              asked++;
              return List.of(change.apply(message));
            });
    try (Liar liar = new Liar(server.address(), method -> method.equals("GetEvent") ? lie : null);
        AtedbClient client = AtedbClient.connect(liar.address(), options());
        Chain chain = client.open(CHAIN, OpenOptions.defaults())) {
      use.of(chain);
    }
  }

  private static Bytes lost(Bytes message, DataState state, long sequence, long redaction) {
    return Liar.withSlice(
        "GetEvent", message, slice -> LiesTest.without(slice, state, Map.of(sequence, redaction)));
  }
}
