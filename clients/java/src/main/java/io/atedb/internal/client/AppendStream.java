package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.KeyPair;
import io.atedb.Reason;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.client.Schema.AppendResponse;
import io.atedb.internal.client.WriterPlace.Placed;
import io.atedb.internal.crypt.Tags;
import io.atedb.internal.event.Possession;
import io.atedb.internal.event.Signed;
import io.atedb.internal.rpc.Call;
import io.atedb.internal.rpc.Statuses;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** One stream of batches to the server, and of its answers. */
final class AppendStream implements AutoCloseable {
  private static final long CLOSE_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final Call call;
  private final String chainKey;
  private final SharedPipeline pipeline;
  private final BooleanSupplier isClosing;
  private FutureTask<Void> sending;
  private volatile boolean isOver;

  /** `isClosing` says whether nobody appends any more. */
  AppendStream(ChainCalls calls, SharedPipeline pipeline, BooleanSupplier isClosing) {
    this.call = calls.begin("Append", 0);
    this.chainKey = calls.chainKey();
    this.pipeline = pipeline;
    this.isClosing = isClosing;
  }

  /**
   * Proves the key to the server of a centralized chain: batches need no signature from then on.
   * The proof names the server's key of now, and counts at no other.
   */
  void prove(KeyPair own, Placed placed) {
    call.write(WriterPlace.request(Bytes.EMPTY, chainKey));
    Bytes conversation =
        due(AppendResponse.CONVERSATION).bytes(Schema.Conversation.CONVERSATION_ID);
    if (conversation.size() != 32) {
      throw Answers.untrue("the id of its conversation is not 32 bytes");
    }
    Possession claim =
        new Possession(
            call.exporter() == null ? Possession.NO_EXPORTER : call.exporter(),
            placed.server().fingerprint(),
            placed.genesis().chainId(),
            conversation,
            own.fingerprint());
    Signed signature = Signed.by(own, Tags.CONTEXT_PROOF, claim.append());
    FieldWriter proof = new FieldWriter().message(Schema.KeyProof.SIGNATURE, signature.message());
    call.write(new FieldWriter().message(Schema.AppendRequest.PROOF, proof).finish());
    Bytes proven = due(AppendResponse.PROVEN).bytes(Schema.Proven.FINGERPRINT);
    if (!proven.equals(own.fingerprint())) {
      throw Answers.untrue("it says that another key was proven");
    }
  }

  private Parts due(int kind) {
    Bytes message = call.read();
    if (message == null) {
      throw new AtedbException(
          Reason.CONNECTION_FAILED, "the server has ended the stream before its answer");
    }
    Parts answer = Answers.parts(message);
    if (answer.has(AppendResponse.REJECTED)) {
      throw Outcomes.rejection(answer.bytes(AppendResponse.REJECTED));
    }
    if (!answer.has(kind)) {
      throw Answers.untrue("another answer was due to who proves a key");
    }
    return Answers.parts(answer.bytes(kind));
  }

  /** Sends batches as they come to be, no faster than the connection takes them. */
  void startSending(Executor executor, boolean namesChain) {
    sending = new FutureTask<>(() -> send(namesChain), null);
    executor.execute(sending);
  }

  private void send(boolean namesChain) {
    boolean isFirst = namesChain;
    while (true) {
      Bytes run =
          pipeline.when(
              one -> isOver || one.hasNext() || isClosing.getAsBoolean() && !one.isBusy(),
              0,
              one -> !isOver && one.hasNext() ? one.nextRun() : null);
      if (isOver) {
        return;
      }
      if (run == null) {
        call.halfClose();
        return;
      }
      call.write(isFirst ? WriterPlace.request(run, chainKey) : run);
      isFirst = false;
    }
  }

  /** Takes answers until the stream ends; `onAnswer` is told of each. */
  void readAnswers(Runnable onAnswer) {
    while (true) {
      Bytes message;
      try {
        message = call.read(CLOSE_NANOS);
      } catch (AtedbException error) {
        if (!Statuses.isSilence(error)) {
          throw error;
        }
        // Nothing is due, and nobody appends any more: the stream is given up.
        if (isClosing.getAsBoolean() && !pipeline.isBusy()) {
          return;
        }
        continue;
      }
      if (message == null) {
        return;
      }
      Parts answer = Answers.parts(message);
      pipeline.with(
          one -> {
            one.answer(answer);
            return null;
          });
      onAnswer.run();
    }
  }

  /** Ends it, and waits until nothing more is sent. */
  @Override
  public void close() {
    pipeline.with(
        one -> {
          isOver = true;
          one.detach();
          return null;
        });
    call.close();
    if (sending == null) {
      return;
    }
    try {
      sending.get();
    } catch (ExecutionException error) {
      // Where the call has ended, reading has told how.
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
    }
  }
}
