package io.atedb.internal.bytes;

import io.atedb.Bytes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The fields of a small message, by their numbers: of what is in the strict form, or of a server's
 * answer, of which nothing is hashed. Fields that aren't asked for don't count, so a newer server
 * can say more.
 */
public final class Parts {
  private final Map<Integer, Long> numbers = new HashMap<>();
  private final Map<Integer, List<Bytes>> contents = new HashMap<>();

  /** Raises NON_CANONICAL for bytes that are no message. */
  public Parts(Bytes message) {
    Cursor cursor = new Cursor(message);
    while (cursor.next()) {
      if (cursor.isBytes()) {
        contents.computeIfAbsent(cursor.number(), none -> new ArrayList<>(1)).add(cursor.content());
      } else {
        numbers.put(cursor.number(), cursor.value());
      }
    }
  }

  /** Checks the strict form first. Raises NON_CANONICAL. */
  public static Parts strict(MessageForm form, Bytes message) {
    Strict.check(form, message);
    return new Parts(message);
  }

  /** A number; 0 where it isn't there. */
  public long number(int field) {
    return numbers.getOrDefault(field, 0L);
  }

  public boolean flag(int field) {
    return number(field) != 0;
  }

  public boolean has(int field) {
    return numbers.containsKey(field) || contents.containsKey(field);
  }

  /** The content of the field, the last where there are several; empty where it isn't there. */
  public Bytes bytes(int field) {
    List<Bytes> found = contents.get(field);
    return found == null ? Bytes.EMPTY : found.get(found.size() - 1);
  }

  /** The content of the field; null where it isn't there. */
  public Bytes bytesOrNull(int field) {
    return contents.containsKey(field) ? bytes(field) : null;
  }

  public List<Bytes> all(int field) {
    return contents.getOrDefault(field, List.of());
  }

  public String text(int field) {
    return bytes(field).text();
  }

  /** The message in a field; an empty one where it isn't there. */
  public Parts message(int field) {
    return new Parts(bytes(field));
  }
}
