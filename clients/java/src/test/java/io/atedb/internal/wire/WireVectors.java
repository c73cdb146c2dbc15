package io.atedb.internal.wire;

import static io.atedb.vectors.Vectors.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atedb.Bytes;
import io.atedb.vectors.Case;
import io.atedb.vectors.Vectors;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** The tunnel, its client's end. */
public final class WireVectors {
  private WireVectors() {}

  public static void addTo(Vectors to) {
    to.run("wire", "cases", WireVectors::checkCase);
    to.run(
        "wire",
        "refusals",
        one -> {
          Case inputs = of(one).object("inputs");
          refused("WIRE_HANDSHAKE_FAILED", () -> begin(inputs).finish(one.bytes("serverHello")));
        });
    to.run("wire", "badCalls", WireVectors::checkBadCall);
  }

  private static Case of(Case one) {
    return Vectors.cases("wire.cases").get((int) one.number("case"));
  }

  static ClientHandshake begin(Case inputs) {
    Deque<Bytes> random = new ArrayDeque<>();
    random.add(inputs.bytes("clientRandom"));
    inputs.objects("seeds").forEach(seed -> random.add(seed.bytes("seed")));
    int keyBits = (int) inputs.number("clientKeyBits");
    int upTo = inputs.objects("seeds").size() == 1 ? keyBits : 256;
    return new ClientHandshake(keyBits, upTo, size -> random.remove().toArray());
  }

  static CallCrypto call(Case one, long call, Bytes random) {
    KeySchedule.Session secrets =
        new KeySchedule.Session(
            one.bytes("clientRoot").toArray(),
            one.bytes("serverRoot").toArray(),
            one.bytes("exporter"));
    return new CallCrypto(
        one.object("inputs").bytes("sessionId"),
        (int) one.number("keyBits"),
        call,
        random,
        secrets,
        size -> {});
  }

  private static void checkCase(Case one) {
    ClientHandshake handshake = begin(one.object("inputs"));
    assertEquals(one.bytes("clientHello"), handshake.hello());
    ClientHandshake.Finished finished = handshake.finish(one.bytes("serverHello"));
    assertEquals(one.bytes("clientFinished"), finished.finished());
    assertEquals(one.bytes("exporter"), finished.session().exporter());
    assertEquals(one.object("inputs").bytes("sessionId"), finished.session().id());
    assertEquals(one.object("inputs").allBytes("rotations"), finished.rotations());
    refused("WIRE_HANDSHAKE_FAILED", () -> handshake.finish(one.bytes("serverHello")));
    one.objects("calls").forEach(said -> checkCall(one, said));
  }

  private static void checkCall(Case one, Case said) {
    CallCrypto call = call(one, said.number("call"), said.bytes("clientRandom"));
    long sent = 0;
    for (Case frame : said.objects("frames")) {
      if (!frame.text("sender").equals("client")) {
        continue;
      }
      // Those in between are not in the vectors.
      for (; sent < frame.number("index"); sent++) {
        call.seal(CallCrypto.FrameType.MESSAGE, Bytes.wrap(new byte[9]));
      }
      CallCrypto.FrameType type = CallCrypto.FrameType.values()[(int) frame.number("type") - 1];
      assertEquals(frame.bytes("message"), call.seal(type, frame.bytes("payload")));
      sent++;
    }
    List<Case> received =
        said.objects("frames").stream()
            .filter(frame -> frame.text("sender").equals("server"))
            .toList();
    // A client can't make what lies between a server's frames.
    if (received.get(received.size() - 1).number("index") != received.size() - 1) {
      return;
    }
    for (Case frame : received) {
      CallCrypto.Frame opened = call.open(frame.bytes("message"));
      assertEquals(frame.number("type"), opened.type().number());
      assertEquals(frame.bytes("payload"), opened.payload());
    }
    assertTrue(call.hasEnded());
  }

  private static void checkBadCall(Case one) {
    CallCrypto call = call(of(one), one.number("call"), one.bytes("clientRandom"));
    int place = 0;
    for (Bytes message : one.allBytes("messages")) {
      if (place < one.number("good")) {
        call.open(message);
      } else {
        refused("WIRE_FRAME_INVALID", () -> call.open(message));
      }
      place++;
    }
  }
}
