package io.atedb.internal.home;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.KeyPair;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.internal.crypt.Argon2id;
import io.atedb.internal.crypt.Composite;
import io.atedb.internal.crypt.Kem;
import io.atedb.internal.crypt.Suite;
import io.atedb.internal.crypt.Symmetric;
import io.atedb.internal.crypt.Tags;
import java.nio.ByteBuffer;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;

/**
 * Key files (docs/format.md, "Key files"): a pair as JSON, in clear or sealed with a passphrase.
 */
public final class KeyFile {
  private static final String FORMAT = "atedb-key-1";
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

  private KeyFile() {}

  /** Writes the text of a key file in clear. It holds the seeds, and so is a secret. */
  public static String format(KeyPair pair) {
    return format(pair, null, Argon2id.Costs.USUAL);
  }

  /** Writes the text of a key file, sealed with a passphrase where one is given. */
  public static String format(KeyPair pair, char[] passphrase, Argon2id.Costs costs) {
    PublicKey key = pair.publicKey();
    JsonObject file = new JsonObject();
    file.addProperty("format", FORMAT);
    file.addProperty("suite", Suite.of(key.suite()).text);
    file.addProperty("public", encode(key.key().toArray()));
    KeyPair.Seeds seeds = pair.exportSeeds();
    try {
      file.addProperty("created", TIME.format(Instant.now()));
      if (seeds.kemSeed() != null) {
        file.addProperty("kem", Kem.MLKEM768_X25519.text);
        file.addProperty("kemPublic", encode(key.kemKey().toArray()));
      }
      if (passphrase == null) {
        file.addProperty("seed", encode(seeds.seed()));
        if (seeds.kemSeed() != null) {
          file.addProperty("kemSeed", encode(seeds.kemSeed()));
        }
      } else {
        file.add("sealed", seal(key, seeds, passphrase, costs));
      }
    } finally {
      seeds.wipe();
    }
    return new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(file) + "\n";
  }

  private static JsonObject seal(
      PublicKey key, KeyPair.Seeds seeds, char[] passphrase, Argon2id.Costs costs) {
    if (passphrase.length == 0) {
      throw new AtedbException(
          Reason.REQUEST_INVALID, "the passphrase is empty; choose one that is not");
    }
    byte[] salt = Symmetric.random(Argon2id.SALT_BYTES);
    byte[] kemSeed = seeds.kemSeed() == null ? new byte[0] : seeds.kemSeed();
    byte[] plain = ByteBuffer.allocate(64 + kemSeed.length).put(seeds.seed()).put(kemSeed).array();
    byte[] derived = Argon2id.key(passphrase, salt, costs);
    try {
      Bytes data = Symmetric.seal(derived, new byte[Symmetric.NONCE_BYTES], aad(key), plain);
      JsonObject sealed = new JsonObject();
      sealed.addProperty("kdf", "argon2id");
      sealed.addProperty("memoryKib", costs.memoryKib());
      sealed.addProperty("passes", costs.passes());
      sealed.addProperty("lanes", costs.lanes());
      sealed.addProperty("salt", encode(salt));
      sealed.addProperty("cipher", "aes-256-gcm");
      sealed.addProperty("data", encode(data.toArray()));
      return sealed;
    } finally {
      Arrays.fill(derived, (byte) 0);
      Arrays.fill(plain, (byte) 0);
    }
  }

  /**
   * Reads the text of a key file. Raises UNSUPPORTED for another format or suite, REQUEST_INVALID
   * for anything else that is not a whole and unaltered key file, and for a wrong or missing
   * passphrase. No message shows any of the text.
   *
   * @param where names the file in errors
   * @param passphrase that seals it, or null
   */
  public static KeyPair parse(String text, String where, char[] passphrase) {
    JsonFields file = JsonFields.parse(text);
    if (file == null) {
      throw refused(where, Reason.REQUEST_INVALID, "it is not a JSON object");
    }
    if (!FORMAT.equals(file.text("format"))) {
      throw refused(where, Reason.UNSUPPORTED, "its format is not " + FORMAT);
    }
    Suite suite = suiteOf(file.text("suite"), where);
    Bytes key = due(file, "public", suite.publicKeyBytes(), where);
    boolean hasKem = file.has("kem") || file.has("kemSeed") || file.has("kemPublic");
    checkCreated(file.text("created"), where);
    if (hasKem && !Kem.MLKEM768_X25519.text.equals(file.text("kem"))) {
      throw refused(where, Reason.UNSUPPORTED, "its kem is not " + Kem.MLKEM768_X25519.text);
    }
    Bytes kemKey =
        hasKem ? due(file, "kemPublic", Kem.MLKEM768_X25519.publicKeyBytes(), where) : Bytes.EMPTY;
    PublicKey stated = PublicKey.of(suite.number, key, hasKem ? 1 : 0, kemKey);
    byte[] seeds = seedsOf(file, stated, hasKem, where, passphrase);
    byte[] seed = Arrays.copyOf(seeds, Composite.SEED_BYTES);
    byte[] kemSeed = hasKem ? Arrays.copyOfRange(seeds, Composite.SEED_BYTES, seeds.length) : null;
    Arrays.fill(seeds, (byte) 0);
    KeyPair pair = KeyPair.ofSeeds(suite.number, seed, kemSeed);
    Arrays.fill(seed, (byte) 0);
    if (kemSeed != null) {
      Arrays.fill(kemSeed, (byte) 0);
    }
    if (!pair.fingerprint().equals(stated.fingerprint())) {
      throw refused(
          where, Reason.REQUEST_INVALID, "its seeds and public keys do not belong together");
    }
    return pair;
  }

  private static Suite suiteOf(String text, String where) {
    for (Suite suite : Suite.values()) {
      if (suite.text.equals(text)) {
        return suite;
      }
    }
    throw refused(where, Reason.UNSUPPORTED, "its suite is not known; a newer client may read it");
  }

  private static void checkCreated(String created, String where) {
    try {
      OffsetDateTime.parse(created == null ? "" : created);
    } catch (DateTimeException error) {
      throw refused(where, Reason.REQUEST_INVALID, "\"created\" is not a time");
    }
  }

  private static byte[] seedsOf(
      JsonFields file, PublicKey stated, boolean hasKem, String where, char[] passphrase) {
    int size = Composite.SEED_BYTES + (hasKem ? Kem.SEED_BYTES : 0);
    if (file.has("sealed")) {
      if (file.has("seed") || file.has("kemSeed")) {
        throw refused(where, Reason.REQUEST_INVALID, "it is sealed, and has a seed in clear");
      }
      return open(file.object("sealed"), stated, size, where, passphrase);
    }
    byte[] seeds = new byte[size];
    due(file, "seed", Composite.SEED_BYTES, where).copyTo(seeds, 0);
    if (hasKem) {
      due(file, "kemSeed", Kem.SEED_BYTES, where).copyTo(seeds, Composite.SEED_BYTES);
    }
    return seeds;
  }

  private static byte[] open(
      JsonFields sealed, PublicKey stated, int size, String where, char[] passphrase) {
    if (sealed == null) {
      throw refused(where, Reason.REQUEST_INVALID, "\"sealed\" is not an object");
    }
    if (!"argon2id".equals(sealed.text("kdf"))) {
      throw refused(where, Reason.UNSUPPORTED, "its kdf is not argon2id");
    }
    if (!"aes-256-gcm".equals(sealed.text("cipher"))) {
      throw refused(where, Reason.UNSUPPORTED, "its cipher is not aes-256-gcm");
    }
    Argon2id.Costs costs =
        new Argon2id.Costs(
            small(sealed, "memoryKib"), small(sealed, "passes"), small(sealed, "lanes"));
    if (!costs.arePayable()) {
      throw refused(where, Reason.REQUEST_INVALID, "its costs are not ones that are paid");
    }
    Bytes salt = due(sealed, "salt", Argon2id.SALT_BYTES, where);
    Bytes data = due(sealed, "data", size + Symmetric.TAG_BYTES, where);
    if (passphrase == null) {
      throw refused(
          where, Reason.REQUEST_INVALID, "it is sealed with a passphrase, and none was given");
    }
    byte[] key = Argon2id.key(passphrase, salt.toArray(), costs);
    byte[] seeds = Symmetric.open(key, new byte[Symmetric.NONCE_BYTES], aad(stated), data);
    Arrays.fill(key, (byte) 0);
    if (seeds == null) {
      throw refused(
          where, Reason.REQUEST_INVALID, "the passphrase is another one, or it was altered");
    }
    return seeds;
  }

  private static int small(JsonFields fields, String name) {
    long found = fields.count(name);
    return found > Integer.MAX_VALUE ? -1 : (int) found;
  }

  /** Ties sealed seeds to their key: those of another file don't open in this one. */
  private static byte[] aad(PublicKey key) {
    return Bytes.ofText(Tags.AAD_KEY_FILE).plus(key.fingerprint()).toArray();
  }

  private static String encode(byte[] data) {
    return Base64.getEncoder().encodeToString(data);
  }

  private static Bytes due(JsonFields file, String name, int length, String where) {
    byte[] data = file.base64(name, length);
    if (data == null) {
      throw refused(
          where, Reason.REQUEST_INVALID, "\"" + name + "\" is not " + length + " bytes in base64");
    }
    return Bytes.wrap(data);
  }

  private static AtedbException refused(String where, Reason reason, String why) {
    return new AtedbException(
        reason, where + " is not a key file that can be used: " + why, Map.of("path", where));
  }
}
