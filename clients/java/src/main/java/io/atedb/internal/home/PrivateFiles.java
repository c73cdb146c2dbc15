package io.atedb.internal.home;

import io.atedb.AtedbException;
import io.atedb.Reason;
import io.atedb.internal.crypt.Symmetric;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;

/** Small private files: replaced in one step, readable by their owner alone. */
public final class PrivateFiles {
  private static final boolean IS_POSIX =
      Path.of("").getFileSystem().supportedFileAttributeViews().contains("posix");
  private static final long BYTES_MAX = 16L * 1024 * 1024;

  private PrivateFiles() {}

  /** Makes the failure of a file. */
  static AtedbException failed(String doing, Path path, Exception error) {
    return new AtedbException(
        Reason.STORAGE_FAILED,
        doing + " " + path + ": " + error.getClass().getSimpleName() + ", " + error.getMessage(),
        Map.of("path", path.toString()),
        error);
  }

  private static FileAttribute<?>[] mode(String permissions) {
    return IS_POSIX
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
        }
        : new FileAttribute<?>[0];
  }

  /** Makes a folder and those above it, for their owner alone. Raises STORAGE_FAILED. */
  public static void makeFolder(Path path) {
    try {
      Files.createDirectories(path, mode("rwx------"));
    } catch (IOException error) {
      throw failed("cannot make", path, error);
    }
  }

  /**
   * Writes a file of mode 0600 so that after a crash its path names what was there before, or all
   * of the text. Durable on return. Raises STORAGE_FAILED. False: one is there already, and was not
   * to be replaced.
   */
  public static boolean write(Path path, String text, boolean replaces) {
    String name = "." + path.getFileName() + "." + HexFormat.of().formatHex(Symmetric.random(6));
    Path temporary = path.resolveSibling(name + ".tmp");
    try {
      try (FileChannel file =
          FileChannel.open(
              temporary,
              Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW),
              mode("rw-------"))) {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
          file.write(bytes);
        }
        file.force(true);
      }
      if (replaces) {
        Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE);
      } else {
        // A link, unlike a rename, fails when the name is taken, so that two processes can't both
        // win.
        Files.createLink(path, temporary);
        Files.delete(temporary);
      }
      syncFolder(path.getParent());
      return true;
    } catch (FileAlreadyExistsException error) {
      discard(temporary);
      return false;
    } catch (IOException error) {
      discard(temporary);
      throw failed("cannot write", path, error);
    }
  }

  private static void discard(Path temporary) {
    try {
      Files.deleteIfExists(temporary);
    } catch (IOException error) {
      // It is ignored by all who read the folder.
    }
  }

  private static void syncFolder(Path folder) throws IOException {
    if (IS_POSIX) {
      try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
        channel.force(true);
      }
    }
  }

  /** Reads a file; null where there is none. Raises STORAGE_FAILED. */
  public static String read(Path path) {
    try {
      if (Files.size(path) > BYTES_MAX) {
        throw new IOException("it is larger than " + BYTES_MAX + " bytes");
      }
      return Files.readString(path);
    } catch (NoSuchFileException error) {
      return null;
    } catch (CharacterCodingException error) {
      throw failed("cannot read", path, new IOException("it is not in UTF-8"));
    } catch (IOException error) {
      throw failed("cannot read", path, error);
    }
  }

  /**
   * Reads a file with a secret. Raises STORAGE_FAILED where there is none, REQUEST_INVALID where
   * others may read it.
   */
  public static String readSecret(Path path) {
    checkClosedToOthers(path);
    String text = read(path);
    if (text == null) {
      throw failed("cannot read", path, new IOException("there is no such file"));
    }
    return text;
  }

  /** Refuses a file that others may read: what is in it is no secret. Raises REQUEST_INVALID. */
  static void checkClosedToOthers(Path path) {
    if (isOpenToOthers(path)) {
      throw new AtedbException(
          Reason.REQUEST_INVALID,
          path + " is open to other users, so it is no secret. Close it with: chmod 600 " + path,
          Map.of("path", path.toString()));
    }
  }

  /** Whether others than its owner may do anything with a file. */
  private static boolean isOpenToOthers(Path path) {
    if (!IS_POSIX) {
      return false;
    }
    try {
      Set<PosixFilePermission> mode = Files.getPosixFilePermissions(path);
      return mode.stream().anyMatch(one -> !one.name().startsWith("OWNER_"));
    } catch (NoSuchFileException error) {
      return false;
    } catch (IOException error) {
      throw failed("cannot read", path, error);
    }
  }
}
