package io.atedb.vectors;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.atedb.Bytes;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;

/** One case of a list of vectors. */
public record Case(JsonObject json) {
  public boolean has(String name) {
    return json.has(name);
  }

  public String text(String name) {
    return json.get(name).getAsString();
  }

  public String textOrNull(String name) {
    return json.has(name) ? json.get(name).getAsString() : null;
  }

  public long number(String name) {
    return json.get(name).getAsLong();
  }

  public long numberOr(String name, long other) {
    return json.has(name) ? number(name) : other;
  }

  public boolean flag(String name) {
    return json.has(name) && json.get(name).getAsBoolean();
  }

  /** Bytes; none where it is left out. */
  public Bytes bytes(String name) {
    return json.has(name) ? Bytes.fromHex(text(name)) : Bytes.EMPTY;
  }

  public Bytes bytesOrNull(String name) {
    return json.has(name) ? Bytes.fromHex(text(name)) : null;
  }

  public byte[] arrayOrNull(String name) {
    return json.has(name) ? bytes(name).toArray() : null;
  }

  public Case object(String name) {
    return json.has(name) ? new Case(json.getAsJsonObject(name)) : null;
  }

  public List<Case> objects(String name) {
    List<Case> found = new ArrayList<>();
    for (JsonElement one : elements(name)) {
      found.add(new Case(one.getAsJsonObject()));
    }
    return found;
  }

  public List<Bytes> allBytes(String name) {
    return elements(name).stream().map(one -> Bytes.fromHex(one.getAsString())).toList();
  }

  public List<String> texts(String name) {
    return elements(name).stream().map(JsonElement::getAsString).toList();
  }

  public List<Integer> numbers(String name) {
    return elements(name).stream().map(JsonElement::getAsInt).toList();
  }

  private List<JsonElement> elements(String name) {
    return json.has(name)
        ? StreamSupport.stream(json.getAsJsonArray(name).spliterator(), false).toList()
        : List.of();
  }

  /** What it is, for people. */
  public String what() {
    for (String name : List.of("why", "what", "name", "message", "tag")) {
      if (json.has(name)) {
        return text(name);
      }
    }
    return "";
  }
}
