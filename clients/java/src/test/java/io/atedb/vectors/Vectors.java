package io.atedb.vectors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.atedb.AtedbException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.function.Executable;

/** The vectors that all clients share: test/vectors/atedb-*.json of the repository. */
public final class Vectors {
  private static final Path FOLDER = Path.of("../../test/vectors");
  private static final Map<String, JsonObject> FILES = new ConcurrentHashMap<>();

  /** How each list is run: `file.list`, and what is done with a case of it. */
  final Map<String, Consumer<Case>> runs = new TreeMap<>();

  public void run(String file, String list, Consumer<Case> test) {
    runs.put(file + "." + list, test);
  }

  /** Reads a file. One of another version fails, and so does one that doesn't say what it is. */
  static JsonObject read(String name) {
    return FILES.computeIfAbsent(
        name,
        none -> {
          try {
            String text = Files.readString(FOLDER.resolve("atedb-" + name + ".json"));
            JsonObject file = JsonParser.parseString(text).getAsJsonObject();
            assertEquals("atedb-vectors", file.get("format").getAsString());
            assertEquals(1, file.get("version").getAsInt());
            assertEquals(name, file.get("name").getAsString());
            return file;
          } catch (IOException error) {
            throw new UncheckedIOException(error);
          }
        });
  }

  /** All lists of the index: `file.list`, and how long each is. */
  static Map<String, Integer> index() {
    Map<String, Integer> lists = new TreeMap<>();
    for (var file : read("index").getAsJsonArray("files")) {
      String name = file.getAsJsonObject().get("name").getAsString();
      for (var list : file.getAsJsonObject().getAsJsonObject("lists").entrySet()) {
        lists.put(name + "." + list.getKey(), list.getValue().getAsInt());
      }
    }
    return lists;
  }

  /** A list. One that is missing, empty, or not as long as the index says fails. */
  public static List<Case> cases(String name) {
    String[] parts = name.split("\\.");
    List<Case> found = new Case(read(parts[0])).objects(parts[1]);
    assertTrue(!found.isEmpty(), name + " is empty");
    assertEquals(index().get(name), found.size(), name + " is not as long as the index says");
    return found;
  }

  /** Expects a refusal with this reason. */
  public static AtedbException refused(String reason, Executable act) {
    AtedbException error = assertThrows(AtedbException.class, act);
    assertEquals(reason, error.reason().name(), error.getMessage());
    return error;
  }
}
