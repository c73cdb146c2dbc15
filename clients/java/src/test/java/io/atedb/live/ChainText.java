package io.atedb.live;

import io.atedb.ChainEvent;
import io.atedb.EventStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What the tests that read have in common: lines that the {@code atedb} command appends, and the
 * texts of events.
 */
final class ChainText {
  private ChainText() {}

  /** Appends lines to a chain of a server, as whoever has the home folder {@code writer}. */
  static void append(Path writer, LiveServer to, String chain, String lines, String... flags)
      throws Exception {
    List<String> arguments =
        new ArrayList<>(List.of("append", "ate://" + to.address() + "/" + chain));
    arguments.addAll(List.of(flags));
    LiveServer.atedb(writer, lines, 0, arguments.toArray(String[]::new));
  }

  /** The texts of all events, in order; closes the stream. */
  static List<String> texts(EventStream events) {
    List<String> found = new ArrayList<>();
    try (events) {
      for (ChainEvent event : events) {
        found.add(event.text());
      }
    }
    return found;
  }
}
