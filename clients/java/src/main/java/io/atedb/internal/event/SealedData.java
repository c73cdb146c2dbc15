package io.atedb.internal.event;

import io.atedb.Bytes;
import io.atedb.KeyPair;
import io.atedb.PublicKey;
import io.atedb.internal.bytes.Cursor;
import io.atedb.internal.crypt.DataKey;
import io.atedb.internal.crypt.Padding;
import io.atedb.internal.crypt.Symmetric;
import io.atedb.internal.crypt.Tags;
import java.util.Arrays;

/** Data of events that is sealed, and read keys that are handed out. */
public final class SealedData {
  private static final int DATA_HASH_FIELD = 30;
  private static final Bytes INFO = Bytes.ofText(Tags.INFO_WRAPPED_KEY);

  private SealedData() {}

  /** How the data of one event is sealed: under a key that is derived for it alone. Used once. */
  public static final class Sealing {
    private final Said.Confidentiality confidentiality;
    private final DataKey key;
    private final Bytes chainId;
    private final Padding padding;

    Sealing(Said.Confidentiality confidentiality, DataKey key, Bytes chainId, Padding padding) {
      this.confidentiality = confidentiality;
      this.key = key;
      this.chainId = chainId;
      this.padding = padding;
    }

    Said.Confidentiality confidentiality() {
      return confidentiality;
    }

    /** Bound to the chain and to all of the header but hash and size of the data. */
    Bytes seal(Bytes data, Bytes header) {
      return key.sealOnce(chainId.plus(header), padding.add(data));
    }
  }

  /** Makes the key of one event. */
  public static Sealing under(byte[] readKey, Bytes chainId, Padding padding) {
    Bytes random = Bytes.wrap(Symmetric.random(32));
    Bytes id = DataKey.readKeyId(readKey);
    DataKey key = new DataKey(readKey, random, chainId.plus(id));
    return new Sealing(
        new Said.Confidentiality(id, random, key.commitment()), key, chainId, padding);
  }

  /**
   * Opens sealed data; null where it was made with another key, of another event or chain, or was
   * changed.
   */
  public static Bytes open(
      byte[] readKey, Bytes chainId, Bytes header, Said.Confidentiality said, Bytes data) {
    if (!DataKey.readKeyId(readKey).equals(said.readKeyId())) {
      return null;
    }
    DataKey key = new DataKey(readKey, said.random(), chainId.plus(said.readKeyId()));
    byte[] padded = key.open(said.commitment(), chainId.plus(before(header)), data);
    return padded == null ? null : Padding.remove(padded);
  }

  /** A header up to the hash of its data. */
  private static Bytes before(Bytes header) {
    Cursor cursor = new Cursor(header);
    while (cursor.next()) {
      if (cursor.number() == DATA_HASH_FIELD) {
        return header.slice(0, cursor.tagStart());
      }
    }
    return header;
  }

  /** Encrypts a read key for a reader. Raises REQUEST_INVALID for a key that can only sign. */
  public static Said.WrappedKey wrap(Bytes chainId, byte[] readKey, PublicKey reader) {
    Bytes id = DataKey.readKeyId(readKey);
    Bytes aad = chainId.plus(id, reader.fingerprint());
    return new Said.WrappedKey(id, reader.fingerprint(), reader.sealTo(INFO, aad, readKey));
  }

  /**
   * Opens a read key that was handed out; null for what doesn't open. Whoever has handed it out may
   * have handed out another: the id says which it is.
   */
  public static byte[] unwrap(Bytes chainId, Said.WrappedKey wrapped, KeyPair key) {
    Bytes aad = chainId.plus(wrapped.readKeyId(), wrapped.recipient());
    byte[] opened = key.openSealed(INFO, aad, wrapped.wrapped());
    if (opened == null) {
      return null;
    }
    if (opened.length != DataKey.READ_KEY_BYTES
        || !DataKey.readKeyId(opened).equals(wrapped.readKeyId())) {
      Arrays.fill(opened, (byte) 0);
      return null;
    }
    return opened;
  }
}
