package io.atedb.live;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A real server of the repository: `atedb solo` on one folder, which can be killed and started
 * again on the same port.
 */
final class LiveServer implements AutoCloseable {
  private static final Path ROOT = Path.of("../..").toAbsolutePath().normalize();
  private static final Pattern LISTENS = Pattern.compile("listens on \\S*?:(\\d+)\\s");
  private static final Pattern IDENTITY = Pattern.compile("identity\\s+(sha256:[0-9a-f]{64})");
  private static final long TIMEOUT_S = 120;

  final Path folder;
  private final List<String> flags;
  private final boolean hasAuth;
  private final StringBuffer output = new StringBuffer();
  private Process process;
  private int port;

  /** Its clock is ahead by so many days, when it is started next. */
  int aheadDays;

  /** Its clock goes ahead only once it is told. */
  boolean clockWaits;

  LiveServer(Path folder, String... flags) throws Exception {
    this(folder, false, flags);
  }

  LiveServer(Path folder, boolean hasAuth, String... flags) throws Exception {
    this.folder = folder;
    this.hasAuth = hasAuth;
    this.flags = List.of(flags);
    start();
  }

  private static String node() {
    Path local = ROOT.resolve("node_modules/.bin/node");
    return Files.exists(local) ? local.toString() : "node";
  }

  /** The environment of a Node whose clock is ahead. */
  private static Map<String, String> clockAhead(int days) {
    return days == 0
        ? Map.of()
        : Map.of(
            "NODE_OPTIONS",
            "--import=" + ROOT.resolve("test/support/clock-ahead.ts").toUri(),
            "ATEDB_TEST_CLOCK_AHEAD_MS",
            Long.toString(TimeUnit.DAYS.toMillis(days)));
  }

  void start() throws Exception {
    output.setLength(0);
    List<String> command = new ArrayList<>(List.of(node(), ROOT + "/bin/atedb.cjs"));
    if (!hasAuth) {
      command.add("--no-auth");
    }
    command.addAll(List.of("solo", folder.resolve("logs").toString(), "-l", "127.0.0.1"));
    command.addAll(List.of("-p", Integer.toString(port)));
    command.addAll(flags);
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("HOME", folder.toString());
    builder.environment().put("ATE_HOME", folder.resolve("server-home").toString());
    builder.environment().putAll(clockAhead(aheadDays));
    if (clockWaits) {
      builder.environment().put("ATEDB_TEST_CLOCK_WAITS", "1");
    }
    process = builder.start();
    CountDownLatch listening = new CountDownLatch(1);
    Thread drain = new Thread(() -> drain(listening), "server-output");
    drain.setDaemon(true);
    drain.start();
    boolean isUp = listening.await(TIMEOUT_S, TimeUnit.SECONDS);
    Matcher listens = LISTENS.matcher(output);
    if (!isUp || !listens.find()) {
      throw new IllegalStateException("the server did not start: " + output);
    }
    port = Integer.parseInt(listens.group(1));
  }

  private void drain(CountDownLatch listening) {
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      String line;
      while ((line = reader.readLine()) != null) {
        output.append(line).append('\n');
        if (line.contains("Try:")) {
          listening.countDown();
        }
      }
    } catch (IOException error) {
      // The server has ended.
    }
    listening.countDown();
  }

  String address() {
    return "127.0.0.1:" + port;
  }

  String identity() {
    Matcher found = IDENTITY.matcher(output);
    if (!found.find()) {
      throw new IllegalStateException("it says no identity: " + output);
    }
    return found.group(1);
  }

  /** Has its clock go ahead. */
  void goAhead() throws Exception {
    String pid = Long.toString(process.pid());
    if (new ProcessBuilder("kill", "-s", "USR2", pid).start().waitFor() != 0) {
      throw new IllegalStateException("the server can't be told");
    }
  }

  /** Ends it as a crash does. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  /** Ends it in order. */
  void stop() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(30, TimeUnit.SECONDS)) {
      kill();
    }
  }

  @Override
  public void close() {
    try {
      stop();
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
      process.destroyForcibly();
    }
  }

  /**
   * Runs the command `atedb` of the repository, with a home folder and an input; gives its output.
   */
  static String atedb(Path home, String input, int code, String... arguments) throws Exception {
    return atedbAhead(0, home, input, code, arguments);
  }

  /** The same with a clock that is ahead by some days. */
  static String atedbAhead(int days, Path home, String input, int code, String... arguments)
      throws Exception {
    List<String> command = new ArrayList<>(List.of(node(), ROOT + "/bin/atedb.cjs"));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("ATE_HOME", home.toString());
    builder.environment().putAll(clockAhead(days));
    Process run = builder.start();
    run.getOutputStream().write(input.getBytes(StandardCharsets.UTF_8));
    run.getOutputStream().close();
    String said = new String(run.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (!run.waitFor(TIMEOUT_S, TimeUnit.SECONDS) || run.exitValue() != code) {
      throw new IllegalStateException(command + " ended with " + run.exitValue() + ": " + said);
    }
    return said;
  }
}
