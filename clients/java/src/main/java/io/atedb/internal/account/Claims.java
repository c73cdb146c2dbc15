package io.atedb.internal.account;

import io.atedb.Bytes;
import io.atedb.KeyPair;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Magics;
import io.atedb.internal.crypt.Tags;
import io.atedb.internal.event.Owner;
import io.atedb.internal.event.Signed;

/** Claims of names that nobody has. */
public final class Claims {
  private Claims() {}

  /**
   * The act that creates an account with a key and nothing else: a user with that key, or a group
   * with that key as its owner.
   */
  public static Bytes claim(Owner owner, KeyPair key, long timeUnixMs) {
    FieldWriter header =
        new FieldWriter().fixed32(1, Magics.ACT_HEADER).text(2, owner.text()).varint(5, timeUnixMs);
    if (owner.isGroup()) {
      header.message(ActForms.GROUP_CREATION, NewGroup.of(owner, key.publicKey()));
    } else {
      header.message(
          ActForms.USER_CREATION, new FieldWriter().message(1, key.publicKey().message()));
    }
    return signed(header.finish(), key);
  }

  private static Bytes signed(Bytes header, KeyPair key) {
    return new FieldWriter()
        .bytes(1, header)
        .message(2, Signed.by(key, Tags.CONTEXT_ACT, header).message())
        .finish();
  }
}
