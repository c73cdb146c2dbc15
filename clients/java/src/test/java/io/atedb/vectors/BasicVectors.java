package io.atedb.vectors;

import static io.atedb.vectors.Vectors.cases;
import static io.atedb.vectors.Vectors.refused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atedb.Bytes;
import io.atedb.KeyPair;
import io.atedb.PrimaryKeys;
import io.atedb.PublicKey;
import io.atedb.internal.bytes.AnswerForms;
import io.atedb.internal.bytes.EventForms;
import io.atedb.internal.bytes.MessageForm;
import io.atedb.internal.bytes.Strict;
import io.atedb.internal.bytes.WireForms;
import io.atedb.internal.crypt.DataKey;
import io.atedb.internal.crypt.Frontier;
import io.atedb.internal.crypt.Hashes;
import io.atedb.internal.crypt.Merkle;
import io.atedb.internal.event.Address;
import io.atedb.internal.event.Base32;
import io.atedb.internal.event.ChainKey;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.event.Seal;
import io.atedb.internal.event.WriterIdentity;
import io.atedb.internal.home.KeyFile;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Chain keys, the strict form, hashes, trees, keys, signatures: what all else is made of. */
final class BasicVectors {
  private static final Map<String, MessageForm> FORMS = new HashMap<>();

  static {
    EventForms.ALL.forEach(form -> FORMS.put(form.name(), form));
    AnswerForms.ALL.forEach(form -> FORMS.put(form.name(), form));
    WireForms.ALL.forEach(form -> FORMS.put(form.name(), form));
  }

  private BasicVectors() {}

  static void addTo(Vectors to) {
    addressesTo(to);
    hashesTo(to);
    merkleTo(to);
    keysTo(to);
    to.run("strict-form", "good", one -> Strict.check(form(one), one.bytes("bytes")));
    to.run(
        "strict-form",
        "bad",
        one -> refused("NON_CANONICAL", () -> Strict.check(form(one), one.bytes("bytes"))));
  }

  private static MessageForm form(Case one) {
    MessageForm found = FORMS.get(one.text("message"));
    assertTrue(found != null, "there is no form of " + one.text("message"));
    return found;
  }

  private static void addressesTo(Vectors to) {
    to.run(
        "chain-keys",
        "good",
        one -> {
          ChainKey key = ChainKey.parse(one.text("text"));
          assertEquals(one.text("kind"), key.group() == null ? "user" : "group");
          assertEquals(one.text("db"), key.db());
          assertEquals(one.textOrNull("domain"), key.domain());
          assertEquals(one.textOrNull("name"), key.name());
          assertEquals(one.textOrNull("group"), key.group());
          assertEquals(one.textOrNull("rootsFingerprint"), key.rootsFingerprint());
        });
    to.run(
        "chain-keys",
        "bad",
        one -> refused(one.text("reason"), () -> ChainKey.parse(one.text("text"))));
    to.run(
        "chain-keys",
        "goodAddresses",
        one -> {
          Address address = Address.parseChain(one.text("address"));
          assertEquals(one.text("host"), address.host());
          assertEquals(one.number("port"), address.port());
          assertEquals(one.text("server"), address.server());
          assertEquals(one.textOrNull("pinned"), address.pinned());
          assertEquals(one.text("chainKey"), address.chainKey().text());
          assertEquals(one.text("text"), address.text());
        });
    to.run(
        "chain-keys",
        "badAddresses",
        one -> refused(one.text("reason"), () -> Address.parseChain(one.text("text"))));
  }

  private static void same(Case one, String name, Bytes found) {
    assertEquals(one.bytes(name), found);
  }

  private static void hashesTo(Vectors to) {
    String file = "hashes";
    to.run(
        file,
        "tagged",
        one -> same(one, "hash", Hashes.tagged(one.text("tag"), one.bytes("input"))));
    to.run(file, "leaves", one -> same(one, "leaf", Hashes.leaf(one.bytes("bytes"))));
    to.run(
        file,
        "nodes",
        one -> same(one, "node", Hashes.node(one.bytes("left"), one.bytes("right"))));
    to.run(file, "emptyTree", one -> same(one, "root", Merkle.EMPTY_ROOT));
    to.run(
        file,
        "dataHashes",
        one ->
            same(
                one, "hash", Hashes.tagged("atedb/v1/data", one.bytes("salt"), one.bytes("data"))));
    to.run(
        file,
        "sealedDataHashes",
        one -> same(one, "hash", Hashes.tagged("atedb/v1/sealed-data", one.bytes("data"))));
    to.run(file, "chainIds", one -> same(one, "chainId", Genesis.chainIdOf(one.bytes("header"))));
    to.run(file, "sealHashes", one -> same(one, "hash", Seal.hashOf(one.bytes("header"))));
    to.run(
        file,
        "writerIds",
        one ->
            same(
                one,
                "writerId",
                new WriterIdentity(
                        one.bytes("chainId"), one.bytes("fingerprint"), one.bytes("salt"))
                    .id()));
    to.run(file, "eventsRoots", one -> same(one, "root", Merkle.root(one.allBytes("headers"))));
    to.run(file, "names", one -> same(one, "primaryKey", PrimaryKeys.ofName(one.text("name"))));
    to.run(
        file,
        "children",
        one ->
            same(
                one,
                "primaryKey",
                PrimaryKeys.ofChild(one.bytesOrNull("parent"), one.bytes("label"))));
    to.run(
        file,
        "readKeys",
        one -> same(one, "id", DataKey.readKeyId(one.bytes("readKey").toArray())));
    to.run(
        file,
        "rootsFingerprints",
        one -> {
          Bytes hash = Genesis.rootsFingerprint(one.allBytes("roots"));
          same(one, "hash", hash);
          assertEquals(one.text("text"), Base32.encode(hash));
        });
  }

  private static void merkleTo(Vectors to) {
    String file = "merkle";
    to.run(
        file,
        "leaves",
        one ->
            assertEquals(
                Hashes.leaf(one.bytes("bytes")), Merkle.root(List.of(one.bytes("bytes")))));
    to.run(
        file,
        "roots",
        one -> {
          Frontier grown = new Frontier();
          for (Case leaf : cases("merkle.leaves").subList(0, (int) one.number("size"))) {
            grown.append(Hashes.leaf(leaf.bytes("bytes")));
          }
          same(one, "root", grown.root());
          assertEquals(one.allBytes("frontier"), grown.hashes());
        });
    to.run(
        file,
        "appended",
        one -> {
          Case before = cases("merkle.roots").get((int) one.number("size"));
          Frontier tree = new Frontier(one.number("size"), before.allBytes("frontier"));
          tree.append(one.bytes("leaf"));
          same(one, "root", tree.root());
          assertEquals(one.allBytes("frontier"), tree.hashes());
        });
    to.run(file, "inclusion", one -> assertTrue(inclusion(one)));
    to.run(file, "badInclusion", one -> assertFalse(inclusion(one)));
    to.run(file, "consistency", one -> assertTrue(consistency(one)));
    to.run(file, "badConsistency", one -> assertFalse(consistency(one)));
  }

  private static boolean inclusion(Case one) {
    return Merkle.verifyInclusion(
        one.bytes("leaf"),
        one.number("index"),
        one.number("size"),
        one.allBytes("proof"),
        one.bytes("root"));
  }

  private static boolean consistency(Case one) {
    return Merkle.verifyConsistency(
        one.number("first"),
        one.number("second"),
        one.bytes("firstRoot"),
        one.bytes("secondRoot"),
        one.allBytes("proof"));
  }

  private static void keysTo(Vectors to) {
    to.run("keys", "good", BasicVectors::checkKey);
    to.run(
        "keys",
        "bad",
        one ->
            refused(
                one.text("reason"),
                () ->
                    PublicKey.of(
                        (int) one.number("suite"),
                        one.bytes("key"),
                        (int) one.number("kemSuite"),
                        one.bytes("kemKey"))));
    to.run(
        "keys",
        "badTexts",
        one -> refused(one.text("reason"), () -> PublicKey.parseText(one.text("text"))));
    to.run(
        "key-files",
        "good",
        one -> {
          KeyPair pair = parseFile(one);
          KeyPair.Seeds seeds = pair.exportSeeds();
          assertArrayEquals(one.bytes("seed").toArray(), seeds.seed());
          assertArrayEquals(one.arrayOrNull("kemSeed"), seeds.kemSeed());
          same(one, "fingerprint", pair.fingerprint());
        });
    to.run("key-files", "bad", one -> refused(one.text("reason"), () -> parseFile(one)));
    to.run(
        "signatures", "keys", one -> same(one, "key", PublicKey.parse(one.bytes("key")).message()));
    to.run("signatures", "good", one -> assertTrue(verifies(one)));
    to.run("signatures", "bad", one -> assertFalse(verifies(one)));
  }

  private static void checkKey(Case one) {
    KeyPair pair =
        KeyPair.ofSeeds(
            (int) one.number("suite"), one.bytes("seed").toArray(), one.arrayOrNull("kemSeed"));
    PublicKey key = pair.publicKey();
    same(one, "fingerprint", key.fingerprint());
    same(one, "publicKey", key.key());
    same(one, "kemPublicKey", key.kemKey());
    same(one, "message", key.message());
    assertEquals(one.text("text"), key.text());
    assertEquals(key, PublicKey.parse(one.bytes("message")));
    assertEquals(key, PublicKey.parseText(" " + one.text("text") + "\n"));
    Bytes message = Bytes.ofText("a message");
    Bytes signature = pair.sign("atedb/v1/seal", message);
    assertTrue(key.verify("atedb/v1/seal", message, signature));
    assertFalse(key.verify("atedb/v1/proof", message, signature));
  }

  private static KeyPair parseFile(Case one) {
    String passphrase = one.textOrNull("passphrase");
    return KeyFile.parse(
        one.text("text"), "the file", passphrase == null ? null : passphrase.toCharArray());
  }

  private static boolean verifies(Case one) {
    Case key = cases("signatures.keys").get((int) one.number("key"));
    return PublicKey.parse(key.bytes("key"))
        .verify(one.text("context"), one.bytes("message"), one.bytes("signature"));
  }
}
