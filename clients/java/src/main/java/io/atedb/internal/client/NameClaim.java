package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.KeyPair;
import io.atedb.Notice;
import io.atedb.Reason;
import io.atedb.internal.account.Claims;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.event.ChainKey;
import io.atedb.internal.event.Owner;
import io.atedb.internal.rpc.Call;
import io.atedb.internal.rpc.Transport;
import java.util.Map;
import java.util.function.Consumer;

/** Claims the name of a chain's owner, where nobody has it and the user wants that. */
public final class NameClaim {
  private final Transport transport;
  private final Owner owner;
  private final boolean isWanted;
  private final Consumer<Notice> onNotice;

  public NameClaim(
      Transport transport, ChainKey chainKey, boolean isWanted, Consumer<Notice> onNotice) {
    this.transport = transport;
    this.owner = Owner.of(chainKey);
    this.isWanted = isWanted;
    this.onNotice = onNotice;
  }

  boolean isWanted() {
    return isWanted;
  }

  /** Whether a failure says that nobody has the name, and it is to be claimed for its owner. */
  boolean isDue(AtedbException error) {
    return isWanted
        && !owner.isGroup()
        && error.reason() == Reason.OWNER_UNKNOWN
        && "true".equals(error.metadata().get("claimable"));
  }

  /**
   * Claims it with a key, which is then the root key of the owner's chains. Where somebody else is
   * faster, the name is theirs.
   */
  void make(KeyPair key) {
    FieldWriter request =
        new FieldWriter()
            .bytes(
                Schema.ClaimOwnerRequest.ACT, Claims.claim(owner, key, System.currentTimeMillis()));
    try (Call call =
        transport.call("/atedb.v1.OwnerService/ClaimOwner", Map.of(), ChainCalls.TIMEOUT_NANOS)) {
      call.write(request.finish());
      call.halfClose();
      call.read();
    } catch (AtedbException error) {
      boolean isTaken =
          error.reason() == Reason.ACCOUNT_EXISTS || error.reason() == Reason.VERSION_CONFLICT;
      if (isTaken) {
        return;
      }
      throw error;
    }
    onNotice.accept(
        new Notice(
            Notice.Kind.NAME_CLAIMED,
            "claimed the name "
                + owner.text()
                + " at "
                + transport.server()
                + " with the key "
                + key.fingerprint()
                + "; nobody has checked whose it is",
            null));
  }
}
