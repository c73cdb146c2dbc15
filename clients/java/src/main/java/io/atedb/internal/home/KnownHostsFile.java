package io.atedb.internal.home;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.Reason;
import io.atedb.internal.event.Address;
import io.atedb.internal.trust.IdentityLine;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The servers that a user has met, in the file {@code known_hosts} of the home folder
 * (docs/identity.md).
 */
public final class KnownHostsFile {
  private static final String HEAD =
      """
      # Servers that atedb has met here, a line each: host:port, then the fingerprint of the server's identity key, then those of the
      # keys that it had before. A server whose line is deleted is met for the first time again. See docs/identity.md.
      """;

  /** What is known of a server says so of a line of identities. */
  public enum Verdict {
    FIRST,
    KNOWN,
    ROTATED,
    /** It is a key that the server has given up. */
    RETIRED,
    /**
     * It follows from one that it had before, and not from those that are known to have followed
     * from that.
     */
    FORKED,
    CHANGED
  }

  /**
   * A server that was met, by its identity keys.
   *
   * @param server {@code host:port}
   * @param fingerprint of its key
   * @param former those before, newest first
   */
  public record Host(String server, Bytes fingerprint, List<Bytes> former) {
    static Host of(String server, IdentityLine line, Host before) {
      List<Bytes> all = new ArrayList<>(line.fingerprints());
      Collections.reverse(all);
      Bytes current = all.remove(0);
      if (before != null) {
        for (Bytes one : before.former) {
          if (!all.contains(one) && !one.equals(current)) {
            all.add(one);
          }
        }
      }
      return new Host(server, current, List.copyOf(all));
    }
  }

  private final Path home;
  private final ReentrantLock keeping = new ReentrantLock();
  private String kept = "";

  /** Without a home folder, null, it lasts as long as this object. */
  public KnownHostsFile(Path home) {
    this.home = home;
  }

  /** Judges a server's line by what is known of the server, which may be null. */
  public static Verdict judge(Host known, IdentityLine line) {
    if (known == null) {
      return Verdict.FIRST;
    }
    Bytes current = line.identity().fingerprint();
    if (current.equals(known.fingerprint)) {
      return Verdict.KNOWN;
    }
    // First: a line that leads back to such a key is no way to it either.
    if (known.former.contains(current)) {
      return Verdict.RETIRED;
    }
    if (line.has(known.fingerprint)) {
      return Verdict.ROTATED;
    }
    return known.former.stream().anyMatch(line::has) ? Verdict.FORKED : Verdict.CHANGED;
  }

  /** Finds a server; null: it was never met. Raises STORAGE_FAILED. */
  public Host find(String server) {
    return parse(read()).get(server);
  }

  public List<Host> list() {
    return List.copyOf(parse(read()).values());
  }

  /**
   * Keeps an identity that was met for the first time, or that follows from the known one; durable
   * on return. Gives the verdict by what is known then, so that of two who meet a server at once
   * only one meets it first.
   */
  public Verdict remember(String server, IdentityLine line) {
    Verdict[] verdict = new Verdict[1];
    change(
        server,
        before -> {
          verdict[0] = judge(before, line);
          boolean keeps = verdict[0] == Verdict.FIRST || verdict[0] == Verdict.ROTATED;
          return keeps ? Host.of(server, line, before) : before;
        });
    return verdict[0];
  }

  /** Has a server be known by a key, whatever it was known by; null: it isn't known any more. */
  public void accept(String server, Bytes fingerprint) {
    change(server, before -> fingerprint == null ? null : new Host(server, fingerprint, List.of()));
  }

  private void change(String server, UnaryOperator<Host> decide) {
    keeping.lock();
    try {
      if (home == null) {
        kept = replaced(kept, server, decide.apply(parse(kept).get(server)));
        return;
      }
      PrivateFiles.makeFolder(home);
      try (FileLock lock = FileLock.take(home.resolve("known_hosts.lock"))) {
        assert lock != null;
        String text = read();
        Host before = parse(text).get(server);
        Host after = decide.apply(before);
        if (after == null ? before != null : !after.equals(before)) {
          PrivateFiles.write(home.resolve("known_hosts"), replaced(text, server, after), true);
        }
      }
    } finally {
      keeping.unlock();
    }
  }

  private String read() {
    if (home == null) {
      return kept;
    }
    String text = PrivateFiles.read(home.resolve("known_hosts"));
    return text == null ? HEAD : text;
  }

  private Map<String, Host> parse(String text) {
    Map<String, Host> hosts = new LinkedHashMap<>();
    int number = 0;
    for (String line : text.split("\n", -1)) {
      number++;
      String[] words = line.strip().split("\\s+");
      if (words[0].isEmpty() || words[0].startsWith("#")) {
        continue;
      }
      Host host = parseLine(words);
      if (host == null || hosts.put(host.server, host) != null) {
        throw new AtedbException(
            Reason.STORAGE_FAILED,
            "line "
                + number
                + " of "
                + home
                + "/known_hosts can't be used. Mend or delete that line");
      }
    }
    return hosts;
  }

  private static Host parseLine(String[] words) {
    try {
      Address address = Address.parseServer(words[0]);
      List<Bytes> keys = Arrays.stream(words).skip(1).map(Address::parseFingerprint).toList();
      if (address.pinned() != null || keys.isEmpty()) {
        return null;
      }
      return new Host(address.server(), keys.get(0), keys.subList(1, keys.size()));
    } catch (AtedbException error) {
      return null;
    }
  }

  /** The text with another line for a server. All other lines stay as they are. */
  private static String replaced(String text, String server, Host host) {
    List<String> lines = new ArrayList<>();
    String written =
        host == null
            ? null
            : Stream.concat(Stream.of(host.fingerprint), host.former.stream())
                .map(Address::fingerprintText)
                .collect(Collectors.joining(" ", server + " ", ""));
    boolean isDone = written == null;
    for (String line :
        text.isEmpty() ? new String[0] : text.replaceFirst("\n$", "").split("\n", -1)) {
      String first = line.strip().split("\\s+")[0];
      boolean isOfServer =
          !first.isEmpty()
              && !first.startsWith("#")
              && Address.parseServer(first).server().equals(server);
      if (!isOfServer) {
        lines.add(line);
      } else if (!isDone) {
        lines.add(written);
        isDone = true;
      }
    }
    if (!isDone) {
      lines.add(written);
    }
    return lines.stream().map(line -> line + "\n").collect(Collectors.joining());
  }
}
