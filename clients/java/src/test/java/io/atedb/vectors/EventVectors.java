package io.atedb.vectors;

import static io.atedb.vectors.Vectors.cases;
import static io.atedb.vectors.Vectors.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atedb.Bytes;
import io.atedb.EventKind;
import io.atedb.KeyPair;
import io.atedb.PublicKey;
import io.atedb.ReadRule;
import io.atedb.TreeHead;
import io.atedb.TrustMode;
import io.atedb.WriteRule;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.crypt.DataKey;
import io.atedb.internal.crypt.Hpke;
import io.atedb.internal.crypt.Kem;
import io.atedb.internal.crypt.Padding;
import io.atedb.internal.event.Batch;
import io.atedb.internal.event.ChainKey;
import io.atedb.internal.event.Commit;
import io.atedb.internal.event.EventInput;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.event.Possession;
import io.atedb.internal.event.Precondition;
import io.atedb.internal.event.Said;
import io.atedb.internal.event.Seal;
import io.atedb.internal.event.SealedData;
import io.atedb.internal.event.WriterIdentity;
import io.atedb.internal.trust.CheckBatch;
import java.util.List;
import java.util.Locale;

/** Headers, batches, sealed data, key wraps, proofs. */
final class EventVectors {
  private EventVectors() {}

  static void addTo(Vectors to) {
    headersTo(to);
    sealedDataTo(to);
    wrapsTo(to);
    proofsTo(to);
    to.run(
        "batches",
        "good",
        one -> {
          Batch batch = Batch.parse(one.bytes("run"));
          CheckBatch.check(batch);
          assertEquals(one.number("events"), batch.count());
          assertEquals(one.bytes("chainId"), batch.seal().chainId());
        });
    to.run(
        "batches",
        "bad",
        one -> refused(one.text("reason"), () -> CheckBatch.check(Batch.parse(one.bytes("run")))));
  }

  private static WriteRule rule(Case said) {
    return said == null
        ? null
        : new WriteRule(
            WriteRule.Kind.valueOf(said.text("kind").toUpperCase(Locale.ROOT)),
            said.allBytes("fingerprints"));
  }

  private static Said said(Case input) {
    Case rules = input.object("authorisation");
    Said.Rules parsed = null;
    if (rules != null) {
      Case read = rules.object("read");
      parsed =
          new Said.Rules(
              rule(rules.object("write")),
              rule(rules.object("add")),
              read == null
                  ? null
                  : new ReadRule(
                      ReadRule.Kind.valueOf(read.text("kind").toUpperCase(Locale.ROOT)),
                      read.bytes("readKeyId")),
              rules.has("admit") ? rules.allBytes("admit") : null,
              null);
    }
    Case change = input.object("keyChange");
    Said said =
        Said.NOTHING
            .withPublicKeys(keys(input.allBytes("publicKeys")))
            .withWrappedKeys(
                input.objects("wrappedKeys").stream()
                    .map(
                        one ->
                            new Said.WrappedKey(
                                one.bytes("readKeyId"),
                                one.bytes("recipient"),
                                one.bytes("wrapped")))
                    .toList())
            .withSigners(input.allBytes("signWith"), input.bytesOrNull("author"))
            .withLabel(input.bytesOrNull("label"))
            .withRules(parsed);
    said = input.flag("moves") ? said.withMove() : said;
    said = input.has("roots") ? said.withRoots(keys(input.allBytes("roots"))) : said;
    if (change == null) {
      return said;
    }
    PublicKey successor =
        change.has("successor") ? PublicKey.parse(change.bytes("successor")) : null;
    return said.withKeyChange(new Said.KeyChange(change.bytes("fingerprint"), successor));
  }

  private static List<PublicKey> keys(List<Bytes> messages) {
    return messages.stream().map(PublicKey::parse).toList();
  }

  private static void headersTo(Vectors to) {
    to.run(
        "headers",
        "events",
        one -> {
          Case input = one.object("input");
          EventInput.Built built =
              new EventInput(
                      EventKind.valueOf(input.text("kind").toUpperCase(Locale.ROOT)),
                      input.bytes("salt"),
                      input.bytes("data"),
                      input.bytesOrNull("primaryKey"),
                      input.bytesOrNull("parent"),
                      input.bytesOrNull("collection"),
                      input.textOrNull("type"),
                      input.bytesOrNull("replyTo"),
                      input.numberOr("timeUnixMs", 0),
                      said(input),
                      null)
                  .build();
          assertEquals(one.bytes("header"), built.header());
          assertEquals(one.bytes("event"), built.frame());
        });
    to.run("headers", "genesis", EventVectors::checkGenesis);
    to.run("headers", "seals", EventVectors::checkSeal);
    to.run(
        "headers",
        "commitHeaders",
        one -> {
          Case input = one.object("input");
          Commit.Header header =
              new Commit.Header(
                  input.number("commit"),
                  input.number("firstSequence"),
                  input.number("events"),
                  input.number("timeUnixMs"),
                  input.bytes("sealHash"));
          assertEquals(one.bytes("header"), header.encode());
          assertEquals(header, Commit.Header.parse(header.encode()));
        });
    to.run(
        "headers",
        "commits",
        one ->
            assertEquals(
                one.bytes("commit"),
                Commit.encode(
                    one.bytes("run"),
                    one.bytes("header"),
                    one.bytesOrNull("treeRoot"),
                    one.number("durableOffset"))));
  }

  private static void checkGenesis(Case one) {
    Case input = one.object("input");
    TrustMode mode = TrustMode.valueOf(input.text("trustMode").toUpperCase(Locale.ROOT));
    Bytes header =
        Genesis.build(
            ChainKey.parse(input.text("chainKey")),
            mode,
            keys(input.allBytes("roots")),
            input.number("createdUnixMs"),
            input.bytes("salt"),
            input.has("serverIdentity") ? PublicKey.parse(input.bytes("serverIdentity")) : null,
            input.flag("isPrivate"),
            input.flag("isConfidential"));
    assertEquals(one.bytes("header"), header);
    Genesis genesis = Genesis.parse(header);
    assertEquals(one.bytes("chainId"), genesis.chainId());
    assertEquals(mode, genesis.trustMode());
    assertEquals(input.flag("isPrivate"), genesis.isPrivate());
    assertEquals(input.flag("isConfidential"), genesis.isConfidential());
  }

  private static void checkSeal(Case one) {
    Case input = one.object("input");
    Case asOf = input.object("asOf");
    WriterIdentity writer =
        new WriterIdentity(input.bytes("chainId"), input.bytes("fingerprint"), input.bytes("salt"));
    List<Precondition> conditions =
        input.objects("preconditions").stream()
            .map(
                said ->
                    new Precondition(
                        Precondition.Kind.valueOf(said.text("kind").toUpperCase(Locale.ROOT)),
                        said.numberOr(
                            "sinceSequence", said.numberOr("sequence", said.numberOr("token", 0))),
                        said.bytes("primaryKey")))
            .toList();
    Bytes header =
        Seal.build(
            writer,
            input.number("counter"),
            input.bytesOrNull("previous"),
            input.allBytes("eventHeaders"),
            asOf == null ? null : new TreeHead(asOf.number("size"), asOf.bytes("root")),
            conditions);
    assertEquals(one.bytes("header"), header);
    assertEquals(one.bytes("hash"), Seal.hashOf(header));
    assertEquals(one.bytes("writerId"), writer.id());
    Seal read = Seal.parse(new FieldWriter().bytes(1, header).finish());
    assertEquals(input.number("counter"), read.counter());
    assertEquals(conditions, read.preconditions());
  }

  private static Padding padding(Case one) {
    return Padding.valueOf(one.text("rule").toUpperCase(Locale.ROOT));
  }

  private static Bytes opened(Case one) {
    return SealedData.open(
        one.bytes("readKey").toArray(),
        one.bytes("chainId"),
        one.bytes("header"),
        Said.readConfidentiality(one.bytes("header")),
        one.bytes("stored"));
  }

  private static void sealedDataTo(Vectors to) {
    to.run(
        "sealed-data",
        "good",
        one -> {
          Bytes context = one.bytes("chainId").plus(one.bytes("readKeyId"));
          DataKey key = new DataKey(one.bytes("readKey").toArray(), one.bytes("random"), context);
          assertEquals(one.bytes("commitment"), key.commitment());
          Bytes sealed =
              key.sealOnce(
                  one.bytes("chainId").plus(one.bytes("headerBefore")),
                  padding(one).add(one.bytes("data")));
          // What is sealed under the same key, nonce and padding is the same: so the key is the one
          // of the case.
          assertEquals(one.bytes("stored"), sealed);
          assertEquals(one.bytes("data"), opened(one));
        });
    to.run("sealed-data", "bad", one -> assertNull(opened(one)));
    to.run(
        "sealed-data",
        "padme",
        one -> assertEquals(one.number("padded"), Padding.padmeLength(one.number("length"))));
    to.run(
        "sealed-data",
        "paddings",
        one -> {
          assertEquals(one.bytes("padded"), Bytes.wrap(padding(one).add(one.bytes("text"))));
          assertEquals(one.bytes("text"), Padding.remove(one.bytes("padded").toArray()));
        });
    to.run(
        "sealed-data",
        "badPaddings",
        one -> assertNull(Padding.remove(one.bytes("padded").toArray())));
  }

  private static byte[] openHpke(Case one, Bytes sealed) {
    return new Hpke.Secret(Kem.find(one.number("kem")), one.bytes("seed").toArray())
        .open(one.bytes("info"), one.bytes("aad"), sealed);
  }

  private static byte[] unwrap(Case one, Bytes wrapped) {
    KeyPair key = KeyPair.ofSeeds(2, new byte[64], one.bytes("kemSeed").toArray());
    return SealedData.unwrap(
        one.bytes("chainId"),
        new Said.WrappedKey(one.bytes("readKeyId"), one.bytes("recipient"), wrapped),
        key);
  }

  private static void wrapsTo(Vectors to) {
    to.run(
        "key-wraps",
        "hpke",
        one -> {
          Kem kem = Kem.find(one.number("kem"));
          Hpke.Secret key = new Hpke.Secret(kem, one.bytes("seed").toArray());
          assertEquals(one.bytes("publicKey"), key.publicKey);
          byte[] found = openHpke(one, one.bytes("sealed"));
          assertNotNull(found);
          assertEquals(one.bytes("plaintext"), Bytes.wrap(found));
          assertNull(kem.keyFault(one.bytes("publicKey")));
          Bytes again =
              Hpke.seal(
                  kem, one.bytes("publicKey"), one.bytes("info"), one.bytes("aad"), new byte[3]);
          assertEquals(Bytes.wrap(new byte[3]), Bytes.wrap(openHpke(one, again)));
        });
    to.run("key-wraps", "badHpke", one -> assertNull(openHpke(one, one.bytes("sealed"))));
    to.run(
        "key-wraps",
        "wrappedKeys",
        one -> {
          assertEquals(one.bytes("readKey"), Bytes.wrap(unwrap(one, one.bytes("wrapped"))));
          Said.WrappedKey again =
              SealedData.wrap(
                  one.bytes("chainId"),
                  one.bytes("readKey").toArray(),
                  PublicKey.parse(one.bytes("reader")));
          assertEquals(one.bytes("readKey"), Bytes.wrap(unwrap(one, again.wrapped())));
        });
    to.run("key-wraps", "badWrappedKeys", one -> assertNull(unwrap(one, one.bytes("wrapped"))));
  }

  private static Possession claim(Case one) {
    return new Possession(
        one.has("exporter") ? one.bytes("exporter") : Possession.NO_EXPORTER,
        one.bytes("serverFingerprint"),
        one.bytes("chainId"),
        one.bytes("conversationId"),
        one.bytes("fingerprint"));
  }

  private static void checkProof(Case one, Bytes signed) {
    assertEquals(one.bytes("bytes"), signed);
    PublicKey prover = PublicKey.parse(cases("proofs.keys").get(0).bytes("key"));
    assertTrue(prover.verify(one.text("context"), signed, one.bytes("signature")));
  }

  private static void proofsTo(Vectors to) {
    to.run(
        "proofs",
        "keys",
        one ->
            assertEquals(
                one.bytes("key"),
                KeyPair.ofSeeds(2, one.bytes("seed").toArray(), null).publicKey().message()));
    to.run("proofs", "append", one -> checkProof(one, claim(one).append()));
    to.run("proofs", "lock", one -> checkProof(one, claim(one).lock(one.bytes("primaryKey"))));
    to.run("proofs", "ticket", one -> checkProof(one, claim(one).ticket(one.text("chainKey"))));
    to.run(
        "proofs",
        "deleteChain",
        one ->
            checkProof(
                one, claim(one).deletion(new TreeHead(one.number("size"), one.bytes("root")))));
  }
}
