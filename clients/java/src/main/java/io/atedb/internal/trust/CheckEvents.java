package io.atedb.internal.trust;

import io.atedb.Bytes;
import io.atedb.DataState;
import io.atedb.EventKind;
import io.atedb.PrimaryKeys;
import io.atedb.Reason;
import io.atedb.Redaction;
import io.atedb.internal.event.Batch;
import io.atedb.internal.event.EventView;
import io.atedb.internal.event.Said;
import java.util.Map;

/** What each event of a batch says of itself, but for its hashes. Not of a genesis. */
final class CheckEvents {
  /** Sealed data holds the delimiter of its padding, and the tag of the seal. */
  private static final int SEALED_BYTES_MIN = 17;

  private CheckEvents() {}

  /** Checks an event. Raises BATCH_INVALID, naming it. */
  static void check(Batch batch, EventView event, Provenance provenance) {
    int index = event.index();
    EventKind kind = event.kind();
    if (kind == EventKind.GENESIS) {
      throw Batch.invalid(index, "a genesis is alone in its batch");
    }
    if (kind == EventKind.SNAPSHOT && batch.count() > 1) {
      throw Batch.invalid(index, "a snapshot is alone in its batch");
    }
    if (FromServer.isKind(kind) != FromServer.is(batch)) {
      throw Batch.invalid(index, "what a server adds is in batches of its own");
    }
    if (event.hasGenesis()) {
      throw Batch.invalid(index, "only a genesis says what the chain is");
    }
    boolean needsKey = event.writesObject() || kind == EventKind.REDACTION;
    if (event.primaryKey().isEmpty() && needsKey) {
      throw Batch.invalid(index, "it has no primary key");
    }
    if (event.isPresent()) {
      checkPresent(event, index);
    } else {
      checkGone(event, index, provenance);
    }
    if (kind != EventKind.DATA && (event.dataBytes() > 0 || event.isSealed())) {
      throw Batch.invalid(index, "an event of kind " + kind.text() + " has no data");
    }
    if (event.isSealed() && event.dataBytes() < SEALED_BYTES_MIN) {
      throw Batch.invalid(index, "its data is not sealed");
    }
    if (kind != EventKind.DATA || event.saysMore()) {
      checkSaid(batch, index, event);
    }
  }

  private static void checkPresent(EventView event, int index) {
    if (event.salt().isEmpty() != event.isSealed()) {
      throw Batch.invalid(
          index, event.isSealed() ? "sealed data has no salt" : "its salt is missing");
    }
    if (event.dataBytes() != event.data().size()) {
      throw Batch.invalid(
          index,
          "its header counts "
              + event.dataBytes()
              + " bytes of data, and it has "
              + event.data().size());
    }
  }

  /**
   * Checks an event whose data is said not to be here, as far as it shows by itself that it may be
   * so (docs/trust.md, "When data is gone"). What allows it otherwise only what is behind it shows:
   * see {@link OwedData}.
   */
  private static void checkGone(EventView event, int index, Provenance provenance) {
    if (!provenance.isStored()) {
      throw Batch.invalid(index, "only a server may say that data is not here");
    }
    boolean isOmitted = event.dataState() == DataState.OMITTED;
    if (isOmitted && event.dataBytes() <= provenance.omittedAbove()) {
      throw Batch.invalid(index, "its data is left out, and nobody has asked for that");
    }
    if (!event.data().isEmpty() || !event.salt().isEmpty()) {
      throw Batch.invalid(index, "its data is said to be gone, and some of it is here");
    }
    if (event.kind() != EventKind.DATA) {
      throw Batch.invalid(
          index,
          "its data is said to be gone, and an event of kind " + event.kind().text() + " has none");
    }
    if (event.dataHash().isEmpty()) {
      throw Batch.invalid(index, "its header has no hash of its data");
    }
    // Whoever comes later has to be shown rules and keys with all that they came with.
    if (event.dataState() != DataState.REDACTED && event.has(EventView.AUTHORITY)) {
      throw Batch.invalid(
          index, "it says something of rules or keys, and such data is never dropped");
    }
  }

  /** An event says of rights and keys what its kind may say. */
  private static void checkSaid(Batch batch, int index, EventView event) {
    Said said = batch.said(index);
    EventKind kind = event.kind();
    boolean hasKey = !event.primaryKey().isEmpty();
    boolean isOfObject = kind == EventKind.DATA || kind == EventKind.RULES && hasKey;
    if (!isOfObject) {
      refuse(index, kind, !event.parent().isEmpty() || event.hasCollection(), "names no parent");
      refuse(index, kind, said.moves(), "moves nothing");
      refuse(index, kind, said.label() != null, "has no label");
      refuse(index, kind, said.rules() != null && kind != EventKind.RULES, "sets no rules");
    }
    Said.Rules rules = said.rulesOrNone();
    refuse(index, kind, rules.admit() != null && hasKey, "says for no object who opens the chain");
    refuse(index, kind, rules.retain() != null && hasKey, "says for no object how long data stays");
    refuse(index, kind, hasKey && isOfChain(kind), "names no object");
    dueOf(index, kind, EventKind.ROOTS, said.roots());
    dueOf(index, kind, EventKind.KEY_CHANGE, said.keyChange());
    dueOf(index, kind, EventKind.REDACTION, said.redaction());
    dueOf(index, kind, EventKind.SNAPSHOT, said.snapshot());
    dueOf(index, kind, EventKind.AUTH_ANSWER, said.authAnswer());
    dueOf(index, kind, EventKind.SERVER_IDENTITY, said.serverIdentity());
    if (FromServer.isKind(kind)) {
      checkServers(batch, index, said);
    }
    refuse(
        index, kind, kind == EventKind.RULES && !event.has(EventView.AUTHORITY), "sets some rules");
    if (said.label() != null && hasKey) {
      Bytes parent = event.parent().isEmpty() ? null : event.parent();
      if (!PrimaryKeys.ofChild(parent, said.label()).equals(event.primaryKey())) {
        throw Batch.invalid(index, "its primary key is not made from its parent and its label");
      }
    }
  }

  /** Whether events of a kind are about no object. */
  private static boolean isOfChain(EventKind kind) {
    return kind == EventKind.ROOTS
        || kind == EventKind.KEY_CHANGE
        || kind == EventKind.SNAPSHOT
        || FromServer.isKind(kind);
  }

  /** Events of a kind say what it is about, and no others do. */
  private static void dueOf(int index, EventKind kind, EventKind due, Object said) {
    boolean isDue = kind == due;
    refuse(
        index,
        kind,
        isDue != (said != null),
        isDue ? "says what that is" : "says nothing that is for the kind " + due.text());
  }

  /** An event which a server adds says nothing besides. */
  private static void checkServers(Batch batch, int index, Said said) {
    EventView event = batch.event(index);
    EventKind kind = event.kind();
    boolean showsKeys = !said.publicKeys().isEmpty() || !said.wrappedKeys().isEmpty();
    refuse(index, kind, showsKeys, "shows no keys");
    refuse(index, kind, event.has(EventView.SIGNERS), "is from the server alone");
    // What is wrong with what it holds is told now, and not when it is decided on.
    if (kind == EventKind.SERVER_IDENTITY) {
      batch.rotation(index);
    } else {
      boolean hasRotations = !batch.answer(index).rotations().isEmpty();
      refuse(index, kind, hasRotations, "has no rotations: they are events of their own");
    }
  }

  private static void refuse(int index, EventKind kind, boolean isSaid, String what) {
    if (isSaid) {
      throw Batch.invalid(index, "an event of kind " + kind.text() + " " + what);
    }
  }

  /** Redactions name only what comes before their batch. Raises REDACTION_INVALID. */
  static void checkRedactions(Batch batch, long firstSequence) {
    for (EventView event : batch.events()) {
      if (event.kind() != EventKind.REDACTION) {
        continue;
      }
      int index = event.index();
      Redaction redaction = batch.said(index).redaction();
      if (redaction.end() > firstSequence) {
        throw Act.refused(
            index,
            Reason.REDACTION_INVALID,
            "it erases what comes before sequence "
                + redaction.end()
                + ", and its batch begins at "
                + firstSequence
                + ": a redaction names only what is before its batch",
            Map.of("sequence", Long.toString(redaction.end() - 1)));
      }
    }
  }
}
