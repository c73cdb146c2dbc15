package io.atedb.internal.event;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.EventKind;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.internal.bytes.Cursor;
import io.atedb.internal.bytes.Limits;
import io.atedb.internal.crypt.Frontier;
import io.atedb.internal.crypt.Hashes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;

/** A run, taken apart: events, or what stands for some that are gone, then exactly one seal. */
public final class Batch {
  private final Bytes run;
  private final EventView[] places;
  private final List<EventView> events;
  private final List<GoneEvents> gone;
  private final Seal seal;
  private final Map<Integer, Said> said = new HashMap<>();
  private List<PublicKey> sealKeys;
  private List<Delegation> delegations;
  private final Map<Integer, AuthAnswer> answers = new HashMap<>();
  private final Map<Integer, Rotation> rotations = new HashMap<>();

  private Batch(Bytes run, int count, List<EventView> events, List<GoneEvents> gone, Seal seal) {
    this.run = run;
    this.places = new EventView[count];
    for (EventView event : events) {
      places[event.index()] = event;
    }
    this.events = events;
    this.gone = gone;
    this.seal = seal;
  }

  /**
   * Takes a run apart. The strict form is checked; hashes and signatures are not. Raises
   * NON_CANONICAL, BATCH_INVALID, DATA_TOO_LARGE, TOO_MANY_EVENTS.
   */
  public static Batch parse(Bytes run) {
    if (run.size() > Limits.RUN_BYTES_MAX) {
      throw new AtedbException(
          Reason.DATA_TOO_LARGE,
          "the batch is " + run.size() + " bytes, and " + Limits.RUN_BYTES_MAX + " is the limit",
          Map.of(
              "limit_bytes", Integer.toString(Limits.RUN_BYTES_MAX),
              "bytes", Integer.toString(run.size())));
    }
    List<EventView> events = new ArrayList<>();
    List<GoneEvents> gone = new ArrayList<>();
    int count = 0;
    Seal seal = null;
    Cursor cursor = new Cursor(run);
    while (cursor.next()) {
      if (seal != null) {
        throw invalid("something follows its seal");
      }
      if (cursor.isBytes() && cursor.number() == EventView.RUN_SEAL) {
        seal = Seal.parse(cursor.content());
      } else if (cursor.isBytes() && cursor.number() == EventView.RUN_EVENT) {
        int index = count;
        Bytes message = cursor.content();
        int left = Limits.BATCH_EVENTS_MAX - index;
        if (left > 0 && GoneEvents.is(message)) {
          gone.add(ofEvent(index, () -> GoneEvents.parse(message, index)));
          count += gone.get(gone.size() - 1).events();
        } else if (left > 0) {
          events.add(ofEvent(index, () -> EventView.parse(message, index)));
          count++;
        }
        if (left == 0 || count > Limits.BATCH_EVENTS_MAX) {
          throw new AtedbException(
              Reason.TOO_MANY_EVENTS,
              "the batch has more than " + Limits.BATCH_EVENTS_MAX + " events, which is the limit",
              Map.of("limit_events", Integer.toString(Limits.BATCH_EVENTS_MAX)));
        }
      } else {
        throw invalid(
            "it holds a field " + cursor.number() + ", which is neither an event nor a seal");
      }
    }
    if (count == 0) {
      throw invalid("it has no events");
    }
    if (seal == null) {
      throw invalid("it has no seal");
    }
    return new Batch(run, count, events, gone, seal);
  }

  private static <T> T ofEvent(int index, Supplier<T> parse) {
    try {
      return parse.get();
    } catch (AtedbException error) {
      Map<String, String> metadata = new HashMap<>(error.metadata());
      metadata.put("event_index", Integer.toString(index));
      throw new AtedbException(
          error.reason(), "event " + index + ": " + error.getMessage(), metadata, error);
    }
  }

  public Bytes run() {
    return run;
  }

  /** Number of its events, with those that are gone. */
  public int count() {
    return places.length;
  }

  /** The event of a place; null where it is gone, or there is none. */
  public EventView event(int index) {
    return index >= 0 && index < places.length ? places[index] : null;
  }

  /** Those that are there. */
  public List<EventView> events() {
    return events;
  }

  /** What stands for those that are gone, in order. */
  public List<GoneEvents> gone() {
    return gone;
  }

  /** The root of the tree of its events' headers. */
  public Bytes eventsRoot() {
    Frontier tree = new Frontier();
    Iterator<GoneEvents> stands = gone.iterator();
    while (tree.size() < places.length) {
      EventView event = places[(int) tree.size()];
      if (event == null) {
        stands.next().subtrees().forEach(one -> tree.appendSubtree(one.level(), one.hash()));
      } else {
        tree.append(Hashes.leaf(event.header()));
      }
    }
    return tree.root();
  }

  public Seal seal() {
    return seal;
  }

  public boolean isGenesis() {
    return places[0] != null && places[0].kind() == EventKind.GENESIS;
  }

  /**
   * What an event says of rights and keys; nothing where it is gone. Raises BATCH_INVALID,
   * UNSUPPORTED, naming it.
   */
  public Said said(int index) {
    EventView event = places[index];
    if (event == null || !event.saysMore()) {
      return Said.NOTHING;
    }
    Said known = said.get(index);
    if (known == null) {
      try {
        known = SaidReader.read(event.header());
      } catch (AtedbException error) {
        throw ofBatch("event " + index, error, Map.of("event_index", Integer.toString(index)));
      }
      said.put(index, known);
    }
    return known;
  }

  /** The public keys that its seal shows. Raises BATCH_INVALID, UNSUPPORTED. */
  public List<PublicKey> sealKeys() {
    if (sealKeys == null) {
      try {
        sealKeys = seal.publicKeys().stream().map(PublicKey::parse).toList();
      } catch (AtedbException error) {
        throw ofBatch("the seal", error, Map.of());
      }
    }
    return sealKeys;
  }

  /** The delegations that its seal shows, in their order. Raises DELEGATION_INVALID. */
  public List<Delegation> delegations() {
    if (delegations == null) {
      delegations = seal.delegations().stream().map(Delegation::parse).toList();
    }
    return delegations;
  }

  /** The answer of an auth service that an event holds. Raises BATCH_INVALID, UNSUPPORTED. */
  public AuthAnswer answer(int index) {
    return held(index, answers, said(index).authAnswer(), AuthAnswer::parse);
  }

  /** The rotation of an identity that an event holds. Raises BATCH_INVALID, UNSUPPORTED. */
  public Rotation rotation(int index) {
    return held(index, rotations, said(index).serverIdentity(), Rotation::parse);
  }

  private static <T> T held(
      int index, Map<Integer, T> known, Bytes message, Function<Bytes, T> parse) {
    if (message == null) {
      throw invalid(index, "what its kind is about is missing");
    }
    T found = known.get(index);
    if (found == null) {
      try {
        found = parse.apply(message);
      } catch (AtedbException error) {
        throw ofBatch("event " + index, error, Map.of("event_index", Integer.toString(index)));
      }
      known.put(index, found);
    }
    return found;
  }

  /** What is wrong with a key or a rule is wrong with the batch, and not with a request. */
  private static AtedbException ofBatch(
      String what, AtedbException error, Map<String, String> metadata) {
    boolean isUnsupported = error.reason() == Reason.UNSUPPORTED;
    return new AtedbException(
        isUnsupported ? Reason.UNSUPPORTED : Reason.BATCH_INVALID,
        what + ": " + error.getMessage(),
        metadata,
        error);
  }

  /** Makes the refusal of a batch that contradicts itself. */
  public static AtedbException invalid(String why) {
    return new AtedbException(Reason.BATCH_INVALID, "the batch is not valid: " + why);
  }

  /** Makes the same, naming an event. */
  public static AtedbException invalid(int index, String why) {
    return new AtedbException(
        Reason.BATCH_INVALID,
        "event " + index + ": " + why,
        Map.of("event_index", Integer.toString(index)));
  }
}
