package io.atedb.internal.account;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.KeyPair;
import io.atedb.Reason;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.bytes.Strict;
import io.atedb.internal.crypt.Argon2id;
import io.atedb.internal.crypt.Suite;
import io.atedb.internal.crypt.Symmetric;
import io.atedb.internal.crypt.Tags;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** What follows from a password. */
public final class PasswordKeys implements AutoCloseable {
  /**
   * The least that making keys of a password may cost: what OWASP asks of Argon2id. A server that
   * asks for less could guess cheaply.
   */
  private static final int MEMORY_KIB_MIN = 19_456;

  private static final int PASSES_MIN = 2;
  private static final String VAULT = "key";

  private final String account;
  private final KeyPair signer;
  private final byte[] vaultKey;

  private PasswordKeys(String account, KeyPair signer, byte[] vaultKey) {
    this.account = account;
    this.signer = signer;
    this.vaultKey = vaultKey;
  }

  /**
   * Makes keys of a password, as the account has it: Argon2id, then HKDF for each. It takes as long
   * as the costs say. Raises VERIFICATION_FAILED for costs that are below what is done, or that
   * nobody pays.
   */
  public static PasswordKeys of(char[] password, String account, Bytes salt, Argon2id.Costs costs) {
    boolean isDone =
        costs.memoryKib() >= MEMORY_KIB_MIN && costs.passes() >= PASSES_MIN && costs.arePayable();
    if (!isDone) {
      throw new AtedbException(
          Reason.VERIFICATION_FAILED,
          "the server wants the password to be hashed with "
              + costs.memoryKib()
              + " KiB in "
              + costs.passes()
              + " passes, and "
              + MEMORY_KIB_MIN
              + " KiB in "
              + PASSES_MIN
              + " passes are the least that is done: it is misconfigured, or wants to guess the"
              + " password. Nothing was made of it");
    }
    byte[] secret = Argon2id.key(password, salt.toArray(), costs);
    byte[] seed = expand(secret, 64, Tags.INFO_LOGIN_SEED, account);
    try {
      return new PasswordKeys(
          account,
          KeyPair.ofSeeds(Suite.MLDSA65_ED25519.number, seed, null),
          expand(secret, 32, Tags.INFO_LOGIN_VAULT, VAULT, account));
    } finally {
      Arrays.fill(secret, (byte) 0);
      Arrays.fill(seed, (byte) 0);
    }
  }

  private static byte[] expand(byte[] secret, int length, String... parts) {
    return Symmetric.hkdfExpand(secret, joined(parts), length);
  }

  private static byte[] joined(String... parts) {
    return Bytes.ofText(String.join("\0", parts)).toArray();
  }

  /** Shows that one has the password: it signs logins. */
  public KeyPair signer() {
    return signer;
  }

  /**
   * Opens the vault with the account's keys, in the order in which they were sealed; null where it
   * was sealed with another key, for another account or as another vault, or was changed.
   */
  public List<KeyPair> openVault(Bytes sealed) {
    byte[] opened =
        Symmetric.open(
            vaultKey,
            new byte[Symmetric.NONCE_BYTES],
            joined(Tags.AAD_VAULT, VAULT, account),
            sealed);
    if (opened == null) {
      return null;
    }
    List<KeyPair> all = new ArrayList<>();
    try {
      Strict.check(ActForms.VAULT_KEYS, Bytes.wrap(opened));
      for (Bytes one : new Parts(Bytes.wrap(opened)).all(2)) {
        all.add(Roles.pairOf(one));
      }
      return all;
    } catch (AtedbException error) {
      all.forEach(KeyPair::close);
      return null;
    } finally {
      Arrays.fill(opened, (byte) 0);
    }
  }

  @Override
  public void close() {
    signer.close();
    Arrays.fill(vaultKey, (byte) 0);
  }

  /** Makes the failure of a vault that doesn't open. */
  public static AtedbException shut() {
    return new AtedbException(
        Reason.VERIFICATION_FAILED,
        "what the server keeps of the account's secrets (key) does not open: it was changed there",
        Map.of());
  }
}
