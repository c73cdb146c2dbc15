package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.TrustMode;
import io.atedb.internal.crypt.Tags;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.event.Seal;
import io.atedb.internal.event.Signed;
import io.atedb.internal.event.WriterIdentity;
import io.atedb.internal.home.WriterSlot;
import java.util.List;
import java.util.Map;

/** Whether a server and a writer agree on what the writer has written. */
final class WriterStandingCheck {
  private final Opened opened;
  private final WriterSlot slot;
  private final PublicKey key;

  WriterStandingCheck(Opened opened, WriterSlot slot, PublicKey key) {
    this.opened = opened;
    this.slot = slot;
    this.key = key;
  }

  /**
   * Gives the writer's last seal at the server, or null where it has none. Raises WRITER_AHEAD
   * where the server has lost batches that it acknowledged; WRITER_FORKED where it has batches of
   * this writer id of which it can't be known that this writer made them; VERIFICATION_FAILED where
   * what it says can't be.
   *
   * @param unanswered seal hashes of batches that were sent and have no answer
   * @param mayBeBehind whether batches may be stored that the slot doesn't know of
   */
  Seal check(List<Bytes> unanswered, boolean mayBeBehind) {
    WriterSlot.State state = slot.state();
    long next = opened.writer().nextCounter();
    if (next < state.counter()) {
      throw ahead(next, state.counter());
    }
    if (next == 0) {
      return null;
    }
    Seal seal = lastSeal(state.salt());
    long news = next - state.counter();
    // A crash may have come before what was acknowledged last was saved.
    if (news > 0 && unanswered.isEmpty() && mayBeBehind) {
      // The server has our own word for it, or none: what it made up itself we must not go on from.
      if (!seal.signatures().isEmpty()) {
        return seal;
      }
      throw refused(
          Reason.WRITER_FORKED,
          news
              + " batches of this writer are not known here, since a process has ended before their answers were saved, and"
              + " they are not signed. The next ones are a new writer's");
    }
    Bytes due = state.lastSeal();
    if (news > 0) {
      due = news <= unanswered.size() ? unanswered.get((int) news - 1) : null;
    }
    if (seal.hash().equals(due)) {
      return seal;
    }
    throw refused(
        Reason.WRITER_FORKED,
        "another process has written as this writer: the server's last batch of it, of the counter "
            + seal.counter()
            + ", is another than ours. A home folder is for one machine: don't copy it while it is in use");
  }

  private AtedbException ahead(long next, long counter) {
    String accept =
        slot.path() == null
            ? ""
            : ". To append to it as it is now, as a new writer, delete " + slot.path();
    return refused(
        Reason.WRITER_AHEAD,
        "the server has "
            + next
            + " batches of this writer, and has acknowledged "
            + counter
            + ": it was restored from an older state or repaired. Find out which before trusting it"
            + accept);
  }

  private AtedbException refused(Reason reason, String why) {
    return new AtedbException(
        reason,
        why,
        Map.of(
            "next_counter", Long.toString(opened.writer().nextCounter()),
            "counter", Long.toString(slot.state().counter())));
  }

  /** Verifies what the server says is the writer's last seal. */
  private Seal lastSeal(Bytes salt) {
    Genesis genesis = opened.genesis();
    WriterIdentity writer = new WriterIdentity(genesis.chainId(), key.fingerprint(), salt);
    if (opened.writer().lastSeal() == null) {
      throw unbelievable("its last seal is missing");
    }
    Seal seal =
        Answers.checked(
            "its last seal of this writer is none", () -> Seal.parse(opened.writer().lastSeal()));
    // Others may have signed it too; that this writer did is what counts here.
    boolean isOwn = false;
    for (Signed signature : seal.signatures()) {
      if (signature.fingerprint().equals(key.fingerprint())) {
        if (!signature.isBy(key, Tags.CONTEXT_SEAL, seal.header())) {
          throw unbelievable("its last seal does not verify");
        }
        isOwn = true;
      }
    }
    boolean isSigned =
        seal.signatures().isEmpty() ? genesis.trustMode() == TrustMode.CENTRALIZED : isOwn;
    if (!isSigned || !seal.writer().equals(writer) || !seal.writerId().equals(writer.id())) {
      throw unbelievable("its last seal is not this writer's");
    }
    if (seal.counter() != opened.writer().nextCounter() - 1) {
      throw unbelievable("its last seal has the counter " + seal.counter());
    }
    return seal;
  }

  private static AtedbException unbelievable(String why) {
    return Answers.untrue("of this writer, " + why);
  }
}
