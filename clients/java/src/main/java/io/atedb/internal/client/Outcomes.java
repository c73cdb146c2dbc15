package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Reason;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.rpc.Statuses;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** What becomes of appends that are not stored, or of which that isn't known. */
final class Outcomes {
  /** Somebody else writes as this writer. */
  static final Set<Reason> FORKS = EnumSet.of(Reason.WRITER_FORKED, Reason.WRITER_TAKEN_OVER);

  /** Opening again and sending the same batches again may help, and can do no harm. */
  static final Set<Reason> RETRIED =
      EnumSet.of(
          Reason.STORAGE_FAILED,
          Reason.INTERNAL,
          Reason.DEADLINE_EXCEEDED,
          Reason.COUNTER_GAP,
          // A ticket that was too old just then; who isn't let in any more is told when the chain
          // is opened again.
          Reason.CHAIN_PRIVATE);

  /** The server isn't what it was: these say more than that an outcome is unknown. */
  static final Set<Reason> ALARMS =
      EnumSet.of(
          Reason.WRITER_AHEAD,
          Reason.HEAD_CONFLICT,
          Reason.CHAIN_ID_MISMATCH,
          Reason.SERVER_IDENTITY_MISMATCH,
          Reason.SERVER_IDENTITY_CHANGED,
          Reason.VERIFICATION_FAILED);

  /**
   * These are not about one batch: the writer has to find out where it stands before it goes on.
   */
  static final Set<Reason> OF_WRITER =
      EnumSet.of(
          Reason.WRITER_FORKED,
          Reason.WRITER_TAKEN_OVER,
          Reason.COUNTER_GAP,
          Reason.STORAGE_FAILED,
          // A batch that is sent again may be stored from before, when a write had failed.
          Reason.CHAIN_READ_ONLY,
          Reason.INTERNAL,
          Reason.SERVER_DRAINING);

  private Outcomes() {}

  /** The error that a refusal on a stream tells. */
  static AtedbException rejection(Bytes message) {
    Parts said = Answers.parts(message);
    Map<String, String> metadata = new HashMap<>();
    for (Bytes entry : said.all(Schema.Rejected.METADATA)) {
      Parts pair = Answers.parts(entry);
      metadata.put(pair.text(1), pair.text(2));
    }
    return Statuses.refusal(
        (int) said.number(Schema.Rejected.REASON), said.text(Schema.Rejected.MESSAGE), metadata);
  }

  /** The error of an append that was sent and will get no answer. */
  static AtedbException unknown(AtedbException cause, Pending append) {
    String what = append.events() == 1 ? "the event is" : "the " + append.events() + " events are";
    return new AtedbException(
        Reason.OUTCOME_UNKNOWN,
        "whether "
            + what
            + " stored is not known: "
            + cause.getMessage()
            + ". Read the chain before appending again",
        Map.of("cause_reason", cause.reason().name()),
        cause);
  }
}
