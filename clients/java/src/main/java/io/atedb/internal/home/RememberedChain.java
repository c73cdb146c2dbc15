package io.atedb.internal.home;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.TreeHead;
import io.atedb.internal.crypt.Hashes;
import io.atedb.internal.event.ChainKey;
import io.atedb.internal.event.Checkpoint;
import io.atedb.internal.trust.CertifiedKeys;
import io.atedb.internal.trust.IdentityLine;
import io.atedb.internal.trust.SignedHead;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What is remembered of one chain of one server, in {@code chains/<host_port>/<chain key>/} of the
 * home folder. Several processes may share it: the head in it never goes back. Without a home
 * folder it lasts as long as this object.
 */
public final class RememberedChain {
  private static final String FORMAT = "atedb-chain-1";

  /**
   * What a client keeps of a chain from one run to the next.
   *
   * @param chainId its id
   * @param head the newest one that was verified
   * @param checkpoint the newest one of a head that was verified, or null
   */
  public record Remembered(Bytes chainId, TreeHead head, SignedHead checkpoint) {
    /**
     * What to go on with. What was there stays when it is of another chain: that is for people to
     * decide.
     */
    static Remembered newer(Remembered known, Remembered found) {
      if (known == null || found == null) {
        return known == null ? found : known;
      }
      if (!found.chainId.equals(known.chainId)) {
        return known;
      }
      boolean isSignedLater =
          found.checkpoint != null && found.checkpoint.isNewerThan(known.checkpoint);
      return new Remembered(
          known.chainId,
          found.head.size() > known.head.size() ? found.head : known.head,
          isSignedLater ? found.checkpoint : known.checkpoint);
    }
  }

  private final Path folder;
  private final String server;
  private final ChainKey chainKey;
  private final ReentrantLock lock = new ReentrantLock();
  private Remembered newest;

  public RememberedChain(Path home, String server, ChainKey chainKey) {
    this.server = server;
    this.chainKey = chainKey;
    Path place = home == null ? null : home.resolve("chains").resolve(folderOf(server));
    if (place != null) {
      for (String part : chainKey.text().split("/")) {
        place = place.resolve(part);
      }
    }
    this.folder = place;
  }

  private static String folderOf(String server) {
    int colon = server.lastIndexOf(':');
    return server.substring(0, colon) + "_" + server.substring(colon + 1);
  }

  /** The file of the head; null without a home folder. */
  public Path path() {
    return folder == null ? null : folder.resolve("head.json");
  }

  /** What is remembered now, by this process or another; null: nothing. Raises STORAGE_FAILED. */
  public Remembered load() {
    lock.lock();
    try {
      newest = Remembered.newer(newest, read());
      return newest;
    } finally {
      lock.unlock();
    }
  }

  /** Remembers a head that was verified; durable on return. Raises STORAGE_FAILED. */
  public void note(Remembered remembered) {
    lock.lock();
    try {
      newest = Remembered.newer(newest, remembered);
      if (folder == null) {
        return;
      }
      PrivateFiles.makeFolder(folder);
      // Read, compare and write under a lock, so that of two processes neither undoes the other's.
      try (FileLock held = FileLock.take(folder.resolve("head.lock"))) {
        assert held != null;
        Remembered stored = read();
        Remembered next = Remembered.newer(stored, newest);
        if (next == null || next.equals(stored)) {
          return;
        }
        PrivateFiles.write(path(), text(fieldsOf(next)), true);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Forgets the chain, which was deleted; evidence stays. Raises STORAGE_FAILED. */
  public void forget() {
    lock.lock();
    try {
      newest = null;
      if (folder == null || !Files.exists(path())) {
        return;
      }
      try (FileLock held = FileLock.take(folder.resolve("head.lock"))) {
        assert held != null;
        Files.deleteIfExists(path());
      } catch (IOException error) {
        throw new AtedbException(
            Reason.STORAGE_FAILED,
            path() + " could not be deleted: " + error.getMessage(),
            Map.of("path", path().toString()),
            error);
      }
    } finally {
      lock.unlock();
    }
  }

  private JsonObject fieldsOf(Remembered remembered) {
    JsonObject fields = new JsonObject();
    fields.addProperty("format", FORMAT);
    fields.addProperty("chainKey", chainKey.text());
    fields.addProperty("chainId", remembered.chainId.hex());
    fields.addProperty("headSize", remembered.head.size());
    fields.addProperty("headRoot", remembered.head.root().hex());
    if (remembered.checkpoint != null) {
      fields.add("checkpoint", checkpointFields(remembered.checkpoint));
    }
    return fields;
  }

  /**
   * Keeps evidence of two heads that can't both be true, for {@code atedb verify --evidence}. Gives
   * the path of its file; null without a home folder, or where it can't be written, which must not
   * hide the conflict.
   */
  public Path keepEvidence(
      String why,
      Bytes genesisHeader,
      TreeHead known,
      TreeHead served,
      List<Bytes> consistency,
      SignedHead rememberedCheckpoint,
      SignedHead servedCheckpoint) {
    if (folder == null) {
      return null;
    }
    JsonObject evidence = new JsonObject();
    evidence.addProperty("format", "atedb-evidence-1");
    evidence.addProperty("time", "1970-01-01T00:00:00.000Z");
    evidence.addProperty("server", server);
    evidence.addProperty("chainKey", chainKey.text());
    evidence.addProperty("why", why);
    if (genesisHeader != null) {
      evidence.addProperty("genesisHeader", base64(genesisHeader));
    }
    evidence.add("rememberedHead", headFields(known));
    if (served != null) {
      evidence.add("servedHead", headFields(served));
    }
    JsonArray proof = new JsonArray();
    consistency.forEach(one -> proof.add(one.hex()));
    evidence.add("consistency", proof);
    if (rememberedCheckpoint != null) {
      evidence.add("rememberedCheckpoint", checkpointFields(rememberedCheckpoint));
    }
    if (servedCheckpoint != null) {
      evidence.add("servedCheckpoint", checkpointFields(servedCheckpoint));
    }
    // By what it says: who tries again and again to open a chain that is gone keeps one file, of
    // the first time.
    String digest = Hashes.sha256(Bytes.ofText(text(evidence))).hex().substring(0, 16);
    Path path = folder.resolve("conflict-" + digest + ".json");
    evidence.addProperty("time", Instant.now().truncatedTo(ChronoUnit.MILLIS).toString());
    try {
      PrivateFiles.makeFolder(folder);
      if (!Files.exists(path)) {
        PrivateFiles.write(path, text(evidence), true);
      }
      return path;
    } catch (AtedbException error) {
      return null;
    }
  }

  private static JsonObject headFields(TreeHead head) {
    JsonObject fields = new JsonObject();
    fields.addProperty("size", head.size());
    fields.addProperty("root", head.root().hex());
    return fields;
  }

  private Remembered read() {
    String text = folder == null ? null : PrivateFiles.read(path());
    if (text == null) {
      return null;
    }
    JsonFields fields = JsonFields.parse(text);
    if (fields == null || !FORMAT.equals(fields.text("format"))) {
      throw unusable("its format is not " + FORMAT, null);
    }
    Bytes chainId = fields.hex("chainId", 32);
    Bytes root = fields.hex("headRoot", 32);
    long size = fields.count("headSize");
    if (chainId == null || root == null || size < 0) {
      throw unusable("its chain id or its head is none", null);
    }
    SignedHead checkpoint = null;
    if (fields.has("checkpoint")) {
      try {
        checkpoint = parseCheckpoint(fields.object("checkpoint"), chainId);
      } catch (AtedbException error) {
        throw unusable("its checkpoint does not verify: " + error.getMessage(), error);
      }
    }
    return new Remembered(chainId, new TreeHead(size, root), checkpoint);
  }

  private AtedbException unusable(String why, AtedbException cause) {
    return new AtedbException(
        Reason.STORAGE_FAILED,
        path()
            + " can't be used: "
            + why
            + ". If it was damaged, delete it: what it holds is learned again",
        Map.of("path", path().toString()),
        cause);
  }

  private static String text(JsonObject fields) {
    return new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(fields)
        + "\n";
  }

  private static String base64(Bytes data) {
    return Base64.getEncoder().encodeToString(data.toArray());
  }

  private static JsonObject checkpointFields(SignedHead signed) {
    CertifiedKeys signer = signed.signer();
    JsonObject fields = new JsonObject();
    fields.addProperty("note", signed.note());
    fields.addProperty("keys", base64(signer.message()));
    fields.addProperty("identitySuite", signer.line().identity().suite());
    fields.addProperty("identity", base64(signer.line().identity().key()));
    if (!signer.line().rotations().isEmpty()) {
      JsonArray rotations = new JsonArray();
      signer.line().rotations().forEach(one -> rotations.add(base64(one)));
      fields.add("rotations", rotations);
    }
    return fields;
  }

  private static SignedHead parseCheckpoint(JsonFields stored, Bytes chainId) {
    if (stored == null || stored.text("note") == null) {
      throw new AtedbException(Reason.STORAGE_FAILED, "it is no object with a note");
    }
    List<Bytes> rotations = new ArrayList<>();
    if (stored.has("rotations")) {
      List<String> texts = stored.texts("rotations");
      for (String one : texts == null ? List.of("-") : texts) {
        rotations.add(decoded(one));
      }
    }
    PublicKey identity =
        PublicKey.of(
            (int) stored.count("identitySuite"), decoded(stored.text("identity")), 0, Bytes.EMPTY);
    IdentityLine line = IdentityLine.verify(identity, rotations);
    CertifiedKeys signer = CertifiedKeys.verify(decoded(stored.text("keys")), line);
    return SignedHead.verify(stored.text("note"), chainId, signer);
  }

  private static Bytes decoded(String text) {
    byte[] data = text == null ? null : Checkpoint.decode(text);
    if (data == null) {
      throw new AtedbException(
          Reason.STORAGE_FAILED, "it lacks a field, or has one that is not in base64");
    }
    return Bytes.wrap(data);
  }
}
