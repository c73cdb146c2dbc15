package io.atedb.internal.client;

import io.atedb.Bytes;
import io.atedb.vectors.Case;
import java.util.ArrayList;
import java.util.List;

/** What a client takes of lists of children and of loaded data, for tests of hostile bytes. */
public final class HostileLists {
  private HostileLists() {}

  /** The children of a list by these messages: header, data and place of each. */
  public static List<List<Object>> children(Case one, List<Bytes> messages) {
    List<List<VerifiedChildren.Found>> found = new ArrayList<>();
    ListVectors.read(one, messages, found);
    List<List<Object>> children = new ArrayList<>();
    for (List<VerifiedChildren.Found> some : found) {
      for (VerifiedChildren.Found is : some) {
        var event = is.batch().batch().event(is.index());
        children.add(
            List.of(
                event.header(),
                event.isPresent() ? event.data() : "gone",
                is.batch().commit().headerBytes()));
      }
    }
    return children;
  }

  /** What is taken of an answer about the data of an event; null where it is gone. */
  public static Bytes loaded(Case one, Bytes answer) {
    LoadedData loaded = LoadedData.of(one.number("sequence"), one.bytes("header"), answer);
    return loaded.state() == io.atedb.DataState.PRESENT ? loaded.data() : null;
  }

  /** Whatever else a client reads of answers. */
  public static void read(Bytes answer) {
    Answers.head(Answers.parts(answer), 3);
    Opened.WriterStanding.in(Answers.parts(answer));
  }

  /** A refusal on a stream. */
  public static void rejection(Bytes message) {
    throw Outcomes.rejection(message);
  }
}
