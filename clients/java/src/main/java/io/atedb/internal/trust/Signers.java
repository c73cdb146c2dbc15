package io.atedb.internal.trust;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.EventKind;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.TrustMode;
import io.atedb.VouchedBy;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.crypt.Tags;
import io.atedb.internal.event.Batch;
import io.atedb.internal.event.EventView;
import io.atedb.internal.event.Said;
import io.atedb.internal.event.Seal;
import io.atedb.internal.event.Signed;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Who a batch is from, and with which keys its signatures are verified. */
public final class Signers {
  private Signers() {}

  /**
   * The keys that a batch is from, by fingerprint, sorted, once each: its writer's, and those that
   * its events name. Where events are gone they are those, as far as that is known, and those whose
   * signatures it has. Raises BATCH_INVALID where they are too many, or an event names the writer's
   * key besides.
   */
  static List<Bytes> of(Batch batch) {
    Bytes writer = batch.seal().fingerprint();
    TreeSet<Bytes> signers = new TreeSet<>();
    signers.add(writer);
    for (EventView event : batch.events()) {
      if (!event.has(EventView.SIGNERS)) {
        continue;
      }
      int index = event.index();
      Said said = batch.said(index);
      if (said.signWith().contains(writer)) {
        throw Batch.invalid(
            index, "the writer's key " + writer + " signs in any case, and isn't named");
      }
      signers.addAll(said.signWith());
      if (said.author() != null) {
        signers.add(said.author());
      }
    }
    // What is gone may have named others.
    if (!batch.gone().isEmpty()) {
      batch.seal().signatures().forEach(signature -> signers.add(signature.fingerprint()));
    }
    if (signers.size() > Limits.SIGNERS_MAX) {
      throw Batch.invalid(
          "its events name "
              + signers.size()
              + " keys that sign it, and "
              + Limits.SIGNERS_MAX
              + " is the limit");
    }
    return List.copyOf(signers);
  }

  /**
   * The keys that an event's right may come from: its writer's, and those that it names as signers
   * besides.
   */
  static List<Bytes> actorsOf(Batch batch, int index) {
    List<Bytes> actors = new ArrayList<>();
    actors.add(batch.seal().fingerprint());
    if (batch.event(index).has(EventView.SIGNERS)) {
      actors.addAll(batch.said(index).signWith());
    }
    return actors;
  }

  private static Map<Bytes, PublicKey> shownIn(Batch batch) {
    Map<Bytes, PublicKey> shown = new HashMap<>();
    batch.sealKeys().forEach(key -> shown.put(key.fingerprint(), key));
    for (EventView event : batch.events()) {
      if (event.has(EventView.AUTHORITY)) {
        batch.said(event.index()).publicKeys().forEach(key -> shown.put(key.fingerprint(), key));
      }
    }
    return shown;
  }

  /**
   * Finds the keys of signers, among those that the chain knows and that the batch shows. Raises
   * KEY_UNKNOWN, KEY_REVOKED.
   */
  static Map<Bytes, PublicKey> keysOf(Batch batch, List<Bytes> signers, KeyRing ring) {
    Map<Bytes, PublicKey> found = new HashMap<>();
    Map<Bytes, PublicKey> shown = null;
    for (Bytes signer : signers) {
      // One that counts no more is not known anew by being shown.
      if (ring.isChanged(signer)) {
        throw changed(signer, ring);
      }
      PublicKey key = ring.find(signer);
      if (key == null) {
        shown = shown == null ? shownIn(batch) : shown;
        key = shown.get(signer);
      }
      if (key == null) {
        throw unknown(signer);
      }
      found.put(signer, key);
    }
    return found;
  }

  /** Nobody has shown a public key. */
  static AtedbException unknown(Bytes fingerprint) {
    return new AtedbException(
        Reason.KEY_UNKNOWN,
        "the chain doesn't know the public key " + fingerprint,
        Map.of("fingerprint", fingerprint.hex()));
  }

  private static AtedbException changed(Bytes fingerprint, KeyRing ring) {
    Bytes successor = ring.currentOf(fingerprint);
    if (successor == null) {
      return new AtedbException(
          Reason.KEY_REVOKED,
          "the key " + fingerprint + " was revoked and counts no more",
          Map.of("fingerprint", fingerprint.hex()));
    }
    return new AtedbException(
        Reason.KEY_REVOKED,
        "the key " + fingerprint + " was replaced by " + successor,
        Map.of("fingerprint", fingerprint.hex(), "successor", successor.hex()));
  }

  /**
   * Verifies every signature of a seal. Whether it has those that it must have is {@link
   * CheckBatch} and {@link #vouchedBy}. Raises KEY_NOT_ALLOWED where a signer isn't among the keys,
   * SIGNATURE_INVALID.
   */
  static void verify(Seal seal, Map<Bytes, PublicKey> keys) {
    for (Signed signature : seal.signatures()) {
      PublicKey key = keys.get(signature.fingerprint());
      String name = signature.fingerprint().hex();
      if (key == null) {
        throw new AtedbException(
            Reason.KEY_NOT_ALLOWED,
            "the batch is signed by the key " + name + ", and may not be",
            Map.of("fingerprint", name));
      }
      if (!signature.isBy(key, Tags.CONTEXT_SEAL, seal.header())) {
        throw new AtedbException(
            Reason.SIGNATURE_INVALID,
            "the signature of key " + name + " over the seal does not verify",
            Map.of("fingerprint", name));
      }
    }
  }

  /**
   * Decides who vouches for a batch. Raises SIGNATURE_INVALID where it has no signature and must
   * have one: in a distributed chain, and where it holds anything that gives or takes a right. A
   * tombstone does, since the rules of its object go with it. Of what is gone a snapshot says,
   * which is signed, that it doesn't matter.
   */
  static VouchedBy vouchedBy(Batch batch, TrustMode mode) {
    if (!batch.seal().signatures().isEmpty()) {
      return VouchedBy.WRITER;
    }
    if (mode == TrustMode.DISTRIBUTED) {
      throw unsigned("a distributed chain's batches are signed, each of them");
    }
    if (!batch.seal().delegations().isEmpty()) {
      throw unsigned("its seal shows delegations, and such batches are signed in every chain");
    }
    for (EventView event : batch.events()) {
      if (event.kind() != EventKind.DATA) {
        throw unsigned(
            "event "
                + event.index()
                + " is of kind "
                + event.kind().text()
                + ", whose batches are signed in every chain");
      }
      if (event.has(EventView.AUTHORITY)) {
        throw unsigned(
            "event "
                + event.index()
                + " carries rules or keys, whose batches are signed in every chain");
      }
    }
    return VouchedBy.SERVER;
  }

  private static AtedbException unsigned(String why) {
    return new AtedbException(Reason.SIGNATURE_INVALID, "the batch has no signature: " + why);
  }

  /** Verifies all that is signed in a batch: the delegations that its seal shows, and its seal. */
  static void verifyAll(Batch batch, Map<Bytes, PublicKey> keys, PublicKey issuer) {
    if (issuer != null) {
      DelegationPath.verify(batch.delegations(), issuer);
    }
    verify(batch.seal(), keys);
  }

  static Map<Bytes, PublicKey> tableOf(List<PublicKey> all) {
    return all.stream().collect(Collectors.toMap(PublicKey::fingerprint, key -> key));
  }

  static String inMetadata(List<Bytes> fingerprints) {
    return fingerprints.stream().map(Bytes::hex).collect(Collectors.joining(","));
  }

  static String inWords(List<Bytes> fingerprints) {
    return fingerprints.stream().map(Bytes::hex).collect(Collectors.joining(", "));
  }
}
