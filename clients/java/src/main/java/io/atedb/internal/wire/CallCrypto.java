package io.atedb.internal.wire;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Reason;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.bytes.WireForms;
import io.atedb.internal.crypt.Symmetric;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.function.IntConsumer;

/**
 * One call: seals what its client sends, opens what it is answered. After a frame that is refused
 * nothing opens. Not for use by two threads at once in one direction.
 */
public final class CallCrypto {
  private static final int FRAMES_PER_KEY = 1_024;
  private static final int PAYLOAD_BYTES_MAX = Limits.GRPC_MESSAGE_BYTES_MAX - 96;

  /** What a frame is, by the numbers of the schema. */
  public enum FrameType {
    OPEN,
    MESSAGE,
    HALF_CLOSE,
    STATUS,
    HEADERS;

    public int number() {
      return ordinal() + 1;
    }
  }

  /**
   * What a frame holds.
   *
   * @param type what it is
   * @param payload what it says
   */
  public record Frame(FrameType type, Bytes payload) {}

  /** One direction: of each frame in turn its key, its nonce, and what it is bound to. */
  private static final class Direction {
    private final Bytes place;
    private final int keyBytes;
    private byte[] secret;
    private byte[] key;
    private long counter;

    Direction(Bytes sessionId, int keyBits, long call, int sender, byte[] secret) {
      this.place = sessionId.plus(KeySchedule.u64(call), Bytes.wrap(new byte[] {(byte) sender}));
      this.keyBytes = keyBits / 8;
      this.secret = secret;
      this.key = KeySchedule.expand(secret, keyBytes, "key");
    }

    /** Goes on to the next frame. */
    void next() {
      if (counter > 0 && counter % FRAMES_PER_KEY == 0) {
        // What was sealed before can't be opened with what is known from here on.
        byte[] before = secret;
        secret = KeySchedule.expand(before, 32, "ratchet");
        Arrays.fill(before, (byte) 0);
        Arrays.fill(key, (byte) 0);
        key = KeySchedule.expand(secret, keyBytes, "key");
      }
      counter++;
    }

    byte[] nonce() {
      return ByteBuffer.allocate(12).putInt(0).putLong(counter - 1).array();
    }

    byte[] aad(int type) {
      return place
          .plus(KeySchedule.u64(counter - 1), Bytes.wrap(new byte[] {(byte) type}))
          .toArray();
    }
  }

  private final Bytes sessionId;
  private final int keyBits;
  private final long call;
  private final Bytes random;
  private final KeySchedule.Session secrets;
  private final IntConsumer count;
  private final Direction sending;
  private Direction receiving;
  private boolean hasSent;
  private boolean isBroken;
  private boolean hasBegun;
  private boolean hasEnded;

  CallCrypto(
      Bytes sessionId,
      int keyBits,
      long call,
      Bytes random,
      KeySchedule.Session secrets,
      IntConsumer count) {
    this.sessionId = sessionId;
    this.keyBits = keyBits;
    this.call = call;
    this.random = random;
    this.secrets = secrets;
    this.count = count;
    this.sending = new Direction(sessionId, keyBits, call, 0, secrets.clientSecret(call, random));
  }

  public Bytes exporter() {
    return secrets.exporter;
  }

  /**
   * Whether the server has sealed how the call ended. Without it the call was cut, and its outcome
   * is not known.
   */
  public boolean hasEnded() {
    return hasEnded;
  }

  /**
   * Seals the next frame: a serialised CallRequest. First comes OPEN, last HALF_CLOSE. Raises
   * DATA_TOO_LARGE.
   */
  public Bytes seal(FrameType type, Bytes payload) {
    if (payload.size() > PAYLOAD_BYTES_MAX) {
      throw new AtedbException(
          Reason.DATA_TOO_LARGE,
          "a message of " + payload.size() + " bytes does not fit into a frame of the tunnel",
          Map.of(
              "limit", Integer.toString(PAYLOAD_BYTES_MAX),
              "size", Integer.toString(payload.size())));
    }
    FieldWriter frame = new FieldWriter();
    if (!hasSent) {
      hasSent = true;
      frame.bytes(1, sessionId).varint(2, call).bytes(3, random);
    }
    sending.next();
    Bytes sealed =
        Symmetric.seal(sending.key, sending.nonce(), sending.aad(type.number()), payload.toArray());
    Bytes done = frame.varint(4, type.number()).message(5, sealed).finish();
    count.accept(done.size());
    return done;
  }

  /**
   * Opens the next frame: a serialised CallResponse. Raises WIRE_FRAME_INVALID; the call has failed
   * then.
   */
  public Frame open(Bytes message) {
    if (isBroken) {
      throw invalid("one before it was refused, or the call is over");
    }
    // Until it is known to be good.
    isBroken = true;
    Frame frame = openNext(message);
    isBroken = false;
    return frame;
  }

  private Frame openNext(Bytes message) {
    Parts parts;
    try {
      parts = Parts.strict(WireForms.CALL_RESPONSE, message);
    } catch (AtedbException error) {
      throw invalid(error.getMessage());
    }
    if ((receiving == null) != parts.has(1)) {
      throw invalid("the first one has random bytes, and no other has");
    }
    if (receiving == null) {
      byte[] secret = secrets.serverSecret(call, random, parts.bytes(1));
      receiving = new Direction(sessionId, keyBits, call, 1, secret);
      secrets.wipe();
    }
    if (hasEnded) {
      throw invalid("it comes after the one that ends the call");
    }
    int number = (int) parts.number(2);
    receiving.next();
    byte[] payload =
        Symmetric.open(receiving.key, receiving.nonce(), receiving.aad(number), parts.bytes(3));
    if (payload == null) {
      throw invalid("it was changed, moved or repeated, or one before it is missing");
    }
    FrameType type = FrameType.values()[number - 1];
    boolean mayCome =
        type == FrameType.MESSAGE
            || type == FrameType.STATUS
            || type == FrameType.HEADERS && !hasBegun;
    if (!mayCome) {
      throw invalid("one of type " + type + " must not come now");
    }
    hasBegun = true;
    hasEnded = type == FrameType.STATUS;
    count.accept(message.size());
    return new Frame(type, Bytes.wrap(payload));
  }

  private static AtedbException invalid(String why) {
    return new AtedbException(
        Reason.WIRE_FRAME_INVALID,
        "a frame of the tunnel is not the next one of its call: "
            + why
            + ". Nothing of it was handed on");
  }
}
