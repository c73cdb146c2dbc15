package io.atedb.internal.wire;

import io.atedb.Bytes;
import io.atedb.internal.crypt.Hashes;
import io.atedb.internal.crypt.Symmetric;
import io.atedb.internal.crypt.Tags;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** Which key is made from what: docs/wire.md, "Handshake" and "Calls". */
final class KeySchedule {
  private KeySchedule() {}

  /** Hashes the transcript so far and what was added, under the name of the step. */
  static Bytes transcript(String name, Bytes... parts) {
    return Hashes.tagged(Tags.WIRE + name, parts);
  }

  /** The {@code info} of a key: length of the tag in one byte, tag, and what else it is for. */
  static Bytes info(String name, Bytes... parts) {
    return Hashes.prefixOf(Tags.WIRE + name).plus(parts);
  }

  static byte[] expand(byte[] key, int length, String name, Bytes... parts) {
    return Symmetric.hkdfExpand(key, info(name, parts).toArray(), length);
  }

  static Bytes u64(long value) {
    return Bytes.wrap(ByteBuffer.allocate(8).putLong(value).array());
  }

  /** What both ends make of the secret that one has sent to the other. */
  static final class Handshake {
    private final byte[] secret;
    private final int keyBytes;

    Handshake(byte[] sent, Bytes parametersHash, int keyBits) {
      this.secret = Symmetric.hkdfExtract(parametersHash.toArray(), sent);
      this.keyBytes = keyBits / 8;
    }

    /** The key that the server's proof, and nothing else, is sealed with. */
    byte[] proofKey() {
      return expand(secret, keyBytes, "proof-key");
    }

    /** The MAC of one end, client or server, over a transcript. */
    Bytes finished(String end, Bytes transcriptHash) {
      byte[] key = expand(secret, 32, end + "-finished");
      Bytes mac = Bytes.wrap(Symmetric.hmac(key, transcriptHash.toArray()));
      Arrays.fill(key, (byte) 0);
      return mac;
    }

    /** The secrets of the session, of the whole transcript. */
    Session session(Bytes transcriptHash) {
      byte[] master = expand(secret, 32, "master", transcriptHash);
      Session session =
          new Session(
              expand(master, 32, "client-root"),
              expand(master, 32, "server-root"),
              Bytes.wrap(expand(master, 32, "exporter")));
      Arrays.fill(master, (byte) 0);
      return session;
    }

    void wipe() {
      Arrays.fill(secret, (byte) 0);
    }
  }

  /** The roots of a session's keys, and the exporter, which proofs of keys are tied to. */
  static final class Session {
    private final byte[] clientRoot;
    private final byte[] serverRoot;
    final Bytes exporter;

    Session(byte[] clientRoot, byte[] serverRoot, Bytes exporter) {
      this.clientRoot = clientRoot;
      this.serverRoot = serverRoot;
      this.exporter = exporter;
    }

    /** The first secret of what the client sends in a call. */
    byte[] clientSecret(long call, Bytes clientRandom) {
      return expand(clientRoot, 32, "call", u64(call), clientRandom);
    }

    /** The first secret of what the server sends in it. */
    byte[] serverSecret(long call, Bytes clientRandom, Bytes serverRandom) {
      return expand(serverRoot, 32, "call", u64(call), clientRandom, serverRandom);
    }

    /** Another one of the same, which is wiped by itself. */
    Session copy() {
      return new Session(clientRoot.clone(), serverRoot.clone(), exporter);
    }

    void wipe() {
      Arrays.fill(clientRoot, (byte) 0);
      Arrays.fill(serverRoot, (byte) 0);
    }

    @Override
    public String toString() {
      return "Session(…)";
    }
  }
}
