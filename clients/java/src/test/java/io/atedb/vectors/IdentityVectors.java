package io.atedb.vectors;

import static io.atedb.vectors.Vectors.cases;
import static io.atedb.vectors.Vectors.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atedb.Bytes;
import io.atedb.KeyPair;
import io.atedb.PublicKey;
import io.atedb.TreeHead;
import io.atedb.internal.event.Checkpoint;
import io.atedb.internal.trust.CertifiedKeys;
import io.atedb.internal.trust.IdentityLine;
import io.atedb.internal.trust.SignedHead;
import java.util.List;
import java.util.stream.IntStream;

/** Identities of servers, and the checkpoints that they sign. */
final class IdentityVectors {
  private IdentityVectors() {}

  static void addTo(Vectors to) {
    checkpointsTo(to);
    identitiesTo(to);
  }

  private static CertifiedKeys certified(Case one) {
    PublicKey identity = PublicKey.parse(one.bytes("identity"));
    return CertifiedKeys.verify(one.bytes("message"), IdentityLine.verify(identity, List.of()));
  }

  private static SignedHead signed(Case one) {
    return SignedHead.verify(
        one.text("note"), one.bytes("chainId"), certified(cases("checkpoints.keys").get(0)));
  }

  private static void checkpointsTo(Vectors to) {
    to.run(
        "checkpoints",
        "keys",
        one -> {
          Checkpoint.Keys keys = certified(one).keys();
          assertEquals(one.bytes("ed25519"), keys.ed25519());
          assertEquals(one.bytes("mldsa44"), keys.mldsa44());
          String origin = "atedb/" + cases("checkpoints.good").get(0).text("chainId");
          assertEquals(one.object("keyIds").bytes("ed25519"), keys.ed25519Id(origin));
          assertEquals(one.object("keyIds").bytes("mldsa44"), keys.mldsa44Id(origin));
        });
    to.run("checkpoints", "badKeys", one -> refused(one.text("reason"), () -> certified(one)));
    to.run(
        "checkpoints",
        "good",
        one -> {
          SignedHead found = signed(one);
          assertEquals(new TreeHead(one.number("size"), one.bytes("root")), found.head());
          assertEquals(one.number("timeUnixS"), found.timeUnixS());
          assertEquals(
              one.bytes("cosigned"),
              Bytes.wrap(Checkpoint.parse(one.text("note")).cosigned(found.timeUnixS())));
        });
    to.run("checkpoints", "bad", one -> refused(one.text("reason"), () -> signed(one)));
  }

  private static void identitiesTo(Vectors to) {
    to.run(
        "identity",
        "keys",
        one ->
            assertEquals(
                one.bytes("fingerprint"),
                KeyPair.ofSeeds(1, one.bytes("seed").toArray(), null).fingerprint()));
    to.run(
        "identity",
        "rotations",
        one -> assertEquals(1, cases("identity.rotations").stream().filter(one::equals).count()));
    to.run("identity", "cases", IdentityVectors::checkIdentity);
  }

  private static void checkIdentity(Case one) {
    List<PublicKey> keys =
        cases("identity.keys").stream().map(key -> PublicKey.parse(key.bytes("key"))).toList();
    List<Bytes> rotations =
        one.numbers("rotations").stream()
            .map(place -> cases("identity.rotations").get(place).bytes("message"))
            .toList();
    PublicKey identity = keys.get((int) one.number("identity"));
    if (one.numbers("leadsFrom").isEmpty()) {
      refused(one.text("reason"), () -> IdentityLine.verify(identity, rotations));
      return;
    }
    IdentityLine line = IdentityLine.verify(identity, rotations);
    assertEquals(
        one.numbers("leadsFrom"),
        IntStream.range(0, keys.size())
            .filter(place -> line.has(keys.get(place).fingerprint()))
            .boxed()
            .toList());
  }
}
