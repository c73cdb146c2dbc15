package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.ChainEvent;
import io.atedb.ReadOptions;
import io.atedb.TreeHead;
import io.atedb.Unchecked;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.client.Schema.EndOfRange;
import io.atedb.internal.client.Schema.ReadEventsRequest;
import io.atedb.internal.client.Schema.ReadEventsResponse;
import io.atedb.internal.crypt.Merkle;
import io.atedb.internal.trust.OwedData;
import io.atedb.internal.trust.Provenance;
import io.atedb.internal.trust.Replay;
import io.atedb.internal.trust.VerifiedBatch;
import java.util.List;
import java.util.function.Consumer;

/**
 * Batches of a range, from where a replay stands on. The last ones were tied to the head that its
 * start names when it ends.
 */
final class Range implements Events.Source, AutoCloseable {
  /** A chain that grows and is compacted without an end is given up on. */
  private static final int READINGS_MAX = 16;

  private static final int UNCHECKED_TOLD_MAX = 100;

  private final Reader reader;
  private final EventMaker maker;
  private final Provenance provenance;
  private final long dataUpTo;
  private final Replay begun;
  private final long end;
  private final long asked;
  private final boolean isSettling;
  private final Consumer<Unchecked> onUnchecked;
  private final TreeHead known;
  private final ChainCalls.Several answers;
  private Follower follower;
  private AtedbException failure;
  private boolean isDone;

  /**
   * @param begun where it goes on; null: the server says where it begins
   * @param from the first sequence, where `begun` is null
   * @param isSettling whether it is read to see what allows data to be gone, and no further
   */
  private Range(Reader reader, Replay begun, long from, ReadOptions options, boolean isSettling) {
    this.reader = reader;
    this.maker = new EventMaker(reader);
    this.dataUpTo = options.dataUpTo();
    this.provenance = Provenance.upTo(dataUpTo);
    this.begun = begun;
    this.end = options.end();
    this.isSettling = isSettling;
    this.onUnchecked = options.onUnchecked();
    this.known = reader.opener().known();
    this.asked = begun == null ? from : begun.nextSequence();
    FieldWriter request =
        new FieldWriter()
            .text(ReadEventsRequest.CHAIN_KEY, reader.calls().chainKey())
            .bytes(ReadEventsRequest.CHAIN_ID, reader.genesis().chainId())
            .varint(ReadEventsRequest.FROM_SEQUENCE, asked)
            .varint(ReadEventsRequest.FROM_COMMIT, begun == null ? 0 : begun.nextCommit());
    if (end >= 0) {
      // A range that is there has an end after its start, so that it is never 0 and left out.
      request.varint(ReadEventsRequest.END_SEQUENCE, Math.max(Math.max(end, asked), 1));
    }
    if (dataUpTo >= 0) {
      request.present(ReadEventsRequest.DATA_UP_TO_BYTES, dataUpTo);
    }
    this.answers = reader.calls().several("ReadEvents", request, 0);
  }

  /** A range that somebody wants the events of. */
  static Range of(Reader reader, ReadOptions options) {
    Replay begun = reader.beginAt(options.from(), Provenance.upTo(options.dataUpTo()));
    return new Range(reader, begun, options.from(), options, false);
  }

  /** What brings a replay from the first event on to the chain's end, with all data. */
  static Range whole(Reader reader, Replay replay) {
    return new Range(reader, replay, 0, ReadOptions.ALL, false);
  }

  /**
   * What brings a replay, to which data may be left out, from the first event on up to a sequence;
   * -1: to the chain's end. What says something of rights and keys comes whole all the same; all
   * other data would be loaded for nothing.
   */
  static Range forRules(Reader reader, Replay replay, long end) {
    ReadOptions options = ReadOptions.ALL.dataUpTo(0);
    return new Range(reader, replay, 0, end < 0 ? options : options.range(0, end), false);
  }

  /** The head of what was verified so far. */
  TreeHead head() {
    return follower.replay.head();
  }

  @Override
  public ChainEvent make(VerifiedBatch verified, int index) {
    return maker.make(verified, index);
  }

  @Override
  public List<VerifiedBatch> next() {
    if (failure != null) {
      throw failure;
    }
    try {
      return step();
    } catch (AtedbException error) {
      // What has come may be given yet; else the call is over, or what it has sent is not believed.
      failure = follower != null && follower.hasPending() ? null : error;
      throw error;
    }
  }

  private List<VerifiedBatch> step() {
    if (follower != null && follower.hasPending()) {
      return follower.finish();
    }
    while (!isDone) {
      Bytes raw = answers.next(0);
      if (raw == null) {
        throw Answers.untrue("a range ends without saying so");
      }
      Parts answer = Answers.parts(raw);
      if (answer.has(ReadEventsResponse.START) && follower == null) {
        Bytes start = answer.bytes(ReadEventsResponse.START);
        follower = Follower.begin(reader, begun, start, known, asked, provenance);
      } else if (answer.has(ReadEventsResponse.LOG) && follower != null) {
        return follower.feed(answer.bytes(ReadEventsResponse.LOG));
      } else if (answer.has(ReadEventsResponse.END) && follower != null) {
        finish(Answers.parts(answer.bytes(ReadEventsResponse.END)));
        isDone = true;
      } else {
        throw Answers.untrue("a range has its start, batches, and its end");
      }
    }
    return null;
  }

  private void finish(Parts said) {
    checkEnd(said);
    Replay replay = follower.replay;
    boolean isAtHead = replay.nextCommit() == follower.startHead.size();
    if (isAtHead && !isSettling && replay.owed().count() > 0) {
      settle(replay);
    }
    // The call has an outcome of its own: that more had been there, where the chain is damaged.
    if (answers.next(0) != null) {
      throw Answers.untrue("something follows the end of a range");
    }
    if (!isSettling) {
      reader.rules().keep(replay);
      tellUnchecked(replay.owed());
    }
  }

  private void checkEnd(Parts said) {
    TreeHead reached = follower.replay.head();
    TreeHead head = follower.startHead;
    boolean isTied =
        reached.size() == said.number(EndOfRange.END_COMMIT)
            && Merkle.verifyConsistency(
                reached.size(),
                head.size(),
                reached.root(),
                head.root(),
                said.all(EndOfRange.CONSISTENCY));
    boolean isWhole =
        reached.size() == head.size() || end >= 0 && follower.replay.nextSequence() >= end;
    if (!isTied || !isWhole) {
      throw Answers.untrue(
          "the end of the range is not of the tree that its start names, or before what was asked for");
    }
    reader.opener().tie(head, follower.knownBefore);
    if (reached.size() == head.size()) {
      reader.opener().advance(follower.knownBefore, reached);
    }
  }

  /**
   * Reads on to the chain's end, since data is gone and what allows that may have been appended
   * meanwhile. Nothing of that is handed on. Raises VERIFICATION_FAILED where it isn't there.
   */
  private void settle(Replay replay) {
    ReadOptions onward = new ReadOptions(0, -1, dataUpTo, unchecked -> {});
    for (int reading = 0; reading < READINGS_MAX && replay.owed().count() > 0; reading++) {
      long before = replay.nextCommit();
      try (Range range = new Range(reader, replay, 0, onward, true)) {
        while (range.next() != null) {
          // Nothing of it is handed on.
        }
      }
      if (replay.nextCommit() == before) {
        break;
      }
    }
    reader.rules().settleExpired(replay);
    replay.owed().settle();
  }

  private void tellUnchecked(OwedData owed) {
    if (owed.count() > 0) {
      onUnchecked.accept(
          new Unchecked(
              owed.count(),
              owed.left(UNCHECKED_TOLD_MAX).stream().map(OwedData.Unallowed::sequence).toList()));
    }
  }

  @Override
  public void close() {
    answers.close();
  }
}
