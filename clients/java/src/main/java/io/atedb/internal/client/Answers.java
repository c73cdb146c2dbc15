package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Reason;
import io.atedb.TreeHead;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.bytes.Parts;
import java.util.Map;
import java.util.function.Supplier;

/** Reads answers of servers, of which nothing is believed. */
final class Answers {
  private Answers() {}

  /** Makes the failure of an answer that can't be. */
  static AtedbException untrue(String what) {
    return untrue(what, null);
  }

  static AtedbException untrue(String what, AtedbException cause) {
    return new AtedbException(
        Reason.VERIFICATION_FAILED, "the server's answer can't be true: " + what, Map.of(), cause);
  }

  /** Takes an answer apart. Raises VERIFICATION_FAILED. */
  static Parts parts(Bytes answer) {
    return checked("it can't be read", () -> new Parts(answer));
  }

  /**
   * Does what fails with an answer that can't be true: of all but UNSUPPORTED VERIFICATION_FAILED
   * comes.
   */
  static <T> T checked(String what, Supplier<T> act) {
    try {
      return act.get();
    } catch (AtedbException error) {
      if (error.reason() == Reason.UNSUPPORTED) {
        throw error;
      }
      throw untrue(what + ": " + error.getMessage(), error);
    }
  }

  /** A head. Raises VERIFICATION_FAILED. */
  static TreeHead head(Parts answer, int field) {
    Parts head = parts(answer.bytes(field));
    if (head.bytes(2).size() != Limits.HASH_BYTES) {
      throw untrue("a head has no root");
    }
    return new TreeHead(head.number(1), head.bytes(2).copy());
  }
}
