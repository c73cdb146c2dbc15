package io.atedb.internal.trust;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.EventKind;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.internal.event.AuthAnswer;
import io.atedb.internal.event.Batch;
import io.atedb.internal.event.EventView;
import io.atedb.internal.event.Genesis;
import io.atedb.internal.event.Rotation;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * Who keeps a chain, and who says whose it is: changed by what the server adds, and by nothing
 * else.
 */
public final class Ownership {
  /**
   * What the auth service of a chain has said last of whose the chain is, but for the roots and
   * writers that it named.
   *
   * @param name {@code name@domain}, or a group
   * @param identity of the auth service now
   * @param version of the owner's account
   * @param expiresUnixMs from then on it counts no more, in milliseconds since 1970-01-01 UTC
   * @param admitted fingerprints of those who may open the chain besides, if it is private
   * @param isUnverified whether nobody has checked that the name is theirs
   * @param isRemoved whether the account was removed
   */
  public record Owner(
      String name,
      PublicKey identity,
      long version,
      long expiresUnixMs,
      List<Bytes> admitted,
      boolean isUnverified,
      boolean isRemoved) {

    static Owner in(AuthAnswer answer, PublicKey identity) {
      return new Owner(
          answer.owner().text(),
          identity,
          answer.version(),
          answer.expiresUnixMs(),
          List.copyOf(answer.admitted()),
          answer.isUnverified(),
          answer.isRemoved());
    }

    Owner by(PublicKey next) {
      return new Owner(name, next, version, expiresUnixMs, admitted, isUnverified, isRemoved);
    }
  }

  /** Null in distributed chains. */
  private PublicKey server;

  /** Null in chains without an auth service. */
  private Owner owner;

  Ownership(PublicKey server, Owner owner) {
    this.server = server;
    this.owner = owner;
  }

  static Ownership of(Genesis genesis) {
    AuthAnswer answer = genesis.answer();
    return new Ownership(
        genesis.serverIdentity(), answer == null ? null : Owner.in(answer, answer.identity()));
  }

  Ownership copy() {
    return new Ownership(server, owner);
  }

  PublicKey server() {
    return server;
  }

  Owner owner() {
    return owner;
  }

  boolean admits(Bytes fingerprint) {
    return owner != null && owner.admitted.contains(fingerprint);
  }

  /**
   * Refuses whatever isn't the server's own, where nobody says any more whose keys count. Raises
   * OWNER_REMOVED, AUTH_ANSWER_EXPIRED.
   */
  void checkTakes(long timeUnixMs) {
    if (owner == null) {
      return;
    }
    if (owner.isRemoved) {
      throw new AtedbException(
          Reason.OWNER_REMOVED,
          "the account "
              + owner.name
              + " was removed, so its chains take nothing any more. They can be read",
          Map.of("owner", owner.name));
    }
    if (timeUnixMs >= owner.expiresUnixMs) {
      throw new AtedbException(
          Reason.AUTH_ANSWER_EXPIRED,
          "what the auth service has said of "
              + owner.name
              + " counts since "
              + Instant.ofEpochMilli(owner.expiresUnixMs)
              + " no more, so the chain takes nothing until it can be asked again. It can be read",
          Map.of("owner", owner.name, "expired_unix_ms", Long.toString(owner.expiresUnixMs)));
    }
  }

  /**
   * Has the state after a batch of the server's own; that it is the server's was found by {@link
   * FromServer#serverOf}. Raises AUTH_ANSWER_INVALID, BATCH_INVALID, naming the event.
   */
  void decide(Batch batch, long timeUnixMs, KeyRing keys, Undo undo) {
    for (EventView event : batch.events()) {
      int index = event.index();
      if (event.kind() == EventKind.SERVER_IDENTITY) {
        rotate(index, batch.rotation(index), undo);
      } else {
        take(index, batch.answer(index), timeUnixMs, keys, undo);
      }
    }
  }

  /** The server's identity is followed by another, or the service's, or both where they are one. */
  private void rotate(int index, Rotation rotation, Undo undo) {
    boolean isServers = rotation.old().equals(server);
    boolean isServices = owner != null && rotation.old().equals(owner.identity);
    if (!isServers && !isServices) {
      Bytes old = rotation.old().fingerprint();
      throw Act.refused(
          index,
          Reason.BATCH_INVALID,
          "the identity "
              + old
              + " is followed by another one, and is neither the server's nor its auth service's now",
          Map.of("fingerprint", old.hex()));
    }
    become(
        isServers ? rotation.next() : server, isServices ? owner.by(rotation.next()) : owner, undo);
  }

  private void become(PublicKey nextServer, Owner nextOwner, Undo undo) {
    PublicKey serverBefore = server;
    Owner ownerBefore = owner;
    server = nextServer;
    owner = nextOwner;
    undo.add(
        () -> {
          server = serverBefore;
          owner = ownerBefore;
        });
  }

  private void take(int index, AuthAnswer answer, long timeUnixMs, KeyRing keys, Undo undo) {
    if (owner == null) {
      throw refused(index, "the chain has no auth service");
    }
    checkFollows(index, answer);
    if (answer.version() == owner.version && !isSame(answer, keys)) {
      throw refused(
          index,
          "it says something else of "
              + owner.name
              + " than the chain has under the same version "
              + answer.version()
              + ": that is another account of this name");
    }
    if (answer.expiresUnixMs() <= timeUnixMs) {
      throw refused(
          index, "it counts no more since " + Instant.ofEpochMilli(answer.expiresUnixMs()));
    }
    become(server, Owner.in(answer, owner.identity), undo);
    keys.setOwners(answer.roots(), answer.writers(), undo);
    for (AuthAnswer.Change one : answer.changed()) {
      keys.follow(one.fingerprint(), one.successor(), undo);
    }
  }

  private void checkFollows(int index, AuthAnswer answer) {
    if (!answer.owner().text().equals(owner.name)) {
      throw refused(
          index,
          "it is about " + answer.owner().text() + ", and the chain is " + owner.name + "'s");
    }
    if (!answer.identity().equals(owner.identity)) {
      throw refused(
          index,
          "it is signed by "
              + answer.identity().fingerprint()
              + ", and the auth service is "
              + owner.identity.fingerprint());
    }
    boolean isNewer =
        answer.version() > owner.version
            || answer.version() == owner.version && answer.expiresUnixMs() > owner.expiresUnixMs;
    if (!isNewer) {
      throw refused(
          index,
          "it is no newer than the one that the chain has, of version "
              + owner.version
              + " until "
              + Instant.ofEpochMilli(owner.expiresUnixMs));
    }
  }

  /**
   * Whether an answer says what the one of the same version has said. Versions count all changes of
   * an account, so one that says something else is about another account of the same name: the
   * service has lost the first one.
   */
  private boolean isSame(AuthAnswer answer, KeyRing keys) {
    return AuthAnswer.namesOf(answer.roots()).equals(AuthAnswer.namesOf(keys.roots()))
        && AuthAnswer.namesOf(answer.writers()).equals(keys.writers())
        && answer.admitted().equals(owner.admitted)
        && answer.changed().isEmpty()
        && answer.isUnverified() == owner.isUnverified
        && answer.isRemoved() == owner.isRemoved;
  }

  private static AtedbException refused(int index, String why) {
    return Act.refused(
        index,
        Reason.AUTH_ANSWER_INVALID,
        "the answer of the auth service can't be taken: " + why,
        Map.of());
  }
}
