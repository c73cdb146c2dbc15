package io.atedb;

import io.atedb.internal.bytes.Limits;
import io.atedb.internal.client.EventSource;
import io.atedb.internal.crypt.Symmetric;
import io.atedb.internal.event.EventInput;
import io.atedb.internal.event.Said;
import io.atedb.internal.event.SealedData;
import java.util.List;

/** An event to be appended. Doesn't change: each method gives another one. */
public final class NewEvent {
  private final EventKind kind;
  private final Bytes data;
  private final Bytes primaryKey;
  private final Bytes parent;
  private final Bytes label;
  private final String type;
  private final Bytes replyTo;
  private final long timeUnixMs;
  private final Said said;

  private NewEvent(
      EventKind kind,
      Bytes data,
      Bytes primaryKey,
      Bytes parent,
      Bytes label,
      String type,
      Bytes replyTo,
      long timeUnixMs,
      Said said) {
    this.kind = kind;
    this.data = data;
    this.primaryKey = primaryKey;
    this.parent = parent;
    this.label = label;
    this.type = type;
    this.replyTo = replyTo;
    this.timeUnixMs = timeUnixMs;
    this.said = said;
  }

  private static NewEvent of(EventKind kind, Bytes data, Bytes primaryKey) {
    return new NewEvent(kind, data, primaryKey, null, null, null, null, -1, Said.NOTHING);
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
   * Says which object it is about.
   *
   * @param key of the object, 16 bytes
   * @return the event
   */
  public NewEvent primaryKey(Bytes key) {
    return new NewEvent(kind, data, key, parent, null, type, replyTo, timeUnixMs, said);
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
    return new NewEvent(
        kind, data, PrimaryKeys.ofChild(above, made), above, made, type, replyTo, timeUnixMs, said);
  }

  /**
   * Says what the data is, in the application's terms.
   *
   * @param text at most 255 bytes
   * @return the event
   */
  public NewEvent type(String text) {
    return new NewEvent(kind, data, primaryKey, parent, label, text, replyTo, timeUnixMs, said);
  }

  /**
   * Says which event it answers.
   *
   * @param key of the object of that event, 16 bytes
   * @return the event
   */
  public NewEvent replyTo(Bytes key) {
    return new NewEvent(kind, data, primaryKey, parent, label, type, key, timeUnixMs, said);
  }

  /**
   * Says when it was made, instead of now.
   *
   * @param time in milliseconds since 1970-01-01 UTC; 0: it isn't said
   * @return the event
   */
  public NewEvent timeUnixMs(long time) {
    return new NewEvent(kind, data, primaryKey, parent, label, type, replyTo, time, said);
  }

  /**
   * Says who may write the object from then on.
   *
   * @param rule the rule
   * @return the event
   */
  public NewEvent write(WriteRule rule) {
    Said.Rules before = said.rules();
    return ruled(
        before == null
            ? new Said.Rules(rule, null, null, null)
            : new Said.Rules(rule, before.add(), before.read(), before.admit(), before.retain()));
  }

  /**
   * Says who may besides add children to the object.
   *
   * @param rule the rule
   * @return the event
   */
  public NewEvent add(WriteRule rule) {
    Said.Rules before = said.rules();
    return ruled(
        before == null
            ? new Said.Rules(null, rule, null, null)
            : new Said.Rules(before.write(), rule, before.read(), before.admit(), before.retain()));
  }

  /**
   * Shows public keys to the chain, which rules name by their fingerprints.
   *
   * @param keys at most 16
   * @return the event
   */
  public NewEvent shows(List<PublicKey> keys) {
    return with(
        new Said(
            said.rules(),
            List.copyOf(keys),
            said.wrappedKeys(),
            List.of(),
            null,
            false,
            null,
            null,
            null));
  }

  /** Sets readers: the read key of the rule, and that key for each of them. */
  static NewEvent readers(ReadRule rule, List<Said.WrappedKey> wrapped, List<PublicKey> keys) {
    return rules(null)
        .with(
            new Said(
                rule == null ? null : new Said.Rules(null, null, rule, null),
                keys,
                wrapped,
                List.of(),
                null,
                false,
                null,
                null,
                null));
  }

  private NewEvent ruled(Said.Rules rules) {
    return with(
        new Said(
            rules,
            said.publicKeys(),
            said.wrappedKeys(),
            List.of(),
            null,
            false,
            null,
            null,
            null));
  }

  private NewEvent with(Said other) {
    return new NewEvent(kind, data, primaryKey, parent, label, type, replyTo, timeUnixMs, other);
  }

  /** The event as what builds batches takes it. */
  EventSource source() {
    return new EventSource() {
      @Override
      public boolean hasData() {
        return kind == EventKind.DATA;
      }

      @Override
      public boolean bearsAuthority() {
        // What removes an object removes its rules: such batches are signed in every chain.
        return said != Said.NOTHING || kind != EventKind.DATA;
      }

      @Override
      public Bytes primaryKeyOrNull() {
        return primaryKey;
      }

      @Override
      public Bytes parentOrNull() {
        return parent;
      }

      @Override
      public int dataBytes() {
        return data.size();
      }

      @Override
      public EventInput.Built build(SealedData.Sealing sealing) {
        return NewEvent.this.build(sealing);
      }
    };
  }

  /** Builds it; `sealing` may be null. Raises REQUEST_INVALID. */
  private EventInput.Built build(SealedData.Sealing sealing) {
    boolean isNew = primaryKey == null && kind == EventKind.DATA;
    boolean isRemoved = kind == EventKind.TOMBSTONE;
    Said whole =
        new Said(
            said.rules(),
            said.publicKeys(),
            said.wrappedKeys(),
            List.of(),
            null,
            false,
            null,
            null,
            isRemoved ? null : label);
    return new EventInput(
            kind,
            Bytes.wrap(Symmetric.random(Limits.KEY_BYTES)),
            data,
            isNew ? Bytes.wrap(Symmetric.random(Limits.KEY_BYTES)) : primaryKey,
            // What removes an object doesn't say where that is.
            isRemoved ? null : parent,
            null,
            type,
            replyTo,
            timeUnixMs < 0 ? System.currentTimeMillis() : timeUnixMs,
            whole,
            sealing)
        .build();
  }
}
