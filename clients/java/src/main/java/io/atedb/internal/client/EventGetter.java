package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.ChainEvent;
import io.atedb.DataState;
import io.atedb.EventKind;
import io.atedb.Reason;
import io.atedb.TreeHead;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.client.Schema.GetEventRequest;
import io.atedb.internal.client.Schema.GetEventResponse;
import io.atedb.internal.crypt.Merkle;
import io.atedb.internal.event.Commit;
import io.atedb.internal.trust.Provenance;
import io.atedb.internal.trust.Replay;
import io.atedb.internal.trust.RetentionFloor.EventPlace;
import io.atedb.internal.trust.VerifiedBatch;
import java.util.List;

/** Gets single events; where their data is gone, that it may be is verified. */
final class EventGetter {
  private final Reader reader;

  EventGetter(Reader reader) {
    this.reader = reader;
  }

  /**
   * Gets the newest event of an object; null for one that nobody has written. That no newer one
   * exists is the server's word.
   */
  ChainEvent newestOf(Bytes primaryKey) {
    ChainEvent event = fetchNewestOf(primaryKey);
    return event == null ? null : withReason(event, event);
  }

  /** Gets the event of a sequence. Raises SEQUENCE_OUT_OF_RANGE. */
  ChainEvent at(long sequence) {
    return withReason(fetchAt(sequence), null);
  }

  private ChainEvent fetchNewestOf(Bytes primaryKey) {
    ChainEvent event = ask(new FieldWriter().bytes(GetEventRequest.PRIMARY_KEY, primaryKey));
    // Rules of the object, or a redaction in it, are no event of its own: by one of them its newest
    // data would seem to be written over.
    boolean isOfIt =
        event == null
            || primaryKey.equals(event.primaryKey())
                && (event.kind() == EventKind.DATA || event.kind() == EventKind.TOMBSTONE);
    if (!isOfIt) {
      throw Answers.untrue("the event is not of the object that was asked for");
    }
    return event;
  }

  private ChainEvent fetchAt(long sequence) {
    // The field is one of a oneof: it is there also where it is 0.
    ChainEvent event = ask(new FieldWriter().present(GetEventRequest.SEQUENCE, sequence));
    if (event == null || event.sequence() != sequence) {
      throw Answers.untrue("the event is not the one that was asked for");
    }
    return event;
  }

  /**
   * Checks that the data of an event that was verified may be gone, if it is, by what allows it.
   * That the data of that event may be gone doesn't matter for this: else each of them could name
   * the next one, and a server would decide how many are asked for, and how deep that goes. Gives
   * the event, with who has erased its data. Raises VERIFICATION_FAILED.
   *
   * @param newest the newest event of its object; null: it is asked for
   */
  ChainEvent withReason(ChainEvent event, ChainEvent newest) {
    switch (event.dataState()) {
      case PRESENT -> {
        return event;
      }
      case REDACTED -> {
        return redacted(event);
      }
      case EXPIRED -> {
        EventPlace place = new EventPlace(event.sequence(), event.committedUnixMs());
        if (!reader.rules().hasExpired(place)) {
          throw unallowed(event, "no rule of the chain for retention has let it go");
        }
        return event;
      }
      default -> {
        ChainEvent last = newest == null ? fetchNewestOf(event.primaryKey()) : newest;
        if (last == null || last.sequence() <= event.sequence()) {
          throw unallowed(event, "it was dropped, and nothing newer of its object is there");
        }
        return event;
      }
    }
  }

  private ChainEvent redacted(ChainEvent event) {
    long at = event.redactedBy().sequence();
    ChainEvent by = at > event.sequence() ? fetchAt(at) : null;
    boolean isErased =
        by != null
            && by.redaction() != null
            && by.redaction().names(event.sequence())
            && event.primaryKey().equals(by.primaryKey());
    if (!isErased) {
      throw unallowed(event, "the event at sequence " + at + " is said to have erased it");
    }
    ChainEvent.RedactedBy redactedBy = new ChainEvent.RedactedBy(at, by.fingerprint());
    return event.with(EventMaker.gone(event.header(), DataState.REDACTED, redactedBy));
  }

  private static AtedbException unallowed(ChainEvent event, String why) {
    return Answers.untrue(
        "the data of the event at sequence "
            + event.sequence()
            + " is not here, and nothing allows that: "
            + why);
  }

  /** Null where there is no such event. */
  private ChainEvent ask(FieldWriter named) {
    FieldWriter request =
        new FieldWriter()
            .text(GetEventRequest.CHAIN_KEY, reader.calls().chainKey())
            .bytes(GetEventRequest.CHAIN_ID, reader.genesis().chainId())
            .append(named.finish());
    TreeHead known = reader.opener().known();
    Bytes raw;
    try {
      raw = reader.calls().unary("GetEvent", request);
    } catch (AtedbException error) {
      if (error.reason() == Reason.EVENT_NOT_FOUND) {
        return null;
      }
      throw error;
    }
    return verified(Answers.parts(raw), known);
  }

  private ChainEvent verified(Parts answer, TreeHead known) {
    List<Commit.Stored> stored =
        Answers.checked(
            "the event's batch is none",
            () -> Commit.splitSlice(answer.bytes(GetEventResponse.LOG)));
    if (stored.size() != 1) {
      throw Answers.untrue("an event is in one batch");
    }
    VerifiedBatch verified =
        Replay.verifySingle(reader.genesis(), stored.get(0), reader.keyFinder(), Provenance.STORED);
    TreeHead head = Answers.head(answer, GetEventResponse.HEAD);
    checkIncluded(verified.commit(), head, answer.all(GetEventResponse.INCLUSION));
    long sequence = answer.number(GetEventResponse.SEQUENCE);
    long index = sequence - verified.commit().header().firstSequence();
    if (index < 0
        || index >= verified.batch().count()
        || verified.batch().event((int) index) == null) {
      throw Answers.untrue("the event's batch does not hold it");
    }
    reader.rules().checkAllowed(sequence, verified.commit().header().commit(), head);
    reader.opener().tie(head, known);
    return new EventMaker(reader).make(verified, (int) index);
  }

  /** Refuses a batch that isn't in the tree of a head. Raises VERIFICATION_FAILED. */
  static void checkIncluded(Commit commit, TreeHead head, List<Bytes> proof) {
    boolean isIn =
        Merkle.verifyInclusion(
            commit.leaf(), commit.header().commit(), head.size(), proof, head.root());
    if (!isIn) {
      throw Answers.untrue(
          "commit "
              + commit.header().commit()
              + " is not in the tree of the head that comes with it");
    }
  }
}
