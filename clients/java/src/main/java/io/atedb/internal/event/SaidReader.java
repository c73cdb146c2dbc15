package io.atedb.internal.event;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.PublicKey;
import io.atedb.ReadRule;
import io.atedb.Reason;
import io.atedb.Redaction;
import io.atedb.WriteRule;
import io.atedb.internal.bytes.Cursor;
import io.atedb.internal.bytes.Parts;
import java.util.ArrayList;
import java.util.List;

/** Reads from headers, which are in the strict form, what they say of rights and keys. */
final class SaidReader {
  private SaidReader() {}

  /**
   * Reads what a header says. Raises UNSUPPORTED and REQUEST_INVALID for a key that is none,
   * BATCH_INVALID where what must be sorted isn't.
   */
  static Said read(Bytes header) {
    Parts parts = new Parts(header);
    List<Bytes> signWith = parts.all(10);
    checkSorted("the keys that sign with the writer", signWith);
    return new Said(
        parts.has(6) ? rules(parts.bytes(6)) : null,
        parts.all(8).stream().map(PublicKey::parse).toList(),
        parts.all(9).stream().map(SaidReader::wrappedKey).toList(),
        signWith,
        parts.bytesOrNull(11),
        parts.has(16),
        parts.has(17) ? roots(parts.bytes(17)) : null,
        parts.has(18) ? keyChange(parts.message(18)) : null,
        parts.bytesOrNull(19),
        parts.has(23) ? redaction(parts.message(23)) : null,
        parts.has(22) ? Snapshot.parse(parts.message(22)) : null,
        parts.bytesOrNull(20),
        parts.bytesOrNull(21));
  }

  private static Said.WrappedKey wrappedKey(Bytes message) {
    List<Bytes> parts = Cursor.contents(message);
    return new Said.WrappedKey(parts.get(0), parts.get(1), parts.get(2));
  }

  private static List<PublicKey> roots(Bytes message) {
    List<PublicKey> roots = Cursor.contents(message).stream().map(PublicKey::parse).toList();
    checkSorted("the roots", AuthAnswer.namesOf(roots));
    return roots;
  }

  private static Said.KeyChange keyChange(Parts parts) {
    Bytes successor = parts.bytesOrNull(2);
    return new Said.KeyChange(
        parts.bytes(1).copy(), successor == null ? null : PublicKey.parse(successor));
  }

  private static Redaction redaction(Parts parts) {
    List<Long> sequences = unpacked(parts.bytes(1));
    boolean ascends = true;
    for (int at = 1; at < sequences.size(); at++) {
      ascends &= sequences.get(at - 1) < sequences.get(at);
    }
    if (!ascends || sequences.isEmpty() != parts.has(2)) {
      throw new AtedbException(
          Reason.BATCH_INVALID,
          "a redaction names sequences, which ascend, or the one that they are all below, and not both");
    }
    return new Redaction(sequences, parts.number(2));
  }

  private static List<Long> unpacked(Bytes packed) {
    List<Long> values = new ArrayList<>();
    long value = 0;
    int shift = 0;
    for (int at = 0; at < packed.size(); at++) {
      value |= (long) (packed.at(at) & 0x7F) << shift;
      shift += 7;
      if (packed.at(at) >= 0) {
        values.add(value);
        value = 0;
        shift = 0;
      }
    }
    return values;
  }

  private static Said.Rules rules(Bytes message) {
    Parts parts = new Parts(message);
    List<Bytes> admit = parts.has(4) ? fingerprints(parts.bytes(4)) : null;
    if (admit != null) {
      checkSorted("the keys that are let in", admit);
    }
    Parts retain = parts.message(5);
    return new Said.Rules(
        parts.has(1) ? writeRule(parts.bytes(1)) : null,
        parts.has(2) ? writeRule(parts.bytes(2)) : null,
        parts.has(3) ? readRule(parts.bytes(3)) : null,
        admit,
        parts.has(5) ? new Said.Retention(retain.number(1), retain.number(2)) : null);
  }

  private static WriteRule writeRule(Bytes message) {
    Cursor cursor = new Cursor(message);
    cursor.next();
    List<Bytes> fingerprints = fingerprints(cursor.content());
    checkSorted("the keys of a rule", fingerprints);
    return new WriteRule(WriteRule.Kind.values()[cursor.number() - 1], fingerprints);
  }

  private static ReadRule readRule(Bytes message) {
    Cursor cursor = new Cursor(message);
    cursor.next();
    return new ReadRule(ReadRule.Kind.values()[cursor.number() - 1], cursor.content().copy());
  }

  /** Copied: rules are kept, and must not keep the slice that they came in. */
  private static List<Bytes> fingerprints(Bytes message) {
    return Cursor.contents(message).stream().map(Bytes::copy).toList();
  }

  private static void checkSorted(String what, List<Bytes> fingerprints) {
    for (int at = 1; at < fingerprints.size(); at++) {
      if (fingerprints.get(at - 1).compareTo(fingerprints.get(at)) >= 0) {
        throw new AtedbException(
            Reason.BATCH_INVALID,
            what
                + " are not sorted by fingerprint, once each: "
                + fingerprints.get(at)
                + " is out of place");
      }
    }
  }
}
