package io.atedb.internal.wire;

import io.atedb.Bytes;
import io.atedb.vectors.Case;
import java.util.List;

/** What a client takes of a tunnel, for tests of hostile bytes. */
public final class HostileWire {
  private HostileWire() {}

  /** Finishes the handshake of a case by what a server says. */
  public static Object finish(Case one, Bytes serverHello) {
    return WireVectors.begin(one.object("inputs")).finish(serverHello);
  }

  /** The server's frames of a call of a case. */
  public static List<Bytes> frames(Case said) {
    return said.objects("frames").stream()
        .filter(frame -> frame.text("sender").equals("server"))
        .map(frame -> frame.bytes("message"))
        .toList();
  }

  /** Opens frames in their order, of which the first so many are good. Gives the last payload. */
  public static Object open(Case one, Case said, List<Bytes> good, Bytes last) {
    CallCrypto call = WireVectors.call(one, said.number("call"), said.bytes("clientRandom"));
    good.forEach(call::open);
    return call.open(last);
  }
}
