package io.atedb.internal.crypt;

import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.Arrays;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator;
import org.bouncycastle.crypto.params.Argon2Parameters;

/** Makes a key of what somebody remembers: Argon2id, RFC 9106. */
public final class Argon2id {
  public static final int SALT_BYTES = 16;

  private Argon2id() {}

  /**
   * What it costs.
   *
   * @param memoryKib memory
   * @param passes over it
   * @param lanes at once
   */
  public record Costs(int memoryKib, int passes, int lanes) {
    /** The second recommendation of the RFC. */
    public static final Costs USUAL = new Costs(65_536, 3, 4);

    /** Whether they are spent: whoever else says them could take the whole machine. */
    public boolean arePayable() {
      return lanes >= 1
          && lanes <= 16
          && passes >= 1
          && passes <= 64
          && memoryKib >= 8 * lanes
          && memoryKib <= 1_048_576;
    }
  }

  /** Makes 32 bytes of a passphrase, a secret. */
  public static byte[] key(char[] passphrase, byte[] salt, Costs costs) {
    // Composed: one text is one passphrase, whichever keyboard it is typed on.
    String composed = Normalizer.normalize(CharBuffer.wrap(passphrase), Normalizer.Form.NFC);
    byte[] secret = composed.getBytes(StandardCharsets.UTF_8);
    Argon2Parameters parameters =
        new Argon2Parameters.Builder(Argon2Parameters.ARGON2_id)
            .withVersion(Argon2Parameters.ARGON2_VERSION_13)
            .withMemoryAsKB(costs.memoryKib)
            .withIterations(costs.passes)
            .withParallelism(costs.lanes)
            .withSalt(salt)
            .build();
    Argon2BytesGenerator generator = new Argon2BytesGenerator();
    generator.init(parameters);
    byte[] key = new byte[32];
    generator.generateBytes(secret, key);
    Arrays.fill(secret, (byte) 0);
    return key;
  }
}
