package io.atedb.internal.client;

import io.atedb.Bytes;
import io.atedb.PublicKey;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.trust.Replay;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Asks a server for public keys of the chain, by their fingerprints, which show that they are the
 * right ones.
 */
final class KeyFinder implements Replay.FindKey {
  private static final int KEPT_MAX = 4_096;

  private final ChainCalls calls;
  private final Map<Bytes, PublicKey> found = new ConcurrentHashMap<>();

  KeyFinder(ChainCalls calls) {
    this.calls = calls;
  }

  @Override
  public PublicKey find(Bytes fingerprint) {
    PublicKey known = found.get(fingerprint);
    return known == null ? ask(fingerprint) : known;
  }

  private PublicKey ask(Bytes fingerprint) {
    Bytes raw =
        calls.unary(
            "GetKeys",
            new FieldWriter()
                .text(Schema.GetKeysRequest.CHAIN_KEY, calls.chainKey())
                .message(Schema.GetKeysRequest.FINGERPRINTS, fingerprint));
    for (Bytes one : Answers.parts(raw).all(Schema.GetKeysResponse.KEYS)) {
      PublicKey key = Answers.checked("a key is none", () -> PublicKey.parse(one));
      if (key.fingerprint().equals(fingerprint)) {
        if (found.size() < KEPT_MAX) {
          found.put(key.fingerprint(), key);
        }
        return key;
      }
    }
    return null;
  }
}
