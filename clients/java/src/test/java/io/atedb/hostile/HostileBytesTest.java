package io.atedb.hostile;

import static io.atedb.vectors.Vectors.cases;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.PublicKey;
import io.atedb.VouchedBy;
import io.atedb.internal.bytes.AnswerForms;
import io.atedb.internal.bytes.EventForms;
import io.atedb.internal.bytes.MessageForm;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.bytes.Strict;
import io.atedb.internal.bytes.WireForms;
import io.atedb.internal.client.HostileLists;
import io.atedb.internal.crypt.Merkle;
import io.atedb.internal.event.AuthAnswer;
import io.atedb.internal.event.Batch;
import io.atedb.internal.event.Commit;
import io.atedb.internal.event.Delegation;
import io.atedb.internal.event.EventView;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.log.SegmentScan;
import io.atedb.internal.rpc.HostileStatus;
import io.atedb.internal.trust.CertifiedKeys;
import io.atedb.internal.trust.CheckBatch;
import io.atedb.internal.trust.CheckGenesis;
import io.atedb.internal.trust.DelegationPath;
import io.atedb.internal.trust.IdentityLine;
import io.atedb.internal.trust.Provenance;
import io.atedb.internal.trust.Replay;
import io.atedb.internal.trust.SignedHead;
import io.atedb.internal.trust.VerifiedBatch;
import io.atedb.internal.wire.HostileWire;
import io.atedb.vectors.Case;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Whatever bytes a server sends: they are taken as what they were before they were changed, or
 * refused with an {@link AtedbException}. Nothing else is thrown, and nothing hangs.
 *
 * <p>Each input follows from {@code ATEDB_TEST_SEED} and its number, which a failure prints; {@code
 * ATEDB_FUZZ_ROUNDS} says how many there are of each kind.
 */
@Timeout(value = 1_800, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HostileBytesTest {
  private static final long SEED = fromEnvironment("ATEDB_TEST_SEED", 1);
  private static final long ROUNDS = fromEnvironment("ATEDB_FUZZ_ROUNDS", 200);

  private static long fromEnvironment(String name, long otherwise) {
    String found = System.getenv(name);
    return found == null || found.isEmpty() ? otherwise : Long.parseLong(found);
  }

  /** What is done with bytes that were changed. */
  private interface Use {
    void of(Bytes changed);
  }

  /** Changes one of some bytes, and uses it. */
  private static void hold(Mutator chance, long input, Bytes from, List<Bytes> others, Use use) {
    Bytes changed = chance.changed(from, others);
    try {
      use.of(changed);
    } catch (AtedbException refused) {
      // As is due.
    } catch (RuntimeException | AssertionError | StackOverflowError | OutOfMemoryError error) {
      throw new AssertionError(
          "input " + input + " of ATEDB_TEST_SEED=" + SEED + ": " + error + "\n" + changed.hex(),
          error);
    }
  }

  private interface Round {
    void of(Mutator chance, long input);
  }

  private static void rounds(Round round) {
    for (long input = 0; input < ROUNDS; input++) {
      round.of(new Mutator(SEED, input), input);
    }
  }

  private static List<Bytes> all(String list, String field) {
    return cases(list).stream().map(one -> one.bytes(field)).toList();
  }

  @Test
  void messagesOfEveryForm() {
    Map<String, MessageForm> forms = new HashMap<>();
    Stream.of(EventForms.ALL, AnswerForms.ALL, WireForms.ALL)
        .flatMap(List::stream)
        .forEach(form -> forms.put(form.name(), form));
    List<Case> good = cases("strict-form.good");
    List<Bytes> bytes = all("strict-form.good", "bytes");
    rounds(
        (chance, input) -> {
          Case one = chance.oneOf(good);
          hold(
              chance,
              input,
              one.bytes("bytes"),
              bytes,
              changed -> {
                Strict.check(forms.get(one.text("message")), changed);
                // What is in the strict form can be taken apart.
                assertTrue(new Parts(changed) != null);
              });
        });
    rounds(
        (chance, input) ->
            hold(
                chance,
                input,
                chance.oneOf(bytes),
                bytes,
                changed -> {
                  HostileStatus.read(changed);
                  HostileLists.read(changed);
                  HostileLists.rejection(changed);
                }));
  }

  @Test
  void runs() {
    List<Bytes> good = all("batches.good", "run");
    rounds(
        (chance, input) ->
            hold(
                chance,
                input,
                chance.oneOf(good),
                good,
                changed -> {
                  Batch batch = Batch.parse(changed);
                  CheckBatch.check(batch, Provenance.STORED);
                  for (int index = 0; index < batch.count(); index++) {
                    if (batch.event(index) != null) {
                      batch.said(index);
                    }
                  }
                }));
  }

  @Test
  void segments() {
    List<Case> good = cases("segments.whole");
    List<Bytes> files = all("segments.whole", "file");
    rounds(
        (chance, input) -> {
          Case one = chance.oneOf(good);
          hold(
              chance,
              input,
              one.bytes("file"),
              files,
              changed -> {
                SegmentScan scan = new SegmentScan(changed, one.number("segment"), 0);
                assertTrue(scan.end() <= Math.max(changed.size(), scan.start()));
              });
        });
  }

  /** What of a history is hashed, or signed: the data too, as far as it is there. */
  private record Said(Bytes commit, Bytes seal, List<Bytes> headers, List<Bytes> data) {
    static Said of(VerifiedBatch one) {
      List<EventView> events = one.batch().events();
      return new Said(
          one.commit().headerBytes(),
          one.batch().seal().header(),
          events.stream().map(EventView::header).toList(),
          events.stream().map(event -> event.isPresent() ? event.data() : null).toList());
    }

    /** Whether it says the same, but for data that it doesn't have. */
    boolean isOf(Said other) {
      boolean isSame =
          commit.equals(other.commit) && seal.equals(other.seal) && headers.equals(other.headers);
      for (int at = 0; isSame && at < data.size(); at++) {
        isSame = data.get(at) == null || data.get(at).equals(other.data.get(at));
      }
      return isSame;
    }
  }

  private record History(Genesis genesis, List<Bytes> slices, List<VerifiedBatch> batches) {
    static History of(Case one) {
      List<Bytes> slices = one.allBytes("slices");
      Genesis genesis =
          CheckGenesis.verify(Batch.parse(Commit.splitSlice(slices.get(0)).get(0).run()));
      return new History(genesis, slices, verified(genesis, slices));
    }

    static List<VerifiedBatch> verified(Genesis genesis, List<Bytes> slices) {
      Replay replay = new Replay(genesis);
      List<VerifiedBatch> found = new ArrayList<>();
      slices.forEach(slice -> found.addAll(replay.verify(slice)));
      return found;
    }
  }

  /**
   * Not hashed or signed, and so a server's to change: what storage needs of a commit, why data is
   * gone that is, signatures where a server vouches, and keys that are shown twice.
   */
  @Test
  void historiesAreTheirBeginning() {
    List<History> all =
        Stream.of(
                "replays.good",
                "compaction.good",
                "ownership.good",
                "delegations.replays",
                "retention.good")
            .flatMap(list -> cases(list).stream())
            .map(History::of)
            .toList();
    List<Bytes> others = all.stream().flatMap(one -> one.slices.stream()).toList();
    rounds(
        (chance, input) -> {
          History history = chance.oneOf(all);
          int at = chance.below(history.slices.size());
          hold(
              chance,
              input,
              history.slices.get(at),
              others,
              changed -> {
                List<Bytes> slices = new ArrayList<>(history.slices);
                slices.set(at, changed);
                // As far as it is verified it may be used, whatever comes then.
                Replay replay = new Replay(history.genesis);
                int place = 0;
                for (Bytes slice : slices) {
                  for (VerifiedBatch one : replay.verify(slice)) {
                    checkIsOf(history, place++, one);
                  }
                }
                // Without its end a history is another one's beginning; what is in it stays.
                assertEquals(place, replay.head().size());
              });
        });
  }

  private static void checkIsOf(History history, int place, VerifiedBatch one) {
    assertTrue(place < history.batches.size(), "it is longer than it was");
    VerifiedBatch due = history.batches.get(place);
    assertTrue(Said.of(one).isOf(Said.of(due)), "commit " + place + " is another");
    boolean isLess = one.vouchedBy() == VouchedBy.SERVER;
    assertTrue(isLess || one.vouchedBy() == due.vouchedBy(), "commit " + place + " is signed");
  }

  @Test
  void checkpoints() {
    Case keys = cases("checkpoints.keys").get(0);
    CertifiedKeys signer =
        CertifiedKeys.verify(
            keys.bytes("message"),
            IdentityLine.verify(PublicKey.parse(keys.bytes("identity")), List.of()));
    List<Case> good = cases("checkpoints.good");
    List<Bytes> notes = good.stream().map(one -> Bytes.ofText(one.text("note"))).toList();
    Set<String> said = new HashSet<>();
    for (Case one : good) {
      said.add(text(SignedHead.verify(one.text("note"), one.bytes("chainId"), signer)));
    }
    rounds(
        (chance, input) -> {
          int at = chance.below(good.size());
          hold(
              chance,
              input,
              notes.get(at),
              notes,
              changed -> {
                // Lines of other signers are nobody's to believe, and may be changed.
                SignedHead found =
                    SignedHead.verify(changed.text(), good.get(at).bytes("chainId"), signer);
                assertTrue(said.contains(text(found)), text(found));
              });
        });
    List<Bytes> messages = all("checkpoints.keys", "message");
    rounds(
        (chance, input) ->
            hold(
                chance,
                input,
                keys.bytes("message"),
                messages,
                changed -> {
                  CertifiedKeys found = CertifiedKeys.verify(changed, signer.line());
                  assertEquals(signer.keys(), found.keys());
                }));
  }

  private static String text(SignedHead head) {
    return head.head() + " " + head.timeUnixS();
  }

  /** Which of its rotations come with an answer is not signed: what each says is. */
  @Test
  void answersOfAuthServices() {
    List<Bytes> good = all("auth-answers.good", "message");
    Set<Bytes> said = new HashSet<>();
    for (Bytes one : good) {
      said.add(AuthAnswer.parse(one).header());
    }
    rounds(
        (chance, input) ->
            hold(
                chance,
                input,
                chance.oneOf(good),
                good,
                changed -> {
                  AuthAnswer answer = AuthAnswer.parse(changed);
                  answer.verify();
                  IdentityLine.verify(answer.identity(), answer.rotations());
                  assertTrue(said.contains(answer.header()));
                }));
  }

  @Test
  void delegations() {
    List<Case> good = cases("delegations.paths");
    List<Bytes> messages =
        good.stream().flatMap(one -> one.allBytes("delegations").stream()).toList();
    Set<Bytes> said = new HashSet<>();
    messages.forEach(one -> said.add(Delegation.parse(one).header()));
    rounds(
        (chance, input) -> {
          Case one = chance.oneOf(good);
          List<Bytes> path = new ArrayList<>(one.allBytes("delegations"));
          int at = chance.below(path.size());
          hold(
              chance,
              input,
              path.get(at),
              messages,
              changed -> {
                path.set(at, changed);
                List<Delegation> parsed = path.stream().map(Delegation::parse).toList();
                DelegationPath.check(parsed);
                DelegationPath.verify(parsed, PublicKey.parse(one.bytes("issuer")));
                parsed.forEach(each -> assertTrue(said.contains(each.header())));
              });
        });
  }

  @Test
  void handshakesAndFrames() {
    List<Case> good = cases("wire.cases");
    List<Bytes> hellos = all("wire.cases", "serverHello");
    rounds(
        (chance, input) -> {
          Case one = chance.oneOf(good);
          hold(
              chance,
              input,
              one.bytes("serverHello"),
              hellos,
              changed -> {
                HostileWire.finish(one, changed);
                assertEquals(one.bytes("serverHello"), changed, "it was changed, and agrees");
              });
        });
    rounds(
        (chance, input) -> {
          Case one = chance.oneOf(good);
          Case call = chance.oneOf(one.objects("calls"));
          List<Bytes> frames = HostileWire.frames(call);
          int at = frames.isEmpty() ? 0 : chance.below(Math.min(2, frames.size()));
          if (frames.isEmpty()) {
            return;
          }
          hold(
              chance,
              input,
              frames.get(at),
              frames,
              changed -> {
                HostileWire.open(one, call, frames.subList(0, at), changed);
                assertEquals(frames.get(at), changed, "it was changed, and opens");
              });
        });
  }

  @Test
  void proofsOfTrees() {
    List<Case> inclusion = cases("merkle.inclusion");
    List<Case> consistency = cases("merkle.consistency");
    rounds(
        (chance, input) -> {
          Case one = chance.oneOf(inclusion);
          List<Bytes> proof = new ArrayList<>(one.allBytes("proof"));
          change(chance, proof);
          boolean isGood =
              Merkle.verifyInclusion(
                  one.bytes("leaf"),
                  one.number("index"),
                  one.number("size"),
                  proof,
                  one.bytes("root"));
          assertEquals(one.allBytes("proof").equals(proof), isGood, "input " + input);
          Case two = chance.oneOf(consistency);
          List<Bytes> other = new ArrayList<>(two.allBytes("proof"));
          change(chance, other);
          boolean extendsIt =
              Merkle.verifyConsistency(
                  two.number("first"),
                  two.number("second"),
                  two.bytes("firstRoot"),
                  two.bytes("secondRoot"),
                  other);
          assertEquals(two.allBytes("proof").equals(other), extendsIt, "input " + input);
        });
  }

  private static void change(Mutator chance, List<Bytes> proof) {
    int at = chance.below(proof.size());
    if (proof.isEmpty() || chance.below(4) == 0) {
      proof.add(at, Bytes.wrap(new byte[chance.below(3) * 16]));
    } else if (chance.below(3) == 0) {
      proof.remove(at);
    } else {
      proof.set(at, chance.changed(proof.get(at), proof));
    }
  }

  /** Of a list it is the server's word that none is left out, and that there is nothing newer. */
  @Test
  void listsOfChildren() {
    History chain = History.of(cases("children.chain").get(0));
    Map<List<Bytes>, Bytes> known = new HashMap<>();
    for (VerifiedBatch one : chain.batches) {
      for (EventView event : one.batch().events()) {
        known.put(List.of(event.header(), one.commit().headerBytes()), event.data());
      }
    }
    List<Case> good = cases("children.good");
    List<Bytes> others = good.stream().flatMap(one -> one.allBytes("messages").stream()).toList();
    rounds(
        (chance, input) -> {
          Case one = chance.oneOf(good);
          List<Bytes> messages = new ArrayList<>(one.allBytes("messages"));
          int at = chance.below(messages.size());
          hold(
              chance,
              input,
              messages.get(at),
              others,
              changed -> {
                messages.set(at, changed);
                for (List<Object> child : HostileLists.children(one, messages)) {
                  Bytes data = known.get(List.of((Bytes) child.get(0), (Bytes) child.get(2)));
                  assertTrue(data != null, "a child that is not in the chain");
                  assertTrue(child.get(1).equals("gone") || child.get(1).equals(data));
                }
              });
        });
  }

  @Test
  void dataThatIsLoaded() {
    List<Case> good = cases("left-out.loads");
    List<Bytes> answers = all("left-out.loads", "answer");
    rounds(
        (chance, input) -> {
          Case one = chance.oneOf(good);
          hold(
              chance,
              input,
              one.bytes("answer"),
              answers,
              changed -> {
                Bytes data = HostileLists.loaded(one, changed);
                // That it is gone something else has to allow.
                assertTrue(data == null || data.equals(one.bytes("data")) || one.has("state"));
              });
        });
  }
}
