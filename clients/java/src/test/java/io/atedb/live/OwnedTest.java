package io.atedb.live;

import static io.atedb.vectors.Vectors.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atedb.AtedbClient;
import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Chain;
import io.atedb.ChainEvent;
import io.atedb.ClientOptions;
import io.atedb.Encryption;
import io.atedb.EventKind;
import io.atedb.EventStream;
import io.atedb.KeyPair;
import io.atedb.Login;
import io.atedb.MemberGroup;
import io.atedb.NewEvent;
import io.atedb.OpenOptions;
import io.atedb.PrimaryKeys;
import io.atedb.PublicKey;
import io.atedb.Token;
import io.atedb.TokenGrant;
import io.atedb.TrustMode;
import io.atedb.WriteRule;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Chains of owners, at a server with an auth service of its own, which says who they are. */
@Tag("live")
@Timeout(value = 300, unit = TimeUnit.SECONDS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class OwnedTest {
  private static final OpenOptions CLAIM = OpenOptions.defaults().forAppend().claim();
  private static final OpenOptions APPEND = OpenOptions.defaults().forAppend();

  @TempDir static Path shared;
  private static LiveServer server;

  @TempDir Path folder;
  private final List<String> notices = new CopyOnWriteArrayList<>();

  @BeforeAll
  static void startServer() throws Exception {
    server = new LiveServer(Files.createDirectories(shared.resolve("server")), true);
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  private AtedbClient client(Path home) {
    return AtedbClient.connect(
        server.address(),
        ClientOptions.defaults().home(home).onNotice(notice -> notices.add(notice.kind().name())));
  }

  private Path home(String name) throws Exception {
    return Files.createDirectories(folder.resolve(name));
  }

  private static List<ChainEvent> data(Chain chain) {
    List<ChainEvent> found = new ArrayList<>();
    try (EventStream events = chain.read()) {
      events.forEachRemaining(found::add);
    }
    found.removeIf(event -> event.kind() != EventKind.DATA);
    return found;
  }

  private static List<String> texts(Chain chain) {
    return data(chain).stream().map(ChainEvent::text).toList();
  }

  private static void refusedAppend(String reason, Chain chain, NewEvent event) {
    refused(
        reason,
        () -> {
          try {
            chain.append(event).join();
          } catch (CompletionException error) {
            throw (RuntimeException) error.getCause();
          }
        });
  }

  /**
   * Why an append is refused. A server that ends the stream before it has an answer leaves open
   * what became of it, and why is known.
   */
  private static String refusal(Chain chain) {
    CompletionException error =
        assertThrows(CompletionException.class, () -> chain.append("too late").join());
    AtedbException cause = (AtedbException) error.getCause();
    return cause.metadata().getOrDefault("cause_reason", cause.reason().name());
  }

  private static String address(String chain) {
    return "ate://" + server.address() + "/" + chain;
  }

  private String[] password() throws Exception {
    Path file = folder.resolve("password");
    Files.writeString(file, "correct horse battery\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    return new String[] {"--password-file", file.toString(), "--server", server.address()};
  }

  @Test
  @Order(1)
  void aNameThatNobodyHasIsClaimed() throws Exception {
    try (KeyPair key = KeyPair.generate();
        AtedbClient client = client(null)) {
      try (Chain chain = client.open("example.com/claimed/log", APPEND.key(key))) {
        refusedAppend("OWNER_UNKNOWN", chain, NewEvent.data("mine"));
      }
      List<UnaryOperator<OpenOptions>> kinds =
          List.of(options -> options, OpenOptions::privateChain, OpenOptions::confidential);
      for (int at = 0; at < kinds.size(); at++) {
        String name = "example.com/claimed/kind" + at;
        try (Chain chain = client.open(name, kinds.get(at).apply(CLAIM.key(key)))) {
          if (at == 2) {
            chain.setReaders(List.of());
          }
          chain.append("mine").join();
          assertEquals(TrustMode.CENTRALIZED, chain.trustMode());
          assertEquals(List.of(key.publicKey()), chain.roots());
        }
        try (AtedbClient other = client(null);
            Chain chain = other.open(name, OpenOptions.defaults().key(key))) {
          assertEquals(List.of("mine"), texts(chain));
          chain.verify();
        }
      }
      assertEquals(1, notices.stream().filter("NAME_CLAIMED"::equals).count());
      try (KeyPair stranger = KeyPair.generate();
          Chain chain = client.open("example.com/claimed/other", CLAIM.key(stranger))) {
        refusedAppend("KEY_NOT_ALLOWED", chain, NewEvent.data("not mine"));
      }
    }
    String said =
        LiveServer.atedb(home("none"), "", 0, "verify", address("example.com/claimed/kind0"));
    assertTrue(said.contains("verified"), said);
  }

  @Test
  @Order(2)
  void aTokenWritesAsItsIssuer() throws Exception {
    Path home = home("home");
    String name = "example.com/tokens/log";
    Path file = folder.resolve("token");
    try (AtedbClient client = client(home);
        Chain owner = client.open(name, CLAIM.privateChain())) {
      owner.append("by the owner").join();
      LiveServer.atedb(
          home,
          "",
          0,
          "token",
          "new",
          "example.com/tokens/*",
          "--write",
          "--read",
          "-o",
          file.toString());
      try (Token token = Token.load(file);
          AtedbClient plain = client(null);
          Chain byToken = plain.open(name, APPEND.token(token))) {
        assertFalse(token.toString().contains(token.text()), "a token shows itself");
        byToken.append("by the token").join();
        byToken.append(NewEvent.data("once more").name("object")).join();
        assertEquals(List.of("by the owner", "by the token", "once more"), texts(byToken));
        refusedAppend(
            "KEY_NOT_ALLOWED",
            byToken,
            NewEvent.rules(PrimaryKeys.ofName("object")).write(WriteRule.EVERYONE));
        refused(
            "CHAIN_NOT_FOUND", () -> plain.open("example.com/tokens/other", APPEND.token(token)));
        TokenGrant more =
            TokenGrant.until(Instant.now().plus(Duration.ofDays(90)), "example.com/tokens/log");
        refused("DELEGATION_INVALID", () -> token.narrowed(more.write()));
        TokenGrant less =
            TokenGrant.until(Instant.now().plusSeconds(600), "example.com/tokens/log");
        try (Token narrow = token.narrowed(less.write().read());
            Token again = Token.parse(narrow.text());
            Chain byNarrow = plain.open(name, APPEND.token(again))) {
          byNarrow.append("by a token of the token").join();
        }
        refused("DELEGATION_INVALID", () -> token.narrowed(less));
        // Ended by who has given it.
        owner.append(NewEvent.keyChange(token.key().fingerprint(), null)).join();
        assertTrue(Set.of("KEY_REVOKED", "CHAIN_PRIVATE").contains(refusal(byToken)));
      }
      try (AtedbClient again = client(home);
          Chain chain = again.open(name, OpenOptions.defaults().checkRules(true))) {
        assertEquals(
            List.of("by the owner", "by the token", "once more", "by a token of the token"),
            texts(chain));
      }
    }
  }

  @Test
  @Order(2)
  void aTokenIsMadeHere() throws Exception {
    try (KeyPair key = KeyPair.generate();
        AtedbClient client = client(null);
        Chain owner = client.open("example.com/made/log", CLAIM.key(key))) {
      owner.append("by the owner").join();
      TokenGrant grant =
          TokenGrant.until(Instant.now().plusSeconds(600), "example.com/made/*").write();
      try (Token token = Token.create(key, grant);
          Chain byToken = client.open("example.com/made/log", APPEND.token(token))) {
        byToken.append("by the token").join();
        Path file = folder.resolve("made");
        Files.writeString(file, token.text());
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        LiveServer.atedb(
            home("none"),
            "from the command\n",
            0,
            "append",
            address("example.com/made/log"),
            "--token",
            file.toString());
        assertEquals(List.of("by the owner", "by the token", "from the command"), texts(byToken));
      }
      refused("CHAIN_KEY_INVALID", () -> Token.create(key, TokenGrant.until(Instant.now(), "/*")));
    }
  }

  @Test
  @Order(3)
  void whoeverIsLoggedInWritesAsTheAccount() throws Exception {
    Path home = home("me");
    String[] by = password();
    LiveServer.atedb(home, "", 0, "user", "create", "me@example.com", by[0], by[1], by[2], by[3]);
    try (AtedbClient client = client(home);
        Chain chain = client.open("example.com/me/diary", APPEND.confidential())) {
      chain.setReaders(List.of());
      chain.append("logged in").join();
      LiveServer.atedb(
          home, "with the key in its home\n", 0, "append", address("example.com/me/diary"));
      assertEquals(List.of("logged in", "with the key in its home"), texts(chain));
      LiveServer.atedb(home, "", 0, "user", "rotate-key", by[0], by[1], by[2], by[3]);
    }
    // What was sealed for the key of before is read with it, and the next one writes.
    try (AtedbClient client = client(home);
        Chain chain = client.open("example.com/me/diary", APPEND)) {
      chain.append("by the next one").join();
      assertEquals(
          List.of("logged in", "with the key in its home", "by the next one"), texts(chain));
      chain.verify();
    }
  }

  @Test
  @Order(4)
  void aPasswordGivesTheAccountsKeys() throws Exception {
    Path home = home("you");
    String[] by = password();
    LiveServer.atedb(home, "", 0, "user", "create", "you@example.com", by[0], by[1], by[2], by[3]);
    char[] right = "correct horse battery".toCharArray();
    try (AtedbClient client = client(null)) {
      refused("LOGIN_FAILED", () -> client.login("you@example.com", "wrong".toCharArray()));
      refused("REQUEST_INVALID", () -> client.login("team", right));
      try (AtedbClient clear =
          AtedbClient.connect(
              server.address(), ClientOptions.defaults().home(null).encryption(Encryption.PLAIN))) {
        refused("AUTH_LINK_UNSAFE", () -> clear.login("you@example.com", right));
      }
      try (Login login = client.login("you@example.com", right);
          Chain chain = client.open("example.com/you/diary", APPEND.key(login.key()))) {
        assertFalse(login.hasSecondFactor());
        assertTrue(login.isUnverified());
        assertEquals(List.of(), login.formerKeys());
        chain.append("as the account").join();
        LiveServer.atedb(home, "", 0, "user", "rotate-key", by[0], by[1], by[2], by[3]);
        try (Login next = client.login("you@example.com", right);
            Chain later = client.open("example.com/you/diary", APPEND.key(next.key()))) {
          assertEquals(
              List.of(login.key().publicKey()),
              next.formerKeys().stream().map(KeyPair::publicKey).toList());
          later.append("by the next one").join();
          assertEquals(List.of("as the account", "by the next one"), texts(later));
        }
      }
    }
  }

  @Test
  @Order(5)
  void aGroupsChainIsWrittenByItsRoles() throws Exception {
    Path home = home("home");
    Path member = home("member");
    try (AtedbClient client = client(home);
        Chain chain = client.open("team/log", CLAIM.confidential());
        AtedbClient other = client(member);
        Chain own = other.open("example.com/none/none", APPEND)) {
      chain.setReaders(List.of());
      chain.append("by the owner's role").join();
      ChainEvent written = data(chain).get(0);
      assertNotNull(written.author());
      assertNotEquals(written.fingerprint(), written.author());
      // A member whom the command adds and removes.
      PublicKey key = own.ownKey();
      Path file = folder.resolve("member.pub");
      Files.writeString(file, key.text() + "\n");
      String at = server.address();
      LiveServer.atedb(
          home, "", 0, "group", "add", "team", "contributor", file.toString(), "--server", at);
      LiveServer.atedb(
          home, "", 0, "share", address("team/log"), "--group", "team", "--role", "contributor");
      try (Chain joined = other.open("team/log", APPEND)) {
        joined.append("by a contributor").join();
        assertEquals(List.of("by the owner's role", "by a contributor"), texts(joined));
        String name = key.fingerprint().hex();
        LiveServer.atedb(
            home, "", 0, "group", "remove", "team", "contributor", name, "--server", at);
        assertTrue(Set.of("KEY_REVOKED", "KEY_NOT_ALLOWED").contains(refusal(joined)));
      }
    }
    // What the owner's key opens of the group, and what the keys of its roles do.
    try (AtedbClient client = client(home);
        MemberGroup group = client.openGroup("team");
        KeyPair stranger = KeyPair.generate()) {
      assertEquals("owner", group.highestRole());
      assertEquals(group.roles().get("owner"), group.keys().get("owner").publicKey());
      assertEquals(1, group.members("owner").size());
      assertEquals(List.of(), group.members("contributor"));
      refused("GROUP_DENIED", () -> client.openGroup("team", stranger));
      refused("REQUEST_INVALID", () -> client.openGroup("me@example.com"));
      TokenGrant grant = TokenGrant.until(Instant.now().plusSeconds(600), "team/*").write().read();
      try (Token token = Token.create(group.keys().get("delegate"), grant);
          Chain byToken = client.open("team/notes", CLAIM)) {
        byToken.append("makes it").join();
        try (Chain acting = client.open("team/notes", APPEND.token(token))) {
          acting.append("by a token of a role").join();
          assertEquals(List.of("makes it", "by a token of a role"), texts(acting));
        }
      }
    }
    // Who owns it, and opens it anew, hands out another read key before anything else.
    try (AtedbClient client = client(home);
        Chain chain = client.open("team/log", APPEND)) {
      chain.append("for those who stay").join();
      assertEquals(
          List.of("by the owner's role", "by a contributor", "for those who stay"), texts(chain));
      chain.verify();
    }
    try (AtedbClient other = client(member);
        Chain removed = other.open("team/log")) {
      List<ChainEvent> read = data(removed);
      assertEquals(ChainEvent.Sealed.State.NO_KEY, read.get(2).sealed().state());
    }
  }

  @Test
  @Order(6)
  void whoKeepsTheGroupMayBeAnotherServer() throws Exception {
    Path home = home("home");
    try (AtedbClient client = client(home);
        Chain created = client.open("elsewhere/here", CLAIM)) {
      created.append("where the group is kept").join();
    }
    try (LiveServer chains =
        new LiveServer(
            Files.createDirectories(folder.resolve("chains")),
            true,
            "--auth",
            "ate://" + server.address())) {
      ClientOptions options =
          ClientOptions.defaults().home(home).onNotice(notice -> notices.add(notice.kind().name()));
      try (AtedbClient client = AtedbClient.connect(chains.address(), options);
          Chain unnamed = client.open("elsewhere/log", APPEND)) {
        refusedAppend("KEY_NOT_ALLOWED", unnamed, NewEvent.data("as nobody"));
        assertTrue(notices.contains("GROUP_ELSEWHERE"), notices.toString());
        refused("UNSUPPORTED", () -> client.login("me@example.com", "any".toCharArray()));
      }
      ClientOptions named = options.authServer(server.address(), null);
      try (AtedbClient client = AtedbClient.connect(chains.address(), named);
          Chain chain = client.open("elsewhere/log", APPEND)) {
        chain.append("as an owner").join();
        chain.verify();
        assertEquals(List.of("as an owner"), texts(chain));
      }
    }
  }

  @Test
  @Order(6)
  void whoeverIsLoggedInElsewhereIsAMemberThere() throws Exception {
    Path home = home("anna");
    String[] by = password();
    LiveServer.atedb(home, "", 0, "user", "create", "anna@example.com", by[0], by[1], by[2], by[3]);
    Bytes own;
    try (AtedbClient client = client(home);
        Chain created = client.open("loggedin/here", CLAIM);
        Chain diary = client.open("example.com/anna/diary", APPEND)) {
      created.append("where the group is kept").join();
      own = diary.ownKey().fingerprint();
    }
    ClientOptions options = ClientOptions.defaults().home(home);
    Path folders = folder.resolve("logged-in");
    try (LiveServer chains =
            new LiveServer(
                Files.createDirectories(folders.resolve("chains")),
                true,
                "--auth",
                "ate://" + server.address());
        AtedbClient client = AtedbClient.connect(chains.address(), options);
        Chain chain = client.open("loggedin/log", APPEND)) {
      chain.append("as an owner").join();
      assertEquals(own, data(chain).get(0).author());
    }
    // Whom the server names is not asked: that would be to choose whom keys are proven to.
    try (LiveServer lies =
            new LiveServer(
                Files.createDirectories(folders.resolve("lies")),
                true,
                "--auth",
                "ate://127.0.0.1:1");
        AtedbClient client = AtedbClient.connect(lies.address(), options);
        Chain chain = client.open("loggedin/log", OpenOptions.defaults().forAppend())) {
      assertNotEquals(own, chain.ownKey().fingerprint());
    }
    // And one that asks nobody has nothing to do with a group of that name elsewhere.
    try (LiveServer free = new LiveServer(Files.createDirectories(folders.resolve("free")));
        AtedbClient client = AtedbClient.connect(free.address(), options);
        Chain chain = client.open("loggedin/log", APPEND)) {
      chain.append("mine").join();
      assertEquals(own, chain.roots().get(0).fingerprint());
    }
  }

  @Test
  @Order(9)
  void anIdentityThatFollowsAnotherIsTheSameServer() throws Exception {
    Path home = home("home");
    String name = "example.com/rotated/log";
    try (AtedbClient client = client(home);
        Chain chain = client.open(name, CLAIM)) {
      chain.append("before").join();
    }
    server.stop();
    LiveServer.atedb(
        home("none"), "", 0, "identity", "rotate", server.folder.resolve("logs").toString());
    server.start();
    try (AtedbClient client = client(home);
        Chain chain = client.open(name, APPEND)) {
      chain.append("after").join();
      chain.verify();
      assertEquals(List.of("before", "after"), texts(chain));
      assertTrue(notices.contains("SERVER_ROTATED"), notices.toString());
    }
  }
}
