package io.atedb.internal.home;

import static io.atedb.vectors.Vectors.refused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atedb.Bytes;
import io.atedb.KeyPair;
import io.atedb.internal.crypt.Argon2id;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of the home folder. */
class HomeTest {
  private static final Bytes CHAIN = Bytes.wrap(new byte[32]);

  @TempDir Path folder;

  @Test
  void aLockIsForOne() {
    Path path = folder.resolve("one.lock");
    FileLock first = FileLock.tryTake(path);
    assertNotNull(first);
    assertNull(FileLock.tryTake(path));
    first.close();
    FileLock second = FileLock.tryTake(path);
    assertNotNull(second);
    second.close();
    refused("STORAGE_FAILED", () -> FileLock.tryTake(folder.resolve("no folder/one.lock")));
  }

  @Test
  void aSlotIsForOneAndKeepsWhereItStands() {
    WriterSlot first = WriterSlot.acquire(folder, CHAIN, CHAIN, notice -> {});
    WriterSlot second = WriterSlot.acquire(folder, CHAIN, CHAIN, notice -> {});
    assertTrue(first.path().endsWith("slot-0.json"));
    assertTrue(second.path().endsWith("slot-1.json"));
    first.advance(3, CHAIN);
    first.close();
    WriterSlot third = WriterSlot.acquire(folder, CHAIN, CHAIN, notice -> {});
    assertEquals(first.path(), third.path());
    assertEquals(first.state(), third.state());
    third.close();
    second.close();
  }

  @Test
  void whatCannotBeReadIsNotOverwritten() throws Exception {
    WriterSlot slot = WriterSlot.acquire(folder, CHAIN, CHAIN, notice -> {});
    slot.close();
    Files.writeString(slot.path(), "{}");
    refused("STORAGE_FAILED", () -> WriterSlot.acquire(folder, CHAIN, CHAIN, notice -> {}));
    Files.writeString(folder.resolve("known_hosts"), "localhost:5000 sha256:none\n");
    refused("STORAGE_FAILED", () -> new KnownHostsFile(folder).find("localhost:5000"));
  }

  @Test
  void keysAreForTheirOwnerAlone() throws Exception {
    KeyPair made = HomeKeys.loadOrMakeDefault(folder, null, notice -> {});
    Path path = folder.resolve("keys/default.key");
    assertEquals(made.fingerprint(), HomeKeys.load(folder, "default", null).fingerprint());
    assertEquals(
        made.fingerprint(), HomeKeys.loadOrMakeDefault(folder, null, notice -> {}).fingerprint());
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-r-----"));
    refused("REQUEST_INVALID", () -> HomeKeys.load(folder, "default", null));
    assertNull(HomeKeys.load(folder, "another", null));
    refused("REQUEST_INVALID", () -> HomeKeys.load(folder, "../default", null));
  }

  @Test
  void aKeyFileThatIsWrittenIsRead() {
    KeyPair made = KeyPair.generate();
    char[] passphrase = "a passphrase".toCharArray();
    String text = KeyFile.format(made, passphrase, new Argon2id.Costs(64, 1, 1));
    assertFalse(text.contains("\"seed\""));
    KeyPair read = KeyFile.parse(text, "the file", passphrase);
    assertArrayEquals(made.exportSeeds().seed(), read.exportSeeds().seed());
    assertArrayEquals(made.exportSeeds().kemSeed(), read.exportSeeds().kemSeed());
    made.close();
    refused("REQUEST_INVALID", made::exportSeeds);
  }
}
