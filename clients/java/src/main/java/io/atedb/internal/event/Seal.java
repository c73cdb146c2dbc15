package io.atedb.internal.event;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.KeyPair;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.TreeHead;
import io.atedb.internal.bytes.EventForms;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Magics;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.crypt.Hashes;
import io.atedb.internal.crypt.Merkle;
import io.atedb.internal.crypt.Tags;
import java.util.Comparator;
import java.util.List;

/**
 * A writer's closing of one batch, as it was read.
 *
 * @param header the bytes that are signed
 * @param hash by which it is named
 * @param signatures over the header
 * @param publicKeys PublicKey messages that it shows
 * @param delegations Delegation messages that it shows
 * @param writer whose it is
 * @param writerId as it says
 * @param counter how many batches came before
 * @param previous the seal before, or null
 * @param events how many there are
 * @param eventsRoot root of their tree
 * @param asOf the head that the writer has verified, or null
 * @param preconditions what must hold
 */
public record Seal(
    Bytes header,
    Bytes hash,
    List<Signed> signatures,
    List<Bytes> publicKeys,
    List<Bytes> delegations,
    WriterIdentity writer,
    Bytes writerId,
    long counter,
    Bytes previous,
    long events,
    Bytes eventsRoot,
    TreeHead asOf,
    List<Precondition> preconditions) {

  public Bytes chainId() {
    return writer.chainId();
  }

  public Bytes fingerprint() {
    return writer.fingerprint();
  }

  /** The hash by which a seal is named, from its header's bytes. */
  public static Bytes hashOf(Bytes header) {
    return Hashes.tagged(Tags.HASH_SEAL, header);
  }

  /** Closes a batch: makes the header that is signed. `previous` and `asOf` may be null. */
  public static Bytes build(
      WriterIdentity writer,
      long counter,
      Bytes previous,
      List<Bytes> eventHeaders,
      TreeHead asOf,
      List<Precondition> preconditions) {
    FieldWriter header =
        new FieldWriter()
            .fixed32(1, Magics.SEAL_HEADER)
            .bytes(2, writer.chainId())
            .bytes(3, writer.id())
            .bytes(4, writer.fingerprint())
            .bytes(5, writer.salt())
            .varint(6, counter)
            .bytes(7, previous)
            .varint(8, eventHeaders.size())
            .bytes(9, Merkle.root(eventHeaders));
    if (asOf != null && asOf.size() > 0) {
      header.varint(10, asOf.size()).bytes(11, asOf.root());
    }
    for (Precondition condition : preconditions) {
      header.message(12, condition.message());
    }
    return header.finish();
  }

  /**
   * Puts a batch together: the events, then the seal, byte for byte what is sent, stored and
   * replayed.
   *
   * @param frames the events
   * @param header what is signed
   * @param keys that sign it: none where a stream has proven the writer's
   * @param shown public keys of signers, and of who has delegated to them, that the chain may not
   *     know yet
   * @param delegations Delegation messages by which a signer has its right
   */
  public static Bytes signRun(
      List<Bytes> frames,
      Bytes header,
      List<KeyPair> keys,
      List<PublicKey> shown,
      List<Bytes> delegations) {
    FieldWriter seal = new FieldWriter().bytes(1, header);
    keys.stream()
        .sorted(Comparator.comparing(KeyPair::fingerprint))
        .forEach(key -> seal.message(2, Signed.by(key, Tags.CONTEXT_SEAL, header).message()));
    shown.stream()
        .distinct()
        .sorted(Comparator.comparing(PublicKey::fingerprint))
        .forEach(key -> seal.message(3, key.message()));
    delegations.forEach(one -> seal.message(4, one));
    FieldWriter run = new FieldWriter();
    frames.forEach(run::append);
    return run.message(EventView.RUN_SEAL, seal).finish();
  }

  /** Reads a Seal message. Raises NON_CANONICAL, BATCH_INVALID where it contradicts itself. */
  public static Seal parse(Bytes message) {
    Parts outer = Parts.strict(EventForms.SEAL, message);
    Bytes header = outer.bytes(1);
    Parts parts = Parts.strict(EventForms.SEAL_HEADER, header);
    if ((parts.number(6) == 0) == parts.has(7)) {
      throw new AtedbException(
          Reason.BATCH_INVALID, "a seal names the seal before it, unless it is its writer's first");
    }
    if ((parts.number(10) == 0) == parts.has(11)) {
      throw new AtedbException(
          Reason.BATCH_INVALID, "a seal names size and root of a head, or neither");
    }
    return new Seal(
        header,
        hashOf(header),
        outer.all(2).stream().map(Signed::parse).toList(),
        outer.all(3),
        outer.all(4),
        new WriterIdentity(parts.bytes(2), parts.bytes(4), parts.bytes(5)),
        parts.bytes(3),
        parts.number(6),
        parts.bytesOrNull(7),
        parts.number(8),
        parts.bytes(9),
        parts.has(10) ? new TreeHead(parts.number(10), parts.bytes(11)) : null,
        parts.all(12).stream().map(Precondition::parse).toList());
  }
}
