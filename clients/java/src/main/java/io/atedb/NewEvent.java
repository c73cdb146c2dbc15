package io.atedb;

import io.atedb.internal.bytes.Limits;
import io.atedb.internal.client.EventSource;
import io.atedb.internal.crypt.Symmetric;
import io.atedb.internal.event.EventInput;
import io.atedb.internal.event.Said;
import io.atedb.internal.event.SealedData;
import io.atedb.internal.trust.Placement;
import java.util.Comparator;
import java.util.List;

/** An event to be appended. Doesn't change: each method gives another one. */
public final class NewEvent {
  private final EventKind kind;
  private final Bytes data;
  private final Place place;
  private final String type;
  private final Bytes replyTo;
  private final long timeUnixMs;
  private final Said said;

  /** Who it is from, if not its writer; or null. */
  private final Bytes author;

  /** Which object it is about, and where that is; each may be null. */
  private record Place(Bytes primaryKey, Bytes parent, Bytes collection, Bytes label) {}

  private NewEvent(
      EventKind kind,
      Bytes data,
      Place place,
      String type,
      Bytes replyTo,
      long timeUnixMs,
      Said said,
      Bytes author) {
    this.kind = kind;
    this.data = data;
    this.place = place;
    this.type = type;
    this.replyTo = replyTo;
    this.timeUnixMs = timeUnixMs;
    this.said = said;
    this.author = author;
  }

  private static NewEvent of(EventKind kind, Bytes data, Bytes primaryKey) {
    Place place = new Place(primaryKey, null, null, null);
    return new NewEvent(kind, data, place, null, null, -1, Said.NOTHING, null);
  }

  /**
   * Makes an event with data, about a new object unless another is named.
   *
   * @param data the data
   * @return the event
   */
  public static NewEvent data(Bytes data) {
    return of(EventKind.DATA, data, null);
  }

  /**
   * Makes an event with data in UTF-8.
   *
   * @param text the data
   * @return the event
   */
  public static NewEvent data(String text) {
    return data(Bytes.ofText(text));
  }

  /**
   * Removes an object.
   *
   * @param primaryKey its key
   * @return the event
   */
  public static NewEvent tombstone(Bytes primaryKey) {
    return of(EventKind.TOMBSTONE, Bytes.EMPTY, primaryKey);
  }

  /**
   * Sets rules of an object and leaves its data as it is.
   *
   * @param primaryKey its key; null: the root of the chain
   * @return the event, to which the rules are added
   */
  public static NewEvent rules(Bytes primaryKey) {
    return of(EventKind.RULES, Bytes.EMPTY, primaryKey);
  }

  /**
   * Erases data of earlier events of an object, for good.
   *
   * @param primaryKey its key
   * @param redaction of which of its events
   * @return the event
   */
  public static NewEvent redaction(Bytes primaryKey, Redaction redaction) {
    return of(EventKind.REDACTION, Bytes.EMPTY, primaryKey)
        .with(Said.NOTHING.withRedaction(redaction));
  }

  /**
   * Has a key count no more, and another one in its place.
   *
   * @param fingerprint of the key
   * @param successor what has its place in every rule; null: none has
   * @return the event
   */
  public static NewEvent keyChange(Bytes fingerprint, PublicKey successor) {
    return of(EventKind.KEY_CHANGE, Bytes.EMPTY, null)
        .with(Said.NOTHING.withKeyChange(new Said.KeyChange(fingerprint, successor)));
  }

  /**
   * Has other keys own the chain from then on, in chains of which no auth service says whose they
   * are. A root says so; those before count no more as such.
   *
   * @param roots the keys, 1 to 16, in any order
   * @return the event
   */
  public static NewEvent roots(List<PublicKey> roots) {
    List<PublicKey> sorted =
        roots.stream().distinct().sorted(Comparator.comparing(PublicKey::fingerprint)).toList();
    return of(EventKind.ROOTS, Bytes.EMPTY, null).with(Said.NOTHING.withRoots(sorted));
  }

  /**
   * Says for how long the chain keeps data: what either lets go may be dropped by compactions.
   *
   * @param ageMs data may go that was committed so many milliseconds before the newest commit; 0:
   *     whatever its age
   * @param count data may go that is not among that of the newest so many events; 0: however many
   * @return the event
   */
  public static NewEvent retention(long ageMs, long count) {
    Said.Retention rule = new Said.Retention(ageMs, count);
    return rules(null).with(Said.NOTHING.withRules(Said.Rules.NONE.withRetain(rule)));
  }

  /**
   * Says which object it is about.
   *
   * @param key of the object, 16 bytes
   * @return the event
   */
  public NewEvent primaryKey(Bytes key) {
    return at(new Place(key, place.parent, place.collection, null));
  }

  /**
   * Says which object it is about, by a name.
   *
   * @param name that stands for it
   * @return the event
   */
  public NewEvent name(String name) {
    return primaryKey(PrimaryKeys.ofName(name));
  }

  /**
   * Says that the object is a child of another one, by a name among its children.
   *
   * @param above the parent's key, 16 bytes
   * @param name that stands for the child
   * @return the event
   */
  public NewEvent childOf(Bytes above, String name) {
    Bytes made = PrimaryKeys.ofName(name);
    return at(new Place(PrimaryKeys.ofChild(above, made), above, place.collection, made));
  }

  /**
   * Says that the object is a child of another one, by what its key is made from.
   *
   * @param above the parent's key, 16 bytes
   * @param label 16 bytes
   * @return the event
   */
  public NewEvent childOf(Bytes above, Bytes label) {
    return at(new Place(PrimaryKeys.ofChild(above, label), above, place.collection, label));
  }

  /**
   * Says that the object is a child of another one. Its key says nothing of that, unless it is a
   * new one and no other was named: so whoever may only add to the parent may add it.
   *
   * @param above the parent's key, 16 bytes
   * @return the event
   */
  public NewEvent parent(Bytes above) {
    return at(new Place(place.primaryKey, above, place.collection, null));
  }

  /**
   * Says in which collection of its parent, or of the root of the chain, the object is.
   *
   * @param name 16 bytes; {@link PrimaryKeys} makes them of names
   * @return the event
   */
  public NewEvent collection(Bytes name) {
    return at(new Place(place.primaryKey, place.parent, name, place.label));
  }

  /**
   * Says that the object comes from elsewhere to the parent that the event names.
   *
   * @return the event
   */
  public NewEvent moves() {
    return with(said.withMove());
  }

  private NewEvent at(Place other) {
    return new NewEvent(kind, data, other, type, replyTo, timeUnixMs, said, author);
  }

  /**
   * Says what the data is, in the application's terms.
   *
   * @param text at most 255 bytes
   * @return the event
   */
  public NewEvent type(String text) {
    return new NewEvent(kind, data, place, text, replyTo, timeUnixMs, said, author);
  }

  /**
   * Says which event it answers.
   *
   * @param key of the object of that event, 16 bytes
   * @return the event
   */
  public NewEvent replyTo(Bytes key) {
    return new NewEvent(kind, data, place, type, key, timeUnixMs, said, author);
  }

  /**
   * Says when it was made, instead of now.
   *
   * @param time in milliseconds since 1970-01-01 UTC; 0: it isn't said
   * @return the event
   */
  public NewEvent timeUnixMs(long time) {
    return new NewEvent(kind, data, place, type, replyTo, time, said, author);
  }

  /**
   * Says who may write the object from then on.
   *
   * @param rule the rule
   * @return the event
   */
  public NewEvent write(WriteRule rule) {
    return with(said.withRules(said.rulesOrNone().withWrite(rule)));
  }

  /**
   * Says who may besides add children to the object.
   *
   * @param rule the rule
   * @return the event
   */
  public NewEvent add(WriteRule rule) {
    return with(said.withRules(said.rulesOrNone().withAdd(rule)));
  }

  /**
   * Says who reads the object's data from then on: the event's own, too. {@link Chain#setReaders}
   * makes a read key, and hands it out.
   *
   * @param rule the rule
   * @return the event
   */
  public NewEvent read(ReadRule rule) {
    return with(said.withRules(said.rulesOrNone().withRead(rule)));
  }

  /**
   * Says who may open a private chain besides those whom its other rules name: these and no others.
   * Of the root of the chain only; {@link Chain#addReaders} adds to them.
   *
   * @param fingerprints of the keys, in any order, at most 1,024
   * @return the event
   */
  public NewEvent admit(List<Bytes> fingerprints) {
    List<Bytes> sorted = fingerprints.stream().sorted().distinct().toList();
    return with(said.withRules(said.rulesOrNone().withAdmit(sorted)));
  }

  /**
   * Says who the event is from, if not its writer. That key signs the batch, too, as one of the
   * co-signers.
   *
   * @param fingerprint of the key
   * @return the event
   */
  public NewEvent author(Bytes fingerprint) {
    return new NewEvent(kind, data, place, type, replyTo, timeUnixMs, said, fingerprint);
  }

  /**
   * Shows public keys to the chain, which rules name by their fingerprints.
   *
   * @param keys at most 16
   * @return the event
   */
  public NewEvent shows(List<PublicKey> keys) {
    return with(said.withPublicKeys(List.copyOf(keys)));
  }

  /** Hands out a read key for an object, and names it in its rule, unless that is null. */
  static NewEvent readers(
      ChainObject object, ReadRule rule, List<Said.WrappedKey> wrapped, List<PublicKey> keys) {
    Said shown = Said.NOTHING.withPublicKeys(keys).withWrappedKeys(wrapped);
    Place place = new Place(object.primaryKey(), object.parent(), null, object.label());
    return rules(null)
        .at(place)
        .with(rule == null ? shown : shown.withRules(Said.Rules.NONE.withRead(rule)));
  }

  private NewEvent with(Said other) {
    return new NewEvent(kind, data, place, type, replyTo, timeUnixMs, other, author);
  }

  /** The event as what builds batches takes it: a new object has its key from here on. */
  EventSource source() {
    NewEvent named = identified();
    return new EventSource() {
      @Override
      public boolean hasData() {
        return named.kind == EventKind.DATA;
      }

      @Override
      public boolean bearsAuthority() {
        // What removes an object removes its rules: such batches are signed in every chain.
        return named.said != Said.NOTHING || named.kind != EventKind.DATA || named.author != null;
      }

      @Override
      public Placement placement() {
        return named.placement();
      }

      @Override
      public int dataBytes() {
        return named.data.size();
      }

      @Override
      public EventInput.Built build(SealedData.Sealing sealing, List<Bytes> signWith, Bytes by) {
        return named.build(sealing, signWith, named.author == null ? by : named.author);
      }
    };
  }

  private NewEvent identified() {
    if (place.primaryKey != null || kind != EventKind.DATA) {
      return this;
    }
    Bytes random = Bytes.wrap(Symmetric.random(Limits.KEY_BYTES));
    return place.parent == null ? primaryKey(random) : childOf(place.parent, random);
  }

  /** Where it puts its object; null: it is about keys, or says nothing of that. */
  private Placement placement() {
    boolean isOfObject =
        kind == EventKind.DATA || kind == EventKind.TOMBSTONE || kind == EventKind.RULES;
    return isOfObject
        ? new Placement(
            kind, place.primaryKey, place.parent, said.moves(), said.rulesOrNone().read())
        : null;
  }

  /** Builds it; `sealing` and `by` may be null. Raises REQUEST_INVALID. */
  private EventInput.Built build(SealedData.Sealing sealing, List<Bytes> signWith, Bytes by) {
    // What removes an object, or erases data of it, doesn't say where that is.
    boolean isPlaced = kind != EventKind.TOMBSTONE && kind != EventKind.REDACTION;
    Said whole = said.withLabel(isPlaced ? place.label : null).withSigners(signWith, by);
    return new EventInput(
            kind,
            Bytes.wrap(Symmetric.random(Limits.KEY_BYTES)),
            data,
            place.primaryKey,
            isPlaced ? place.parent : null,
            isPlaced ? place.collection : null,
            type,
            replyTo,
            timeUnixMs < 0 ? System.currentTimeMillis() : timeUnixMs,
            whole,
            sealing)
        .build();
  }
}
