package io.atedb.internal.trust;

import io.atedb.AtedbException;
import io.atedb.EventKind;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.internal.event.Batch;
import io.atedb.internal.event.EventView;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.event.Rotation;
import java.util.Map;

/** What the server that keeps a chain adds, in batches of its own, and nobody else. */
final class FromServer {
  private FromServer() {}

  static boolean isKind(EventKind kind) {
    return kind == EventKind.AUTH_ANSWER || kind == EventKind.SERVER_IDENTITY;
  }

  /**
   * Whether a batch holds what servers add. The checks of a batch see to it that it then holds
   * nothing else.
   */
  static boolean is(Batch batch) {
    EventView first = batch.event(0);
    return first != null && isKind(first.kind());
  }

  /**
   * The identity of the server that a batch of its own is from: the one that it had, which may be
   * null, or the one that the rotations in the batch lead to. Raises KEY_NOT_ALLOWED where the
   * batch is from another key.
   */
  static PublicKey serverOf(Batch batch, PublicKey identity) {
    PublicKey server = identity;
    for (EventView event : batch.events()) {
      if (event.kind() == EventKind.SERVER_IDENTITY) {
        Rotation rotation = batch.rotation(event.index());
        server = rotation.old().equals(server) ? rotation.next() : server;
      }
    }
    if (server != null && server.fingerprint().equals(batch.seal().fingerprint())) {
      return server;
    }
    throw new AtedbException(
        Reason.KEY_NOT_ALLOWED,
        "only the server that keeps the chain adds answers of auth services and identities, and the batch is from the key "
            + batch.seal().fingerprint(),
        Map.of("fingerprint", batch.seal().fingerprint().hex(), "rule", "server"));
  }

  /**
   * The same, where it isn't known what came before: the key that the genesis names, or the one
   * that the batch shows or leads to. Whether that is the server's is not checked. Raises
   * KEY_UNKNOWN.
   */
  static PublicKey claimedServer(Batch batch, Genesis genesis) {
    PublicKey named = genesis.serverIdentity();
    if (named != null && named.fingerprint().equals(batch.seal().fingerprint())) {
      return named;
    }
    for (PublicKey key : batch.sealKeys()) {
      if (key.fingerprint().equals(batch.seal().fingerprint())) {
        return key;
      }
    }
    for (int index = batch.count() - 1; index >= 0; index--) {
      EventView event = batch.event(index);
      if (event != null && event.kind() == EventKind.SERVER_IDENTITY) {
        PublicKey next = batch.rotation(index).next();
        if (next.fingerprint().equals(batch.seal().fingerprint())) {
          return next;
        }
      }
    }
    throw Signers.unknown(batch.seal().fingerprint());
  }

  /**
   * Verifies what others have signed within the events of a batch: answers of auth services, and
   * rotations of identities. Raises SIGNATURE_INVALID.
   *
   * @param genesis what the batch says of the chain, where it is a genesis
   */
  static void verifyHeld(Batch batch, Genesis genesis) {
    if (batch.isGenesis()) {
      if (genesis.answer() != null) {
        genesis.answer().verify();
      }
      return;
    }
    if (!is(batch)) {
      return;
    }
    for (EventView event : batch.events()) {
      if (event.kind() == EventKind.AUTH_ANSWER) {
        batch.answer(event.index()).verify();
      } else {
        batch.rotation(event.index()).verify();
      }
    }
  }
}
