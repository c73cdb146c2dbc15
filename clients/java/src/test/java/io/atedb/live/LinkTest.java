package io.atedb.live;

import static io.atedb.live.ChainText.append;
import static io.atedb.live.ChainText.texts;
import static io.atedb.vectors.Vectors.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.atedb.AtedbClient;
import io.atedb.Chain;
import io.atedb.ClientOptions;
import io.atedb.Encryption;
import io.atedb.KnownHosts;
import io.atedb.TlsOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How real servers are connected to: by their identities, encrypted, over TLS. */
@Tag("live")
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class LinkTest {
  private static final String CHAIN = "example.com/java/link";

  @TempDir static Path shared;
  private static LiveServer server;
  private static Path writer;

  @TempDir Path folder;

  @BeforeAll
  static void startServer() throws Exception {
    server = new LiveServer(Files.createDirectories(shared.resolve("server")));
    writer = Files.createDirectories(shared.resolve("writer"));
    append(writer, server, CHAIN, "one\ntwo\nthree\n");
    append(writer, server, CHAIN, "blue\n", "--name", "colour", "--sign");
  }

  @AfterAll
  static void stopServer() throws Exception {
    server.close();
  }

  private ClientOptions options() {
    return ClientOptions.defaults().home(folder.resolve("home"));
  }

  @Test
  void theServerIsTheRightOneOrNothingIsSent() throws Exception {
    String wrong = "#sha256:" + "0".repeat(64);
    try (AtedbClient client = AtedbClient.connect(server.address() + wrong, options())) {
      refused("SERVER_IDENTITY_MISMATCH", () -> client.open(CHAIN));
    }
    String pinned = server.address() + "#" + server.identity();
    try (AtedbClient client = AtedbClient.connect(pinned, options())) {
      client.open(CHAIN);
    }
    refused(
        "REQUEST_INVALID",
        () -> AtedbClient.connect(pinned, options().encryption(Encryption.PLAIN)));
    new KnownHosts(folder.resolve("home")).accept(server.address(), "0".repeat(64));
    try (AtedbClient client = AtedbClient.connect(server.address(), options())) {
      refused("SERVER_IDENTITY_CHANGED", () -> client.open(CHAIN));
    }
    new KnownHosts(folder.resolve("home")).forget(server.address());
    ClientOptions published =
        options().lookUpIdentity(host -> Optional.of(List.of(server.identity())));
    try (AtedbClient client = AtedbClient.connect(server.address(), published)) {
      client.open(CHAIN);
    }
    ClientOptions none =
        options().home(null).lookUpIdentity(host -> Optional.of(List.of("0".repeat(64))));
    try (AtedbClient client = AtedbClient.connect(server.address(), none)) {
      refused("SERVER_IDENTITY_MISMATCH", () -> client.open(CHAIN));
    }
    ClientOptions failing =
        options()
            .home(null)
            .lookUpIdentity(
                host -> {
                  throw new IllegalStateException("no name server");
                });
    try (AtedbClient client = AtedbClient.connect(server.address(), failing)) {
      refused("CONNECTION_FAILED", () -> client.open(CHAIN));
    }
  }

  @Test
  void encryptionIsAgreedOnOrRefused() throws Exception {
    for (Encryption encryption : List.of(Encryption.BITS_192, Encryption.BITS_256)) {
      ClientOptions options = options().encryption(encryption);
      try (AtedbClient client = AtedbClient.connect(server.address(), options);
          Chain chain = client.open(CHAIN)) {
        assertEquals(5, texts(chain.read()).size());
      }
    }
    ClientOptions plain = options().encryption(Encryption.PLAIN);
    try (AtedbClient client = AtedbClient.connect(server.address(), plain)) {
      refused("WIRE_REQUIRED", () -> client.open(CHAIN));
    }
  }

  @Test
  void tlsIsSpokenOutsideOfTheTunnel() throws Exception {
    Path place = Files.createDirectories(folder.resolve("tls"));
    Path certificate = place.resolve("cert.pem");
    Path key = place.resolve("key.pem");
    int made =
        new ProcessBuilder(
                ("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
                        + " -addext subjectAltName=IP:127.0.0.1 -keyout "
                        + key
                        + " -out "
                        + certificate)
                    .split(" "))
            .redirectErrorStream(true)
            .redirectOutput(place.resolve("openssl.log").toFile())
            .start()
            .waitFor();
    assertEquals(0, made, "openssl makes a certificate");
    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
    String[] flags = {"--tls-cert", certificate.toString(), "--tls-key", key.toString()};
    try (LiveServer one = new LiveServer(place, flags)) {
      TlsOptions trusting = TlsOptions.trusting(Files.readString(certificate));
      String pinned = one.address() + "#" + one.identity();
      try (AtedbClient client = AtedbClient.connect(pinned, options().tls(trusting))) {
        refused("CHAIN_NOT_FOUND", () -> client.open(CHAIN));
        assertNotNull(client.serverIdentity());
      }
      try (AtedbClient client = AtedbClient.connect(one.address(), options())) {
        refused("TLS_REQUIRED", () -> client.open(CHAIN));
      }
      ClientOptions strangers = options().tls(TlsOptions.USUAL);
      try (AtedbClient client = AtedbClient.connect(one.address(), strangers)) {
        refused("TLS_FAILED", () -> client.open(CHAIN));
      }
    }
    refused("REQUEST_INVALID", () -> new TlsOptions(null, "a certificate", null, null));
    try (AtedbClient client =
        AtedbClient.connect("127.0.0.1:1", options().tls(TlsOptions.trusting("no certificate")))) {
      refused("REQUEST_INVALID", () -> client.open(CHAIN));
    }
  }

  @Test
  void nobodyThereIsSaid() {
    AtedbClient client = AtedbClient.connect("127.0.0.1:1", options());
    refused("CONNECTION_FAILED", () -> client.open(CHAIN));
    client.close();
    refused("REQUEST_INVALID", () -> client.open(CHAIN));
  }
}
