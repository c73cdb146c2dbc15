package io.atedb.internal.bytes;

import static io.atedb.internal.bytes.FieldForm.bytes;
import static io.atedb.internal.bytes.FieldForm.hash32;
import static io.atedb.internal.bytes.FieldForm.message;
import static io.atedb.internal.bytes.FieldForm.uint32;
import static io.atedb.internal.bytes.FieldForm.varint;

/** The strict forms of what snapshots say, and of what stands for what is gone by them. */
public final class SnapshotForms {
  private static final int HASH_BYTES = 32;

  /** The most hashes that stand for events of a batch: two for each level of its tree. */
  private static final int GONE_HASHES_MAX = 28;

  /** The most hashes that stand for commits of a chain: two for each level of its tree. */
  private static final int GAP_HASHES_MAX = 106;

  public static final MessageForm SNAPSHOT =
      new MessageForm(
          "Snapshot",
          varint(1, "size").due(),
          hash32(2, "tree_root").due(),
          varint(3, "events").due(),
          hash32(4, "gone").due(),
          varint(5, "writers").due(),
          hash32(6, "writers_hash").due());

  /** An Event that stands for others, and holds nothing else. */
  public static final MessageForm GONE_EVENT =
      new MessageForm(
          "Event",
          message(
                  6,
                  "gone",
                  new MessageForm(
                      "GoneEvents",
                      uint32(1, "events").due(),
                      bytes(2, "hashes").atMost(HASH_BYTES * GONE_HASHES_MAX).due()))
              .due());

  public static final MessageForm GAP =
      new MessageForm(
          "Gap",
          varint(1, "commits"),
          varint(2, "events"),
          bytes(3, "hashes").atMost(HASH_BYTES * GAP_HASHES_MAX),
          varint(4, "snapshot").due(),
          varint(5, "size").due(),
          hash32(6, "before"),
          varint(7, "gone_from"),
          varint(8, "last_from"),
          varint(9, "last_end"));

  private SnapshotForms() {}
}
