package io.atedb.internal.account;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.KeyPair;
import io.atedb.PublicKey;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.bytes.Strict;
import io.atedb.internal.crypt.Tags;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/** Which roles there are, who has which by having another, and how their secrets are kept. */
final class Roles {
  /** Those that each group has, the highest first: who has one has those behind it, too. */
  static final List<String> OF_ALL = List.of("owner", "delegate", "contributor", "observer");

  private static final String ABOVE_OTHERS = "contributor";
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,31}");
  private static final Bytes INFO = Bytes.ofText(Tags.INFO_ROLE_KEY);
  private static final Bytes ZERO = Bytes.wrap(new byte[1]);

  private Roles() {}

  static boolean isName(String text) {
    return NAME.matcher(text).matches();
  }

  /** The role just above another one; null: it is the highest. */
  static String above(String name) {
    int at = OF_ALL.indexOf(name);
    return at < 0 ? ABOVE_OTHERS : at == 0 ? null : OF_ALL.get(at - 1);
  }

  /** Whether somebody who has one role has another one, too. */
  static boolean includes(String had, String wanted) {
    for (String at = wanted; at != null; at = above(at)) {
      if (at.equals(had)) {
        return true;
      }
    }
    return false;
  }

  /** Binds a wrap to its place: moved to another group, role or key, it doesn't open. */
  private static Bytes aad(String group, String role, PublicKey key) {
    return Bytes.ofText(group).plus(ZERO, Bytes.ofText(role), ZERO, key.fingerprint());
  }

  static Bytes wrap(KeyPair pair, String group, String role, PublicKey recipient) {
    byte[] seeds = seedsOf(pair);
    try {
      return recipient.sealTo(INFO, aad(group, role, pair.publicKey()), seeds);
    } finally {
      Arrays.fill(seeds, (byte) 0);
    }
  }

  /**
   * Opens the secret of a role's key; null for what is for another key, or is not the secret of
   * that role's key: who has wrapped it may have lied.
   */
  static KeyPair open(String group, String role, PublicKey key, Bytes wrapped, KeyPair with) {
    byte[] seeds = with.openSealed(INFO, aad(group, role, key), wrapped);
    if (seeds == null) {
      return null;
    }
    try {
      Strict.check(ActForms.KEY_SEEDS, Bytes.wrap(seeds));
      KeyPair pair = pairOf(Bytes.wrap(seeds));
      if (pair.publicKey().equals(key)) {
        return pair;
      }
      pair.close();
      return null;
    } catch (AtedbException error) {
      return null;
    } finally {
      Arrays.fill(seeds, (byte) 0);
    }
  }

  /** A KeySeeds message: a secret, which the caller wipes. */
  private static byte[] seedsOf(KeyPair pair) {
    KeyPair.Seeds seeds = pair.exportSeeds();
    try {
      FieldWriter message =
          new FieldWriter().varint(1, pair.publicKey().suite()).bytes(2, Bytes.wrap(seeds.seed()));
      if (seeds.kemSeed() != null) {
        message.varint(3, 1).bytes(4, Bytes.wrap(seeds.kemSeed()));
      }
      return message.finish().toArray();
    } finally {
      seeds.wipe();
    }
  }

  /** The key of a KeySeeds message that is in the strict form. */
  static KeyPair pairOf(Bytes message) {
    Parts parts = new Parts(message);
    KeyPair.Seeds seeds =
        new KeyPair.Seeds(parts.bytes(2).toArray(), parts.has(4) ? parts.bytes(4).toArray() : null);
    try {
      return KeyPair.ofSeeds((int) parts.number(1), seeds.seed(), seeds.kemSeed());
    } finally {
      seeds.wipe();
    }
  }
}
