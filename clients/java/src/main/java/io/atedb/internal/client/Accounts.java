package io.atedb.internal.client;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Encryption;
import io.atedb.KeyPair;
import io.atedb.Notice;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.internal.account.Group;
import io.atedb.internal.account.GroupAct;
import io.atedb.internal.account.OpenedGroup;
import io.atedb.internal.account.PasswordKeys;
import io.atedb.internal.bytes.FieldWriter;
import io.atedb.internal.bytes.Parts;
import io.atedb.internal.crypt.Argon2id;
import io.atedb.internal.crypt.Tags;
import io.atedb.internal.event.Owner;
import io.atedb.internal.event.Possession;
import io.atedb.internal.event.Signed;
import io.atedb.internal.home.KnownGroups;
import io.atedb.internal.rpc.Call;
import io.atedb.internal.rpc.Transport;
import io.atedb.internal.trust.IdentityLine;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/** Where accounts and groups are kept: what a client asks there. */
public final class Accounts implements AutoCloseable {
  private static final String SERVICE = "/atedb.v1.AuthService/";

  /** No server makes a client read acts without end. */
  private static final int ACTS_MAX = 10_000;

  /** What logging in gives. */
  public record Granted(List<KeyPair> keys, boolean hasSecondFactor, boolean isUnverified) {}

  /** A server that keeps groups, and what was seen of those. */
  public record Place(Transport transport, KnownGroups known) {}

  private final Transport own;
  private final boolean isInClear;
  private final boolean isTls;
  private final Transport elsewhere;
  private final Function<Encryption, Transport> another;
  private final KnownGroups known;
  private final Consumer<Notice> onNotice;
  private final Supplier<Place> loggedInAt;
  private final ReentrantLock lock = new ReentrantLock();
  private Transport safe;

  /** Where groups are, since the server that was asked says that another one keeps them. */
  private Place whereLoggedIn;

  /**
   * Of a client.
   *
   * @param own its connection
   * @param isInClear whether that is never encrypted
   * @param isTls whether it speaks TLS
   * @param elsewhere the connection to another server that keeps accounts; null: that one does
   * @param another makes another connection to the client's server
   * @param home what is remembered of groups is there; or null
   * @param onNotice who is told
   * @param loggedInAt makes the connection to where whoever is on this machine is logged in; gives
   *     null where nobody is, or it is the client's own server
   */
  public Accounts(
      Transport own,
      boolean isInClear,
      boolean isTls,
      Transport elsewhere,
      Function<Encryption, Transport> another,
      Path home,
      Consumer<Notice> onNotice,
      Supplier<Place> loggedInAt) {
    this.own = own;
    this.isInClear = isInClear;
    this.isTls = isTls;
    this.elsewhere = elsewhere;
    this.another = another;
    this.known = new KnownGroups(home, (elsewhere == null ? own : elsewhere).server());
    this.onNotice = onNotice;
    this.loggedInAt = loggedInAt;
  }

  /**
   * A connection that what belongs to accounts may go over: the one that there is, where that is a
   * tunnel, or another one that insists on it, since who is on the way could keep the first one
   * from encryption. And within TLS alone nothing ties what is signed to this server: a hostile
   * one, to which somebody logs in, could pass it on to another one. Raises AUTH_LINK_UNSAFE.
   */
  private Transport transport() {
    if (elsewhere != null) {
      return elsewhere;
    }
    if (own.tunnel().isAlwaysUsed() || isInClear && isTls) {
      return own;
    }
    if (isInClear) {
      throw new AtedbException(
          Reason.AUTH_LINK_UNSAFE,
          "what belongs to accounts is sent encrypted only, and the connection to "
              + own.server()
              + " is to be without encryption. Leave that out, or speak TLS",
          Map.of("server", own.server()));
    }
    lock.lock();
    try {
      if (safe == null) {
        safe = another.apply(Encryption.BITS_128);
      }
      return safe;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Logs in. The password stays here: what follows from it signs a challenge that counts for this
   * call alone. Raises LOGIN_FAILED, LOGIN_LOCKED, AUTH_LINK_UNSAFE, UNSUPPORTED,
   * VERIFICATION_FAILED.
   */
  public Granted login(String name, char[] password) {
    Owner owner = Owner.parse(name);
    if (owner.isGroup()) {
      throw new AtedbException(
          Reason.REQUEST_INVALID,
          name + " is a group; a user is name@domain",
          Map.of("field", "account", "account", name));
    }
    Transport transport = transport();
    try (Call call = transport.call(SERVICE + "Login", Map.of(), ChainCalls.TIMEOUT_NANOS)) {
      call.write(new FieldWriter().text(Schema.LoginRequest.ACCOUNT, owner.text()).finish());
      Parts challenge = due(call, Schema.LoginResponse.CHALLENGE);
      Bytes claim = claim(transport, call, challenge);
      Parts costs = Answers.parts(challenge.bytes(Schema.LoginChallenge.PASSWORD));
      Bytes salt = costs.bytes(Schema.PasswordCosts.SALT);
      if (salt.size() != Argon2id.SALT_BYTES) {
        throw Answers.untrue("a challenge says nothing");
      }
      try (PasswordKeys keys = PasswordKeys.of(password, owner.text(), salt, costsIn(costs))) {
        Signed proof =
            Signed.by(keys.signer(), Tags.CONTEXT_LOGIN, claim.plus(Bytes.ofText(owner.text())));
        FieldWriter shown = new FieldWriter().message(Schema.LoginProof.SIGNATURE, proof.message());
        call.write(new FieldWriter().message(Schema.LoginRequest.PROOF, shown).finish());
        call.halfClose();
        Parts grant = due(call, Schema.LoginResponse.GRANT);
        List<KeyPair> opened = keys.openVault(grant.bytes(Schema.AccountGrant.KEY_VAULT));
        if (opened == null) {
          throw PasswordKeys.shut();
        }
        return new Granted(
            opened,
            grant.flag(Schema.AccountGrant.HAS_SECOND_FACTOR),
            grant.flag(Schema.AccountGrant.UNVERIFIED));
      }
    }
  }

  private static Argon2id.Costs costsIn(Parts costs) {
    return new Argon2id.Costs(
        small(costs.number(Schema.PasswordCosts.MEMORY_KIB)),
        small(costs.number(Schema.PasswordCosts.PASSES)),
        small(costs.number(Schema.PasswordCosts.LANES)));
  }

  private static int small(long number) {
    return number < 0 || number > Integer.MAX_VALUE ? Integer.MAX_VALUE : (int) number;
  }

  /**
   * What a proof is over, so that it counts in one call alone: its tunnel, who the server is, and
   * the conversation that it has made.
   */
  private static Bytes claim(Transport transport, Call call, Parts challenge) {
    Bytes conversation = challenge.bytes(Schema.LoginChallenge.CONVERSATION_ID);
    if (conversation.size() != 32) {
      throw Answers.untrue("a challenge says nothing");
    }
    IdentityLine line =
        Answers.checked(
            "its identity does not verify",
            () ->
                IdentityLine.verify(
                    PublicKey.parse(challenge.bytes(Schema.LoginChallenge.SERVER_IDENTITY)),
                    challenge.all(Schema.LoginChallenge.IDENTITY_ROTATIONS)));
    transport.checkProven(line.identity());
    Bytes exporter = call.exporter();
    return (exporter == null ? Possession.NO_EXPORTER : exporter)
        .plus(line.identity().fingerprint(), conversation);
  }

  private static Parts due(Call call, int kind) {
    Bytes message = call.read();
    Parts answer = Answers.parts(message == null ? Bytes.EMPTY : message);
    if (!answer.has(kind)) {
      throw Answers.untrue("another answer was due of who keeps accounts");
    }
    return Answers.parts(answer.bytes(kind));
  }

  /**
   * Reads a group as a member, and opens what the member's keys open of it. All of its acts are
   * verified, and that they go on from what was seen of it before; else, that it is the group that
   * one means, who its owners are says. Raises GROUP_DENIED for a key without a role in it,
   * VERIFICATION_FAILED, and as {@link #login}.
   */
  public OpenedGroup open(String name, List<KeyPair> keys) {
    try {
      return open(new Place(transport(), known), name, keys);
    } catch (AtedbException error) {
      Place other = otherThanSays(error);
      if (other == null) {
        throw error;
      }
      return open(other, name, keys);
    }
  }

  /**
   * Where a group is that the client's own server keeps not, as it says: where the user is logged
   * in. Which one it asks is its own affair: it may know it by another name, and is not to choose
   * whom keys are proven to. One that asks nobody who owns its chains has nothing to do with a
   * group of that name elsewhere. Null: there is none, or a server was named.
   */
  private Place otherThanSays(AtedbException error) {
    boolean asksAnother =
        error.reason() == Reason.UNSUPPORTED
            && !error.metadata().getOrDefault("auth_server", "").isEmpty();
    if (elsewhere != null || !asksAnother) {
      return null;
    }
    lock.lock();
    try {
      if (whereLoggedIn == null) {
        whereLoggedIn = loggedInAt.get();
      }
      return whereLoggedIn;
    } finally {
      lock.unlock();
    }
  }

  private OpenedGroup open(Place place, String name, List<KeyPair> keys) {
    List<GroupAct> acts = acts(place.transport, name, keys.get(0));
    Group group;
    try {
      group = Group.verify(name, acts);
    } catch (AtedbException error) {
      throw new AtedbException(
          Reason.VERIFICATION_FAILED,
          "what the server shows as the acts of the group "
              + name
              + " is no group's line: "
              + error.getMessage(),
          Map.of("account", name),
          error);
    }
    checkKnown(place.known, group);
    return group.open(keys);
  }

  /** Checks that a group goes on from what was met before, and remembers it. */
  private void checkKnown(KnownGroups known, Group group) {
    KnownGroups.Known before = known.find(group.name());
    if (before != null && !before.hash().equals(group.hash(before.version()))) {
      Path path = known.path(group.name());
      throw new AtedbException(
          Reason.VERIFICATION_FAILED,
          "the group "
              + group.name()
              + ", as the server shows it, is not the one that was met before under this name, or"
              + " has fewer acts: nothing is done by its keys"
              + (path == null ? "" : ". If the group was made anew, delete " + path),
          Map.of("account", group.name()));
    }
    try {
      known.note(group.name(), new KnownGroups.Known(group.version(), group.head()));
    } catch (AtedbException error) {
      onNotice.accept(
          new Notice(
              Notice.Kind.NOT_SAVED,
              "the group "
                  + group.name()
                  + " could not be saved, and may be another one next time: "
                  + error.getMessage(),
              error));
    }
  }

  private static List<GroupAct> acts(Transport transport, String name, KeyPair key) {
    try (Call call = transport.call(SERVICE + "GetGroup", Map.of(), ChainCalls.TIMEOUT_NANOS)) {
      FieldWriter about =
          new FieldWriter()
              .text(Schema.GroupQuestion.GROUP, name)
              .message(Schema.GroupQuestion.KEY, key.publicKey().message());
      call.write(new FieldWriter().message(Schema.GetGroupRequest.ABOUT, about).finish());
      // Its fields have the numbers of a login's challenge.
      Bytes claim = claim(transport, call, due(call, Schema.GetGroupResponse.CHALLENGE));
      Signed proof =
          Signed.by(key, Tags.CONTEXT_GROUP, claim.plus(key.fingerprint(), Bytes.ofText(name)));
      FieldWriter shown = new FieldWriter().message(Schema.GroupProof.SIGNATURE, proof.message());
      call.write(new FieldWriter().message(Schema.GetGroupRequest.PROOF, shown).finish());
      call.halfClose();
      List<GroupAct> acts = new ArrayList<>();
      while (true) {
        Parts page = due(call, Schema.GetGroupResponse.ACTS);
        List<Bytes> some = page.all(Schema.GroupActs.ACTS);
        for (Bytes one : some) {
          acts.add(Answers.checked("an act can't be read", () -> GroupAct.parse(one)));
        }
        if (acts.size() >= page.number(Schema.GroupActs.ACTS_IN_ALL)) {
          return acts;
        }
        if (some.isEmpty() || acts.size() > ACTS_MAX) {
          throw Answers.untrue("the acts of a group have no end");
        }
      }
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      if (safe != null) {
        safe.close();
      }
      if (elsewhere != null) {
        elsewhere.close();
      }
      if (whereLoggedIn != null) {
        whereLoggedIn.transport.close();
      }
    } finally {
      lock.unlock();
    }
  }
}
