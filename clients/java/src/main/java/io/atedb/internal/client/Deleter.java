package io.atedb.internal.client;

import io.atedb.Bytes;
import io.atedb.KeyPair;
import io.atedb.TreeHead;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.crypt.Tags;
import io.atedb.internal.event.Possession;
import io.atedb.internal.event.Signed;
import io.atedb.internal.rpc.Call;

/** Has a server delete a chain, by the signature of one of its roots over its newest head. */
public final class Deleter {
  private Deleter() {}

  /** Deletes it. Raises KEY_NOT_ALLOWED, UNSUPPORTED, HEAD_CONFLICT; as opening it. */
  public static void delete(ChainCalls calls, Opener opener, ChainKeys keys) {
    Opened opened = opener.open(false, false, null);
    KeyPair key = keys.writing();
    Bytes chainId = opened.genesis().chainId();
    TreeHead head = opener.known();
    try (Call call = calls.begin("DeleteChain", ChainCalls.TIMEOUT_NANOS)) {
      call.write(
          new FieldWriter()
              .text(Schema.DeleteChainRequest.CHAIN_KEY, calls.chainKey())
              .bytes(Schema.DeleteChainRequest.CHAIN_ID, chainId)
              .finish());
      Possession claim =
          Conversations.claim(
              call, Schema.DeleteChainResponse.CONVERSATION, opened, chainId, key.fingerprint());
      Signed signature = Signed.by(key, Tags.CONTEXT_DELETE_CHAIN, claim.deletion(head));
      FieldWriter named =
          new FieldWriter()
              .varint(Schema.TreeHead.SIZE, head.size())
              .bytes(Schema.TreeHead.ROOT, head.root());
      FieldWriter deletion =
          new FieldWriter()
              .message(Schema.Deletion.HEAD, named)
              .message(Schema.Deletion.SIGNATURE, signature.message());
      call.write(new FieldWriter().message(Schema.DeleteChainRequest.DELETION, deletion).finish());
      call.halfClose();
      Conversations.due(call, Schema.DeleteChainResponse.DELETED);
    }
  }
}
