package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Reason;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.event.Possession;
import io.atedb.internal.rpc.Call;

/** Calls in which a key is proven to a server that has been opened a chain of. */
final class Conversations {
  private Conversations() {}

  /** Waits for an answer of a kind. Raises CONNECTION_FAILED, VERIFICATION_FAILED for another. */
  static Parts due(Call call, int kind) {
    Bytes message = call.read();
    if (message == null) {
      throw new AtedbException(
          Reason.CONNECTION_FAILED, "the server has ended the stream before its answer");
    }
    Parts answer = Answers.parts(message);
    if (!answer.has(kind)) {
      throw Answers.untrue("another answer was due to who proves a key");
    }
    return Answers.parts(answer.bytes(kind));
  }

  /** Waits for the conversation, and gives what a proof on this stream is tied to. */
  static Possession claim(Call call, int kind, Opened opened, Bytes chainId, Bytes fingerprint) {
    Bytes conversation = due(call, kind).bytes(Schema.Conversation.CONVERSATION_ID);
    if (conversation.size() != 32) {
      throw Answers.untrue("the id of its conversation is not 32 bytes");
    }
    return new Possession(
        call.exporter() == null ? Possession.NO_EXPORTER : call.exporter(),
        opened.identity().fingerprint(),
        chainId,
        conversation,
        fingerprint);
  }
}
