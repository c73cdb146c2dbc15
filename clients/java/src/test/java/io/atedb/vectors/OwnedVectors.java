package io.atedb.vectors;

import static io.atedb.vectors.Vectors.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.atedb.Bytes;
import io.atedb.PublicKey;
import io.atedb.internal.event.AuthAnswer;
import io.atedb.internal.event.Batch;
import io.atedb.internal.trust.Authority;
import io.atedb.internal.trust.CheckGenesis;
import io.atedb.internal.trust.IdentityLine;
import io.atedb.internal.trust.Ownership;
import java.util.List;

/** What auth services say of owners, and chains that they say the owners of. */
final class OwnedVectors {
  private OwnedVectors() {}

  static void addTo(Vectors to) {
    to.run("auth-answers", "keys", OwnedVectors::checkKey);
    to.run("auth-answers", "good", OwnedVectors::checkAnswer);
    to.run(
        "auth-answers",
        "bad",
        one -> refused(one.text("reason"), () -> verified(one.bytes("message"))));
    to.run("ownership", "keys", OwnedVectors::checkKey);
    to.run("ownership", "histories", Replays::history);
    to.run("ownership", "good", OwnedVectors::checkOwned);
    to.run("ownership", "bad", Replays::bad);
    to.run(
        "ownership",
        "badGeneses",
        one ->
            refused(one.text("reason"), () -> CheckGenesis.verify(Batch.parse(one.bytes("run")))));
    to.run("ownership", "badBatches", Replays::badBatch);
  }

  static void checkKey(Case one) {
    assertEquals(one.bytes("fingerprint"), PublicKey.parse(one.bytes("key")).fingerprint());
  }

  private static IdentityLine verified(Bytes message) {
    AuthAnswer answer = AuthAnswer.parse(message);
    answer.verify();
    return IdentityLine.verify(answer.identity(), answer.rotations());
  }

  private static void checkAnswer(Case one) {
    AuthAnswer answer = AuthAnswer.parse(one.bytes("message"));
    IdentityLine line = verified(one.bytes("message"));
    assertEquals(one.bytes("header"), answer.header());
    assertEquals(one.has("held") ? one.bytes("held") : one.bytes("message"), answer.held());
    assertEquals(one.text("owner"), answer.owner().text());
    assertEquals(one.number("version"), answer.version());
    assertEquals(one.number("issuedUnixMs"), answer.issuedUnixMs());
    assertEquals(one.number("expiresUnixMs"), answer.expiresUnixMs());
    assertEquals(one.allBytes("roots"), AuthAnswer.namesOf(answer.roots()));
    assertEquals(one.allBytes("writers"), AuthAnswer.namesOf(answer.writers()));
    assertEquals(one.allBytes("admitted"), answer.admitted());
    List<AuthAnswer.Change> changed =
        one.objects("changed").stream()
            .map(
                each ->
                    new AuthAnswer.Change(each.bytes("fingerprint"), each.bytesOrNull("successor")))
            .toList();
    assertEquals(changed, answer.changed());
    assertEquals(one.flag("unverified"), answer.isUnverified());
    assertEquals(one.flag("removed"), answer.isRemoved());
    assertEquals(one.bytes("identity"), answer.identity().fingerprint());
    assertEquals(one.allBytes("leadsFrom"), line.fingerprints());
  }

  private static void checkOwned(Case one) {
    Authority authority = Replays.good(one).replay().authority();
    Ownership.Owner owner = authority.owner();
    assertNotNull(owner);
    assertEquals(one.text("owner"), owner.name());
    assertEquals(one.number("version"), owner.version());
    assertEquals(one.number("expiresUnixMs"), owner.expiresUnixMs());
    assertEquals(one.allBytes("roots"), AuthAnswer.namesOf(authority.keys().roots()));
    assertEquals(one.allBytes("writers"), authority.keys().writers());
    assertEquals(one.allBytes("admitted"), owner.admitted());
    assertEquals(one.flag("unverified"), owner.isUnverified());
    assertEquals(one.flag("removed"), owner.isRemoved());
    assertEquals(one.bytes("authIdentity"), owner.identity().fingerprint());
    assertEquals(one.bytes("serverIdentity"), authority.server().fingerprint());
  }
}
