package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.ChainEvent;
import io.atedb.Child;
import io.atedb.ChildStream;
import io.atedb.ChildrenOptions;
import io.atedb.TreeHead;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.client.Schema.ListChildrenRequest;
import io.atedb.internal.client.Schema.ListChildrenResponse;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.NoSuchElementException;

/** Lists children, and hands on what {@link VerifiedChildren} has verified. */
final class Children implements ChildStream {
  private final Reader reader;
  private final EventMaker maker;
  private final VerifiedChildren verified;
  private final ChainCalls.Several answers;
  private final Deque<Child> ready = new ArrayDeque<>();
  private AtedbException failure;
  private boolean isDone;

  Children(Reader reader, ChildrenOptions options) {
    this.reader = reader;
    this.maker = new EventMaker(reader);
    this.verified =
        new VerifiedChildren(reader.genesis(), reader.keyFinder(), known(reader), options);
    FieldWriter request =
        new FieldWriter()
            .text(ListChildrenRequest.CHAIN_KEY, reader.calls().chainKey())
            .bytes(ListChildrenRequest.CHAIN_ID, reader.genesis().chainId())
            .bytes(ListChildrenRequest.PARENT, options.parent())
            .bytes(ListChildrenRequest.COLLECTION, options.collection());
    if (options.afterKey() != null) {
      request.message(
          ListChildrenRequest.AFTER,
          new FieldWriter()
              .bytes(Schema.ChildPosition.COLLECTION, options.afterCollection())
              .bytes(Schema.ChildPosition.PRIMARY_KEY, options.afterKey()));
    }
    request.varint(ListChildrenRequest.LIMIT, options.limit());
    this.answers = reader.calls().several("ListChildren", request, 0);
  }

  private static VerifiedChildren.Known known(Reader reader) {
    TreeHead before = reader.opener().known();
    return new VerifiedChildren.Known() {
      @Override
      public void tie(TreeHead head) {
        reader.opener().tie(head, before);
      }

      @Override
      public void checkAllowed(long sequence, long commit, TreeHead head) {
        reader.rules().checkAllowed(sequence, commit, head);
      }
    };
  }

  @Override
  public boolean hasNext() {
    if (failure != null) {
      throw failure;
    }
    try {
      while (ready.isEmpty() && !isDone) {
        step();
      }
      return !ready.isEmpty();
    } catch (AtedbException error) {
      // What a message names is given as a whole or not at all, and the call doesn't go on.
      failure = error;
      throw error;
    }
  }

  private void step() {
    Bytes raw = answers.next(0);
    if (raw == null) {
      throw VerifiedChildren.bad("it ends without saying so");
    }
    Parts message = Answers.parts(raw);
    List<Child> children = new ArrayList<>();
    for (VerifiedChildren.Found one : verified.take(message)) {
      ChainEvent event = maker.make(one.batch(), one.index());
      children.add(
          new Child(
              reader.getter().withReason(event, event),
              one.movedBy(),
              one.parent(),
              one.collection()));
    }
    ready.addAll(children);
    if (message.flag(ListChildrenResponse.IS_LAST)) {
      if (answers.next(0) != null) {
        throw VerifiedChildren.bad("something follows its end");
      }
      verified.end();
      close();
    }
  }

  @Override
  public Child next() {
    if (!hasNext()) {
      throw new NoSuchElementException("there are no more children");
    }
    return ready.remove();
  }

  @Override
  public void close() {
    isDone = true;
    answers.close();
  }
}
