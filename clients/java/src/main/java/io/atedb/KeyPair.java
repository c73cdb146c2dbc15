package io.atedb;

import io.atedb.internal.crypt.Composite;
import io.atedb.internal.crypt.Hpke;
import io.atedb.internal.crypt.Kem;
import io.atedb.internal.crypt.Suite;
import io.atedb.internal.crypt.Symmetric;
import java.util.Arrays;

/**
 * A public key with its secrets, which only {@link #exportSeeds} shows.
 *
 * <p>{@link #close} wipes its seeds, and what the library below lets be wiped; it can't be used
 * from then on.
 */
public final class KeyPair implements AutoCloseable {
  private final byte[] seed;
  private final byte[] kemSeed;
  private final Composite.Secret secret;
  private final Hpke.Secret kem;
  private final PublicKey publicKey;
  private volatile boolean isClosed;

  private KeyPair(Suite suite, byte[] seed, byte[] kemSeed) {
    this.seed = seed.clone();
    this.kemSeed = kemSeed == null ? null : kemSeed.clone();
    this.secret = new Composite.Secret(suite, seed);
    this.kem = kemSeed == null ? null : new Hpke.Secret(Kem.MLKEM768_X25519, kemSeed);
    this.publicKey =
        PublicKey.of(
            suite.number,
            secret.publicKey(),
            kem == null ? 0 : 1,
            kem == null ? Bytes.EMPTY : kem.publicKey);
  }

  /**
   * Makes a new pair of the suite 1, ML-DSA-65 with Ed25519, that can also be encrypted to.
   *
   * @return the pair
   */
  public static KeyPair generate() {
    byte[] seed = Symmetric.random(Composite.SEED_BYTES);
    byte[] kemSeed = Symmetric.random(Kem.SEED_BYTES);
    try {
      return new KeyPair(Suite.MLDSA65_ED25519, seed, kemSeed);
    } finally {
      Arrays.fill(seed, (byte) 0);
      Arrays.fill(kemSeed, (byte) 0);
    }
  }

  /**
   * Makes the pair that follows from seeds, which it copies.
   *
   * @param suite number of its algorithms: 1 or 2
   * @param seed 64 bytes: ML-DSA's 32, then Ed25519's
   * @param kemSeed 32 bytes that have nothing to do with it, or null for a key that can only sign
   * @return the pair
   * @throws AtedbException UNSUPPORTED, and REQUEST_INVALID for their lengths
   */
  public static KeyPair ofSeeds(int suite, byte[] seed, byte[] kemSeed) {
    Suite known = Suite.of(suite);
    PublicKey.checkLength("seed", Bytes.wrap(seed), Composite.SEED_BYTES);
    if (kemSeed != null) {
      PublicKey.checkLength("KEM seed", Bytes.wrap(kemSeed), Kem.SEED_BYTES);
    }
    return new KeyPair(known, seed, kemSeed);
  }

  /**
   * Gives the half that others may have.
   *
   * @return the public key
   */
  public PublicKey publicKey() {
    return publicKey;
  }

  /**
   * Gives the name of its public key.
   *
   * @return 32 bytes
   */
  public Bytes fingerprint() {
    return publicKey.fingerprint();
  }

  /**
   * Signs for a purpose. Two signatures of one message differ.
   *
   * @param context the purpose
   * @param message what is signed
   * @return the signature
   */
  public Bytes sign(String context, Bytes message) {
    checkOpen();
    return secret.sign(context, message);
  }

  /**
   * Opens what was encrypted to this key.
   *
   * @param info what it is for
   * @param aad what it is bound to
   * @param sealed what {@link PublicKey#sealTo} has made
   * @return the secret, which the caller wipes; null for anything else, and for a key that can only
   *     sign
   */
  public byte[] openSealed(Bytes info, Bytes aad, Bytes sealed) {
    checkOpen();
    return kem == null ? null : kem.open(info, aad, sealed);
  }

  /**
   * The secrets of a pair, from which all else follows.
   *
   * @param seed 64 bytes
   * @param kemSeed 32 bytes, or null
   */
  @SuppressWarnings("ArrayRecordComponent")
  public record Seeds(byte[] seed, byte[] kemSeed) {
    /** Wipes them. */
    public void wipe() {
      Arrays.fill(seed, (byte) 0);
      if (kemSeed != null) {
        Arrays.fill(kemSeed, (byte) 0);
      }
    }

    @Override
    public String toString() {
      return "Seeds(…)";
    }
  }

  /**
   * Gives a copy of the seeds. Who has them can sign, and open what is sealed to the key; wipe them
   * after use.
   *
   * @return the secrets
   */
  public Seeds exportSeeds() {
    checkOpen();
    return new Seeds(seed.clone(), kemSeed == null ? null : kemSeed.clone());
  }

  private void checkOpen() {
    if (isClosed) {
      throw new AtedbException(
          Reason.REQUEST_INVALID, "the key pair was closed, and its secrets wiped");
    }
  }

  @Override
  public void close() {
    isClosed = true;
    secret.destroy();
    Arrays.fill(seed, (byte) 0);
    if (kemSeed != null) {
      Arrays.fill(kemSeed, (byte) 0);
    }
  }

  @Override
  public String toString() {
    return "KeyPair(" + publicKey.fingerprint().hex() + ")";
  }
}
