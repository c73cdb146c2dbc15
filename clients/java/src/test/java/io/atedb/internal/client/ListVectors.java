package io.atedb.internal.client;

import static io.atedb.vectors.Vectors.cases;
import static io.atedb.vectors.Vectors.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atedb.Bytes;
import io.atedb.ChildrenOptions;
import io.atedb.DataState;
import io.atedb.TreeHead;
import io.atedb.internal.event.Batch;
import io.atedb.internal.event.Commit;
import io.atedb.internal.event.EventView;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.trust.CheckBatch;
import io.atedb.internal.trust.CheckGenesis;
import io.atedb.internal.trust.Provenance;
import io.atedb.internal.trust.Replay;
import io.atedb.vectors.Case;
import io.atedb.vectors.Vectors;
import java.util.ArrayList;
import java.util.List;

/** Lists of children, and data that is left out and loaded. */
public final class ListVectors {
  private ListVectors() {}

  public static void addTo(Vectors to) {
    to.run("children", "chain", one -> assertEquals(headOf(one.object("head")), chain().head()));
    to.run("children", "good", ListVectors::checkChildren);
    to.run("children", "bad", ListVectors::checkBadChildren);
    to.run(
        "children",
        "orders",
        one ->
            assertEquals(
                one.bytes("order"),
                VerifiedChildren.orderOf(one.bytesOrNull("collection"), one.bytes("primaryKey"))));
    to.run("left-out", "good", ListVectors::checkLeftOut);
    to.run("left-out", "bad", one -> refused(one.text("reason"), () -> leftOut(one)));
    to.run("left-out", "loads", ListVectors::checkLoaded);
    to.run("left-out", "badLoads", one -> refused("VERIFICATION_FAILED", () -> loaded(one)));
  }

  private static TreeHead headOf(Case one) {
    return new TreeHead(one.number("size"), one.bytes("root"));
  }

  private static Replay replayed;

  /** The history that the lists are of. Only looked at, it is made once. */
  private static synchronized Replay chain() {
    if (replayed == null) {
      replayed = replay();
    }
    return replayed;
  }

  private static Replay replay() {
    List<Bytes> slices = cases("children.chain").get(0).allBytes("slices");
    Bytes first = Commit.splitSlice(slices.get(0)).get(0).run();
    Genesis genesis = CheckGenesis.verify(Batch.parse(first));
    Replay replay = new Replay(genesis);
    slices.forEach(replay::verify);
    return replay;
  }

  /** Reads a list as far as it verifies; gives the children of each message. */
  private static List<List<VerifiedChildren.Found>> read(
      Case one, List<List<VerifiedChildren.Found>> found) {
    return read(one, one.allBytes("messages"), found);
  }

  static List<List<VerifiedChildren.Found>> read(
      Case one, List<Bytes> messages, List<List<VerifiedChildren.Found>> found) {
    Replay chain = chain();
    TreeHead known = headOf(one.object("known"));
    Case after = one.object("after");
    VerifiedChildren.Known as =
        new VerifiedChildren.Known() {
          @Override
          public void tie(TreeHead head) {
            // The head of the first message is known; later ones are proven to extend it.
            if (!head.equals(known) && !head.equals(chain.head())) {
              throw VerifiedChildren.bad("its head is another than was known");
            }
          }

          @Override
          public void checkAllowed(long sequence, long commit, TreeHead head) {
            // The server's word is taken for that.
          }
        };
    ChildrenOptions asked =
        new ChildrenOptions(
            one.bytesOrNull("parent"),
            one.bytesOrNull("collection"),
            after == null ? null : after.bytesOrNull("collection"),
            after == null ? null : after.bytesOrNull("primaryKey"),
            one.numberOr("limit", 0));
    VerifiedChildren verified =
        new VerifiedChildren(chain.genesis(), chain.authority().keys()::find, as, asked);
    boolean isLast = false;
    for (Bytes message : messages) {
      if (isLast) {
        throw VerifiedChildren.bad("something follows its end");
      }
      found.add(verified.take(Answers.parts(message)));
      isLast = Answers.parts(message).flag(Schema.ListChildrenResponse.IS_LAST);
    }
    if (!isLast) {
      throw VerifiedChildren.bad("it ends without saying so");
    }
    verified.end();
    return found;
  }

  private static void checkChildren(Case one) {
    List<VerifiedChildren.Found> found =
        read(one, new ArrayList<>()).stream().flatMap(List::stream).toList();
    List<Case> due = one.objects("children");
    assertEquals(due.size(), found.size());
    for (int at = 0; at < due.size(); at++) {
      Case child = due.get(at);
      VerifiedChildren.Found is = found.get(at);
      EventView event = is.batch().batch().event(is.index());
      long sequence = is.batch().commit().header().firstSequence() + is.index();
      assertEquals(child.number("sequence"), sequence);
      assertEquals(child.numberOr("movedBy", -1), is.movedBy());
      assertEquals(child.bytes("primaryKey"), event.primaryKey());
      assertEquals(child.bytesOrNull("parent"), is.parent());
      assertEquals(child.bytesOrNull("collection"), is.collection());
      assertEquals(child.flag("gone"), event.dataState() != DataState.PRESENT);
      assertEquals(child.bytes("data"), event.data());
    }
  }

  private static void checkBadChildren(Case one) {
    List<List<VerifiedChildren.Found>> found = new ArrayList<>();
    refused("VERIFICATION_FAILED", () -> read(one, found));
    assertEquals(one.number("message"), found.size());
  }

  private static Batch leftOut(Case one) {
    Batch batch = Batch.parse(one.bytes("run"));
    CheckBatch.check(batch, Provenance.upTo(one.numberOr("upTo", -1)));
    return batch;
  }

  private static void checkLeftOut(Case one) {
    List<EventView> events = leftOut(one).events();
    List<Integer> omitted = new ArrayList<>();
    for (int index = 0; index < events.size(); index++) {
      if (events.get(index).dataState() == DataState.OMITTED) {
        omitted.add(index);
      }
    }
    assertEquals(one.numbers("omitted"), omitted);
  }

  private static LoadedData loaded(Case one) {
    return LoadedData.of(one.number("sequence"), one.bytes("header"), one.bytes("answer"));
  }

  private static void checkLoaded(Case one) {
    LoadedData loaded = loaded(one);
    assertEquals(one.has("state") ? one.text("state") : "present", loaded.state().text());
    assertEquals(one.bytes("data"), loaded.data());
    assertEquals(one.numberOr("redaction", 0), loaded.redaction());
  }
}
