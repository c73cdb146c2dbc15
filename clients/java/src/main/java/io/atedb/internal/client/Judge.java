package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.IdentityLookUp;
import io.atedb.Notice;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.internal.event.Address;
import io.atedb.internal.home.KnownHostsFile;
import io.atedb.internal.home.KnownHostsFile.Host;
import io.atedb.internal.home.KnownHostsFile.Verdict;
import io.atedb.internal.rpc.IdentityJudge;
import io.atedb.internal.trust.IdentityLine;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Judges what a server has proven: by the fingerprint in its address, else by the servers that are
 * known, else by what is looked up, else it is trusted at first use. A key that any of these name
 * vouches for those that rotations lead to from there. One that a known server has given up is
 * refused in every case.
 */
public final class Judge implements IdentityJudge {
  private final Address address;
  private final KnownHostsFile knownHosts;
  private final IdentityLookUp lookUp;
  private final Consumer<Notice> onNotice;

  /** `lookUp` may be null. */
  public Judge(
      Address address,
      KnownHostsFile knownHosts,
      IdentityLookUp lookUp,
      Consumer<Notice> onNotice) {
    this.address = address;
    this.knownHosts = knownHosts;
    this.lookUp = lookUp;
    this.onNotice = onNotice;
  }

  @Override
  public boolean mustEncrypt() {
    return address.pinned() != null || knownHosts.find(address.server()) != null;
  }

  @Override
  public void accept(PublicKey identity, List<Bytes> rotations) {
    IdentityLine line;
    try {
      line = IdentityLine.verify(identity, rotations);
    } catch (AtedbException error) {
      throw new AtedbException(
          Reason.VERIFICATION_FAILED,
          "what "
              + address.server()
              + " says of its identity does not verify: "
              + error.getMessage()
              + ". Nothing was sent to it",
          Map.of("server", address.server()),
          error);
    }
    Bytes pinned = address.pinned() == null ? null : Bytes.fromHex(address.pinned());
    if (pinned != null && !line.has(pinned)) {
      throw mismatch(line, List.of(pinned), "its address names");
    }
    Host known = knownHosts.find(address.server());
    Verdict verdict = KnownHostsFile.judge(known, line);
    if (verdict == Verdict.KNOWN) {
      return;
    }
    refuse(verdict, line, known);
    // What is pinned is said for this time; what is known otherwise stays.
    if (verdict == Verdict.CHANGED) {
      return;
    }
    if (verdict == Verdict.FIRST && pinned == null && lookUp != null) {
      comparePublished(line);
    }
    remember(line, verdict);
  }

  private void refuse(Verdict verdict, IdentityLine line, Host known) {
    boolean isRefused =
        verdict == Verdict.RETIRED
            || verdict == Verdict.FORKED
            || verdict == Verdict.CHANGED && address.pinned() == null;
    if (!isRefused) {
      return;
    }
    throw new AtedbException(
        Reason.SERVER_IDENTITY_CHANGED,
        address.server()
            + " has proven another identity key, "
            + shown(line)
            + ", than it was known by here, "
            + Address.fingerprintText(known.fingerprint())
            + " ("
            + verdict.name().toLowerCase(java.util.Locale.ROOT)
            + "): it was set up anew, or somebody answers in its place. Nothing was sent. Find out which; to accept the new"
            + " one, use KnownHosts.accept or atedb identity accept",
        Map.of(
            "server", address.server(),
            "fingerprint", line.identity().fingerprint().hex(),
            "expected", known.fingerprint().hex()));
  }

  private void comparePublished(IdentityLine line) {
    List<Bytes> published;
    try {
      Optional<List<String>> found = lookUp.lookUp(address.server());
      if (found.isEmpty()) {
        return;
      }
      published = found.get().stream().map(Address::parseFingerprint).toList();
    } catch (Exception error) {
      throw new AtedbException(
          Reason.CONNECTION_FAILED,
          "the identity that "
              + address.server()
              + " is to have could not be looked up: "
              + error.getMessage()
              + ". Nothing was sent to it",
          Map.of("server", address.server()),
          error);
    }
    if (published.stream().noneMatch(line::has)) {
      throw mismatch(line, published, "is published");
    }
  }

  private void remember(IdentityLine line, Verdict verdict) {
    Verdict found;
    try {
      found = knownHosts.remember(address.server(), line);
    } catch (AtedbException error) {
      onNotice.accept(
          new Notice(
              Notice.Kind.NOT_SAVED,
              "who " + address.server() + " is could not be saved: " + error.getMessage(),
              error));
      return;
    }
    if (found == Verdict.KNOWN) {
      return;
    }
    if (found != Verdict.FIRST && found != Verdict.ROTATED) {
      // Another process was faster, and has met another server.
      refuse(found, line, knownHosts.find(address.server()));
    }
    if (verdict == Verdict.ROTATED) {
      onNotice.accept(
          new Notice(
              Notice.Kind.SERVER_ROTATED,
              address.server()
                  + " has another identity key now, "
                  + shown(line)
                  + ", for which the one before vouches",
              null));
    } else if (address.pinned() == null) {
      onNotice.accept(
          new Notice(
              Notice.Kind.SERVER_MET,
              "met "
                  + address.server()
                  + " for the first time: its identity is "
                  + shown(line)
                  + ". Compare it with what the server prints",
              null));
    }
  }

  private AtedbException mismatch(IdentityLine line, List<Bytes> due, String how) {
    String named = due.stream().map(Address::fingerprintText).collect(Collectors.joining(", "));
    return new AtedbException(
        Reason.SERVER_IDENTITY_MISMATCH,
        address.server()
            + " has proven the identity "
            + shown(line)
            + ", and "
            + how
            + " "
            + (named.isEmpty() ? "none" : named)
            + ", from which no rotation leads to it. Nothing was sent",
        Map.of(
            "server", address.server(),
            "fingerprint", line.identity().fingerprint().hex(),
            "expected", due.isEmpty() ? "" : due.get(0).hex()));
  }

  private static String shown(IdentityLine line) {
    return Address.fingerprintText(line.identity().fingerprint());
  }
}
