package io.atedb.internal.client;

import io.atedb.Bytes;
import io.atedb.PublicKey;
import io.atedb.TreeHead;
import io.atedb.TrustMode;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.event.Genesis;

/**
 * What opening a chain says.
 *
 * @param identity the server's
 * @param mode of chains that are created now
 * @param genesis what the chain is; null: there is none yet
 * @param head that was verified, or null
 * @param nextSequence the sequence that the next event gets, in the server's words
 * @param trouble why it can be read only, in the server's words; empty: it can be appended to
 * @param writer what the server knows of the writer that was asked for, or null
 * @param offer the batch that creates the chain, as the server offers it; null: it offers none
 */
record Opened(
    PublicKey identity,
    TrustMode mode,
    Genesis genesis,
    TreeHead head,
    long nextSequence,
    String trouble,
    WriterStanding writer,
    Bytes offer) {

  /**
   * What the server knows of a writer. Not verified.
   *
   * @param nextCounter of its next batch
   * @param lastSeal the Seal message of its last one, as it came; or null
   */
  record WriterStanding(long nextCounter, Bytes lastSeal) {
    /** What an answer says of the writer; null: nothing. */
    static WriterStanding in(Parts answer) {
      if (!answer.has(Schema.OpenChainResponse.WRITER)) {
        return null;
      }
      Parts state = Answers.parts(answer.bytes(Schema.OpenChainResponse.WRITER));
      return new WriterStanding(
          state.number(Schema.WriterState.NEXT_COUNTER),
          state.bytesOrNull(Schema.WriterState.LAST_SEAL));
    }
  }
}
