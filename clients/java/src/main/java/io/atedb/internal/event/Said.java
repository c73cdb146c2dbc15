package io.atedb.internal.event;

import io.atedb.Bytes;
import io.atedb.PublicKey;
import io.atedb.ReadRule;
import io.atedb.Redaction;
import io.atedb.WriteRule;
import io.atedb.internal.bytes.Cursor;
import io.atedb.internal.bytes.FieldWriter;
import java.util.List;

/**
 * All that an event says of rights and keys. {@link SaidReader} reads it.
 *
 * @param rules that it sets, or null
 * @param publicKeys that it shows
 * @param wrappedKeys read keys that it hands out
 * @param signWith keys besides the writer's that its right comes from
 * @param author the key that it is by, if not the writer's; or null
 * @param moves whether the object comes from elsewhere
 * @param roots the new roots, or null
 * @param keyChange the key that counts no more, or null
 * @param label what the primary key is made from, or null
 * @param redaction what it erases, or null
 * @param snapshot what may be gone, or null
 * @param authAnswer an AuthAnswer message that a server adds, or null
 * @param serverIdentity an IdentityRotation message that a server adds, or null
 */
public record Said(
    Rules rules,
    List<PublicKey> publicKeys,
    List<WrappedKey> wrappedKeys,
    List<Bytes> signWith,
    Bytes author,
    boolean moves,
    List<PublicKey> roots,
    KeyChange keyChange,
    Bytes label,
    Redaction redaction,
    Snapshot snapshot,
    Bytes authAnswer,
    Bytes serverIdentity) {

  /** Nothing. */
  public static final Said NOTHING =
      new Said(
          null, List.of(), List.of(), List.of(), null, false, null, null, null, null, null, null,
          null);

  /**
   * The rules that an event sets. What is null stays as it is.
   *
   * @param write who may write
   * @param add who may besides add
   * @param read who may read
   * @param admit who may besides open a private chain
   * @param retain for how long data is kept
   */
  public record Rules(
      WriteRule write, WriteRule add, ReadRule read, List<Bytes> admit, Retention retain) {
    /** None. */
    public static final Rules NONE = new Rules(null, null, null, null, null);

    public Rules withWrite(WriteRule rule) {
      return new Rules(rule, add, read, admit, retain);
    }

    public Rules withAdd(WriteRule rule) {
      return new Rules(write, rule, read, admit, retain);
    }

    public Rules withRead(ReadRule rule) {
      return new Rules(write, add, rule, admit, retain);
    }

    public Rules withAdmit(List<Bytes> keys) {
      return new Rules(write, add, read, keys, retain);
    }

    public Rules withRetain(Retention rule) {
      return new Rules(write, add, read, admit, rule);
    }
  }

  /**
   * For how long a chain keeps data: what either lets go may be dropped.
   *
   * @param ageMs data may go that was committed so many milliseconds before the newest commit; 0:
   *     whatever its age
   * @param count data may go that is not among that of the newest so many events; 0: however many
   */
  public record Retention(long ageMs, long count) {
    /** Whether it lets anything go. */
    public boolean letsGo() {
      return ageMs > 0 || count > 0;
    }
  }

  /**
   * What seals an event's data; 32 bytes each.
   *
   * @param readKeyId names the read key
   * @param random from it and the read key comes the key of this event
   * @param commitment comes with that key
   */
  public record Confidentiality(Bytes readKeyId, Bytes random, Bytes commitment) {}

  /**
   * A read key for one reader.
   *
   * @param readKeyId names it
   * @param recipient fingerprint of the reader's key
   * @param wrapped the key, sealed by HPKE
   */
  public record WrappedKey(Bytes readKeyId, Bytes recipient, Bytes wrapped) {}

  /**
   * A key that counts no more, and what has its place.
   *
   * @param fingerprint of the key
   * @param successor what has its place, or null
   */
  public record KeyChange(Bytes fingerprint, PublicKey successor) {}

  /** Reads what seals an event's data from its header; null where it is in clear. */
  public static Confidentiality readConfidentiality(Bytes header) {
    List<Bytes> found = Cursor.all(header, 7);
    if (found.isEmpty()) {
      return null;
    }
    List<Bytes> parts = Cursor.contents(found.get(0));
    return new Confidentiality(parts.get(0), parts.get(1), parts.get(2));
  }

  /** The rules that it sets; none where it sets none. */
  public Rules rulesOrNone() {
    return rules == null ? Rules.NONE : rules;
  }

  public Said withRules(Rules set) {
    return new Said(
        set,
        publicKeys,
        wrappedKeys,
        signWith,
        author,
        moves,
        roots,
        keyChange,
        label,
        redaction,
        snapshot,
        authAnswer,
        serverIdentity);
  }

  public Said withPublicKeys(List<PublicKey> shown) {
    return new Said(
        rules,
        shown,
        wrappedKeys,
        signWith,
        author,
        moves,
        roots,
        keyChange,
        label,
        redaction,
        snapshot,
        authAnswer,
        serverIdentity);
  }

  public Said withWrappedKeys(List<WrappedKey> handedOut) {
    return new Said(
        rules,
        publicKeys,
        handedOut,
        signWith,
        author,
        moves,
        roots,
        keyChange,
        label,
        redaction,
        snapshot,
        authAnswer,
        serverIdentity);
  }

  /** Names signers besides, sorted, and an author, who may be null. */
  public Said withSigners(List<Bytes> besides, Bytes by) {
    return new Said(
        rules,
        publicKeys,
        wrappedKeys,
        besides,
        by,
        moves,
        roots,
        keyChange,
        label,
        redaction,
        snapshot,
        authAnswer,
        serverIdentity);
  }

  public Said withMove() {
    return new Said(
        rules,
        publicKeys,
        wrappedKeys,
        signWith,
        author,
        true,
        roots,
        keyChange,
        label,
        redaction,
        snapshot,
        authAnswer,
        serverIdentity);
  }

  public Said withRoots(List<PublicKey> others) {
    return new Said(
        rules,
        publicKeys,
        wrappedKeys,
        signWith,
        author,
        moves,
        others,
        keyChange,
        label,
        redaction,
        snapshot,
        authAnswer,
        serverIdentity);
  }

  public Said withKeyChange(KeyChange change) {
    return new Said(
        rules,
        publicKeys,
        wrappedKeys,
        signWith,
        author,
        moves,
        roots,
        change,
        label,
        redaction,
        snapshot,
        authAnswer,
        serverIdentity);
  }

  /** Says what the primary key is made from; null: nothing. */
  public Said withLabel(Bytes text) {
    return new Said(
        rules,
        publicKeys,
        wrappedKeys,
        signWith,
        author,
        moves,
        roots,
        keyChange,
        text,
        redaction,
        snapshot,
        authAnswer,
        serverIdentity);
  }

  public Said withRedaction(Redaction erased) {
    return new Said(
        rules,
        publicKeys,
        wrappedKeys,
        signWith,
        author,
        moves,
        roots,
        keyChange,
        label,
        erased,
        snapshot,
        authAnswer,
        serverIdentity);
  }

  /** Writes the fields that come before an event's type: 6 to 11. */
  void writeEarly(FieldWriter header, Confidentiality confidentiality) {
    if (rules != null) {
      header.message(6, rulesBytes(rules));
    }
    if (confidentiality != null) {
      header.message(
          7,
          new FieldWriter()
              .bytes(1, confidentiality.readKeyId)
              .bytes(2, confidentiality.random)
              .bytes(3, confidentiality.commitment));
    }
    for (PublicKey key : publicKeys) {
      header.message(8, key.message());
    }
    for (WrappedKey one : wrappedKeys) {
      header.message(
          9,
          new FieldWriter().bytes(1, one.readKeyId).bytes(2, one.recipient).bytes(3, one.wrapped));
    }
    for (Bytes fingerprint : signWith) {
      header.message(10, fingerprint);
    }
    header.bytes(11, author);
  }

  /** Writes the fields that come after an event's time, but for those that servers write. */
  void writeLate(FieldWriter header) {
    header.bool(16, moves);
    if (roots != null) {
      FieldWriter inner = new FieldWriter();
      for (PublicKey root : roots) {
        inner.message(1, root.message());
      }
      header.message(17, inner);
    }
    if (keyChange != null) {
      FieldWriter inner = new FieldWriter().bytes(1, keyChange.fingerprint);
      if (keyChange.successor != null) {
        inner.message(2, keyChange.successor.message());
      }
      header.message(18, inner);
    }
    header.bytes(19, label);
    if (redaction != null) {
      header.message(
          23, new FieldWriter().packed(1, redaction.sequences()).varint(2, redaction.before()));
    }
  }

  private static Bytes rulesBytes(Rules rules) {
    FieldWriter writer = new FieldWriter();
    if (rules.write != null) {
      writer.message(1, ruleBytes(rules.write));
    }
    if (rules.add != null) {
      writer.message(2, ruleBytes(rules.add));
    }
    if (rules.read != null) {
      writer.message(
          3, new FieldWriter().message(rules.read.kind().ordinal() + 1, rules.read.readKeyId()));
    }
    if (rules.admit != null) {
      writer.message(4, fingerprintsBytes(rules.admit));
    }
    if (rules.retain != null) {
      writer.message(
          5, new FieldWriter().varint(1, rules.retain.ageMs()).varint(2, rules.retain.count()));
    }
    return writer.finish();
  }

  private static FieldWriter ruleBytes(WriteRule rule) {
    return new FieldWriter()
        .message(rule.kind().ordinal() + 1, fingerprintsBytes(rule.fingerprints()));
  }

  private static Bytes fingerprintsBytes(List<Bytes> fingerprints) {
    FieldWriter writer = new FieldWriter();
    for (Bytes fingerprint : fingerprints) {
      writer.message(1, fingerprint);
    }
    return writer.finish();
  }
}
