package io.atedb.internal.home;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Reason;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Remembers the groups of one server, in {@code groups/<host_port>/} of the home folder: a group
 * that was met stays the one that it was, whatever the server says later. Without a home folder it
 * lasts as long as this object.
 */
public final class KnownGroups {
  private static final String FORMAT = "atedb-group-1";

  /** The newest act that was seen: its hash names all acts before it as well. */
  public record Known(long version, Bytes hash) {}

  private final Path folder;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, Known> met = new HashMap<>();

  /** Of a server, {@code host:port}; `home` may be null. */
  public KnownGroups(Path home, String server) {
    int colon = server.lastIndexOf(':');
    String name = server.substring(0, colon) + "_" + server.substring(colon + 1);
    this.folder = home == null ? null : home.resolve("groups").resolve(name);
  }

  /** Where a group is remembered; null without a home folder. */
  public Path path(String group) {
    return folder == null ? null : folder.resolve(group + ".json");
  }

  /** What is remembered of a group; null: nothing. Raises STORAGE_FAILED. */
  public Known find(String group) {
    lock.lock();
    try {
      Known found = read(group);
      Known here = met.get(group);
      return here != null && (found == null || found.version < here.version) ? here : found;
    } finally {
      lock.unlock();
    }
  }

  private Known read(String group) {
    Path path = path(group);
    String text = path == null ? null : PrivateFiles.read(path);
    if (text == null) {
      return null;
    }
    JsonFields fields = JsonFields.parse(text);
    boolean isFit = fields != null && FORMAT.equals(fields.text("format"));
    long version = isFit ? fields.count("version") : -1;
    Bytes hash = isFit ? fields.hex("hash", 32) : null;
    if (version < 0 || hash == null) {
      throw new AtedbException(
          Reason.STORAGE_FAILED,
          path + " does not say what is known of a group as this version reads it. Delete it",
          Map.of("path", path.toString()));
    }
    return new Known(version, hash);
  }

  /** Remembers what was checked. Raises STORAGE_FAILED where it could not be saved. */
  public void note(String group, Known is) {
    lock.lock();
    try {
      met.merge(group, is, (was, next) -> was.version <= next.version ? next : was);
      if (folder == null || !isNewer(group, is)) {
        return;
      }
      PrivateFiles.makeFolder(folder);
      try (FileLock held = FileLock.tryTake(folder.resolve("groups.lock"))) {
        // Another process is writing: what is not remembered now is when the group is opened next.
        if (held == null || !isNewer(group, is)) {
          return;
        }
        JsonObject fields = new JsonObject();
        fields.addProperty("format", FORMAT);
        fields.addProperty("group", group);
        fields.addProperty("version", is.version);
        fields.addProperty("hash", is.hash.hex());
        String text = new GsonBuilder().setPrettyPrinting().create().toJson(fields) + "\n";
        PrivateFiles.write(path(group), text, true);
      }
    } finally {
      lock.unlock();
    }
  }

  private boolean isNewer(String group, Known is) {
    Known before = read(group);
    return before == null || before.version < is.version;
  }
}
