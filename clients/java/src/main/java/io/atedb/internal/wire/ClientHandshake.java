package io.atedb.internal.wire;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Magics;
import io.atedb.internal.bytes.MessageForm;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.bytes.WireForms;
import io.atedb.internal.crypt.Hpke;
import io.atedb.internal.crypt.Kem;
import io.atedb.internal.crypt.Symmetric;
import io.atedb.internal.crypt.Tags;
import io.atedb.internal.event.Signed;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntFunction;

/** A handshake, as its client sees it (docs/wire.md, "Handshake"). For one use. */
public final class ClientHandshake {
  private static final List<Integer> KEY_SIZES = List.of(128, 192, 256);

  /**
   * What a server has proven, and the session that comes of it.
   *
   * @param identity the server's; who it should be is for the caller to say, before it sends
   *     `finished`
   * @param rotations IdentityRotation messages, oldest first: not looked into here
   * @param finished a serialised ClientFinished, to be sent
   * @param session what comes of it
   */
  public record Finished(
      PublicKey identity, List<Bytes> rotations, Bytes finished, ClientSession session) {}

  private final int keyBits;
  private final IntFunction<byte[]> random;
  private final Map<Integer, Hpke.Secret> keys = new TreeMap<>();
  private final Bytes hello;

  /**
   * Makes keys for it.
   *
   * @param keyBits the smallest size of keys that is taken
   * @param sharesUpTo the largest that a share is sent for
   */
  public ClientHandshake(int keyBits, int sharesUpTo) {
    this(keyBits, sharesUpTo, Symmetric::random);
  }

  ClientHandshake(int keyBits, int sharesUpTo, IntFunction<byte[]> random) {
    this.keyBits = keyBits;
    this.random = random;
    Bytes helloRandom = Bytes.wrap(random.apply(32));
    TreeMap<Integer, Kem> offered = new TreeMap<>();
    for (int size : KEY_SIZES) {
      if (size == keyBits || size > keyBits && size <= sharesUpTo) {
        offered.put(kemFor(size).number, kemFor(size));
      }
    }
    FieldWriter message =
        new FieldWriter().fixed32(1, Magics.CLIENT_HELLO).bytes(2, helloRandom).varint(3, keyBits);
    offered.forEach(
        (number, kem) -> {
          byte[] seed = random.apply(Kem.SEED_BYTES);
          Hpke.Secret key = new Hpke.Secret(kem, seed);
          Arrays.fill(seed, (byte) 0);
          keys.put(number, key);
          message.message(4, new FieldWriter().varint(1, number).bytes(2, key.publicKey));
        });
    this.hello = message.finish();
  }

  private static Kem kemFor(int keyBits) {
    return keyBits == 256 ? Kem.MLKEM1024_P384 : Kem.MLKEM768_X25519;
  }

  /** What is sent first: a serialised ClientHello. */
  public Bytes hello() {
    return hello;
  }

  /**
   * Takes the server's hello: it is for ours, from the owner of the identity key that it names, and
   * nothing was changed. Raises WIRE_HANDSHAKE_FAILED; nothing may be sent to such a server.
   */
  public Finished finish(Bytes serverHello) {
    Map<Integer, Hpke.Secret> own = new TreeMap<>(keys);
    keys.clear();
    Parts outer = parts(WireForms.SERVER_HELLO, serverHello);
    Bytes parametersBytes = outer.bytes(1);
    Parts parameters = parts(WireForms.SERVER_PARAMETERS, parametersBytes);
    int chosen = (int) parameters.number(2);
    int kem = (int) parameters.number(4);
    checkChoice(chosen, kem, own);
    if (parameters.bytes(5).size() != Kem.find(kem).encapsulatedBytes()) {
      throw failed("what the server has encapsulated has another length");
    }
    Bytes t1 = KeySchedule.transcript("client-hello", hello);
    Bytes t2 = KeySchedule.transcript("parameters", t1, parametersBytes);
    byte[] secret =
        own.get(kem)
            .open(
                KeySchedule.info("secret", t1),
                Bytes.EMPTY,
                parameters.bytes(5).plus(parameters.bytes(6)));
    if (secret == null) {
      throw failed("the server's secret does not open");
    }
    KeySchedule.Handshake made = new KeySchedule.Handshake(secret, t2, chosen);
    Arrays.fill(secret, (byte) 0);
    try {
      return finish(made, parameters, chosen, t2, outer.bytes(2));
    } finally {
      made.wipe();
    }
  }

  private Finished finish(
      KeySchedule.Handshake made, Parts parameters, int chosen, Bytes t2, Bytes sealedProof) {
    byte[] proofKey = made.proofKey();
    byte[] proofBytes =
        Symmetric.open(proofKey, new byte[Symmetric.NONCE_BYTES], t2.toArray(), sealedProof);
    Arrays.fill(proofKey, (byte) 0);
    if (proofBytes == null) {
      throw failed("the server's proof does not open");
    }
    Parts proof = parts(WireForms.SERVER_PROOF, Bytes.wrap(proofBytes));
    Parts identity = parts(WireForms.SERVER_IDENTITY, proof.bytes(2));
    PublicKey key;
    Signed signature;
    try {
      key = PublicKey.parse(identity.bytes(2));
      signature = Signed.parse(proof.bytes(3));
    } catch (AtedbException error) {
      throw failed(error.getMessage());
    }
    Bytes t3 = KeySchedule.transcript("identity", t2, proof.bytes(2));
    if (!signature.isBy(key, Tags.CONTEXT_WIRE, t3)) {
      throw failed("the signature of the server's identity key does not verify");
    }
    Bytes t4 = KeySchedule.transcript("signature", t3, proof.bytes(3));
    byte[] mac = made.finished("server", t4).toArray();
    if (!MessageDigest.isEqual(mac, proof.bytes(4).toArray())) {
      throw failed("the server's MAC does not verify");
    }
    Bytes t5 = KeySchedule.transcript("finished", t4, proof.bytes(4));
    ClientSession.Terms terms =
        new ClientSession.Terms(identity.number(4), identity.number(5), identity.number(6));
    return new Finished(
        key,
        identity.all(3),
        new FieldWriter()
            .fixed32(1, Magics.CLIENT_FINISHED)
            .bytes(2, made.finished("client", t5))
            .finish(),
        new ClientSession(parameters.bytes(3), chosen, key, made.session(t5), terms, random));
  }

  /** Refuses a size that is weaker than ours, or than its KEM, whoever has made it so. */
  private void checkChoice(int chosen, int kem, Map<Integer, Hpke.Secret> offered) {
    if (!KEY_SIZES.contains(chosen)) {
      throw failed("keys of " + chosen + " bits are none");
    }
    if (chosen < keyBits) {
      throw failed(
          "the server has chosen keys of "
              + chosen
              + " bits, and at least "
              + keyBits
              + " were asked for");
    }
    if (kem != kemFor(chosen).number || !offered.containsKey(kem)) {
      throw failed("the server has chosen KEM " + kem + ", which does not fit");
    }
  }

  private static Parts parts(MessageForm form, Bytes message) {
    try {
      return Parts.strict(form, message);
    } catch (AtedbException error) {
      throw failed(error.getMessage());
    }
  }

  /** Makes the refusal of a server's part of a handshake: nothing may be sent to such a server. */
  public static AtedbException failed(String why) {
    return new AtedbException(
        Reason.WIRE_HANDSHAKE_FAILED,
        "the handshake has failed: "
            + why
            + ". Something was changed on the way, or one end has a defect; try again, and find out if it stays so");
  }
}
