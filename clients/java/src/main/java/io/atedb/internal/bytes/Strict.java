package io.atedb.internal.bytes;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** The strict form of docs/format.md: each meaning has one encoding, and every other is refused. */
public final class Strict {
  private Strict() {}

  /**
   * Checks that bytes are one message in the strict form, and the messages inside it too. Bytes
   * inside a field of bytes are not looked into.
   *
   * @throws AtedbException NON_CANONICAL, naming field and offset
   */
  public static void check(MessageForm form, Bytes data) {
    int last = 0;
    int count = 0;
    long seen = 0;
    String oneof = null;
    Cursor cursor = new Cursor(data, form.name());
    while (cursor.next()) {
      FieldForm known = form.find(cursor.number());
      if (known == null) {
        throw Cursor.nonCanonical(
            form.name() + "." + cursor.number(),
            cursor.tagStart(),
            "there is a field " + cursor.number() + ", which is not known");
      }
      if (cursor.number() < last) {
        throw refused(
            form, known, cursor.tagStart(), "the field comes after one with a higher number");
      }
      count = cursor.number() == last ? count + 1 : 1;
      last = cursor.number();
      seen |= 1L << last;
      if (count > 1 && !known.repeated()) {
        throw refused(form, known, cursor.tagStart(), "the field is there twice");
      }
      if (count > known.countMax()) {
        throw refused(
            form,
            known,
            cursor.tagStart(),
            "it has more elements than the " + known.countMax() + " that are allowed");
      }
      if (known.oneof() != null) {
        if (oneof != null) {
          throw refused(form, known, cursor.tagStart(), "another field of its oneof is there too");
        }
        oneof = known.oneof();
      }
      checkValue(form, known, cursor);
    }
    for (FieldForm field : form.fields()) {
      if (!field.required()) {
        continue;
      }
      boolean isThere = field.oneof() == null ? (seen >>> field.number() & 1) == 1 : oneof != null;
      if (!isThere) {
        throw refused(form, field, data.size(), "the field is missing, and required");
      }
    }
  }

  private static void checkValue(MessageForm form, FieldForm known, Cursor found) {
    if (found.wireType() != known.kind().wireType) {
      throw refused(
          form,
          known,
          found.tagStart(),
          "the field has wire type "
              + found.wireType()
              + ", where "
              + known.kind().wireType
              + " was due");
    }
    if (found.value() == 0 && !known.mayBeZero()) {
      throw refused(
          form, known, found.tagStart(), "the field equals its default, and so must be absent");
    }
    switch (known.kind()) {
      case MESSAGE -> check(known.form(), found.content());
      case BYTES, STRING -> checkContent(form, known, found);
      case PACKED -> checkPacked(form, known, found);
      default -> checkNumber(form, known, found);
    }
  }

  private static void checkContent(MessageForm form, FieldForm known, Cursor found) {
    if (known.length() >= 0 && found.value() != known.length()) {
      throw refused(
          form,
          known,
          found.start(),
          "the field has " + found.value() + " bytes, and must be " + known.length());
    }
    if (found.value() > known.lengthMax()) {
      throw refused(
          form,
          known,
          found.start(),
          "the field has " + found.value() + " bytes, and may be at most " + known.lengthMax());
    }
    if (known.kind() == FieldForm.Kind.STRING && !isUtf8(found.content())) {
      throw refused(form, known, found.start(), "the field is not valid UTF-8");
    }
  }

  /** Varints one after the other, as a message would have them behind tags. */
  private static void checkPacked(MessageForm form, FieldForm known, Cursor found) {
    Bytes packed = found.content();
    int count = 0;
    int at = 0;
    while (at < packed.size()) {
      int end = at;
      while (end < packed.size() && packed.at(end) < 0) {
        end++;
      }
      Bytes one =
          Bytes.wrap(new byte[] {8}).plus(packed.slice(at, Math.min(end + 1, packed.size())));
      Cursor cursor = new Cursor(one, form.name() + "." + known.name());
      cursor.next();
      count++;
      at = end + 1;
    }
    if (count > known.countMax()) {
      throw refused(
          form,
          known,
          found.start(),
          "it has more elements than the " + known.countMax() + " allowed");
    }
  }

  private static void checkNumber(MessageForm form, FieldForm known, Cursor found) {
    if (known.equals() >= 0 && found.value() != known.equals()) {
      throw refused(
          form,
          known,
          found.start(),
          "the field is " + found.value() + ", and must be " + known.equals());
    }
    if (known.equals() < 0 && found.value() > known.valueMax()) {
      throw refused(
          form, known, found.start(), "the field is " + found.value() + ", which is not allowed");
    }
  }

  /** Whether bytes are valid UTF-8. */
  public static boolean isUtf8(Bytes data) {
    try {
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .onUnmappableCharacter(CodingErrorAction.REPORT)
          .decode(ByteBuffer.wrap(data.toArray()));
      return true;
    } catch (CharacterCodingException error) {
      return false;
    }
  }

  private static AtedbException refused(MessageForm form, FieldForm known, int offset, String why) {
    return Cursor.nonCanonical(form.name() + "." + known.name(), offset, why);
  }
}
