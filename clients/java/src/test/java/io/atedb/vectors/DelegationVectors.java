package io.atedb.vectors;

import static io.atedb.vectors.Vectors.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.atedb.Bytes;
import io.atedb.KeyPair;
import io.atedb.PublicKey;
import io.atedb.Token;
import io.atedb.internal.event.Delegation;
import io.atedb.internal.event.DelegationScope;
import io.atedb.internal.trust.DelegationPath;
import java.util.List;

/** Delegated keys, and tokens. */
final class DelegationVectors {
  private DelegationVectors() {}

  static void addTo(Vectors to) {
    to.run("delegations", "keys", OwnedVectors::checkKey);
    to.run("delegations", "good", DelegationVectors::checkDelegation);
    to.run(
        "delegations",
        "bad",
        one -> refused(one.text("reason"), () -> Delegation.parse(one.bytes("message"))));
    to.run(
        "delegations",
        "scopes",
        one ->
            assertEquals(
                one.flag("counts"),
                DelegationScope.covers(one.texts("chains"), one.text("chainKey"))));
    to.run(
        "delegations", "paths", one -> assertEquals(one.bytes("subject"), verifiedSubjectOf(one)));
    to.run(
        "delegations",
        "badPaths",
        one -> refused(one.text("reason"), () -> verifiedSubjectOf(one)));
    to.run("delegations", "tokens", DelegationVectors::checkToken);
    to.run(
        "delegations",
        "badTokens",
        one -> refused(one.text("reason"), () -> Token.parse(one.text("text"))));
    to.run("delegations", "badBatches", Replays::badBatch);
    to.run("delegations", "histories", Replays::history);
    to.run("delegations", "replays", Replays::good);
    to.run("delegations", "badReplays", Replays::bad);
  }

  private static void checkDelegation(Case one) {
    Delegation read = Delegation.parse(one.bytes("message"));
    Delegation.Claim claim = read.claim();
    assertEquals(one.bytes("header"), read.header());
    assertEquals(one.bytes("issuer"), claim.issuer());
    assertEquals(one.bytes("subject"), claim.subject().message());
    assertEquals(one.texts("chains"), claim.chains());
    assertEquals(one.flag("mayWrite"), claim.mayWrite());
    assertEquals(one.flag("mayRead"), claim.mayRead());
    assertEquals(one.numberOr("notBeforeUnixMs", 0), claim.notBeforeUnixMs());
    assertEquals(one.number("expiresUnixMs"), claim.expiresUnixMs());
    assertEquals(one.bytes("serial"), claim.serial());
    // What is made of the same is signed by other keys, and says the same.
    KeyPair issuer = KeyPair.generate();
    KeyPair subject = KeyPair.generate();
    Delegation made =
        Delegation.sign(
            new Delegation.Claim(
                issuer.fingerprint(),
                subject.publicKey(),
                claim.chains(),
                claim.mayWrite(),
                claim.mayRead(),
                claim.notBeforeUnixMs(),
                claim.expiresUnixMs(),
                claim.serial()),
            issuer,
            subject);
    DelegationPath.verify(List.of(made), issuer.publicKey());
    assertEquals(claim.chains(), made.claim().chains());
  }

  private static Bytes verifiedSubjectOf(Case one) {
    List<Delegation> path = one.allBytes("delegations").stream().map(Delegation::parse).toList();
    DelegationPath.check(path);
    DelegationPath.verify(path, PublicKey.parse(one.bytes("issuer")));
    return path.get(path.size() - 1).subjectName();
  }

  private static void checkToken(Case one) {
    try (Token token = Token.parse(" " + one.text("text") + "\n")) {
      KeyPair.Seeds seeds = token.key().exportSeeds();
      assertEquals(one.bytes("seed"), Bytes.wrap(seeds.seed()));
      assertEquals(
          one.bytesOrNull("kemSeed"), seeds.kemSeed() == null ? null : Bytes.wrap(seeds.kemSeed()));
      assertEquals(one.number("suite"), token.key().publicKey().suite());
      assertEquals(one.bytes("fingerprint"), token.key().fingerprint());
      assertEquals(one.bytes("issuer"), token.issuer().message());
      assertEquals(one.allBytes("delegations"), token.delegations());
      assertEquals(one.text("text"), token.text());
      assertFalse(token.toString().contains(one.text("text").substring(20)));
    }
  }
}
