package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.DataState;
import io.atedb.Reason;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.client.Schema.LoadDataResponse;
import io.atedb.internal.crypt.Hashes;
import io.atedb.internal.crypt.Tags;
import io.atedb.internal.event.Said;
import java.util.Map;

/**
 * What a server gives of data that was left out, held against the header of its event.
 *
 * @param data as it is stored; empty where it is gone
 * @param state PRESENT, or why it is gone by now, which something still has to allow
 * @param redaction sequence of the redaction that is said to have erased it; 0: none
 */
record LoadedData(Bytes data, DataState state, long redaction) {

  /** Reads a LoadDataResponse, null for none, for an event. Raises VERIFICATION_FAILED. */
  static LoadedData of(long sequence, Bytes header, Bytes raw) {
    if (raw == null) {
      throw bad(sequence, "it does not come");
    }
    Parts answer = Answers.parts(raw);
    if (!answer.bytes(LoadDataResponse.EVENT_HASH).equals(Hashes.leaf(header))) {
      throw bad(sequence, "it is of another event");
    }
    long number = answer.number(LoadDataResponse.DATA_STATE);
    if (number >= DataState.values().length || number == DataState.OMITTED.ordinal()) {
      throw bad(sequence, "it is left out, or gone for a reason that is not known");
    }
    DataState state = DataState.values()[(int) number];
    String fault =
        state == DataState.PRESENT ? faultOf(header, answer) : faultOfGone(state, answer);
    if (fault != null) {
      throw bad(sequence, fault);
    }
    return new LoadedData(
        answer.bytes(LoadDataResponse.DATA), state, answer.number(LoadDataResponse.REDACTION));
  }

  private static String faultOf(Bytes header, Parts answer) {
    if (answer.has(LoadDataResponse.REDACTION)) {
      return "it is here, and is said to be erased";
    }
    Bytes data = answer.bytes(LoadDataResponse.DATA);
    Bytes salt = answer.bytesOrNull(LoadDataResponse.SALT);
    boolean isSealed = Said.readConfidentiality(header) != null;
    Parts said = new Parts(header);
    boolean fits = isSealed == (salt == null) && data.size() == said.number(31);
    if (fits) {
      Bytes hash =
          isSealed
              ? Hashes.tagged(Tags.HASH_SEALED_DATA, data)
              : Hashes.tagged(Tags.HASH_DATA, salt, data);
      fits = hash.equals(said.bytes(30));
    }
    return fits ? null : "it does not hash to what the header of the event says";
  }

  private static String faultOfGone(DataState state, Parts answer) {
    if (answer.has(LoadDataResponse.DATA) || answer.has(LoadDataResponse.SALT)) {
      return "it is said to be gone, and some of it is here";
    }
    return (state == DataState.REDACTED) == answer.has(LoadDataResponse.REDACTION)
        ? null
        : "what has erased it is said where nothing has, or is not said";
  }

  static AtedbException bad(long sequence, String why) {
    return new AtedbException(
        Reason.VERIFICATION_FAILED,
        "the data that the server sent of the event at sequence "
            + sequence
            + " does not verify: "
            + why
            + ". Nothing of it was used",
        Map.of("sequence", Long.toString(sequence)));
  }
}
