package io.atedb.internal.home;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Notice;
import io.atedb.Reason;
import io.atedb.internal.crypt.Symmetric;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Where a writer stands, in a slot of the home folder that nobody else has while it is held. A
 * writer id is for one process at a time: a second one takes the next slot. Clients in all
 * languages take the same ones.
 */
public final class WriterSlot implements AutoCloseable {
  private static final String FORMAT = "atedb-writer-1";
  private static final int SALT_BYTES = 16;

  /** Processes that write to one chain with one key from one home folder at once. */
  private static final int SLOTS_MAX = 1_000;

  /**
   * So many of a writer's batches are acknowledged, and the last of them.
   *
   * @param salt tells apart the writers that share a key
   * @param counter of the next batch
   * @param lastSeal hash of the last seal that is acknowledged, or null
   */
  public record State(Bytes salt, long counter, Bytes lastSeal) {
    static State begin() {
      return new State(Bytes.wrap(Symmetric.random(SALT_BYTES)), 0, null);
    }
  }

  private final Path path;
  private final FileLock lock;
  private final Consumer<Notice> onNotice;
  private volatile State state;
  private volatile Runnable onChange = () -> {};
  private volatile boolean isClosed;

  private WriterSlot(Path path, FileLock lock, State state, Consumer<Notice> onNotice) {
    this.path = path;
    this.lock = lock;
    this.state = state;
    this.onNotice = onNotice;
  }

  /**
   * Takes the first free slot of a home folder, {@code writers/<chain
   * id>/<fingerprint>/slot-N.json}. Without a home folder it is a new writer that is remembered
   * nowhere. Raises STORAGE_FAILED.
   */
  public static WriterSlot acquire(
      Path home, Bytes chainId, Bytes fingerprint, Consumer<Notice> onNotice) {
    if (home == null) {
      return new WriterSlot(null, null, State.begin(), onNotice);
    }
    Path folder =
        home.resolve("writers").resolve(chainId.hex()).resolve(fingerprint.hex().substring(0, 16));
    PrivateFiles.makeFolder(folder);
    for (int number = 0; number < SLOTS_MAX; number++) {
      FileLock lock = FileLock.tryTake(folder.resolve("slot-" + number + ".lock"));
      if (lock == null) {
        continue;
      }
      try {
        Path path = folder.resolve("slot-" + number + ".json");
        State state = read(path);
        WriterSlot slot =
            new WriterSlot(path, lock, state == null ? State.begin() : state, onNotice);
        if (state == null) {
          // Before its first use, so that a restored server is noticed from the first batch on.
          slot.write();
        }
        return slot;
      } catch (RuntimeException error) {
        lock.close();
        throw error;
      }
    }
    throw new AtedbException(
        Reason.STORAGE_FAILED,
        SLOTS_MAX
            + " processes write to the chain with this key from "
            + home
            + ". Stop some, or write from another home folder",
        Map.of("path", folder.toString()));
  }

  /** The file; null where there is none. */
  public Path path() {
    return path;
  }

  public State state() {
    return state;
  }

  /** Has somebody told of changes, who then saves them within a second. */
  public void onChange(Runnable listener) {
    onChange = listener;
  }

  /** Notes that the last batch that is acknowledged is another now. */
  public void advance(long counter, Bytes lastSeal) {
    state = new State(state.salt, counter, lastSeal);
    onChange.run();
  }

  /** Goes on as another writer: somebody else has used this one's id. */
  public void renew() {
    state = State.begin();
    onChange.run();
  }

  /** Saves where it stands; a failure is told, and no more. */
  public void save() {
    if (path == null || isClosed) {
      return;
    }
    try {
      write();
    } catch (AtedbException error) {
      onNotice.accept(
          new Notice(
              Notice.Kind.NOT_SAVED,
              "where the writer stands could not be saved: " + error.getMessage(),
              error));
    }
  }

  private void write() {
    State current = state;
    JsonObject fields = new JsonObject();
    fields.addProperty("format", FORMAT);
    fields.addProperty("salt", current.salt.hex());
    fields.addProperty("counter", current.counter);
    if (current.lastSeal != null) {
      fields.addProperty("lastSeal", current.lastSeal.hex());
    }
    String text = new GsonBuilder().setPrettyPrinting().create().toJson(fields) + "\n";
    PrivateFiles.write(path, text, true);
  }

  private static State read(Path path) {
    String text = PrivateFiles.read(path);
    if (text == null) {
      return null;
    }
    JsonFields fields = JsonFields.parse(text);
    Bytes salt = fields == null ? null : fields.hex("salt", SALT_BYTES);
    long counter = fields == null ? -1 : fields.count("counter");
    Bytes lastSeal = counter > 0 ? fields.hex("lastSeal", 32) : null;
    boolean isGood =
        salt != null
            && counter >= 0
            && FORMAT.equals(fields.text("format"))
            && (counter == 0) == (lastSeal == null);
    if (!isGood) {
      throw new AtedbException(
          Reason.STORAGE_FAILED,
          path
              + " can't be used. If it was damaged, delete it: the next batches are a new writer's",
          Map.of("path", path.toString()));
    }
    return new State(salt, counter, lastSeal);
  }

  /** Frees the slot. */
  @Override
  public void close() {
    save();
    isClosed = true;
    if (lock != null) {
      lock.close();
    }
  }
}
