package io.atedb.internal.event;

import io.atedb.AtedbException;
import io.atedb.Bytes;
import io.atedb.EventKind;
import io.atedb.PublicKey;
import io.atedb.Reason;
import io.atedb.internal.bytes.Cursor;
import io.atedb.internal.bytes.Limits;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** A run, taken apart: events, then exactly one seal. */
public final class Batch {
  private final Bytes run;
  private final List<EventView> events;
  private final Seal seal;
  private final Map<Integer, Said> said = new HashMap<>();
  private List<PublicKey> sealKeys;
  private List<Delegation> delegations;
  private final Map<Integer, AuthAnswer> answers = new HashMap<>();
  private final Map<Integer, Rotation> rotations = new HashMap<>();

  private Batch(Bytes run, List<EventView> events, Seal seal) {
    this.run = run;
    this.events = events;
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
    Seal seal = null;
    Cursor cursor = new Cursor(run);
    while (cursor.next()) {
      if (seal != null) {
        throw invalid("something follows its seal");
      }
      if (cursor.isBytes() && cursor.number() == EventView.RUN_SEAL) {
        seal = Seal.parse(cursor.content());
      } else if (cursor.isBytes() && cursor.number() == EventView.RUN_EVENT) {
        if (events.size() == Limits.BATCH_EVENTS_MAX) {
          throw new AtedbException(
              Reason.TOO_MANY_EVENTS,
              "the batch has more than " + Limits.BATCH_EVENTS_MAX + " events, which is the limit",
              Map.of("limit_events", Integer.toString(Limits.BATCH_EVENTS_MAX)));
        }
        events.add(parseEvent(cursor.content(), events.size()));
      } else {
        throw invalid(
            "it holds a field " + cursor.number() + ", which is neither an event nor a seal");
      }
    }
    if (events.isEmpty()) {
      throw invalid("it has no events");
    }
    if (seal == null) {
      throw invalid("it has no seal");
    }
    return new Batch(run, events, seal);
  }

  private static EventView parseEvent(Bytes message, int index) {
    try {
      return EventView.parse(message);
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

  public List<EventView> events() {
    return events;
  }

  public Seal seal() {
    return seal;
  }

  public boolean isGenesis() {
    return events.get(0).kind() == EventKind.GENESIS;
  }

  /** What an event says of rights and keys. Raises BATCH_INVALID, UNSUPPORTED, naming it. */
  public Said said(int index) {
    EventView event = events.get(index);
    if (!event.saysMore()) {
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
