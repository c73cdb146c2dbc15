package io.atedb.internal.event;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.EventKind;
import io.atedb.Reason;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.bytes.Magics;
import io.atedb.internal.crypt.Hashes;
import io.atedb.internal.crypt.Tags;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * What a writer says in an event. Keys and labels have 16 bytes.
 *
 * @param kind what it does
 * @param salt 16 random bytes, never used for other data; sealed data needs none
 * @param data what is stored, or sealed
 * @param primaryKey the object, or null
 * @param parent its parent, or null
 * @param collection of the parent, or null
 * @param type what the data is, or null
 * @param replyTo the event that it answers, or null
 * @param timeUnixMs the writer's clock; 0: not said
 * @param said of rights and keys
 * @param sealing how the data is sealed, or null
 */
public record EventInput(
    EventKind kind,
    Bytes salt,
    Bytes data,
    Bytes primaryKey,
    Bytes parent,
    Bytes collection,
    String type,
    Bytes replyTo,
    long timeUnixMs,
    Said said,
    SealedData.Sealing sealing) {

  /**
   * An event, sealed once: these bytes are never made again.
   *
   * @param header its header's bytes
   * @param frame all of it with tag and length, as it is sent and stored
   */
  public record Built(Bytes header, Bytes frame) {}

  /** Builds the event. Raises REQUEST_INVALID naming what has the wrong size. */
  public Built build() {
    check();
    FieldWriter header =
        new FieldWriter()
            .fixed32(1, Magics.EVENT_HEADER)
            .varint(2, kind.number())
            .bytes(3, primaryKey)
            .bytes(4, parent)
            .bytes(5, collection);
    said.writeEarly(header, sealing == null ? null : sealing.confidentiality());
    header.text(12, type).bytes(13, replyTo).varint(14, timeUnixMs);
    said.writeLate(header);
    Bytes before = header.finish();
    Bytes stored = sealing == null ? data : sealing.seal(data, before);
    Bytes hash =
        sealing == null
            ? Hashes.tagged(Tags.HASH_DATA, salt, stored)
            : Hashes.tagged(Tags.HASH_SEALED_DATA, stored);
    Bytes done = before.plus(new FieldWriter().bytes(30, hash).varint(31, stored.size()).finish());
    FieldWriter event = new FieldWriter().bytes(1, done).bytes(2, stored);
    if (sealing == null) {
      event.bytes(3, salt);
    }
    return new Built(done, FieldWriter.frame(EventView.RUN_EVENT, event.finish()));
  }

  /** Puts the header of a genesis into its event. */
  public static Built genesis(Bytes header) {
    return new Built(
        header,
        FieldWriter.frame(EventView.RUN_EVENT, new FieldWriter().bytes(1, header).finish()));
  }

  private void check() {
    boolean needsKey =
        kind == EventKind.DATA || kind == EventKind.TOMBSTONE || kind == EventKind.REDACTION;
    if (primaryKey == null && needsKey) {
      throw invalid("primary_key", "it is missing");
    }
    checkKey("primary_key", primaryKey);
    checkKey("parent", parent);
    checkKey("collection", collection);
    checkKey("reply_to", replyTo);
    checkKey("salt", salt);
    if (type != null && type.getBytes(StandardCharsets.UTF_8).length > Limits.TYPE_NAME_BYTES_MAX) {
      throw invalid("type", "it is longer than " + Limits.TYPE_NAME_BYTES_MAX + " bytes");
    }
    if (timeUnixMs < 0 || timeUnixMs > Limits.INTEGER_MAX) {
      throw invalid("time", "it is not a time from 1970 on");
    }
  }

  private static void checkKey(String name, Bytes value) {
    if (value != null && value.size() != Limits.KEY_BYTES) {
      throw invalid(name, "it is " + value.size() + " bytes, and must be " + Limits.KEY_BYTES);
    }
  }

  /** Makes the refusal of an argument: REQUEST_INVALID, naming it. */
  public static AtedbException invalid(String field, String why) {
    return new AtedbException(Reason.REQUEST_INVALID, field + ": " + why, Map.of("field", field));
  }
}
