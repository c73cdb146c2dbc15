package io.atedb.internal.rpc;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Reason;
import io.atedb.internal.bytes.Parts;
import io.grpc.Status;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeoutException;

/** What the status of a failed call means. */
public final class Statuses {
  private static final String DOMAIN = "atedb";

  /** Trying again later may help: the server was not there, is going, or is full. */
  public static final Set<Reason> PASSING =
      EnumSet.of(
          Reason.CONNECTION_FAILED,
          Reason.SERVER_DRAINING,
          Reason.TOO_MANY_STREAMS,
          Reason.TOO_MANY_CHAINS,
          Reason.TOO_MANY_UPLOADS,
          Reason.READER_TOO_SLOW,
          Reason.REQUEST_TOO_SLOW,
          Reason.TOO_MANY_HANDSHAKES,
          Reason.WIRE_FRAME_INVALID,
          Reason.WIRE_SESSION_UNKNOWN,
          Reason.WIRE_CALL_REPLAYED,
          Reason.WIRE_TRUNCATED);

  /** Refusals of a sealed call that another session may not meet. */
  static final Set<Reason> OF_SESSION =
      EnumSet.of(Reason.WIRE_SESSION_UNKNOWN, Reason.WIRE_CALL_REPLAYED);

  /**
   * Refusals that a server makes of a sealed call before it has a key to seal them with. Anybody on
   * the way can make them too, and they come to no more than a cut connection.
   */
  static final Set<Reason> OUTSIDE =
      EnumSet.of(
          Reason.WIRE_SESSION_UNKNOWN,
          Reason.WIRE_CALL_REPLAYED,
          Reason.WIRE_FRAME_INVALID,
          Reason.SERVER_DRAINING,
          Reason.TOO_MANY_UPLOADS,
          Reason.TOO_MANY_STREAMS,
          Reason.REQUEST_TOO_SLOW,
          Reason.DATA_TOO_LARGE,
          Reason.READER_TOO_SLOW,
          Reason.TLS_REQUIRED,
          Reason.INTERNAL);

  private Statuses() {}

  /**
   * Whether what was read can't be gone on with, since the chain was compacted meanwhile: it is to
   * be read again.
   */
  public static boolean isCompacted(AtedbException error) {
    return error.reason() == Reason.HISTORY_COMPACTED;
  }

  /** The server's own refusal, from a serialised google.rpc.Status; null where it has none. */
  static AtedbException ownDetails(Bytes encoded, String message) {
    if (encoded == null || encoded.isEmpty()) {
      return null;
    }
    try {
      Parts status = new Parts(encoded);
      for (Bytes detail : status.all(3)) {
        Parts any = new Parts(detail);
        if (!any.text(1).endsWith("/google.rpc.ErrorInfo")) {
          continue;
        }
        Parts info = new Parts(any.bytes(2));
        if (info.text(2).equals(DOMAIN)) {
          Map<String, String> metadata = new HashMap<>();
          for (Bytes entry : info.all(3)) {
            Parts pair = new Parts(entry);
            metadata.put(pair.text(1), pair.text(2));
          }
          String said = status.text(2).isEmpty() ? message : status.text(2);
          return refusal(info.text(1), said, metadata);
        }
      }
      return null;
    } catch (AtedbException error) {
      return null;
    }
  }

  /**
   * The error of a reason. A newer server may have some that this version doesn't know: kept for
   * people.
   */
  public static AtedbException refusal(String name, String message, Map<String, String> metadata) {
    for (Reason reason : Reason.values()) {
      if (reason.name().equals(name)) {
        return new AtedbException(reason, message, metadata);
      }
    }
    Map<String, String> more = new HashMap<>(metadata);
    more.put("server_reason", name);
    return new AtedbException(Reason.INTERNAL, message, more);
  }

  /**
   * Whether a failure is that nothing has come while somebody waited here: a server can't say that.
   */
  public static boolean isSilence(AtedbException error) {
    return error.reason() == Reason.DEADLINE_EXCEEDED
        && error.getCause() instanceof TimeoutException;
  }

  /** The same of a reason by its number. */
  public static AtedbException refusal(int number, String message, Map<String, String> metadata) {
    for (Reason reason : Reason.values()) {
      if (reason.number() == number) {
        return new AtedbException(reason, message, metadata);
      }
    }
    return refusal(Integer.toString(number), message, metadata);
  }

  /** Says what a failed call's status means. One without our details comes from the transport. */
  static AtedbException of(
      int code, String message, Bytes details, String server, Throwable cause) {
    AtedbException own = ownDetails(details, message);
    if (own != null) {
      return own;
    }
    Status.Code known = Status.fromCodeValue(code).getCode();
    Reason reason = Reason.CONNECTION_FAILED;
    String why;
    switch (known) {
      case DEADLINE_EXCEEDED -> {
        reason = Reason.DEADLINE_EXCEEDED;
        why = "the deadline passed before " + server + " answered";
      }
      case RESOURCE_EXHAUSTED -> {
        boolean isSize = message.contains("larger than") || message.contains("exceeds maximum");
        reason = isSize ? Reason.DATA_TOO_LARGE : Reason.READER_TOO_SLOW;
        why = server + " has given this call up: " + message;
      }
      case UNIMPLEMENTED -> {
        reason = Reason.UNSUPPORTED;
        why = server + " does not know this call: " + message;
      }
      case UNAVAILABLE ->
          why =
              server
                  + " can't be reached, or was lost: "
                  + message
                  + ". Check that a server runs there, and that host and port are right";
      // Whatever else has no details was not said by our server, but by what lies between.
      default -> why = "the connection to " + server + " broke: " + known + ", " + message;
    }
    return new AtedbException(
        reason, why, Map.of("server", server, "grpc_status", known.name()), cause);
  }
}
