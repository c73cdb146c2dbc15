package io.atedb.internal.trust;

/**
 * How a batch comes, and so which data of it may be missing.
 *
 * @param isStored whether a server keeps it so, or has sent it: it may have left out data since
 * @param omittedAbove it was asked to leave out data of more bytes than this
 */
public record Provenance(boolean isStored, long omittedAbove) {
  /** As its writer sends it: all is there. */
  public static final Provenance APPENDED = new Provenance(false, Long.MAX_VALUE);

  /** As a server keeps it, and sends it to who has asked for all. */
  public static final Provenance STORED = new Provenance(true, Long.MAX_VALUE);

  /** As a server sends it to who asked for the data of some events only, and looks which it is. */
  public static final Provenance TRIMMED = new Provenance(true, -1);

  /** As a server sends it to who has asked for data of so many bytes at most; -1: for all. */
  public static Provenance upTo(long dataBytesMax) {
    return dataBytesMax < 0 ? STORED : new Provenance(true, dataBytesMax);
  }
}
