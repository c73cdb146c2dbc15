package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.ChildrenOptions;
import io.atedb.DataState;
import io.atedb.EventKind;
import io.atedb.Reason;
import io.atedb.TreeHead;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.client.Schema.ListChildrenResponse;
import io.atedb.internal.crypt.Merkle;
import io.atedb.internal.event.Commit;
import io.atedb.internal.event.EventView;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.trust.Provenance;
import io.atedb.internal.trust.Replay;
import io.atedb.internal.trust.VerifiedBatch;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Verifies a list of children as it comes: that each event is in the chain, of whom it is, that it
 * has the object where it was asked for, and the order. That the object has no newer event, and
 * that none is left out, it can't.
 */
final class VerifiedChildren {
  private static final Bytes NONE = Bytes.wrap(new byte[Limits.KEY_BYTES]);

  /** What else is known of the chain, and asked for. */
  interface Known {
    /** Compares a head with the newest that was known. Raises HEAD_CONFLICT. */
    void tie(TreeHead head);

    /** Checks that something was allowed, as {@link VerifiedRules#checkAllowed}. */
    void checkAllowed(long sequence, long commit, TreeHead head);
  }

  /**
   * A child, whose data may be gone.
   *
   * @param batch that its newest event with data is in
   * @param index of that event there
   * @param movedBy sequence of the event of rules that has moved it since; -1: none has
   * @param parent where it is; null: at the root of the chain
   * @param collection or null
   */
  record Found(VerifiedBatch batch, int index, long movedBy, Bytes parent, Bytes collection) {}

  private final Genesis genesis;
  private final Replay.FindKey findKey;
  private final Known known;
  private final ChildrenOptions asked;

  /** Of the message before; null: there was none. */
  private TreeHead head;

  /** Of the child before, or what all are behind; null: neither. */
  private Bytes order;

  private long count;

  /** Batches of the message before, which named no child. */
  private List<VerifiedBatch> carried = List.of();

  VerifiedChildren(Genesis genesis, Replay.FindKey findKey, Known known, ChildrenOptions asked) {
    this.genesis = genesis;
    this.findKey = findKey;
    this.known = known;
    this.asked = asked;
    this.order =
        asked.afterKey() == null ? null : orderOf(asked.afterCollection(), asked.afterKey());
  }

  /** What children of one parent are ordered by. */
  static Bytes orderOf(Bytes collection, Bytes primaryKey) {
    return (collection == null ? NONE : collection).plus(primaryKey);
  }

  /** Makes the failure of a list that is none. */
  static AtedbException bad(String why) {
    return new AtedbException(
        Reason.VERIFICATION_FAILED,
        "the list of children that the server sent does not verify: "
            + why
            + ". What was handed on before is part of the chain and verified");
  }

  /**
   * The children of the next message. What allows data of them to be gone is still to be asked for.
   * Raises VERIFICATION_FAILED, HEAD_CONFLICT.
   */
  List<Found> take(Parts message) {
    goOn(message);
    List<VerifiedBatch> batches = batchesOf(message);
    if (!batches.isEmpty()) {
      Commit.Header newest = batches.get(batches.size() - 1).commit().header();
      known.checkAllowed(newest.firstSequence(), newest.commit(), head);
    }
    List<VerifiedBatch> all = new ArrayList<>(carried);
    all.addAll(batches);
    boolean wasCarried = !carried.isEmpty();
    carried = List.of();
    List<Bytes> named = message.all(ListChildrenResponse.CHILDREN);
    if (named.isEmpty() && !message.flag(ListChildrenResponse.IS_LAST)) {
      if (all.isEmpty() || wasCarried) {
        throw bad("a message of it names no children");
      }
      carried = batches;
      return List.of();
    }
    Set<VerifiedBatch> unused = new HashSet<>(all);
    List<Found> children = new ArrayList<>();
    for (Bytes one : named) {
      children.add(childOf(Answers.parts(one), all, unused));
    }
    if (!unused.isEmpty()) {
      throw bad("it comes with batches of no child");
    }
    return children;
  }

  /** The list has ended in order: what it was proven against is known from now on. */
  void end() {
    known.tie(head);
  }

  /** The head of a message goes on that of the one before. */
  private void goOn(Parts message) {
    TreeHead before = head;
    head = Answers.head(message, ListChildrenResponse.HEAD);
    if (before == null) {
      known.tie(head);
      return;
    }
    boolean isExtended =
        Merkle.verifyConsistency(
            before.size(),
            head.size(),
            before.root(),
            head.root(),
            message.all(ListChildrenResponse.CONSISTENCY));
    if (!isExtended) {
      throw bad("its heads do not follow one another");
    }
  }

  private List<VerifiedBatch> batchesOf(Parts message) {
    List<Commit.Stored> stored =
        Answers.checked(
            "the batches of children are none",
            () -> Commit.splitSlice(message.bytes(ListChildrenResponse.LOG)));
    List<Bytes> proofs = message.all(ListChildrenResponse.INCLUSIONS);
    if (stored.size() != proofs.size()) {
      throw bad("it has other proofs than batches");
    }
    List<VerifiedBatch> verified = new ArrayList<>();
    long before = -1;
    for (int place = 0; place < stored.size(); place++) {
      Commit commit = stored.get(place).commit();
      if (commit.header().commit() <= before) {
        throw bad("its batches are in another order");
      }
      before = commit.header().commit();
      List<Bytes> proof = Answers.parts(proofs.get(place)).all(Schema.Inclusion.HASHES);
      EventGetter.checkIncluded(commit, head, proof);
      verified.add(Replay.verifySingle(genesis, stored.get(place), findKey, Provenance.TRIMMED));
    }
    return verified;
  }

  private Found childOf(Parts named, List<VerifiedBatch> batches, Set<VerifiedBatch> unused) {
    long sequence = named.number(Schema.Child.SEQUENCE);
    VerifiedBatch own = holderOf(sequence, batches);
    unused.remove(own);
    int index = (int) (sequence - own.commit().header().firstSequence());
    EventView event = own.batch().event(index);
    if (event.kind() != EventKind.DATA) {
      throw bad("the event at sequence " + sequence + " has no object there");
    }
    if (event.dataState() == DataState.OMITTED) {
      throw bad("the data of the event at sequence " + sequence + " is left out");
    }
    EventView place = event;
    long movedBy = -1;
    if (named.has(Schema.Child.MOVED_BY)) {
      movedBy = named.number(Schema.Child.MOVED_BY);
      VerifiedBatch moved = holderOf(movedBy, batches);
      unused.remove(moved);
      place = moveIn(moved, movedBy, event, sequence);
    }
    Bytes parent = place.parent().isEmpty() ? null : place.parent();
    Bytes collection = new Parts(place.header()).bytesOrNull(5);
    boolean isThere =
        Objects.equals(parent, asked.parent())
            && (asked.collection() == null || asked.collection().equals(collection));
    if (!isThere) {
      throw bad("the object of sequence " + sequence + " is elsewhere");
    }
    comesNext(orderOf(collection, event.primaryKey()));
    return new Found(own, index, movedBy, parent, collection);
  }

  private static VerifiedBatch holderOf(long sequence, List<VerifiedBatch> batches) {
    for (VerifiedBatch one : batches) {
      long index = sequence - one.commit().header().firstSequence();
      if (index >= 0 && index < one.batch().count() && one.batch().event((int) index) != null) {
        return one;
      }
    }
    throw bad("the batch of sequence " + sequence + " is not there");
  }

  /** The event of rules that has moved an object. */
  private static EventView moveIn(
      VerifiedBatch moved, long movedBy, EventView object, long sequence) {
    int index = (int) (movedBy - moved.commit().header().firstSequence());
    EventView event = moved.batch().event(index);
    boolean isMove =
        event.kind() == EventKind.RULES
            && moved.batch().said(index).moves()
            && movedBy > sequence
            && event.primaryKey().equals(object.primaryKey());
    if (!isMove) {
      throw bad(
          "the object of sequence "
              + sequence
              + " is said to be moved by sequence "
              + movedBy
              + ", which doesn't do that");
    }
    return event;
  }

  private void comesNext(Bytes next) {
    if (order != null && next.compareTo(order) <= 0) {
      throw bad("the children are in another order, or one comes twice");
    }
    order = next;
    count++;
    if (asked.limit() > 0 && count > asked.limit()) {
      throw bad("it has more than was asked for");
    }
  }
}
