package io.atedb.internal.client;

import io.atedb.Bytes;
import io.atedb.TreeHead;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.client.Schema.EndOfRange;
import io.atedb.internal.client.Schema.ReadEventsRequest;
import io.atedb.internal.client.Schema.ReadEventsResponse;
import io.atedb.internal.crypt.Merkle;
import io.atedb.internal.trust.Replay;
import io.atedb.internal.trust.VerifiedBatch;
import java.util.List;

/**
 * Batches of a range, from where a replay stands on. The last ones were tied to the head that its
 * start names when it ends.
 */
final class Range implements AutoCloseable {
  private final Reader reader;
  private final Replay begun;
  private final long end;
  private final long asked;
  private final TreeHead known;
  private final ChainCalls.Several answers;
  private Follower follower;
  private boolean isDone;

  /** Of a null replay the server says where it begins; an end of -1 is the chain's. */
  Range(Reader reader, Replay begun, long start, long end) {
    this.reader = reader;
    this.begun = begun;
    this.end = end;
    this.known = reader.opener().known();
    this.asked = begun == null ? start : begun.nextSequence();
    FieldWriter request =
        new FieldWriter()
            .text(ReadEventsRequest.CHAIN_KEY, reader.calls().chainKey())
            .bytes(ReadEventsRequest.CHAIN_ID, reader.genesis().chainId())
            .varint(ReadEventsRequest.FROM_SEQUENCE, asked);
    if (end >= 0) {
      // A range that is there has an end after its start, so that it is never 0 and left out.
      request.varint(ReadEventsRequest.END_SEQUENCE, Math.max(Math.max(end, asked), 1));
    }
    this.answers = reader.calls().several("ReadEvents", request, 0);
  }

  /** The next ones; null after the last. */
  List<VerifiedBatch> next() {
    while (!isDone) {
      Bytes raw = answers.next(0);
      if (raw == null) {
        throw Answers.untrue("a range ends without saying so");
      }
      Parts answer = Answers.parts(raw);
      if (answer.has(ReadEventsResponse.START) && follower == null) {
        follower = reader.follow(begun, answer.bytes(ReadEventsResponse.START), known, asked);
      } else if (answer.has(ReadEventsResponse.LOG) && follower != null) {
        return follower.feed(answer.bytes(ReadEventsResponse.LOG));
      } else if (answer.has(ReadEventsResponse.END) && follower != null) {
        checkEnd(Answers.parts(answer.bytes(ReadEventsResponse.END)));
        reader.keep(follower.replay);
        isDone = true;
      } else {
        throw Answers.untrue("a range has its start, batches, and its end");
      }
    }
    return null;
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

  @Override
  public void close() {
    answers.close();
  }
}
