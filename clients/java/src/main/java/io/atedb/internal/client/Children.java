package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Child;
import io.atedb.ChildStream;
import io.atedb.ChildrenOptions;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.client.Schema.ListChildrenRequest;
import io.atedb.internal.client.Schema.ListChildrenResponse;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.NoSuchElementException;

/** Lists children, and hands on what {@link VerifiedChildren} has verified. */
final class Children implements ChildStream {
  private final VerifiedChildren verified;
  private final ChainCalls.Several answers;
  private final Deque<Child> ready = new ArrayDeque<>();
  private AtedbException failure;
  private boolean isDone;

  Children(Reader reader, ChildrenOptions options) {
    this.verified = new VerifiedChildren(reader, options);
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
    ready.addAll(verified.take(message));
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
