package io.atedb.internal.event;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.PublicKey;
import io.atedb.ReadRule;
import io.atedb.Reason;
import io.atedb.WriteRule;
import io.atedb.internal.bytes.Cursor;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Parts;
import java.util.ArrayList;
import java.util.List;

/**
 * All that an event says of rights and keys.
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
    Bytes label) {

  /** Nothing. */
  public static final Said NOTHING =
      new Said(null, List.of(), List.of(), List.of(), null, false, null, null, null);

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

    /** Rules that say nothing of retention. */
    public Rules(WriteRule write, WriteRule add, ReadRule read, List<Bytes> admit) {
      this(write, add, read, admit, null);
    }
  }

  /**
   * For how long a chain keeps data: what either lets go may be dropped.
   *
   * @param ageMs data may go that was committed so many milliseconds before the newest commit; 0:
   *     whatever its age
   * @param count data may go that is not among that of the newest so many events; 0: however many
   */
  public record Retention(long ageMs, long count) {}

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

  /** Writes the fields that come after an event's time: 16 to 19. */
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

  /**
   * Reads what a header, which is in the strict form, says. Raises UNSUPPORTED and REQUEST_INVALID
   * for a key that is none, BATCH_INVALID where what must be sorted isn't.
   */
  static Said read(Bytes header) {
    Rules rules = null;
    List<PublicKey> publicKeys = new ArrayList<>();
    List<WrappedKey> wrappedKeys = new ArrayList<>();
    List<Bytes> signWith = new ArrayList<>();
    Bytes author = null;
    boolean moves = false;
    List<PublicKey> roots = null;
    KeyChange keyChange = null;
    Bytes label = null;
    Cursor cursor = new Cursor(header);
    while (cursor.next()) {
      switch (cursor.number()) {
        case 6 -> rules = readRules(cursor.content());
        case 8 -> publicKeys.add(PublicKey.parse(cursor.content()));
        case 9 -> {
          List<Bytes> parts = Cursor.contents(cursor.content());
          wrappedKeys.add(new WrappedKey(parts.get(0), parts.get(1), parts.get(2)));
        }
        case 10 -> signWith.add(cursor.content());
        case 11 -> author = cursor.content();
        case 16 -> moves = true;
        case 17 -> {
          roots = Cursor.contents(cursor.content()).stream().map(PublicKey::parse).toList();
          checkSorted("the roots", roots.stream().map(PublicKey::fingerprint).toList());
        }
        case 18 -> {
          Parts parts = new Parts(cursor.content());
          Bytes successor = parts.bytesOrNull(2);
          keyChange =
              new KeyChange(parts.bytes(1), successor == null ? null : PublicKey.parse(successor));
        }
        case 19 -> label = cursor.content();
        default -> {}
      }
    }
    checkSorted("the keys that sign with the writer", signWith);
    return new Said(
        rules, publicKeys, wrappedKeys, signWith, author, moves, roots, keyChange, label);
  }

  /** Reads what seals an event's data from its header; null where it is in clear. */
  public static Confidentiality readConfidentiality(Bytes header) {
    List<Bytes> found = Cursor.all(header, 7);
    if (found.isEmpty()) {
      return null;
    }
    List<Bytes> parts = Cursor.contents(found.get(0));
    return new Confidentiality(parts.get(0), parts.get(1), parts.get(2));
  }

  private static Rules readRules(Bytes data) {
    WriteRule write = null;
    WriteRule add = null;
    ReadRule read = null;
    List<Bytes> admit = null;
    Retention retain = null;
    Cursor cursor = new Cursor(data);
    while (cursor.next()) {
      switch (cursor.number()) {
        case 1 -> write = readRule(cursor.content());
        case 2 -> add = readRule(cursor.content());
        case 3 -> {
          Cursor inner = new Cursor(cursor.content());
          inner.next();
          read = new ReadRule(ReadRule.Kind.values()[inner.number() - 1], inner.content());
        }
        case 4 -> {
          admit = Cursor.contents(cursor.content());
          checkSorted("the keys that are let in", admit);
        }
        default -> retain = readRetention(cursor.content());
      }
    }
    return new Rules(write, add, read, admit, retain);
  }

  private static Retention readRetention(Bytes data) {
    long ageMs = 0;
    long count = 0;
    Cursor cursor = new Cursor(data);
    while (cursor.next()) {
      if (cursor.number() == 1) {
        ageMs = cursor.value();
      } else {
        count = cursor.value();
      }
    }
    return new Retention(ageMs, count);
  }

  private static WriteRule readRule(Bytes data) {
    Cursor cursor = new Cursor(data);
    cursor.next();
    List<Bytes> fingerprints = Cursor.contents(cursor.content());
    checkSorted("the keys of a rule", fingerprints);
    return new WriteRule(WriteRule.Kind.values()[cursor.number() - 1], fingerprints);
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
