package io.atedb.internal.event;

import io.atedb.Bytes;
import io.atedb.internal.crypt.Hashes;
import io.atedb.internal.crypt.Tags;

/**
 * What a writer is: its id follows from the chain, its key and a random salt.
 *
 * @param chainId the chain
 * @param fingerprint of its key
 * @param salt 16 bytes
 */
public record WriterIdentity(Bytes chainId, Bytes fingerprint, Bytes salt) {
  public Bytes id() {
    return Hashes.tagged(Tags.HASH_WRITER, chainId, fingerprint, salt);
  }
}
