package io.atedb.internal.home;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import io.atedb.Bytes;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.event.Checkpoint;
import java.io.IOException;
import java.io.StringReader;
import java.math.BigDecimal;

/**
 * The fields of a small JSON object. Each is null, or -1, where it isn't there in the form that is
 * asked for.
 */
public final class JsonFields {
  private final JsonObject values;

  private JsonFields(JsonObject values) {
    this.values = values;
  }

  /** Reads a JSON object (RFC 8259); null for anything else. */
  public static JsonFields parse(String text) {
    try (JsonReader reader = new JsonReader(new StringReader(text))) {
      reader.setStrictness(Strictness.STRICT);
      JsonElement found = JsonParser.parseReader(reader);
      boolean isWhole = found.isJsonObject() && reader.peek() == JsonToken.END_DOCUMENT;
      return isWhole ? new JsonFields(found.getAsJsonObject()) : null;
    } catch (JsonParseException | IOException | StackOverflowError error) {
      return null;
    }
  }

  public boolean has(String name) {
    return values.has(name);
  }

  public String text(String name) {
    JsonElement found = values.get(name);
    boolean isText =
        found != null && found.isJsonPrimitive() && found.getAsJsonPrimitive().isString();
    return isText ? found.getAsString() : null;
  }

  /** A whole number from 0 to 2^53 - 1. */
  public long count(String name) {
    JsonElement found = values.get(name);
    if (found == null || !found.isJsonPrimitive() || !found.getAsJsonPrimitive().isNumber()) {
      return -1;
    }
    try {
      String digits = found.getAsString();
      long value = digits.length() > 20 ? -1 : new BigDecimal(digits).longValueExact();
      return value < 0 || value > Limits.INTEGER_MAX ? -1 : value;
    } catch (ArithmeticException | NumberFormatException error) {
      return -1;
    }
  }

  public JsonFields object(String name) {
    JsonElement found = values.get(name);
    return found != null && found.isJsonObject() ? new JsonFields(found.getAsJsonObject()) : null;
  }

  /** A list of texts. */
  public java.util.List<String> texts(String name) {
    JsonElement found = values.get(name);
    if (found == null || !found.isJsonArray()) {
      return null;
    }
    java.util.List<String> texts = new java.util.ArrayList<>();
    for (JsonElement one : found.getAsJsonArray()) {
      if (!one.isJsonPrimitive() || !one.getAsJsonPrimitive().isString()) {
        return null;
      }
      texts.add(one.getAsString());
    }
    return texts;
  }

  /** Bytes of an exact length in base64. */
  public byte[] base64(String name, int length) {
    String found = text(name);
    byte[] data = found == null ? null : Checkpoint.decode(found);
    return data == null || data.length != length ? null : data;
  }

  /** Bytes of an exact length in hexadecimal. */
  public Bytes hex(String name, int length) {
    String found = text(name);
    boolean isHex = found != null && found.matches("[0-9a-f]*") && found.length() == 2 * length;
    return isHex ? Bytes.fromHex(found) : null;
  }
}
