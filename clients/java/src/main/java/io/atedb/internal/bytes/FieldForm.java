package io.atedb.internal.bytes;

/**
 * What one field of a message may hold.
 *
 * @param number of the field
 * @param name in the schema
 * @param kind of its values
 * @param required it must be there; of members of a oneof: one of them must be
 * @param repeated whether there may be several
 * @param countMax how many elements there may be
 * @param length exact length in bytes of each element; -1: any
 * @param lengthMax largest length in bytes of each element
 * @param valueMax the largest number that is allowed
 * @param form of a message
 * @param oneof the oneof that it is of, or null
 * @param equals the only value that is allowed, a magic; -1: any
 * @param presence it has explicit presence, and so may equal its default
 */
public record FieldForm(
    int number,
    String name,
    Kind kind,
    boolean required,
    boolean repeated,
    int countMax,
    int length,
    int lengthMax,
    long valueMax,
    MessageForm form,
    String oneof,
    long equals,
    boolean presence) {

  /** Kinds of values. */
  public enum Kind {
    VARINT(Cursor.VARINT),
    FIXED32(Cursor.FIXED32),
    FIXED64(Cursor.FIXED64),
    BYTES(Cursor.BYTES),
    STRING(Cursor.BYTES),
    MESSAGE(Cursor.BYTES),
    /** Varints in one piece. */
    PACKED(Cursor.BYTES);

    final int wireType;

    Kind(int wireType) {
      this.wireType = wireType;
    }
  }

  private static final int ANY = Integer.MAX_VALUE;

  static FieldForm of(int number, String name, Kind kind) {
    return new FieldForm(
        number, name, kind, false, false, ANY, -1, ANY, Limits.INTEGER_MAX, null, null, -1, false);
  }

  public static FieldForm varint(int number, String name) {
    return of(number, name, Kind.VARINT);
  }

  static FieldForm uint32(int number, String name) {
    return varint(number, name).upTo(0xFFFF_FFFFL);
  }

  public static FieldForm bool(int number, String name) {
    return varint(number, name).upTo(1);
  }

  /** An enum whose known values are 1 to the largest. */
  public static FieldForm enumOf(int number, String name, int largest) {
    return varint(number, name).upTo(largest);
  }

  public static FieldForm magic(long value) {
    return new FieldForm(
        1, "magic", Kind.FIXED32, true, false, ANY, -1, ANY, ANY, null, null, value, false);
  }

  public static FieldForm bytes(int number, String name) {
    return of(number, name, Kind.BYTES);
  }

  static FieldForm id16(int number, String name) {
    return bytes(number, name).sized(16);
  }

  public static FieldForm hash32(int number, String name) {
    return bytes(number, name).sized(32);
  }

  public static FieldForm string(int number, String name, int lengthMax) {
    return of(number, name, Kind.STRING).atMost(lengthMax);
  }

  public static FieldForm message(int number, String name, MessageForm form) {
    return new FieldForm(
        number, name, Kind.MESSAGE, false, false, ANY, -1, ANY, ANY, form, null, -1, false);
  }

  public static FieldForm oneOf(int number, String name, MessageForm form, String oneof) {
    return message(number, name, form).in(oneof);
  }

  public FieldForm due() {
    return with(true, repeated, countMax, length, lengthMax, valueMax, oneof, presence);
  }

  public FieldForm many(int max) {
    return with(required, true, max, length, lengthMax, valueMax, oneof, presence);
  }

  public FieldForm sized(int exact) {
    return with(required, repeated, countMax, exact, lengthMax, valueMax, oneof, presence);
  }

  public FieldForm atMost(int max) {
    return with(required, repeated, countMax, length, max, valueMax, oneof, presence);
  }

  FieldForm upTo(long max) {
    return with(required, repeated, countMax, length, lengthMax, max, oneof, presence);
  }

  FieldForm in(String one) {
    return with(true, repeated, countMax, length, lengthMax, valueMax, one, presence);
  }

  FieldForm present() {
    return with(required, repeated, countMax, length, lengthMax, valueMax, oneof, true);
  }

  private FieldForm with(
      boolean isRequired,
      boolean isRepeated,
      int count,
      int exact,
      int longest,
      long largest,
      String one,
      boolean hasPresence) {
    return new FieldForm(
        number,
        name,
        kind,
        isRequired,
        isRepeated,
        count,
        exact,
        longest,
        largest,
        form,
        one,
        equals,
        hasPresence);
  }

  /** Whether its value, or its length, may be 0 and the field there all the same. */
  boolean mayBeZero() {
    return repeated || kind == Kind.MESSAGE || presence || oneof != null;
  }
}
