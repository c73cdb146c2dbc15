package io.atedb.internal.home;

import io.atedb.AtedbException;
import io.atedb.Reason;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Properties;

/**
 * An exclusive lock between processes, which a crash releases: an empty SQLite database in an
 * exclusive transaction, so that clients in all languages, whose own file locks differ, exclude
 * each other.
 */
public final class FileLock implements AutoCloseable {
  private static final int BUSY = 5;
  private static final int TRIES = 200;

  private final Connection database;

  private FileLock(Connection database) {
    this.database = database;
  }

  /** Takes it, or says at once, by null, that it is held. Raises STORAGE_FAILED. */
  public static FileLock tryTake(Path path) {
    Properties properties = new Properties();
    properties.setProperty("busy_timeout", "0");
    Connection database = null;
    try {
      database = DriverManager.getConnection("jdbc:sqlite:" + path, properties);
      try (Statement statement = database.createStatement()) {
        statement.execute("PRAGMA locking_mode = EXCLUSIVE");
        statement.execute("BEGIN EXCLUSIVE");
      }
      if (!Files.isWritable(path)) {
        // A file that can't be written is opened for reading, and its lock is then none that others
        // would see.
        throw new SQLException("it can't be written");
      }
      return new FileLock(database);
    } catch (SQLException error) {
      closeQuietly(database);
      if ((error.getErrorCode() & 0xFF) == BUSY) {
        return null;
      }
      throw PrivateFiles.failed("cannot lock", path, error);
    }
  }

  /** Takes it, waiting for some seconds. Raises STORAGE_FAILED. */
  public static FileLock take(Path path) {
    for (int attempt = 0; attempt < TRIES; attempt++) {
      FileLock lock = tryTake(path);
      if (lock != null) {
        return lock;
      }
      try {
        Thread.sleep(25);
      } catch (InterruptedException error) {
        Thread.currentThread().interrupt();
        break;
      }
    }
    throw new AtedbException(
        Reason.STORAGE_FAILED,
        "another process holds " + path + " for too long",
        Map.of("path", path.toString()));
  }

  private static void closeQuietly(Connection database) {
    try {
      if (database != null) {
        database.close();
      }
    } catch (SQLException error) {
      // Nothing was written, so nothing can be lost.
    }
  }

  /** Gives it up. The file stays, since deleting it would be a race. */
  @Override
  public void close() {
    closeQuietly(database);
  }
}
